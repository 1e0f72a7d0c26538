"""Reads stored messages again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mailsync.domain.reparsing import reparse
from mailsync.enums import ParseState
from mailsync.models import Email


class Command(BaseCommand):
    help = "Reads messages again that could not be read, or all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="also those that were read well")
        parser.add_argument("--account", type=int, help="the number of one account")

    def handle(self, *args: Any, **options: Any) -> None:
        emails = Email.objects.order_by("id")
        if options["account"]:
            emails = emails.filter(account=options["account"])
        if not options["all"]:
            emails = emails.exclude(parse_state=ParseState.COMPLETE)
        count = reparse(list(emails.values_list("id", flat=True)))
        self.stdout.write(f"{count} messages read again.")
