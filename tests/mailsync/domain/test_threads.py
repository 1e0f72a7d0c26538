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


def test_mail_moved_to_another_thread_takes_its_answers_along(account, server, run, alice):
    server.deliver(message(0, to=ME))
    server.deliver(message(1, to=ME, answers=0))
    server.deliver(message(5, to=ME, subject="Another thing"))
    run(account)
    thread = Thread.objects.get(emails__message_id="mail0@acme.example")
    other = Thread.objects.get(emails__message_id="mail5@acme.example")
    moving = list(Email.objects.filter(message_id="mail1@acme.example"))
    moved = thread_joins.move_emails(thread, moving, to=other, by=alice)
    # It names mail0 as well, which is in the thread that mail1 was taken from.
    both = b"References: <mail0@acme.example> <mail1@"
    answer = message(2, to=ME, answers=1).replace(b"References: <mail1@", both)
    assert both in answer
    server.deliver(answer)
    run(account)
    apart = [["mail0@acme.example"], [f"mail{n}@acme.example" for n in (1, 2, 5)]]
    assert groups(account) == apart
    with pytest.raises(thread_joins.ThreadError):
        thread_joins.move_emails(thread, thread.emails.all(), to=other, by=alice)
    back = list(Email.objects.filter(message_id="mail1@acme.example"))
    thread_joins.move_back(other, back, to=thread, moved=moved)
    assert groups(account) == [
        [f"mail{n}@acme.example" for n in group] for group in ((0, 1), (2, 5))
    ]


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
