"""Files and pictures of a mail being written."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from inbox.domain import draft_copies, quoting
from inbox.errors import ComposeError
from inbox.models import Draft, DraftFile
from mailsync.domain import sizes
from mailsync.mime.types import OutgoingFile

# Where nobody knows yet which account a text goes out from.
MAX_FILES_BYTES = sizes.USUAL_MEGABYTES * sizes.MEGABYTE


def add_file(
    draft: Draft, *, name: str, content_type: str, content: bytes, is_inline: bool = False
) -> DraftFile:
    """Attaches a file. The stored name is random and says nothing about it."""
    if weight(draft) + len(content) > limit_of(draft):
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


def weight(draft: Draft) -> int:
    return sum(draft.files.values_list("size", flat=True))


def limit_of(draft: Draft) -> int:
    """What the account's provider takes."""
    if draft.account_id is None:
        return MAX_FILES_BYTES
    return sizes.files_megabytes([draft.account_id])[draft.account_id] * sizes.MEGABYTE


def quoted_pictures(draft: Draft) -> dict[str, OutgoingFile]:
    """Those of the quoted mail that go out again, by Content-ID: what fits beside the files."""
    return quoting.pictures_of(draft, room=limit_of(draft) - weight(draft))


def keep_quoted_pictures(draft: Draft) -> dict[str, DraftFile]:
    """They become the draft's own, for a writer who takes the quote into his text."""
    return {
        name: store(
            draft,
            name=file.name,
            content_type=file.content_type,
            content=file.content,
            content_id=new_content_id(),
        )
        for name, file in quoted_pictures(draft).items()
    }


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
    """What goes out with the mail, the pictures of its signature and of its quote too."""
    yield from _shown(draft.files.all(), draft.html)
    if draft.signature:
        yield from _shown(draft.signature.files.all(), draft.signature.html)
    yield from quoted_pictures(draft).values()


def _shown(files: Iterable[Any], text: str) -> Iterable[OutgoingFile]:
    for file in files:
        if file.content_id and file.content_id not in text:
            continue  # a picture that was taken out of the text again
        with file.content.open("rb") as content:
            yield OutgoingFile(file.name, file.content_type, content.read(), file.content_id)
