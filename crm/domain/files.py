"""Files on records. What they are is told by their first bytes, never by their name."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm.errors import CRMError
from crm.models import Record, RecordFile
from users.models import User

if TYPE_CHECKING:
    from django.core.files.base import File

MAX_SIZE = 50 * 1024 * 1024
NAME_LENGTH = 200
HEAD = 512

# First bytes -> type. Nothing that a browser runs is ever a type here: HTML, SVG and scripts
# are plain text to us.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!", "application/vnd.rar"),
    (0, b"{\\rtf", "application/rtf"),
)


def type_of_bytes(head: bytes) -> str:
    """The type that the first bytes show; anything unknown is just bytes."""
    for offset, signature, content_type in SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return content_type
    if b"\x00" in head:
        return "application/octet-stream"
    try:
        # The last character may have been cut.
        head.decode("utf-8", errors="strict" if len(head) < HEAD else "ignore")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


def clean_name(name: str) -> str:
    """A name fit to be shown and to be a download: no path, no control or direction letters."""
    base = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(letter for letter in base if letter.isprintable()).strip(" .")
    if len(printable) > NAME_LENGTH:
        stem, dot, suffix = printable.rpartition(".")
        suffix = f"{dot}{suffix}" if stem and len(suffix) <= 10 else ""
        printable = printable[: NAME_LENGTH - len(suffix)] + suffix
    return printable or _("file")


def add_file(record: Record, *, by: User, upload: "File[Any]") -> RecordFile:
    size = upload.size or 0
    if size > MAX_SIZE:
        raise CRMError(_("The file is larger than %(limit)s MB.") % {"limit": MAX_SIZE >> 20})
    upload.seek(0)
    head = upload.read(HEAD)
    upload.seek(0)
    return RecordFile.objects.create(
        name=clean_name(upload.name or ""),
        content=upload,
        content_type=type_of_bytes(head),
        size=size,
        uploaded_by=by,
        **{str(record.kind): record},
    )
