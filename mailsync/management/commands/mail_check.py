"""Verifies what the sync promises; exit code 1 when something does not hold."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailsync.domain import journal
from mailsync.models import MailAccount


class Command(BaseCommand):
    help = "Checks that stored mail is complete and consistent, account by account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="mend what can be mended")
        parser.add_argument(
            "--all-bytes", action="store_true", help="read every raw message, not a sample"
        )
        parser.add_argument("--account", type=int, help="the number of one account")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = MailAccount.objects.order_by("id")
        if options["account"]:
            accounts = accounts.filter(pk=options["account"])
        total = 0
        for account in accounts:
            sample = None if options["all_bytes"] else 200
            for finding in journal.check(account, repair=options["repair"], sample=sample):
                total += 1
                self.stdout.write(
                    f"account {account.pk}: {finding.code} x{finding.count} {finding.detail or ''}"
                )
        if not total:
            self.stdout.write(f"{accounts.count()} accounts hold together.")
        elif options["repair"]:
            self.stdout.write("Mended what can be mended; run again after the next sync.")
        else:
            raise CommandError(f"{total} findings; --repair mends what can be mended.")
