"""Watches the mailboxes of all accounts for new mail (IMAP IDLE)."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from mailsync.domain.schedule import wake
from mailsync.domain.watching import watched_accounts
from mailsync.watcher import Watcher


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args: object, **options: Any) -> None:
        watcher = Watcher(accounts=watched_accounts, wake=wake)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: watcher.stop())
        watcher.run()
