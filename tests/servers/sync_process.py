"""One installation of its own, driven from outside: what the kill tests start and kill.

    python -m tests.servers.sync_process prepare USER PORT | sync | work | persist | report

with DEALPOST_DATA (and DATABASE_URL, if it is not to be SQLite) in the environment.
"""

import json
import os
import sys
from datetime import timedelta


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    settings.MAIL_PORTS = range(1, 65536)
    command, *rest = sys.argv[1:]
    commands = {
        "prepare": prepare, "sync": sync, "work": work, "persist": persist, "report": report,
    }  # fmt: skip
    commands[command](*rest)


def prepare(user: str, port: str) -> None:
    from django.core.management import call_command

    from mailsync import tasks
    from mailsync.domain.accounts import Server, connect_account
    from tests.servers.dovecot import PASSWORD
    from users.models import Company, User

    call_command("migrate", verbosity=0)
    Company.objects.get_or_create(pk=1, defaults={"name": "Northwind"})
    tasks.sync_account.delay_on_commit = lambda *_: None
    owner = User.objects.create_user(user, "a long password", name=user)
    server = Server("127.0.0.1", int(port), "plain", user, PASSWORD)
    connect_account(owner, address=user, incoming=server)


def sync() -> None:
    from django.utils import timezone

    from mailsync.domain.sync import sync_account
    from mailsync.models import MailAccount

    # As after the lease of the killed process ran out.
    MailAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    account = MailAccount.objects.get()
    while sync_account(account.pk).has_more:
        pass


def work() -> None:
    """One of several workers who all want the same account: slices as short as can be, so that
    it changes hands often."""
    import time

    from mailsync.domain.sync import sync_account
    from mailsync.models import MailAccount

    account = MailAccount.objects.get()
    ran = 0
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        ended = sync_account(account.pk, seconds=0.0)
        ran += ended.was_run
        if ended.was_run and not ended.has_more:
            break
        if not ended.was_run:
            time.sleep(0.001)
    print(ran, flush=True)


def persist() -> None:
    """A worker whose database goes away now and then: as a task queue does, it is tried again."""
    from django.db import Error, close_old_connections, connections

    from mailsync.domain.sync import sync_account
    from mailsync.models import MailAccount

    print("ready", flush=True)
    sys.stdin.readline()
    failed = 0
    while True:
        try:
            close_old_connections()
            MailAccount.objects.update(lease_until=None)
            if not sync_account(MailAccount.objects.get().pk, seconds=0.0).has_more:
                break
        except Error:
            failed += 1
            connections.close_all()
    print(failed, flush=True)


def report() -> None:
    from mailsync.domain import journal
    from mailsync.models import Email, MailAccount, MailboxEntry

    account = MailAccount.objects.get()
    findings = [finding.code for finding in journal.check(account, sample=None)]
    print(
        json.dumps(
            {
                "emails": Email.objects.count(),
                "stored": MailboxEntry.objects.filter(outcome="stored").count(),
                "error": account.error_code,
                "findings": findings,
            }
        )
    )


if __name__ == "__main__":
    main()
