"""The message inside a forward: by whom, to whom, when, about what, and its text.

Smart Bcc depends on it: a colleague forwards a customer's mail, and it must be filed under the
customer. What cannot be read with certainty gives None, never a guess.
"""

import re
from dataclasses import dataclass

from mailsync.mime import headers, limits, mailboxes, plain
from mailsync.mime.labels import LABEL_LINE, field_of, label_of
from mailsync.mime.parse import html_of, parse, part_bytes
from mailsync.mime.quotes import LINES, header_block, introduction, is_divider, is_quoted
from mailsync.mime.subjects import base_subject, is_forward, is_reply
from mailsync.mime.types import ParsedEmail, Party


@dataclass(frozen=True, slots=True)
class Forward:
    sender: Party
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    reply_to: tuple[Party, ...] = ()
    date: str = ""  # as written; in the language of the program that forwarded
    subject: str = ""
    body: str = ""
    comment: str = ""  # what the person who forwarded wrote above
    below: str = ""  # and below, where marks tell where the forward ends
    attached: ParsedEmail | None = None  # when the message came as a file, whole


def unwrap(raw: bytes) -> Forward | None:
    """The forward in a message: attached whole, else written out in its text or its HTML."""
    email = parse(raw)
    for part in email.attachments:
        if part.content_type in ("message/rfc822", "message/global"):
            inner = parse(part_bytes(raw, part.section) or b"")
            if inner.sender.address:
                return _of_attachment(inner, email)
    return unwrap_text(email.text, subject=email.subject) or unwrap_html(
        html_of(raw), subject=email.subject
    )


def unwrap_html(html: str, *, subject: str = "") -> Forward | None:
    text = plain.html_to_text(html, links=False) if html else ""
    return unwrap_text(text, subject=subject)


def unwrap_text(text: str, *, subject: str = "") -> Forward | None:
    """The forward written out in a plain text, in any language that names its fields.

    `subject` is the outer one: where it says that this is an answer, only a line that announces
    a forward makes it one.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\xa0", " ")
    lines = _one_field_a_line(text.split("\n", LINES))
    for index, line in enumerate(lines):
        if not line.strip() or label_of(line) is None:
            continue
        end = header_block(lines, index)
        if end is not None and (_may_forward(subject) or _is_announced(lines, index)):
            found = _read(lines, index, end)
            if found is not None:
                return found
    return _introduced(text, subject) if is_forward(subject) else None


def _may_forward(subject: str) -> bool:
    return is_forward(subject) or not is_reply(subject)


def _introduced(text: str, subject: str) -> Forward | None:
    """Outlook for Mac forwards with a line of who wrote when, as others answer."""
    lines = text.split("\n", LINES)
    for index, line in enumerate(lines):
        begin = introduction(lines, index) if line.strip() else None
        if begin is not None:
            above = " ".join(one.strip() for one in lines[begin : index + 1])
            people = parties(_TIME_AND_COMMA.sub("", above))
            if not people:
                return None
            sender = Party(_name_in_sentence(above, people[0]), people[0].address)
            return Forward(
                sender=sender,
                date=above[: limits.NAME_CHARACTERS],
                subject=base_subject(subject),
                body=_unmarked("\n".join(lines[index + 1 :])),
                comment="\n".join(lines[:begin]).strip("\n "),
            )
    return None


def _name_in_sentence(sentence: str, party: Party) -> str:
    quoted = re.search(r'["„“«]([^"„“”«»]{1,200})["“”»]', sentence)
    if quoted:
        return quoted.group(1)
    words = party.name.rstrip(" (").split(" ")
    while len(words) > 1 and words[0][:1].islower():  # "heeft John Doe"
        words.pop(0)
    return " ".join(words)


_TIME_AND_COMMA = re.compile(r"^[^@]{0,60}?\d{1,2}[:.]\d{2},? ?(?:kl\.)?")


def _is_announced(lines: list[str], index: int) -> bool:
    """A line above the block that says what it is, not a mere rule."""
    for at in range(index - 1, max(-1, index - 4), -1):
        line = lines[at].strip(" >")
        if line:
            return is_divider(line, lines, at) or _OPENING.match(line) is not None
    return False


def _of_attachment(inner: ParsedEmail, outer: ParsedEmail) -> Forward:
    return Forward(
        sender=inner.sender,
        to=inner.to,
        cc=inner.cc,
        reply_to=inner.reply_to,
        date=inner.sent_at.isoformat() if inner.sent_at else "",
        subject=inner.subject,
        body=inner.text,
        comment=outer.text,
        attached=inner,
    )


_INLINE_DIVIDER = re.compile(r"^(.{0,40}?-{4,} ?[^-\n]{2,60}? ?-{4,})\s+(\S.{10,4000})$")
_INLINE_LABEL = re.compile(r"(?:^|(?<=[>\s\"]))([^\W\d][^:：<>@\"\d]{0,24}?)\s?[:：]\s")


def _one_field_a_line(lines: list[str]) -> list[str]:
    """Yahoo writes the divider and all fields on one line."""
    out: list[str] = []
    for line in lines:
        found = _INLINE_DIVIDER.match(line) if "----" in line and "@" in line else None
        if found is None:
            out.append(line)
            continue
        out.append(found.group(1).strip())
        rest = _POLISH_COPY.sub(r"\1: ", found.group(2))
        cuts = [m.start(1) for m in _INLINE_LABEL.finditer(rest) if _ends_in_label(m.group(1))]
        starts = [_label_start(rest, at) for at in cuts]
        for begin, stop in zip(starts, [*starts[1:], len(rest)], strict=True):
            out.append(rest[begin:stop].strip())
        out.append("")
    return out


_POLISH_COPY = re.compile(r"(?<=>)(Dw) (?=\S)")  # Yahoo forgets its colon


def _ends_in_label(words: str) -> bool:
    return any(field_of(words[at:]) for at in _word_starts(words))


def _label_start(text: str, at: int) -> int:
    colon = min((p for p in (text.find(":", at), text.find("：", at)) if p >= 0), default=at)
    words = text[at:colon].rstrip()
    return at + next((one for one in _word_starts(words) if field_of(words[one:])), 0)


def _word_starts(words: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\s+", words))]


def _read(lines: list[str], index: int, end: int) -> Forward | None:
    fields = _fields(lines[index:end])
    if "from" not in fields:
        return None
    sender = _party(fields["from"])
    marked = is_quoted(lines[index])
    body, below = _body(lines, end, marked=marked)
    subject = fields.get("subject", "")
    return Forward(
        sender=sender,
        to=parties(fields.get("to", "")),
        cc=parties(fields.get("cc", "")),
        reply_to=parties(fields.get("reply-to", "")),
        date=fields.get("date", "")[: limits.NAME_CHARACTERS],
        subject=headers.one_line(subject)[: limits.SUBJECT_CHARACTERS],
        body=body,
        comment=_comment(lines, index),
        below=below,
    )


def _fields(block: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    last = ""
    for line in block:
        found = LABEL_LINE.match(line) if len(line) < limits.FIELD_BYTES else None
        name = field_of(found.group(1)) if found else ""
        if found and (name or not last):
            last = name or "other"
            value = found.group(2).strip()
            if last not in fields:
                fields[last] = _unstyled(value)
        elif line.strip(" >") and last and not (found and label_of(line)):
            fields[last] = f"{fields[last]} {_unstyled(line.strip(' >'))}".strip()
    return fields


def _unstyled(value: str) -> str:
    """Without the asterisks that stand for bold in text made of HTML."""
    value = value.strip()
    if value.startswith("*"):
        value = value.lstrip("* ").replace("*", "", 1) if "*" in value[1:] else value.lstrip("* ")
    return value.rstrip("*").strip()


def _body(lines: list[str], end: int, *, marked: bool) -> tuple[str, str]:
    if not marked:
        return _unmarked("\n".join(lines[end:])), ""
    stop = end
    while stop < len(lines) and (
        is_quoted(lines[stop])
        or not lines[stop].strip()
        or (lines[stop - 1].strip() and any(map(is_quoted, lines[stop + 1 : stop + 2])))
    ):
        stop += 1
    inner = [re.sub(r"^\s{0,3}> ?", "", line) for line in lines[end:stop]]
    return "\n".join(inner).strip("\n "), "\n".join(lines[stop:]).strip("\n ")


def _unmarked(body: str) -> str:
    """Some programs mark the lines of the body but not of the header."""
    lines = body.strip("\n ").split("\n")
    if all(is_quoted(line) for line in lines if line.strip()):
        lines = [re.sub(r"^\s{0,3}> ?", "", line) for line in lines]
    return "\n".join(lines).strip("\n ")


_OPENING = re.compile(r"[^\n]{3,80}[:：]$")


def _comment(lines: list[str], index: int) -> str:
    """What stands above the header block, without the line that announces it."""
    at = index
    while at > 0 and not lines[at - 1].strip(" >"):
        at -= 1
    if at > 0:
        line = lines[at - 1].strip(" >")
        announced = _OPENING.match(line) is not None and index - at <= 2 and "@" not in line
        if is_divider(line, lines, at - 1) or re.fullmatch(r"[-_=* ]{5,}", line) or announced:
            at -= 1
    while at > 0 and not lines[at - 1].strip(" >*_"):
        at -= 1
    return "\n".join(lines[:at]).strip("\n ")


# --- people as they are written in quoted headers ----------------------------------------------

_MAILTO = re.compile(
    r"<mailto:([^<>]{1,300})>|\[mailto:\s?([^\[\]]{1,300})\]|\(mailto:([^()]{1,300})\)"
)
_PERSON = re.compile(
    r"([^<>]{0,100}?)<\s{0,9}([^<>\s]{1,200}@[^<>\s]{1,200})\s{0,9}>|([^\s<>,;()\[\]\"'@]{1,64}@[^\s<>,;()\[\]\"']{1,200})"
)
_BEHALF = re.compile(
    r"\s(?:on behalf of|im auftrag von|de la part de|en nombre de)\s.*", re.IGNORECASE
)


def _party(value: str) -> Party:
    value = _BEHALF.sub("", value)
    found = parties(value)
    if found:
        return found[0]
    return Party(headers.one_line(value).strip("\"' ")[: limits.NAME_CHARACTERS], "")


def parties(value: str) -> tuple[Party, ...]:
    """Mailboxes of a quoted header, where commas stand in names and addresses stand twice."""
    if "@" not in value:
        return ()
    value = value[: limits.FIELD_BYTES]
    value = re.sub(r"<mailto:[^<>]{1,300}>(?=>)", "", value)
    bare = _MAILTO.sub("", value)
    if "@" in bare:
        value = bare
    else:
        value = _MAILTO.sub(lambda m: f"<{m.group(1) or m.group(2) or m.group(3)}>", value)
    found: dict[str, Party] = {}
    for match in _PERSON.finditer(value):
        address = headers.one_line((match.group(2) or match.group(3)).strip("<>.,;'\""))
        name = headers.one_line((match.group(1) or "").strip(" ,;\t\n\"'*")).strip()
        if name.casefold() == address.casefold() or ("@" in name and name.strip("'\"") == address):
            name = ""
        before, separator, last = name.replace(";", ",").rpartition(",")
        if separator and "@" in before:  # bare addresses that stood before this one
            for earlier in parties(before):
                found.setdefault(earlier.address, earlier)
            name = last.strip()
        parsed = Party(name[: limits.NAME_CHARACTERS], mailboxes.canonical(address))
        found.setdefault(parsed.address, parsed)
        if len(found) >= limits.RECIPIENTS:
            break
    return tuple(found.values())
