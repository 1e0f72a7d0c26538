"""Raw bytes to `ParsedEmail`. Never raises; linear in the size of the message.

One pass finds the tree of parts by their delimiters, and only what is stored is decoded: the
wanted fields, and one text. HTML is decoded when there is no plain text, attachments never: a
mail with a megabyte of files costs the same as one without.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from mailsync.mime import (
    auto,
    bounces,
    charsets,
    dates,
    headers,
    limits,
    mailboxes,
    plain,
    quotes,
    transfer,
)
from mailsync.mime.headers import Fields, first
from mailsync.mime.structure import Entity, Tree
from mailsync.mime.types import (
    SIGNATURES,
    SIGNED_DATA,
    Kind,
    ParsedEmail,
    Part,
    Party,
    Readability,
)

TOO_COMPLEX = "message_too_complex"
UNREADABLE = "message_unreadable"
UU_SEPARATOR = "~"  # "1~2" is the second uuencoded file in the text of section 1


def parse(raw: bytes, digest: bytes = b"") -> ParsedEmail:
    """What the message says, as far as it can be read. `digest` is its SHA-256, where that is
    known already."""
    digest = digest or hashlib.sha256(raw).digest()
    try:
        return _parse(raw, digest)
    except Exception:  # noqa: BLE001 - one mail must never stop a folder; its raw bytes are kept
        return ParsedEmail(
            digest=digest, size=len(raw), readability=Readability.UNREADABLE, note=UNREADABLE
        )


def parse_many(raws: Iterable[bytes]) -> list[ParsedEmail]:
    return [parse(raw) for raw in raws]


def parse_header(header: bytes) -> ParsedEmail:
    """The same from the header alone, for the index stage: no text, no attachments."""
    digest = hashlib.sha256(header).digest()
    try:
        fields = headers.split_fields(_with_line_feeds(header)[: limits.HEADER_BYTES])
        return ParsedEmail(digest=digest, size=len(header), **_header_values(fields))
    except Exception:  # noqa: BLE001 - as in parse
        return ParsedEmail(
            digest=digest, size=len(header), readability=Readability.UNREADABLE, note=UNREADABLE
        )


def html_of(raw: bytes) -> str:
    """The HTML that a person is shown; empty when the message has none."""
    tree = _tree(raw)
    return "\n".join(_text(tree, entity) for entity in _gather(tree).html)[
        : limits.HTML_CHARACTERS + 1
    ]


def part_bytes(raw: bytes, section: str) -> bytes | None:
    """The decoded content of an attachment; None when there is no such part."""
    tree = _tree(raw)
    section, separator, number = section.partition(UU_SEPARATOR)
    for entity in tree.leaves():
        if entity.section == section:
            data = tree.raw[entity.start : entity.end]
            if entity.message is None or entity.encoding not in ("", "7bit", "8bit", "binary"):
                data = transfer.decode(data, entity.encoding)
            if separator:
                files = transfer.uuencoded(data)
                return files[int(number) - 1].content() if int(number) <= len(files) else None
            return data
    return None


def inline_images(raw: bytes) -> dict[str, Part]:
    """The pictures that the HTML may name by `cid:`, by Content-ID without brackets."""
    return {
        part.content_id: part
        for part in parse(raw).attachments
        if part.content_id and part.content_type.startswith("image/")
    }


def _parse(raw: bytes, digest: bytes) -> ParsedEmail:
    if len(raw) > limits.MESSAGE_BYTES:
        head = parse_header(raw[: limits.HEADER_BYTES])
        return _stub(head, digest, len(raw), TOO_COMPLEX)
    tree = _tree(raw)
    root = tree.root
    values = _header_values(root.fields, root.content_type, root.parameters)
    if tree.is_cut and tree.parts >= limits.PARTS:
        head = ParsedEmail(digest=digest, size=len(raw), **values)
        return _stub(head, digest, len(raw), TOO_COMPLEX)
    gathered = _gather(tree)
    text, is_html = _readable_text(tree, gathered)
    attachments = gathered.parts + ([] if is_html else _uu_parts(tree, gathered))
    if values["kind"] in (Kind.PERSON, Kind.AUTOMATIC) and _is_report(tree, values, text):
        values["kind"] = Kind.BOUNCE
    note = TOO_COMPLEX if tree.is_cut else ""
    readability = Readability.PARTIAL if tree.is_cut or tree.is_broken else Readability.COMPLETE
    if not root.fields:
        readability, note = Readability.UNREADABLE, UNREADABLE
    return ParsedEmail(
        digest=digest,
        size=len(raw),
        text=text,
        preview=quotes.preview(text),
        has_html=bool(gathered.html),
        attachments=tuple(attachments),
        is_signed=gathered.is_signed or text.startswith("-----BEGIN PGP SIGNED MESSAGE-----"),
        is_encrypted=gathered.is_encrypted or text.startswith("-----BEGIN PGP MESSAGE-----"),
        readability=readability,
        note=note,
        **values,
    )


def _is_report(tree: Tree, values: dict[str, Any], text: str) -> bool:
    """A mail system that reports in a subject of its own making."""
    sender: Party = values["sender"]
    by_system = auto.is_mail_system(tree.root.fields, sender.address or sender.name)
    return (
        by_system and bounces.is_report_text(text[:4000]) and not auto.is_answer(values["subject"])
    )


def _stub(head: ParsedEmail, digest: bytes, size: int, note: str) -> ParsedEmail:
    values = {name: getattr(head, name) for name in ParsedEmail.__dataclass_fields__}
    values |= {
        "digest": digest,
        "size": size,
        "readability": Readability.UNREADABLE,
        "note": note,
    }
    return ParsedEmail(**values)


def _with_line_feeds(raw: bytes) -> bytes:
    """Mail that an old Mac wrote has carriage returns alone."""
    if b"\n" not in raw[:4096] and b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    return raw


def _tree(raw: bytes) -> Tree:
    return Tree(_with_line_feeds(raw))


def _header_values(
    fields: Fields, content_type: str = "", params: dict[str, str] | None = None
) -> dict[str, Any]:
    if not content_type:
        value = first(fields, "content-type")
        content_type, params = headers.content_field(value) if value else ("", {})
    params = params or {}
    charset = params.get("charset", "")
    sender = _sender(fields, charset)
    subject = headers.unstructured(first(fields, "subject"), charset)[: limits.SUBJECT_CHARACTERS]
    in_reply_to = headers.plain(first(fields, "in-reply-to"))
    references = headers.plain(b" ".join(fields.get("references", ())))
    kind = auto.kind_of(fields, content_type, params, sender.address or sender.name, subject)
    return {
        "message_id": headers.message_id(headers.plain(first(fields, "message-id"))),
        "references": headers.reference_ids(references, in_reply_to),
        "subject": subject,
        "sender": sender,
        "to": mailboxes.addresses(fields.get("to", ()), charset),
        "cc": mailboxes.addresses(fields.get("cc", ()), charset),
        "bcc": mailboxes.addresses(fields.get("bcc", ()), charset),
        "reply_to": mailboxes.addresses(fields.get("reply-to", ()), charset),
        "sent_at": dates.date(headers.plain(first(fields, "date"))),
        "kind": kind,
        "list_id": _list_id(fields),
    }


def _sender(fields: Fields, charset: str) -> Party:
    for name in ("from", "sender", "return-path"):
        value = first(fields, name)
        if value:
            party = mailboxes.first_mailbox(value, charset)
            if party.address or party.name:
                return party
    return Party("", "")


def _list_id(fields: Fields) -> str:
    value = first(fields, "list-id")
    if not value:
        return ""
    text = headers.unstructured(value)
    found = re.search(r"<([^<>]{1,255})>", text)
    return (found.group(1) if found else text)[:255].strip().lower()


class _Gathered(NamedTuple):
    plain: list[Entity]
    html: list[Entity]
    parts: list[Part]
    marks: set[str]

    @property
    def is_signed(self) -> bool:
        return "signed" in self.marks

    @property
    def is_encrypted(self) -> bool:
        return "encrypted" in self.marks


def _gather(tree: Tree) -> _Gathered:
    gathered = _Gathered([], [], [], set())
    _visit(tree, tree.root, gathered, within="")
    return gathered


def _visit(tree: Tree, entity: Entity, gathered: _Gathered, *, within: str) -> None:
    content_type = entity.content_type
    if content_type in _MARKS:
        gathered.marks.add(_MARKS[content_type])
    if entity.children:
        for child in entity.children:
            _visit(tree, child, gathered, within=content_type)
    elif not content_type.startswith("multipart/"):
        _visit_leaf(tree, entity, gathered, within=within)
    elif tree.raw[entity.start : entity.end].strip():
        # A container that could not be divided: what lies in it is read as text.
        gathered.plain.append(entity)


_MARKS = {"multipart/signed": "signed", "multipart/encrypted": "encrypted"}


def _visit_leaf(tree: Tree, entity: Entity, gathered: _Gathered, *, within: str) -> None:
    content_type = entity.content_type
    disposition, disposition_parameters = entity.disposition
    name = disposition_parameters.get("filename") or entity.parameters.get("name", "")
    if content_type in _SMIME:
        gathered.marks.add("signed" if _is_signed_data(tree, entity) else "encrypted")
    if content_type.startswith("text/") and disposition != "attachment" and not name:
        if content_type == "text/html":
            gathered.html.append(entity)
            return
        if content_type not in _FILES_OF_TEXT:
            gathered.plain.append(entity)
            return
    if within == "multipart/report" and content_type in _REPORT_PARTS:
        return
    if len(gathered.parts) < limits.PARTS:
        part = _part(tree, entity, disposition, name)
        if within == "multipart/signed" and content_type in SIGNATURES:
            # Of the message, and no file beside it; it can be had all the same.
            part = replace(part, is_inline=True)
        gathered.parts.append(part)


_SMIME = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
# The OIDs of signed-data and of what is encrypted (RFC 5652 5.1, 6.1), which stand at the very
# beginning. Older programs leave the type's parameter out.
_SIGNED_OID = bytes.fromhex("2a864886f70d010702")
_ENVELOPED_OID = bytes.fromhex("2a864886f70d010703")


def _is_signed_data(tree: Tree, entity: Entity) -> bool:
    """Whether the message lies in its signature, to be read by whoever opens that (RFC 8551 3.5)."""
    start = tree.raw[entity.start : min(entity.end, entity.start + 400)]
    data = transfer.decode(start, entity.encoding)[:64]
    if _SIGNED_OID in data or _ENVELOPED_OID in data:
        return _SIGNED_OID in data
    return entity.parameters.get("smime-type", "").lower().startswith("signed")


_FILES_OF_TEXT = frozenset(
    ("text/calendar", "text/vcard", "text/x-vcard", "text/directory", "text/csv", "text/rtf",
     "text/xml", "text/css", "text/javascript", "text/rfc822-headers", "text/x-amp-html")
)  # fmt: skip
_REPORT_PARTS = frozenset(
    ("message/delivery-status", "message/global-delivery-status",
     "message/disposition-notification", "message/feedback-report")
)  # fmt: skip
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "audio/mpeg": ".mp3",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "video/mp4": ".mp4",
}


def _part(tree: Tree, entity: Entity, disposition: str, name: str) -> Part:
    content_type = entity.content_type
    value = first(entity.fields, "content-id")
    content_id = headers.plain(value).strip("<> ")[:255] if value else ""
    name = headers.file_name(headers.one_line(name))
    if not name and entity.message is not None:
        subject = headers.unstructured(first(entity.message.fields, "subject"))
        name = headers.file_name(f"{subject.replace('/', '_') or 'message'}.eml")
    elif not name:
        name = f"attachment-{entity.section}{_EXTENSIONS.get(content_type, '.bin')}"
    size = entity.end - entity.start
    if entity.encoding not in ("", "7bit", "8bit", "binary"):
        size = transfer.decoded_size(tree.raw, entity.start, entity.end, entity.encoding)
    if content_type in _SMIME and _is_signed_data(tree, entity):
        content_type = SIGNED_DATA
    return Part(
        section=entity.section,
        name=name,
        content_type=content_type[:127],
        size=size,
        content_id=content_id,
        is_inline=disposition != "attachment" and bool(content_id),
    )


def _text(tree: Tree, entity: Entity) -> str:
    data = tree.raw[entity.start : min(entity.end, entity.start + 2 * limits.TEXT_BYTES)]
    data = transfer.decode(data, entity.encoding)[: limits.TEXT_BYTES]
    charset = entity.parameters.get("charset", "")
    if entity.content_type == "text/html" and not charset and not data.isascii():
        charset = _html_charset(data)
    text = charsets.decode(data, charset)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text.removeprefix("\ufeff")


_META_CHARSET = re.compile(rb"(?i)<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([a-z0-9_:.-]{1,40})")


def _html_charset(data: bytes) -> str:
    found = _META_CHARSET.search(data[:2048])
    return found.group(1).decode("ascii") if found else ""


def _readable_text(tree: Tree, gathered: _Gathered) -> tuple[str, bool]:
    """Plain text if there is any, else HTML as text; and which of the two it was."""
    pieces: list[str] = []
    for entity in gathered.plain:
        text = _text(tree, entity)
        if _may_hold_uu(tree, entity) or entity.encoding in ("x-uuencode", "uuencode", "x-uue"):
            text = _without_uu(text)
        if entity.parameters.get("format", "").lower() == "flowed":
            text = plain.unflow(text, delete_space=entity.parameters.get("delsp", "") == "yes")
        if not entity.content_type.startswith("multipart/") and (
            entity.content_type in ("text/enriched", "text/richtext")
        ):
            text = plain.enriched_to_text(text)
        pieces.append(text.strip("\n"))
    text = "\n\n".join(piece for piece in pieces if piece.strip())
    if text.strip() or not gathered.html:
        return text[: limits.TEXT_CHARACTERS], False
    html = "\n".join(_text(tree, entity) for entity in gathered.html)
    return plain.html_to_text(html, links=False)[: limits.TEXT_CHARACTERS], True


def _without_uu(text: str) -> str:
    data = text.encode("utf-8", "replace")
    files = transfer.uuencoded(data)
    for file in reversed(files):
        data = data[: file.start] + data[file.end :].lstrip(b" \t").removeprefix(b"end")
    return data.decode("utf-8", "replace") if files else text


def _may_hold_uu(tree: Tree, entity: Entity) -> bool:
    return tree.raw.find(b"begin ", entity.start, entity.end) >= 0


def _uu_parts(tree: Tree, gathered: _Gathered) -> list[Part]:
    found: list[Part] = []
    for entity in gathered.plain:
        if not _may_hold_uu(tree, entity):
            continue
        data = transfer.decode(tree.raw[entity.start : entity.end], entity.encoding)
        for number, file in enumerate(transfer.uuencoded(data), 1):
            name = headers.file_name(headers.unstructured(file.name)) or f"file-{number}.bin"
            section = f"{entity.section}{UU_SEPARATOR}{number}"
            content = len(file.content())
            found.append(Part(section, name, "application/octet-stream", content))
    return found
