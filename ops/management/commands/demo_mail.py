"""The demo's mail server and the persons behind it; started by `up --demo`."""

import asyncio
import logging
import signal
import warnings
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ops.demo.place import Place, mail_folder, read_place


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args: object, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo is started by: bin/up --demo")
        # Two versions of asyncio's interface meet in the servers' code; nobody here can act on it.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # aiosmtpd remarks that passwords travel in the clear. On loopback they may.
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
        # aiosmtpd writes down each line of a conversation, with the addresses in it.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        with suppress(asyncio.CancelledError):
            asyncio.run(_serve_until_stopped(read_place(settings.DATA_DIR)))


async def _serve_until_stopped(place: Place) -> None:
    from ops.demo.server import serve  # optional dependency

    serving = asyncio.ensure_future(serve(place, folder=mail_folder(settings.DATA_DIR)))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await serving
