"""Files and pictures of a mail being written."""

import secrets
from collections.abc import Iterable

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from inbox.domain import draft_copies
from inbox.errors import ComposeError
from inbox.models import Draft, DraftFile
from mailsync.mime.types import OutgoingFile

# What most providers take is 25 MB with the third that base64 adds (RFC 2045 6.8).
MAX_FILES_BYTES = 25 * 1024 * 1024 * 3 // 4


def add_file(
    draft: Draft, *, name: str, content_type: str, content: bytes, is_inline: bool = False
) -> DraftFile:
    """Attaches a file. The stored name is random and says nothing about it."""
    total = sum(draft.files.values_list("size", flat=True)) + len(content)
    if total > MAX_FILES_BYTES:
        raise ComposeError("files_too_big")
    file = store(
        draft,
        name=name,
        content_type=content_type,
        content=content,
        content_id=new_content_id() if is_inline else "",
    )
    draft_copies.follow_files(draft)
    return file


def remove_file(file: DraftFile) -> None:
    drop(file)
    draft_copies.follow_files(file.draft)


def new_content_id() -> str:
    return f"{secrets.token_hex(12)}@inline"


def store(
    draft: Draft, *, name: str, content_type: str, content: bytes, content_id: str
) -> DraftFile:
    """The row and its bytes, whatever they weigh."""
    file = DraftFile(
        draft=draft,
        name=name[:255] or _("file"),
        content_type=content_type[:127] or "application/octet-stream",
        size=len(content),
        content_id=content_id,
    )
    file.content.save(secrets.token_hex(16), ContentFile(content), save=False)
    file.save()
    return file


def drop(file: DraftFile) -> None:
    """The row, and its bytes when that is committed."""
    content = file.content
    file.delete()
    transaction.on_commit(lambda: content.delete(save=False))


def outgoing(draft: Draft) -> Iterable[OutgoingFile]:
    for file in draft.files.all():
        if file.content_id and file.content_id not in draft.html:
            continue  # a picture that was taken out of the text again
        with file.content.open("rb") as content:
            yield OutgoingFile(file.name, file.content_type, content.read(), file.content_id)
