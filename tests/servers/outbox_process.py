"""An installation whose outbox the kill tests run and kill.

    python -m tests.servers.outbox_process prepare PORT | send | report

with DEALPOST_DATA in the environment.
"""

import json
import os
import sys
from datetime import timedelta

ADDRESS = "alice@northwind.example"


def set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    settings.MAIL_PORTS = range(1, 65536)


def main() -> None:
    set_up()
    command, *rest = sys.argv[1:]
    {"prepare": prepare, "send": send, "report": report}[command](*rest)


def prepare(port: str) -> None:
    from django.core.management import call_command

    from mailsync import tasks
    from mailsync.domain.accounts import Server, connect_account
    from users.models import User

    call_command("migrate", verbosity=0)
    tasks.sync_account.delay_on_commit = lambda *_: None
    owner = User.objects.create_user(ADDRESS, "a long password", name="Alice")
    server = Server("127.0.0.1", int(port), "plain", ADDRESS, "correct-horse")
    connect_account(owner, address=ADDRESS, incoming=server, outgoing=server)


def queue() -> None:
    from inbox.domain import compose, drafts
    from mailsync import tasks
    from mailsync.models import MailAccount

    tasks.send_submission.apply_async = lambda *_args, **_more: None
    account = MailAccount.objects.get()
    start = drafts.Start(to=(("Ada", "ada@acme.example"),), subject="Offer")
    draft = drafts.start_new(by=account.owner, start=start, account=account)
    compose.send(draft, by=account.owner, version=1)


def send() -> None:
    """What a worker does after a start: settle what a dead one left, then send what is due."""
    from django.utils import timezone

    from mailsync.domain import outbox
    from mailsync.models import Submission

    if not Submission.objects.exists():
        queue()
    past = timezone.now() - timedelta(seconds=1)
    # As after the lease of the killed process ran out, and after the pause of a new try.
    Submission.objects.filter(lease_until__isnull=False).update(lease_until=past)
    outbox.recover()
    Submission.objects.filter(state="queued").update(send_at=past)
    for submission_id in outbox.due():
        outbox.send(submission_id)


def report() -> None:
    from mailsync.models import Submission

    row = Submission.objects.get()
    print(json.dumps({"state": row.state, "attempts": row.attempts, "error": row.error_code}))


if __name__ == "__main__":
    main()
