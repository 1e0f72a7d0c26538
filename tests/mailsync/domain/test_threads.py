"""Which emails belong together, in whatever order they come."""

import itertools
from datetime import timedelta

import pytest

from mailsync.domain import thread_joins
from mailsync.domain.subjects import base_subject
from mailsync.models import Email, Thread
from tests.factories.messages import START, message

pytestmark = pytest.mark.django_db
ME = "alice@northwind.example"


def groups(account):
    return sorted(
        sorted(thread.emails.values_list("message_id", flat=True))
        for thread in Thread.objects.filter(account=account, merged_into=None)
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_order_of_arrival_does_not_matter(account, server, run, order):
    raws = [message(0, to=ME), message(1, to=ME, answers=0), message(2, to=ME, answers=1)]
    for number in order:
        server.deliver(raws[number])
        run(account)
    assert groups(account) == [[f"mail{n}@acme.example" for n in range(3)]]
    assert Thread.objects.get(merged_into=None).email_count == 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_answer_that_names_nobody_joins_by_subject_and_correspondent(account, server, run, order):
    ada = "Ada <ada@acme.example>"
    raws = [
        message(0, to=ME, sender=ada, subject="Offer"),
        message(1, to="ada@acme.example", sender=f"Alice <{ME}>", subject="Re: Offer"),
    ]
    for number in order:
        server.deliver(raws[number], received_at=START + timedelta(hours=number))
        run(account)
    assert len(groups(account)) == 1


def test_subject_alone_never_joins(account, server, run):
    server.deliver(message(0, to=ME, sender="ada@acme.example", subject="Invoice"))
    server.deliver(message(1, to=ME, sender="bob@other.example", subject="Re: Invoice"))
    server.deliver(message(2, to=ME, sender="ada@acme.example", subject="Invoice"))
    run(account)
    assert len(groups(account)) == 3


def test_threads_taken_apart_stay_apart_and_joined_ones_joined(account, server, run, alice):
    server.deliver(message(0, to=ME))
    server.deliver(message(1, to=ME, answers=0))
    run(account)
    thread = Thread.objects.get()
    moved = Email.objects.filter(message_id="mail1@acme.example")
    new = thread_joins.split_thread(thread, moved, by=alice)
    server.deliver(message(2, to=ME, answers=1))
    run(account)
    assert len(groups(account)) == 2
    new.refresh_from_db()
    assert new.email_count == 2
    thread_joins.merge_threads(thread, [new], by=alice)
    server.deliver(message(3, to=ME, answers=2))
    run(account)
    assert len(groups(account)) == 1


@pytest.mark.parametrize(
    ("subject", "bare", "is_answer"),
    [
        ("Offer", "offer", False),
        ("Re: AW: Sv: Offer", "offer", True),
        ("Re[2]: Offer (fwd)", "offer", True),
        ("[list] Re: Offer", "offer", True),
        ("Reply: yes", "reply: yes", False),
    ],
)
def test_base_subject(subject, bare, is_answer):
    assert base_subject(subject) == (bare, is_answer)
