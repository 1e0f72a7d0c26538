"""The content of an email for a reader: its raw bytes, one part of it, the kind of a picture."""

from mailsync.domain import blobs
from mailsync.mime import parse
from mailsync.models import Attachment, Email

# The first bytes of the picture formats that a browser may show from our address.
PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class NotHereError(Exception):
    """The bytes are not in this installation (yet): only the index stage has run, or damage."""


def raw_of(email: Email) -> bytes:
    """The message as it came."""
    if email.blob is None:
        raise NotHereError
    try:
        return blobs.read(email.blob)
    except blobs.BlobError as error:
        raise NotHereError from error


def file_of(attachment: Attachment) -> bytes:
    """The decoded bytes of a file in a message."""
    data = parse.part_bytes(raw_of(attachment.email), attachment.section)
    if data is None:
        raise NotHereError
    return data


def picture_type(data: bytes) -> str:
    """The media type that the bytes themselves claim; empty unless it is a harmless picture.
    What the message says of them counts for nothing: HTML calls itself image/png as well."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in PICTURES if data.startswith(start)), "")
