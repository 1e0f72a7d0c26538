"""What a subject says once the marks of answering and forwarding are taken off (RFC 5256 2.1),
and the tag of a mailing list with them."""

import hashlib
import re

from mailsync.mime.subjects import without_mark

_LIST_TAG = re.compile(r"^\s*\[[^\[\]]{1,60}\]\s*")
_FORWARD_TAIL = re.compile(r"\s*\((?:fwd|fw)\)\s*$", re.IGNORECASE)
_MAX_MARKS = 20


def base_subject(subject: str) -> tuple[str, bool]:
    """The bare subject, and whether it carried a mark of answering or forwarding."""
    text, is_answer = subject, False
    for _ in range(_MAX_MARKS):
        shorter = without_mark(text)
        if shorter != text:
            is_answer = True
        else:
            # A list's tag stands before or after "Re:"; a subject that is only a tag keeps it.
            shorter = _LIST_TAG.sub("", text, count=1)
            if shorter == text or not shorter.strip():
                break
        text = shorter
    bare = _FORWARD_TAIL.sub("", text)
    return " ".join(bare.split()).casefold(), is_answer or bare != text


def key_of(text: str) -> int:
    """A text as a signed 64-bit number, for an index; 0 stands for no text."""
    if not text:
        return 0
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(),
        "big",
        signed=True,
    )
