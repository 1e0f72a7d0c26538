"""Serves the pages. Several of these may run behind one proxy."""

import socket
from argparse import ArgumentParser
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ops.errors import StartError
from ops.running.listening import listen

# Without it a server with a live stream open never stops.
GRACEFUL_SECONDS = 3


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fd", type=int, help="an open port handed on by the supervisor")

    def handle(self, *args: object, fd: int | None, **options: Any) -> None:
        try:
            listener = socket.socket(fileno=fd) if fd is not None else listen(settings.LISTEN)
        except StartError as error:
            raise CommandError(str(error)) from None
        config = uvicorn.Config(
            ":".join(settings.ASGI_APPLICATION.rsplit(".", 1)),
            log_config=None,
            # Addresses of pages and who opened them are nobody's business but the audit's.
            access_log=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            # Whom to believe about addresses is TRUSTED_PROXIES' business.
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            ws="none",
        )
        uvicorn.Server(config).run(sockets=[listener])
