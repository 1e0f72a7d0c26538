"""The two servers that a mail on its way out meets: one that takes it, one that has Sent."""

from collections.abc import Callable, Iterable
from typing import Any

from mailsync.domain import outbox
from mailsync.models import MailAccount, Submission
from mailsync.providers.base import Keyword, Moved, RecipientResult, SubmitResult

RAW = b"Message-ID: <m1@northwind.example>\r\nSubject: Offer\r\n\r\nHello\r\n"
MESSAGE_ID = "m1@northwind.example"
ADA, BEN = "ada@acme.example", "ben@acme.example"


class Sink:
    """Takes mail like a server: what arrived after the final dot counts as delivered."""

    saves_sent_copy = False

    def __init__(self, answer: Callable[[], SubmitResult] | None = None) -> None:
        self.delivered: list[bytes] = []
        self.before_dot: Exception | None = None
        self.after_dot: Exception | None = None
        self.refused: dict[str, RecipientResult] = {}

    def submit(
        self,
        raw: bytes,
        *,
        envelope_from: str,
        envelope_to: Iterable[str],
        before_final_dot: Callable[[], None],
    ) -> SubmitResult:
        if self.before_dot:
            raise self.before_dot
        results = tuple(
            self.refused.get(address, RecipientResult(address, accepted=True, code=250))
            for address in envelope_to
        )
        accepted = any(result.accepted for result in results)
        if accepted:
            before_final_dot()
            self.delivered.append(raw)
            if self.after_dot:
                raise self.after_dot
        return SubmitResult(results, accepted=accepted)

    def close(self) -> None:
        pass


class SentMailbox:
    """A store with a Sent mailbox and a Trash. `copies` are UIDs and Message-IDs in Sent."""

    capabilities: frozenset[str] = frozenset()

    def __init__(self, *message_ids: str) -> None:
        self.copies = dict(enumerate(message_ids, 1))
        self.appended: list[bytes] = []
        self.trashed: list[int] = []
        self.trouble: Exception | None = None

    @property
    def message_ids(self) -> list[str]:
        return list(self.copies.values())

    def open(self, path: str, *, writable: bool = False) -> None:
        assert path == "Sent"
        if self.trouble:
            raise self.trouble

    def find(self, message_id: str) -> list[int]:
        return [uid for uid, known in self.copies.items() if known == message_id]

    def arrive(self, message_id: str = MESSAGE_ID) -> int:
        """A copy that came here without us, as a provider puts its own."""
        uid = max(self.copies, default=0) + 1
        self.copies[uid] = message_id
        return uid

    def append(self, path: str, raw: bytes, *, keywords: Keyword, received_at: Any = None) -> Moved:
        self.appended.append(raw)
        return Moved(0, new_uid=self.arrive())

    def move(self, uids: Iterable[int], target: str) -> list[Moved]:
        assert target == "Trash"
        for uid in uids:
            del self.copies[uid]
            self.trashed.append(uid)
        return []

    def close(self) -> None:
        pass


def queue(account: MailAccount, **fields: Any) -> Submission:
    outgoing = outbox.Outgoing(
        raw=RAW,
        message_id=fields.pop("message_id", MESSAGE_ID),
        subject="Offer",
        envelope_from=account.address,
        envelope_to=fields.pop("to", [ADA, BEN]),
        bcc=fields.pop("bcc", []),
    )
    return outbox.queue(outgoing, account=account, by=fields.pop("by", account.owner), **fields)
