"""The mail of records: who sees which conversation, copies in two mailboxes, no trace of others."""

import pytest
from django.urls import reverse

from crm.domain.records import MODELS
from crm.enums import RecordKind
from crm.models import Board, Lead, Phase, Project
from inbox.domain.queries import record_mail
from inbox.domain.queries.record_mail import Narrowed, RecordMail
from mailsync.models import Email, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
SHARED = ThreadVisibility.SHARED
EVERYTHING = Narrowed()


def make_record(kind, owner, **fields):
    if kind == "person":
        return make_person(owner, **fields)
    if kind == "organization":
        return make_organization(owner, **fields)
    if kind == "deal":
        return make_deal(owner, **fields)
    if kind == "lead":
        return Lead.objects.create(owner=owner, title="Acme", **fields)
    board = Board.objects.create(name="Delivery")
    phase = Phase.objects.create(board=board, name="New", position=0)
    return Project.objects.create(owner=owner, title="Acme", board=board, phase=phase, **fields)


def pane(record):
    return reverse("inbox:record_pane", args=[str(record.kind), record.pk])


def look(client, record, **query):
    return client.get(pane(record), query, headers=HTMX).content.decode()


def same_message(one, other):
    """Makes the first mail of both conversations the same message."""
    Email.objects.filter(thread__in=[one, other]).update(message_id="same@x", message_id_hash=4711)


@pytest.mark.parametrize("kind", RecordKind.values)
def test_private_mail_leaves_no_trace_on_any_record(
    account, alice, bob, carol, dana, signed_in, kind
):
    record = make_record(kind, alice)
    empty = {who: look(signed_in.as_(who), record) for who in (bob, carol, dana)}
    thread = make_thread(account, "Private canary-4711", text="secret-canary-4711")
    link(thread, **{kind: record})
    assert "canary-4711" in look(signed_in.as_(alice), record)
    for who, before in empty.items():
        client = signed_in.as_(who)
        assert look(client, record) == before
        url = reverse("inbox:record_thread", args=[kind, record.pk, thread.key])
        assert client.get(url, headers=HTMX).status_code == 404

    # The positive control: shared, the same mail shows to the same people.
    Thread.objects.filter(pk=thread.pk).update(visibility=SHARED)
    for who in empty:
        text = look(signed_in.as_(who), record)
        assert "canary-4711" in text
        assert "Alice" in text
        url = reverse("inbox:record_thread", args=[kind, record.pk, thread.key])
        opened = signed_in.as_(who).get(url, headers=HTMX).content.decode()
        assert "secret-canary-4711" in opened


@pytest.mark.parametrize("kind", RecordKind.values)
def test_a_hidden_record_is_not_there(alice, bob, dana, account, signed_in, kind):
    record = make_record(kind, alice, visibility="owner")
    thread = make_thread(account, visibility=SHARED)
    link(thread, **{kind: record})
    for url in (pane(record), reverse("inbox:record_thread", args=[kind, record.pk, thread.key])):
        assert signed_in.as_(bob).get(url, headers=HTMX).status_code == 404
        assert signed_in.as_(alice).get(url, headers=HTMX).status_code == 200
        assert signed_in.as_(dana).get(url, headers=HTMX).status_code == 200


def test_unknown_kinds_and_records_are_404(alice, signed_in):
    client = signed_in.as_(alice)
    assert client.get("/mail/records/secret/1/", headers=HTMX).status_code == 404
    assert client.get("/mail/records/deal/999999/", headers=HTMX).status_code == 404


def test_without_htmx_it_leads_to_the_page_of_the_record(alice, account, signed_in):
    deal = make_deal(alice)
    client = signed_in.as_(alice)
    response = client.get(pane(deal))
    assert response["Location"] == f"{deal.get_absolute_url()}?tab=email"
    assert "record-mail" in client.get(response["Location"]).content.decode()


def test_a_conversation_of_another_record_does_not_open_here(alice, account, signed_in):
    deal, other = make_deal(alice), make_deal(alice, "Other")
    thread = make_thread(account)
    link(thread, deal=other)
    url = reverse("inbox:record_thread", args=["deal", deal.pk, thread.key])
    assert signed_in.as_(alice).get(url, headers=HTMX).status_code == 404


def test_an_organization_shows_the_mail_of_its_people(alice, bob, account):
    organization = make_organization(alice)
    person = make_person(alice, organization=organization)
    hidden = make_person(
        alice, "Hidden", "hidden@acme.example", organization=organization, visibility="owner"
    )
    one, two = (make_thread(account, visibility=SHARED) for _ in range(2))
    link(one, person=person)
    link(two, person=hidden)
    assert subjects_of(organization, alice) == [two.pk, one.pk]
    assert subjects_of(organization, bob) == [one.pk]


def subjects_of(record, user, narrowed=EVERYTHING):
    page = RecordMail(record, user=user).page(narrowed)
    return [entry.row.thread.pk for entry in page.entries]


def test_trash_spam_and_removed_links_do_not_show(alice, account):
    deal = make_deal(alice)
    link(make_thread(account, in_trash=True), deal=deal)
    link(make_thread(account, in_junk=True), deal=deal)
    gone = link(make_thread(account), deal=deal)
    assert len(subjects_of(deal, alice)) == 1
    gone.removed_at = gone.created_at
    gone.save()
    assert subjects_of(deal, alice) == []


# --- The same message in two mailboxes ---------------------------------------------------------


@pytest.fixture
def deal(alice):
    return make_deal(alice)


@pytest.fixture
def twins(deal, account, bob):
    """The same message in alice's and in bob's mailbox, both shared; bob's is the newer."""
    threads = [
        make_thread(one, "Renewal", visibility=SHARED) for one in (account, make_account(bob))
    ]
    for thread in threads:
        link(thread, deal=deal)
    same_message(*threads)
    return threads


def test_the_same_message_shows_once(alice, bob, carol, deal, twins, signed_in):
    mine, his = twins
    for who, expected in ((alice, [mine]), (bob, [his]), (carol, [his])):
        page = RecordMail(deal, user=who).page(Narrowed())
        (entry,) = page.entries
        assert entry.row.thread == his
        assert [one.owner.name for one in entry.also_in] == ["Alice"]
        (message,) = RecordMail(deal, user=who).messages(his.pk)[0]
        # One's own copy where there is one.
        assert message.message.email.thread in expected
    text = look(signed_in.as_(carol), deal)
    assert text.count("Renewal") == 1
    assert "also in:" in text


def test_a_hidden_copy_is_not_named(alice, carol, deal, twins, signed_in):
    mine, his = twins
    Thread.objects.filter(pk=mine.pk).update(visibility=ThreadVisibility.PRIVATE)
    text = look(signed_in.as_(carol), deal)
    assert "also in" not in text
    assert "Alice" not in text.replace("Alice owns", "")
    assert "also in" in look(signed_in.as_(alice), deal)
    Thread.objects.filter(pk=his.pk).update(visibility=ThreadVisibility.PRIVATE)
    assert look(signed_in.as_(alice), deal).count("Renewal") == 1
    assert "also in" not in look(signed_in.as_(alice), deal)


def test_no_message_of_either_copy_is_lost(alice, deal, account, twins):
    mine, his = twins
    extra = make_thread(account, text="only in mine")
    Email.objects.filter(thread=extra).update(thread=mine, message_id_hash=1)
    third = make_thread(account, text="third")
    link(third, deal=deal)
    # Linked to the second copy alone, by a message that the first has not.
    Email.objects.filter(thread=third).update(message_id_hash=1)
    (leader,) = subjects_of(deal, alice)
    assert leader in (his.pk, third.pk)
    messages, left_out = RecordMail(deal, user=alice).messages(his.pk)
    assert len(messages) == 2
    assert left_out == 0


def test_pages_neither_repeat_nor_lose_a_conversation(alice, bob, account, deal, monkeypatch):
    monkeypatch.setattr(record_mail, "PAGE_SIZE", 3)
    other = make_account(bob)
    made = []
    for number in range(10):
        pair = [make_thread(one, visibility=SHARED) for one in (account, other)]
        for thread in pair:
            link(thread, deal=deal)
        Email.objects.filter(thread__in=pair).update(message_id_hash=100 + number)
        made.append(max(pair, key=lambda thread: (thread.last_email_at, thread.pk)).pk)
    seen, after = [], None
    while True:
        page = RecordMail(deal, user=alice).page(Narrowed(), after=after)
        seen += [entry.row.thread.pk for entry in page.entries]
        if not page.next_cursor:
            break
        after = record_mail.Cursor.read(page.next_cursor)
    ranks = dict(Thread.objects.values_list("pk", "last_email_at"))
    assert seen == sorted(made, key=lambda pk: (ranks[pk], pk), reverse=True)


def test_filter_by_mailbox_and_by_deal(alice, bob, deal, twins, account, signed_in):
    mine, his = twins
    person = make_person(alice)
    hidden = make_deal(bob, "Hidden canary", visibility="owner")
    for thread in twins:
        link(thread, person=person)
    link(mine, deal=hidden)
    lone = make_thread(account, "Lone", visibility=SHARED)
    link(lone, person=person)
    assert subjects_of(person, alice, Narrowed(account_id=account.pk)) == [lone.pk, mine.pk]
    assert subjects_of(person, alice, Narrowed(deal_id=deal.pk)) == [his.pk]
    assert subjects_of(person, alice, Narrowed(deal_id=hidden.pk)) == []
    text = look(signed_in.as_(alice), person, account=account.key)
    assert "Lone" in text
    assert "canary" not in text
    narrowed = look(signed_in.as_(alice), person, deal=deal.pk)
    assert "Renewal" in narrowed
    assert "Lone" not in narrowed


def test_opening_folds_again(alice, deal, twins, signed_in):
    url = reverse("inbox:record_thread", args=["deal", deal.pk, twins[1].key])
    client = signed_in.as_(alice)
    opened = client.get(url, headers=HTMX).content.decode()
    assert 'aria-expanded="true"' in opened
    assert "Thanks for the offer." in opened
    folded = client.get(url, {"fold": 1}, headers=HTMX).content.decode()
    assert 'aria-expanded="false"' in folded
    assert client.get(url)["Location"] == reverse("inbox:thread", args=[twins[1].key])


@pytest.mark.parametrize("number", [1, 3])
def test_the_same_queries_for_one_and_for_three(
    alice, bob, account, deal, signed_in, number, django_assert_num_queries
):
    other = make_account(bob)
    for index in range(number):
        pair = [make_thread(one, visibility=SHARED) for one in (account, other)]
        for thread in pair:
            link(thread, deal=deal)
        Email.objects.filter(thread__in=pair).update(message_id_hash=100 + index)
    client = signed_in.as_(alice)
    with django_assert_num_queries(QUERIES):
        look(client, deal)


QUERIES = 11


def test_every_kind_has_a_pane():
    assert set(MODELS) == set(RecordKind)
