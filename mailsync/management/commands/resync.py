"""Compares an account with its server from end to end, in the foreground."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailsync.domain import journal
from mailsync.domain.connections import connected
from mailsync.domain.mailboxes import entries_count, walked
from mailsync.domain.sync import sync_account
from mailsync.models import MailAccount, Mailbox, MailboxEntry
from mailsync.providers.base import ProviderError


class Command(BaseCommand):
    help = "Lists an account's mailboxes anew and fetches what is missing. Links, labels stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="the number or the address of the account")
        parser.add_argument("--folder", help="only this mailbox")
        parser.add_argument("--since", help="with --full: only mail from this day on (YYYY-MM-DD)")
        parser.add_argument("--full", action="store_true", help="fetch every message again")
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")

    def handle(self, *args: Any, **options: Any) -> None:
        account = self._account(options["account"])
        rows = walked(account)
        if options["folder"]:
            rows = [row for row in rows if row.path == options["folder"]]
            if not rows:
                raise CommandError("There is no such synced mailbox in this account.")
        if options["dry_run"]:
            self._compare(account, rows)
            return
        for row in rows:
            journal.compare_again(row)
            if options["full"]:
                self._fetch_again(row, options["since"])
        self._run(account)

    def _account(self, text: str) -> MailAccount:
        found = (
            MailAccount.objects.filter(pk=int(text))
            if text.isdigit()
            else MailAccount.objects.filter(address=text.lower())
        ).first()
        if found is None:
            raise CommandError("There is no such account.")
        return found

    def _compare(self, account: MailAccount, rows: list[Mailbox]) -> None:
        try:
            with connected(account) as store:
                snapshots = store.status([row.path for row in rows])
        except ProviderError as error:
            raise CommandError(error.code) from error
        for row in rows:
            snapshot = snapshots.get(row.path)
            there = snapshot.exists if snapshot else None
            self.stdout.write(
                f"mailbox {row.pk} {row.role or 'other'}: {there} there, {entries_count(row)} known"
            )

    def _fetch_again(self, row: Mailbox, since: str | None) -> None:
        entries = MailboxEntry.objects.filter(mailbox=row, email__isnull=False)
        if since:
            try:
                day = datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC)
            except ValueError as error:
                raise CommandError("--since takes a day such as 2026-03-31.") from error
            entries = entries.filter(received_at__gte=day)
        journal.fetch_again(entries)

    def _run(self, account: MailAccount) -> None:
        while True:
            ended = sync_account(account.pk)
            if not ended.was_run:
                raise CommandError("Another process is syncing this account, or it is stopped.")
            account.refresh_from_db()
            here = MailboxEntry.objects.filter(mailbox__account=account, gone_at=None).count()
            self.stdout.write(f"{here} messages known")
            if account.error_code:
                raise CommandError(f"The sync stopped: {account.error_code}")
            if not ended.has_more:
                return
