"""What a colleague tries who wants to know more than he may: each of these was possible once.

alice owns mail and records, bob sees one shared conversation of hers, carol nothing.
"""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Deal, Person
from inbox.domain import answering, drafts, recipients, search, writing
from inbox.domain.audience import audience, change_of
from inbox.domain.draft_sight import as_seen_by
from inbox.domain.queries.parties import parties
from inbox.enums import DraftKind
from inbox.models import Draft, TrustedSender
from mailsync.domain import blobs, linking, links_by_hand, search_index
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.models import (
    EmailBody,
    MailAccount,
    RememberedLink,
    Submission,
    Thread,
    ThreadLink,
)
from sharing.enums import ItemVisibility, ThreadVisibility
from sharing.models import GroupMembership, VisibilityGroup
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import give_bytes, link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
SHARED = {"visibility": ThreadVisibility.SHARED}
OWN = {"visibility": ItemVisibility.OWNER}


@pytest.fixture
def client(bob: Any) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def shared(account: MailAccount, bob: Any) -> Thread:
    """Alice's conversation that bob sees by a deal of his own."""
    thread = make_thread(account, "Shared offer", **SHARED)
    link(thread, deal=make_deal(bob, "Bob's deal", **OWN))
    return thread


@pytest.fixture
def of_hidden_organization(alice: Any) -> Any:
    """A person everybody sees, of an organization that alice alone sees."""
    hidden = make_organization(alice, "Zorblatt Ltd", **OWN)
    return make_person(alice, "Ada Byron", "ada@acme.example", organization=hidden)


def test_organization_out_of_sight_is_no_suggestion(
    of_hidden_organization: Any, alice: Any, bob: Any
) -> None:
    (own,) = recipients.suggest(alice, "zorblatt")["contacts"]
    assert own.organization == "Zorblatt Ltd"
    assert recipients.suggest(bob, "zorblatt")["contacts"] == []
    (seen,) = recipients.suggest(bob, "ada")["contacts"]
    assert seen.organization == ""


def test_organization_out_of_sight_stands_in_no_panel_or_form(
    client: Client, shared: Thread, of_hidden_organization: Any, alice: Any, bob: Any
) -> None:
    (party,) = parties(shared, user=alice)
    assert party.persons[0].organization.name == "Zorblatt Ltd"
    (party,) = parties(shared, user=bob)
    assert party.persons[0].organization is None
    for path in (
        reverse("inbox:thread_side", args=[shared.key]),
        reverse("inbox:make_record", args=[shared.key, "deal"]),
        reverse("inbox:thread", args=[shared.key]),
    ):
        content = client.get(path).content
        assert b"Ada Byron" in content or b"Shared offer" in content
        assert b"orblatt" not in content, path


def test_colleague_does_not_teach_the_rules_of_an_account(
    client: Client, shared: Thread, alice: Any, bob: Any
) -> None:
    """To remember an answer is to say where the owner's next mail goes."""
    person = make_person(bob, address="ada@acme.example")
    deal = make_deal(bob, "Mine", person=person)
    path = reverse("inbox:thread_link", args=[shared.key])
    data = {"kind": "deal", "record": deal.pk, "remember": "1"}
    assert client.post(path, data).status_code == 404
    assert not RememberedLink.objects.exists()
    assert not ThreadLink.objects.filter(deal=deal).exists()
    owner = Client()
    owner.force_login(alice)
    assert owner.post(path, data).status_code == 303
    assert RememberedLink.objects.count() == 1


def test_question_of_the_owner_is_not_told_to_others(
    client: Client, shared: Thread, bob: Any, alice: Any
) -> None:
    """How many open items fit counts records that the reader may not see."""
    ThreadLink.objects.all().delete()
    link(shared, person=make_person(bob))
    Thread.objects.filter(pk=shared.pk).update(possible_items=7)
    search_index.index_emails(shared.emails.values_list("pk", flat=True))
    owner = Client()
    owner.force_login(alice)
    for reader, is_told in ((client, False), (owner, True)):
        content = reader.get(reverse("inbox:search"), {"q": "shared offer"}).content
        assert b"thread-row-" + shared.key.encode() in content
        assert (b"7 possible" in content) == is_told


def test_looking_as_somebody_shows_the_look_and_not_his_habits(
    shared: Thread, alice: Any, bob: Any, settings: Any, tmp_path: Any
) -> None:
    settings.BLOB_DIR = tmp_path / "blobs"
    give_bytes(shared, html='<p>Hello</p><img src="https://pictures.example/a.png">')
    TrustedSender.objects.create(user=bob, address="ada@acme.example")
    owner = Client()
    owner.force_login(alice)
    path = reverse("inbox:thread_as", args=[shared.key])
    page = owner.get(path, {"user": bob.pk}).content
    assert b"Shared offer" in page
    assert b"Always shown for this sender" not in page
    assert b"Download the message as it came" not in page
    TrustedSender.objects.create(user=alice, address="ada@acme.example")
    assert b"Always shown for this sender" in owner.get(path, {"user": bob.pk}).content


def test_address_that_became_ours_opens_nothing_any_more(account: MailAccount, bob: Any) -> None:
    """A link that an address made holds as long as the address is a stranger's: also the ones to
    the person's organization and deal."""
    organization = make_organization(bob)
    person = make_person(bob, address="carol@private.example", organization=organization)
    thread = make_thread(account, sender=("Carol", "carol@private.example"), **SHARED)
    linking.link_threads([thread.pk])
    assert set(thread.links.values_list("person", "organization")) == {
        (person.pk, None),
        (None, organization.pk),
    }
    assert Thread.objects.visible_to(bob).exists()
    other = make_account(account.owner, "carol@private.example")
    assert not Thread.objects.visible_to(bob).exists()
    assert audience(thread).others == []
    other.delete()
    assert Thread.objects.visible_to(bob).exists()


def test_preview_of_sharing_knows_locks_and_own_people(
    account: MailAccount, alice: Any, bob: Any, carol: Any
) -> None:
    """A colleague whose account is locked sees nothing of it by the back door, a member of the
    account has seen it all along: neither gains."""
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        team.member_rows.create(user=user)
    thread = make_thread(team, visibility=ThreadVisibility.TEAM)
    link(thread, deal=make_deal(alice))
    change = change_of([thread.pk], to_shared=True, by=alice)
    assert [(user.pk, number) for user, number in change.people] == [(carol.pk, 1)]


def test_earlier_mail_is_not_offered_by_a_person_out_of_sight(
    account: MailAccount, alice: Any, bob: Any
) -> None:
    """It would tell whose address the hidden person has."""
    hidden = make_person(bob, address="ada@acme.example", **OWN)
    deal = make_deal(bob, "Everybody's", person=hidden)
    thread = make_thread(account)
    ThreadLink.objects.create(thread=thread, person=hidden, origin=LinkOrigin.ADDRESS)
    assert not links_by_hand.earlier_threads(deal, user=alice).exists()
    hidden.visibility = ItemVisibility.COMPANY
    hidden.save()
    assert links_by_hand.earlier_threads(deal, user=alice).get() == thread


def test_records_for_a_mail_do_not_tell_whose_address_a_hidden_person_has(
    client: Client, alice: Any
) -> None:
    """Whoever sees a deal and not its person would try addresses until the deal is offered."""
    hidden = make_person(alice, address="ada@acme.example", **OWN)
    make_deal(alice, "Everybody's", person=hidden)
    path = reverse("inbox:compose_records")
    assert b"Everybody" in client.get(path, {"q": "every"}).content
    assert b"Everybody" not in client.get(path, {"to": "ada@acme.example"}).content
    hidden.visibility = ItemVisibility.COMPANY
    hidden.save()
    assert b"Everybody" in client.get(path, {"to": "ada@acme.example"}).content
    assert b"Everybody" not in client.get(path, {"to": "eve@acme.example"}).content


def test_to_merge_is_no_way_to_change_who_sees_a_record(
    client: Client, account: MailAccount, alice: Any, bob: Any, carol: Any
) -> None:
    """Into one of everybody's it would show what the group alone saw, its mail too; into one of
    his own it would take the record from its owner."""
    group = VisibilityGroup.objects.create(name="Sales")
    for user in (alice, bob):
        GroupMembership.objects.create(user=user, group=group)
    ours = make_person(alice, "Ada", "ada@acme.example", visibility=ItemVisibility.GROUP)
    open_one = make_person(alice, "Ada B.", "ada@home.example")
    own = make_person(bob, "Ada by Bob", "ada@bob.example", **OWN)
    thread = make_thread(account, "Offer", **SHARED)
    link(thread, person=ours)

    def merge(kept: Any, gone: Any) -> int:
        path = reverse("crm:person_merge", args=[kept.pk])
        return client.post(path, {"record": f"x (#{gone.pk})"}).status_code

    assert merge(open_one, ours) == 422
    assert merge(own, open_one) == 422
    assert merge(own, ours) == 422
    assert Person.objects.count() == 3
    assert not Thread.objects.visible_to(carol).exists()
    # His own he may show to all.
    assert merge(open_one, own) == 303
    client.force_login(alice)
    assert merge(open_one, ours) == 303
    assert Thread.objects.visible_to(carol).exists()


# --- Drafts ------------------------------------------------------------------------------------


@pytest.fixture
def begun(shared: Thread, bob: Any, settings: Any, tmp_path: Any) -> Draft:
    """Bob's answer to alice's conversation, begun while he saw it, linked to a deal of alice."""
    settings.BLOB_DIR = tmp_path / "blobs"
    email = give_bytes(shared, html="<p>Quuxmire</p>")
    EmailBody.objects.filter(email=email).update(text="Quuxmire", has_html=False)
    make_account(bob)
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=bob)
    deal = make_deal(shared.account.owner, "Zorblatt deal")
    return drafts.save(draft, version=draft.version, html="<p>Hi</p>", deal=deal)


def test_draft_keeps_nothing_of_what_was_taken_away(
    client: Client, begun: Draft, shared: Thread, bob: Any
) -> None:
    window = reverse("inbox:draft", args=[begun.key])
    page = client.get(window).content
    assert b"Quuxmire" in page
    assert b"Zorblatt" in page
    assert "Quuxmire" in writing.write(as_seen_by(begun, bob), by=bob).html
    Thread.objects.filter(pk=shared.pk).update(visibility=ThreadVisibility.PRIVATE)
    Deal.objects.filter(title="Zorblatt deal").update(visibility=ItemVisibility.OWNER)
    page = client.get(window).content
    assert b"Hi" in page
    assert b"Quuxmire" not in page
    assert b"Zorblatt" not in page
    assert shared.key.encode() not in page
    form = {"act": "send", "draft": begun.key, "version": begun.version, "format": "html"}
    form |= {"account": MailAccount.objects.get(owner=bob).key, "to": "x@acme.example"}
    answer = client.post(
        reverse("inbox:compose"), {**form, "subject": "Re: Offer", "content": "<p>Hi</p>"}
    )
    assert answer.status_code == 303
    (submission,) = Submission.objects.all()
    sent = blobs.read(submission.blob)
    assert b"Hi" in sent
    assert b"Quuxmire" not in sent
    # Who sees them again finds them again: nothing of the draft was lost.
    begun.refresh_from_db()
    assert begun.parent_id


def test_colleague_of_the_team_sees_a_draft_and_not_what_it_answers(
    begun: Draft, alice: Any, bob: Any, carol: Any
) -> None:
    """Bob means to send it from the team's account, so his team writes along; the mail that it
    answers is not the team's."""
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (bob, carol):
        team.member_rows.create(user=user)
    drafts.save(begun, version=begun.version, account=team)
    for user, is_told in ((bob, True), (carol, False)):
        client = Client()
        client.force_login(user)
        page = client.get(reverse("inbox:draft", args=[begun.key])).content
        assert b"Hi" in page
        assert (b"Quuxmire" in page) == is_told


# --- Time --------------------------------------------------------------------------------------


def test_search_asks_the_same_whether_hidden_mail_fits_or_nothing_does(
    account: MailAccount, shared: Thread, bob: Any, monkeypatch: Any
) -> None:
    """Else the time of an empty answer would tell that somebody writes about the merger."""
    monkeypatch.setattr(search, "FEW_LINKS", 0)
    hidden = make_thread(account, "Merger", visibility=ThreadVisibility.PRIVATE)
    search_index.index_emails([*hidden.emails.values_list("pk", flat=True)])
    search_index.index_emails([*shared.emails.values_list("pk", flat=True)])
    assert [row.thread for row in search.find(bob, "shared").rows] == [shared]
    asked = []
    for word in ("merger", "nothing"):
        with CaptureQueriesContext(connection) as queries:
            assert search.find(bob, word).rows == []
        asked.append(len(queries))
    assert asked[0] == asked[1]


# --- Numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "²", "٣", "-1"], ids=len)
def test_no_number_in_a_request_is_an_error_of_ours(
    alice: Any, account: MailAccount, number: str
) -> None:
    """Python reads no integer of five thousand digits, and knows digits that are none."""
    deal, person, thread = make_deal(alice), make_person(alice), make_thread(account)
    client = Client()
    client.force_login(alice)
    mail = {"subject": "Hi", "content": "Hi", "format": "html"}
    asked = [
        (reverse("crm:deal_column", args=[deal.stage_id]), {"after": number}),
        (reverse("inbox:last_mail", args=["deal"]), {"id": number}),
        *((reverse("crm:deal_new"), {name: number}) for name in ("person", "stage")),
        (reverse("inbox:compose"), {"deal": number}),
        (reverse("inbox:thread_as", args=[thread.key]), {"user": number}),
    ]
    posted = [
        (reverse("inbox:threads_act", args=["share"]), {"thread": thread.key, "looked": number}),
        (reverse("inbox:compose"), mail | {"signature": number}),
        (reverse("inbox:compose"), mail | {"record": f"deal:{number}"}),
        (reverse("crm:deals_bulk_delete"), {"ids": number}),
        (
            reverse("crm:person_edit", args=[person.pk]),
            {"name": "Ada", "emails": ["a@acme.example"] * 2, "emails_main": number},
        ),
    ]
    for ask, given in ((client.get, asked), (client.post, posted)):
        for path, data in given:
            assert ask(path, data).status_code < 500, path
    assert Deal.objects.visible_to(alice).exists()
    # What is no number was never looked at.
    thread.refresh_from_db()
    assert thread.visibility != ThreadVisibility.SHARED
