"""The demo's mail server: one mailbox over IMAP, one door for outgoing mail, persons who answer.

pymap keeps the mailbox in files, aiosmtpd takes what is sent; both are Python and need no root.
It listens on loopback only and speaks without encryption, which Dealpost allows for the demo alone.
"""

import argparse
import asyncio
import email
import hmac
import logging
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pymap.backend.maildir import Identity, MaildirBackend
from pymap.frozen import frozendict
from pymap.imap import IMAPService
from pymap.user import UserMetadata

from ops.demo import robot, world
from ops.demo.letters import bounce_of
from ops.demo.maildir import deliver
from ops.demo.place import HOST, Place

logger = logging.getLogger(__name__)

MAILBOX = "owner"
SHORTEST_WAIT, LONGEST_WAIT = 3.0, 7.0
HASH_ROUNDS = 1000
LARGEST_MAIL = 50 * 1024 * 1024


class Office:
    """Takes a sent mail and lets whoever it is for react after a while."""

    def __init__(self, mailbox: Path, *, wait: Callable[[], float] | None = None) -> None:
        self._mailbox = mailbox
        self._chance = random.Random()
        self._wait = wait or (lambda: self._chance.uniform(SHORTEST_WAIT, LONGEST_WAIT))
        self._persons = {person.address: person for person in world.everybody().values()}
        self._waiting: set[asyncio.Task[None]] = set()

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        message = email.message_from_bytes(raw, _class=EmailMessage, policy=SMTP_POLICY)
        for recipient in envelope.rcpt_tos:
            task = asyncio.create_task(self._react(message, recipient.lower()))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        return "250 OK"

    async def _react(self, message: EmailMessage, recipient: str) -> None:
        if recipient == world.owner().address:
            deliver(self._mailbox, message)
            return
        await asyncio.sleep(self._wait())
        person = self._persons.get(recipient)
        if person is None:
            moment = datetime.now(UTC)
            deliver(self._mailbox, bounce_of(message, recipient=recipient, moment=moment))
        elif message["Auto-Submitted"] in (None, "no"):
            deliver(self._mailbox, robot.answer(message, person=person, chance=self._chance))


class Doorkeeper:
    def __init__(self, place: Place) -> None:
        self._place = place

    def __call__(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        is_right = (
            isinstance(data, LoginPassword)
            and data.login.decode() == world.owner().address
            and hmac.compare_digest(data.password, self._place.password.encode())
        )
        return AuthResult(success=is_right)


async def serve(place: Place, *, folder: Path, wait: Callable[[], float] | None = None) -> None:
    """Until cancelled."""
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        await _start_imap(place, folder, stack)
        office = Office(folder / MAILBOX, wait=wait)
        listener = await loop.create_server(
            lambda: SMTP(
                office,
                hostname="mail.harbourline.example",
                data_size_limit=LARGEST_MAIL,
                auth_required=True,
                auth_require_tls=False,
                authenticator=Doorkeeper(place),
                loop=loop,
            ),
            HOST,
            place.smtp_port,
        )
        stack.callback(listener.close)
        logger.info("mail server on ports %d and %d", place.imap_port, place.smtp_port)
        await loop.create_future()


async def _start_imap(place: Place, folder: Path, stack: AsyncExitStack) -> None:
    backend, config = await MaildirBackend.init(_options(place, folder))
    config.apply_context()
    owner = world.owner().address
    identity = Identity(config, backend.login.tokens, owner, None, {"admin"})
    metadata = UserMetadata(
        config, owner, password=_hashed(config, place), params=frozendict({"mailbox_path": MAILBOX})
    )
    await identity.set(metadata)
    await backend.start(stack)
    await IMAPService(backend, config).start(stack)


def _hashed(config: Any, place: Place) -> str:
    # Few rounds: the password is random, and every connection would wait for the many.
    hashed: str = config.hash_context.copy(rounds=HASH_ROUNDS).hash(place.password)
    return hashed


def _options(place: Place, folder: Path) -> argparse.Namespace:
    """Pymap's settings are its command line's."""
    parser = argparse.ArgumentParser()
    backends = parser.add_subparsers(dest="backend")
    MaildirBackend.add_subparser("maildir", backends)
    IMAPService.add_arguments(parser)
    parser.set_defaults(debug=False, passlib_cfg=None, skip_services=[])
    return parser.parse_args(
        [
            "--host", HOST, "--port", str(place.imap_port), "--no-tls",
            "maildir", str(folder), "--layout", "fs",
        ]
    )  # fmt: skip
