"""Sets of UIDs as they are written and read: `1:3,7` for 1, 2, 3, 7 (RFC 9051 9)."""

from collections.abc import Iterable, Iterator

from mailsync.providers.imap_errors import BadAnswerError

LARGEST_UID = 2**32 - 1
# More numbers than this in one set are no mailbox but an attack on our memory.
MOST_UIDS = 5_000_000
# RFC 9738: some servers handle at most 1,000 messages in one command.
UIDS_PER_COMMAND = 1000


def uid_set(uids: Iterable[int]) -> bytes:
    """The shortest way to write a set: 1:3,7 for 1, 2, 3, 7."""
    parts: list[bytes] = []
    start = previous = 0
    for uid in sorted(set(uids)):
        if start and uid == previous + 1:
            previous = uid
            continue
        if start:
            parts.append(_range(start, previous))
        start = previous = uid
    if start:
        parts.append(_range(start, previous))
    return b",".join(parts)


def _range(start: int, end: int) -> bytes:
    return b"%d" % start if start == end else b"%d:%d" % (start, end)


def uids_of_set(text: bytes, *, below: int | None = None) -> list[int]:
    """The UIDs of a set like 1:3,7, ascending; those from `below` on are left out."""
    top = min(below - 1 if below else LARGEST_UID, LARGEST_UID)
    ranges = []
    for part in text.strip().split(b","):
        first, _, last = part.partition(b":")
        if not first.isdigit() or (last and not last.isdigit()):
            raise BadAnswerError("not a set of UIDs")
        low, high = sorted((int(first), int(last or first)))
        if low <= top and high > 0:
            ranges.append((max(low, 1), min(high, top)))
    if sum(high - low + 1 for low, high in ranges) > MOST_UIDS:
        raise BadAnswerError("more UIDs than a mailbox has")
    return sorted({uid for low, high in ranges for uid in range(low, high + 1)})


def slices(uids: list[int], size: int = UIDS_PER_COMMAND) -> Iterator[list[int]]:
    for start in range(0, len(uids), size):
        yield uids[start : start + size]
