"""Processes that want the same mails at the same time: what test_outbox_races starts.

    python -m tests.servers.outbox_race prepare NUMBER | worker SINK | author ANSWERS | nemesis | report

with DEALPOST_DATA (and DATABASE_URL, if it is not to be SQLite) in the environment. Each says by a
file `ready-…` in DEALPOST_DATA that it stands at the line. They begin when the file `go` is there,
and end with the last mail or when the file is gone.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.servers import outbox_process


def main() -> None:
    outbox_process.set_up()
    from django.conf import settings

    # Here the mails shall meet each other, not a limit.
    settings.RECIPIENTS_A_DAY = settings.NEW_RECIPIENTS_AN_HOUR = 1_000_000
    command, *rest = sys.argv[1:]
    commands: dict[str, Callable[..., None]] = {
        "prepare": prepare,
        "worker": worker,
        "author": author,
        "nemesis": nemesis,
        "report": report,
    }
    commands[command](*rest)


def prepare(number: str) -> None:
    from django.utils import timezone

    from mailsync import tasks
    from mailsync.domain import outbox
    from mailsync.models import MailAccount

    outbox_process.prepare("1")
    tasks.send_submission.apply_async = lambda *_args, **_more: None
    account = MailAccount.objects.get()
    for row in range(int(number)):
        name = f"m{row}@northwind.example"
        outgoing = outbox.Outgoing(
            raw=f"Message-ID: <{name}>\r\nSubject: Offer\r\n\r\nHello\r\n".encode(),
            message_id=name,
            subject="Offer",
            envelope_from=account.address,
            envelope_to=["ada@acme.example"],
        )
        outbox.queue(outgoing, account=account, by=account.owner, send_at=timezone.now())


class Sink:
    """Notes each mail that it took; some ends are bad ones, the same at each try."""

    saves_sent_copy = True

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def submit(
        self,
        raw: bytes,
        *,
        envelope_from: str,
        envelope_to: Iterable[str],
        before_final_dot: Callable[[], None],
    ) -> Any:
        from mailsync.providers.base import ProviderError, Reaction, RecipientResult, SubmitResult

        number = int(raw.split(b"@")[0].removeprefix(b"Message-ID: <m"))
        if number % 10 == 1:
            raise ProviderError("not_reached", Reaction.LATER)
        if number % 10 == 2:
            raise ProviderError("message_refused", Reaction.REFUSED)
        before_final_dot()
        os.write(self._file, b"%d\n" % number)
        if number % 10 == 3:
            raise ProviderError("outcome_unknown", Reaction.LATER)
        results = tuple(RecipientResult(one, accepted=True, code=250) for one in envelope_to)
        return SubmitResult(results, accepted=True)

    def close(self) -> None:
        pass


def _in_order() -> Iterator[int]:
    """Every mail, by all in the same order, so that they meet."""
    from mailsync.models import Submission

    ids = list(Submission.objects.order_by("pk").values_list("pk", flat=True))
    data = Path(os.environ["DEALPOST_DATA"])
    (data / f"ready-{os.getpid()}").touch()
    while not (data / "go").exists():
        time.sleep(0.001)
    yield from ids


def worker(sink: str) -> None:
    from mailsync.domain import outbox

    submitter = Sink(sink)
    for submission_id in _in_order():
        outbox.send(submission_id, submitter=submitter, store=None)


def author(answers: str) -> None:
    """The button at the same moment: take back, another time, now. Notes what he was told."""
    from django.utils import timezone

    from mailsync import tasks
    from mailsync.domain import outbox
    from mailsync.models import Submission

    tasks.send_submission.apply_async = lambda *_args, **_more: None
    later = timezone.now() + timedelta(days=1)
    acts: list[tuple[str, Callable[[Submission], None]]] = [
        ("cancelled", outbox.cancel),
        ("later", lambda row: outbox.reschedule(row, send_at=later)),
        ("now", outbox.send_now),
    ]
    told = {}
    for submission_id in _in_order():
        _keep_pace(submission_id)
        name, act = acts[submission_id % 3]
        try:
            act(Submission(pk=submission_id))
            told[submission_id] = name
        except outbox.OutboxError:
            told[submission_id] = "too late"
    Path(answers).write_text(json.dumps(told))


def _keep_pace(submission_id: int) -> None:
    """Waits for the workers to be done with the mail before this one: a button alone is quicker
    than they are and would meet nobody."""
    from django.utils import timezone

    from mailsync.models import Submission

    waits_until = time.monotonic() + 0.2
    due = Submission.objects.filter(
        pk=submission_id - 1, state="queued", send_at__lte=timezone.now()
    )
    while due.exists() and time.monotonic() < waits_until:
        time.sleep(0.0005)


def nemesis() -> None:
    """Takes workers for dead that live, again and again."""
    from django.utils import timezone

    from mailsync.domain import outbox
    from mailsync.models import Submission

    go = Path(os.environ["DEALPOST_DATA"]) / "go"
    chance = random.Random(4711)
    next(_in_order())
    while go.exists():
        past = timezone.now() - timedelta(seconds=1)
        Submission.objects.filter(lease_until__gt=past).update(lease_until=past)
        outbox.recover()
        time.sleep(chance.random() / 10)


def report() -> None:
    from mailsync.models import Submission

    rows = Submission.objects.order_by("pk").values_list("pk", "message_id", "state", "error_code")
    print(
        json.dumps(
            [[pk, int(name.split("@")[0][1:]), state, code] for pk, name, state, code in rows]
        )
    )


if __name__ == "__main__":
    main()
