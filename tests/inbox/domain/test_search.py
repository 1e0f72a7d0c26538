from datetime import UTC, datetime, timedelta

import pytest

from inbox.domain import search
from inbox.models import Label, ThreadLabel
from mailsync.domain import search_index
from mailsync.models import Email, MailAccount, Thread
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread
from users.models import User


def indexed(account: MailAccount, **fields: object) -> Thread:
    thread = make_thread(account, **fields)
    search_index.index_emails(thread.emails.values_list("pk", flat=True))
    return thread


def find(user: User, text: str) -> list[Thread]:
    return [row.thread for row in search.find(user, text).rows]


def test_words_phrases_people_and_beginnings(account, alice):
    first = indexed(account, subject="Renewal", text="the red house by the lake")
    second = indexed(account, text="a house, red", sender=("Grace Hopper", "grace@navy.example"))
    assert find(alice, "house") == [second, first]
    assert find(alice, '"red house"') == [first]
    assert find(alice, "from:grace house") == [second]
    assert find(alice, "house -lake") == [second]
    assert find(alice, "subject:renewal") == [first]
    assert find(alice, "renew") == [first]
    assert find(alice, "hou lake") == []
    assert find(alice, "from:navy.example") == [second]


def test_states_labels_and_dates(account, alice):
    early = indexed(account, at=datetime(2026, 3, 1, tzinfo=UTC), has_attachments=True)
    late = indexed(account, at=datetime(2026, 6, 1, tzinfo=UTC), unread_count=0, in_archive=True)
    label = Label.objects.create(name="Legal")
    ThreadLabel.objects.create(thread=late, label=label)
    assert find(alice, "offer has:file") == [early]
    assert find(alice, "has:file") == [early]
    assert find(alice, "is:unread") == [early]
    assert find(alice, "-is:unread") == [late]
    assert find(alice, "label:legal") == [late]
    assert find(alice, "before:2026-04-01") == [early]
    assert find(alice, "after:2026-04-01 thanks") == [late]
    assert find(alice, "in:archive") == [late]
    assert find(alice, f"account:{account.address}") == [late, early]
    assert find(alice, f"account:{account.address} thanks") == [late, early]


def test_by_record(account, alice, carol):
    thread = indexed(account)
    link(thread, deal=make_deal(alice, "Kernel licence"))
    link(thread, deal=make_deal(carol, "Hidden plan", visibility="owner"))
    assert find(alice, "deal:kernel") == [thread]
    assert find(alice, "deal:hidden") == []


def test_exclusion_holds_without_a_word_to_look_for(account, alice):
    lake = indexed(account, text="by the lake")
    other = indexed(account, text="by the sea", unread_count=0)
    assert find(alice, "-lake") == [other]
    assert find(alice, "is:unread -sea") == [lake]
    assert find(alice, "-lake -sea") == []


def test_operators_take_a_space_and_any_case(account, alice):
    thread = indexed(account, subject="Renewal")
    assert find(alice, "From: ada Subject:RENEWAL") == [thread]
    assert find(alice, "From: grace") == []
    assert find(alice, "from:") == []


def test_understood_operators_can_be_taken_away(alice):
    query = search.read_query('offer from:"Ada Byron" -has:file', user=alice)
    assert [(part.name, part.value, part.is_excluded) for part in query.understood] == [
        ("from", "Ada Byron", False),
        ("has", "file", True),
    ]
    assert [query.without(part) for part in query.understood] == [
        "offer -has:file",
        'offer from:"Ada Byron"',
    ]


def test_what_is_not_understood_is_named(account, alice):
    found = search.find(alice, "thanks is:blue -before:2026-01-01 filename:x.pdf http://x")
    assert found.query.unknown == ["is:blue", "-before:2026-01-01"]
    assert found.query.before is None
    assert found.query.as_text == ["filename:x.pdf"]
    assert [term.text for term in found.query.terms] == ["thanks", "filename:x.pdf", "http://x"]


def test_trash_and_spam_only_when_asked(account, alice):
    gone = indexed(account, in_trash=True)
    assert find(alice, "offer") == []
    assert find(alice, "offer in:trash") == [gone]


@pytest.mark.parametrize("who", ["bob", "carol", "dana"])
def test_private_mail_leaves_no_trace(account, who, request):
    user = request.getfixturevalue(who)
    for _ in range(60):
        thread = indexed(account, text="canary")
    link(thread, deal=make_deal(user))
    nothing = search.find(user, "nonsense")
    hidden = search.find(user, "canary")
    assert (hidden.rows, hidden.next_key) == (nothing.rows, nothing.next_key) == ([], None)

    # The positive control: the same word, once it is shared.
    Thread.objects.filter(pk=thread.pk).update(visibility="shared")
    assert find(user, "canary") == [thread]


def test_hidden_mail_makes_no_page_short(account, alice, bob, monkeypatch):
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "PAGE_SIZE", 3)
    other = make_account(bob)
    own = []
    for _ in range(4):
        own.append(indexed(account, text="word"))
        for _ in range(5):
            indexed(other, text="word")
    first = search.find(alice, "word")
    assert [row.thread for row in first.rows] == own[:0:-1]
    rest = search.find(alice, "word", before_key=first.next_key)
    assert [row.thread for row in rest.rows] == own[:1]
    assert rest.next_key is None


def add_older_mail(thread):
    email = thread.emails.get()
    body = email.body
    email.pk, email.digest, email._state.adding = None, bytes([thread.pk % 256] * 32), True
    email.received_at -= timedelta(days=30)
    email.save()
    body.email, body._state.adding = email, True
    body.save()
    search_index.index_emails(Email.objects.values_list("pk", flat=True))


def test_a_conversation_is_found_once(account, alice):
    thread = indexed(account)
    add_older_mail(thread)
    assert find(alice, "offer") == [thread]


@pytest.mark.parametrize("text", ["word", "is:unread", "is:unread -nothing"])
def test_a_conversation_is_not_on_a_second_page_again(account, alice, monkeypatch, text):
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "PAGE_SIZE", 2)
    threads = [indexed(account, text="word") for _ in range(5)][::-1]
    for thread in threads[:3]:
        add_older_mail(thread)
    pages, key = [], None
    while True:
        found = search.find(alice, text, before_key=key)
        pages.append([row.thread for row in found.rows])
        key = found.next_key
        if key is None:
            break
        assert search.read_cursor(found.next_cursor) == key
    assert pages == [threads[:2], threads[2:4], threads[4:]]


@pytest.mark.parametrize("text", ["is:starred", "is:starred -nothing", "-nothing is:starred -word"])
def test_what_hardly_any_mail_has_is_found_below_what_is_looked_at_first(
    account, alice, monkeypatch, text
):
    monkeypatch.setattr(search, "CHUNK", 2)
    monkeypatch.setattr(search, "WALKED", 4)
    old = indexed(account, text="else", is_flagged=True)
    new = [indexed(account, text="word", is_flagged=position == 6) for position in range(7)]
    expected = [old] if "-word" in text else [new[6], old]
    assert find(alice, text) == expected


@pytest.mark.parametrize("few", [1000, 0])
def test_shared_mail_of_colleagues_is_found_and_marked(
    account, alice, bob, carol, monkeypatch, few
):
    monkeypatch.setattr(search, "FEW_LINKS", few)
    shared = indexed(account, text="word", visibility="shared")
    link(shared, deal=make_deal(bob, visibility="owner"))
    indexed(account, text="word")
    own = indexed(make_account(bob), text="word")
    rows = search.find(bob, "word").rows
    assert [(row.thread, row.is_own) for row in rows] == [(own, True), (shared, False)]
    # What alice has read is hers to know.
    assert find(bob, "is:unread") == [own]
    assert find(bob, "has:file -is:unread") == []
    assert find(bob, "word -is:unread") == [shared]
    assert find(carol, "word") == []
    assert search.own_that_match(bob, "word") == [own.pk]


def test_nothing_asked_nothing_found(account, alice):
    indexed(account)
    for text in ("", "   ", "is:blue", '""'):
        assert find(alice, text) == []
