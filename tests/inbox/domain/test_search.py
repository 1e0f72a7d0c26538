from datetime import UTC, datetime

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
    assert find(alice, f"account:{account.address}") == []  # nothing to look for
    assert find(alice, f"account:{account.address} thanks") == [late, early]


def test_by_record(account, alice, carol):
    thread = indexed(account)
    link(thread, deal=make_deal(alice, "Kernel licence"))
    link(thread, deal=make_deal(carol, "Hidden plan", visibility="owner"))
    assert find(alice, "deal:kernel") == [thread]
    assert find(alice, "deal:hidden") == []


def test_what_is_not_understood_is_named(account, alice):
    found = search.find(alice, "thanks is:blue before:soon http://x")
    assert found.query.unknown == ["is:blue", "before:soon"]
    assert [term.text for term in found.query.terms] == ["thanks", "http://x"]


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


def test_a_conversation_is_found_once(account, alice):
    thread = indexed(account)
    email = thread.emails.get()
    email.pk, email.digest, email._state.adding = None, b"2" * 32, True
    email.save()
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    assert find(alice, "offer") == [thread]


def test_nothing_asked_nothing_found(account, alice):
    indexed(account)
    for text in ("", "   ", "is:blue", '""'):
        assert find(alice, text) == []
