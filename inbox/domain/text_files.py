"""Pictures and files of templates and signatures.

A picture put into such a text comes with the text itself, as a `data:` address, since a new text
has no place yet to bring it to; it becomes a row here when the text is saved.
"""

import base64
import binascii
import re
import secrets
from functools import partial

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from inbox.domain import draft_files
from inbox.errors import ComposeError
from inbox.models import Draft, DraftFile, MailTemplate, Signature, SignatureFile, TemplateFile
from inbox.models.text_file import TextFile

PICTURE_BYTES = 1024 * 1024
_DATA = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]{4,}={0,2})")
_CID = re.compile(r"cid:([\w.-]{1,80}@[\w.-]{1,80})")


def too_big(source: str) -> bool:
    """Whether a picture in this text is larger than a mail should carry each time."""
    return any(len(match[2]) * 3 // 4 > PICTURE_BYTES for match in _DATA.finditer(source))


def without_pictures(source: str) -> str:
    return _DATA.sub("", source)


def keep_pictures(text: MailTemplate | Signature) -> None:
    """Makes files of the pictures in a saved text, and drops those that it shows no longer."""

    def put(match: re.Match[str]) -> str:
        try:
            content = base64.b64decode(match[2], validate=True)
        except binascii.Error:
            return match[0]
        kind = match[1]
        name = f"{_('picture')}.{kind.rpartition('/')[2]}"
        file = add(text, name=name, content_type=kind, content=content, is_inline=True)
        return f"cid:{file.content_id}"

    source = _DATA.sub(put, text.html)
    if source != text.html:
        text.html = source
        text.save(update_fields=["html"])
    shown = set(_CID.findall(source))
    for file in text.files.exclude(content_id="").exclude(content_id__in=shown):
        drop(file)


def add(
    text: MailTemplate | Signature,
    *,
    name: str,
    content_type: str,
    content: bytes,
    is_inline: bool = False,
) -> TemplateFile | SignatureFile:
    """A file that goes with each mail made of this text, or a picture in it."""
    held = sum(text.files.values_list("size", flat=True))
    if held + len(content) > draft_files.MAX_FILES_BYTES:
        raise ComposeError("files_too_big")
    values = {
        "name": name[:255] or _("file"),
        "content_type": content_type[:127] or "application/octet-stream",
        "size": len(content),
        "content_id": draft_files.new_content_id() if is_inline else "",
    }
    file: TemplateFile | SignatureFile
    if isinstance(text, MailTemplate):
        file = TemplateFile(template=text, **values)
    else:
        file = SignatureFile(signature=text, **values)
    file.content.save(secrets.token_hex(16), ContentFile(content), save=False)
    file.save()
    return file


def drop(file: TextFile) -> None:
    """The row, and its bytes when that is committed."""
    content = file.content
    file.delete()
    transaction.on_commit(partial(content.delete, save=False))


@transaction.atomic
def delete(text: MailTemplate | Signature) -> None:
    """The text with its files."""
    for file in list(text.files.all()):
        drop(file)
    text.delete()


def copy_files(source: MailTemplate, target: MailTemplate) -> None:
    """The other template gets files of its own, and names them in its text."""
    for file in source.files.all():
        made = add(
            target,
            name=file.name,
            content_type=file.content_type,
            content=bytes_of(file),
            is_inline=bool(file.content_id),
        )
        if file.content_id:
            target.html = target.html.replace(f"cid:{file.content_id}", f"cid:{made.content_id}")
    target.save(update_fields=["html"])


def take_from_mail(template: MailTemplate, draft: Draft) -> None:
    """The files of the mail that the template was made of; its pictures came in the text."""
    for file in draft.files.filter(content_id=""):
        add(template, name=file.name, content_type=file.content_type, content=bytes_of(file))


@transaction.atomic
def put_into_mail(template: MailTemplate, draft: Draft) -> tuple[str, list[DraftFile]]:
    """Copies of the template's files for a mail. Returns its text, which names the copies, and
    the files that are attached. Raises ComposeError when together they are too large."""
    source = template.html
    attached = []
    for file in template.files.all():
        made = draft_files.add_file(
            draft,
            name=file.name,
            content_type=file.content_type,
            content=bytes_of(file),
            is_inline=bool(file.content_id),
        )
        if file.content_id:
            source = source.replace(f"cid:{file.content_id}", f"cid:{made.content_id}")
        else:
            attached.append(made)
    return source, attached


def bytes_of(file: DraftFile | TemplateFile | SignatureFile) -> bytes:
    with file.content.open("rb") as content:
        return bytes(content.read())


def as_data(file: DraftFile) -> str:
    """A picture as an address that carries it along."""
    return f"data:{file.content_type};base64,{base64.b64encode(bytes_of(file)).decode()}"
