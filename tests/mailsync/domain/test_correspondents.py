"""Whom the first steps offer as contacts."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.domain.persons import add_person
from crm.models import Person
from mailsync.domain.blocking import block
from mailsync.domain.correspondents import correspondents
from mailsync.enums import AccountScope
from mailsync.models import Email, MailAccount
from tests.factories.mail import make_account, make_thread
from users.domain.welcome import steps_for
from users.models import User


def write(account: MailAccount, *to: tuple[str, str], role: str = "to", days: int = 1) -> None:
    thread = make_thread(account)
    Email.objects.filter(thread=thread).update(
        is_outgoing=True,
        from_address=account.address,
        recipients=[[role, name, address] for name, address in to],
        received_at=timezone.now() - timedelta(days=days),
    )


def offered(user: User) -> list[tuple[str, str, int]]:
    return [(one.shown_name, one.address, one.mails) for one in correspondents(user)]


def test_most_written_to_come_first_under_their_names(account: MailAccount, alice: User) -> None:
    write(account, ("", "joe.bloggs@acme.example"), ("", "Ada@ACME.example"))
    write(account, ("Ada Byron", "ada@acme.example"))
    assert offered(alice) == [
        ("Ada Byron", "ada@acme.example", 2),
        ("Joe Bloggs", "joe.bloggs@acme.example", 1),
    ]


def test_old_blind_and_incoming_mail_offers_nobody(account: MailAccount, alice: User) -> None:
    write(account, ("Old", "old@acme.example"), days=91)
    write(account, ("Blind", "blind@acme.example"), role="bcc")
    make_thread(account, sender=("Robot", "robot@acme.example"), at=timezone.now())
    assert offered(alice) == []


def test_contacts_colleagues_and_blocked_are_left_out(
    account: MailAccount, alice: User, bob: User
) -> None:
    add_person(by=alice, name="Ada", addresses=["ada@acme.example"])
    make_account(bob, "bob@elsewhere.example")
    block("@spam.example", by=alice)
    write(
        account,
        ("Ada", "ada@acme.example"),
        ("Bob", bob.email),
        ("Bob", "bob@elsewhere.example"),
        ("Me", account.address),
        ("Spam", "x@spam.example"),
        ("New", "new@acme.example"),
    )
    assert [address for _name, address, _mails in offered(alice)] == ["new@acme.example"]


def test_mail_of_others_and_of_teams_offers_nobody(
    account: MailAccount, alice: User, bob: User
) -> None:
    team = make_account(bob, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(bob)
    write(account, ("Ada", "ada@acme.example"))
    write(team, ("Team", "team@acme.example"))
    assert offered(bob) == []


def test_ticked_become_contacts_and_the_step_is_done(
    account: MailAccount, alice: User, signed_in: Any
) -> None:
    write(account, ("Ada Byron", "ada@acme.example"), ("Joe", "joe@acme.example"))
    client = signed_in.as_(alice)
    assert b"ada@acme.example" in client.get("/welcome/people/").content
    sent = {"address": ["ada@acme.example", "stranger@evil.example"]}
    assert client.post("/welcome/people/", sent)["Location"] == "/welcome/"
    person = Person.objects.get()
    assert (person.name, person.owner) == ("Ada Byron", alice)
    assert person.emails.get().address == "ada@acme.example"
    fresh = User.objects.get(pk=alice.pk)
    assert {one.step.name: str(one.state) for one in steps_for(fresh)}["people"] == "done"
    page = client.get("/welcome/people/").content
    assert b"ada@acme.example" not in page.split(b"<main")[1]
    assert b"joe@acme.example" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_page_asks_a_constant_number_of_queries(
    account: MailAccount,
    alice: User,
    signed_in: Any,
    django_assert_max_num_queries: Any,
    rows: int,
) -> None:
    for number in range(rows):
        write(account, (f"P{number}", f"p{number}@acme.example"))
    client = signed_in.as_(alice)
    client.get("/welcome/")
    with django_assert_max_num_queries(16):
        client.get("/welcome/people/")
