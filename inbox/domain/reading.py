"""The content of an email for a reader: its raw bytes, one part of it."""

from mailsync.domain import blobs, whole
from mailsync.mime import parse
from mailsync.models import Attachment, Email


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
    if whole.is_cut(attachment.email):
        raise NotHereError
    data = parse.part_bytes(raw_of(attachment.email), attachment.section)
    if data is None:
        raise NotHereError
    return data
