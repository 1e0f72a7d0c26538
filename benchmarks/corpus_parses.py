"""Scores of `parse` against whole parses that other parsers state."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from benchmarks.cases import Case, load, squeeze, text_of
from mailsync.mime import dates, headers, mailboxes, parse
from mailsync.mime.structure import Tree


def _moment(value):
    sign = -1 if value["tz_before_gmt"] else 1
    zone = timezone(sign * timedelta(hours=value["tz_hour"], minutes=value["tz_minute"]))
    names = ("year", "month", "day", "hour", "minute", "second")
    try:
        return datetime(*(value[name] for name in names), tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def _people(value):
    """Mailboxes of a list or of groups; what has no address is none."""
    listed = value.get("List") or [
        one for group in value.get("Group") or () for one in group["addresses"]
    ]
    return [
        (squeeze(one.get("name")), mailboxes.canonical(squeeze(one["address"])))
        for one in listed
        if "@" in (one.get("address") or "")
    ]


def _ours(parties):
    return [(squeeze(one.name), one.address) for one in parties]


def _content_type(value):
    given = dict(value.get("attributes") or ())
    kind = f"{value['c_type']}/{value['c_subtype']}" if value.get("c_subtype") else value["c_type"]
    return kind.lower(), given


def _body_text(stated):
    """Texts that are not ASCII are stated in base64."""
    try:
        return base64.b64decode(stated.replace("\n", ""), validate=True).decode("utf-8", "replace")
    except ValueError:
        return stated


def stalwart_fields(root: Path) -> Iterator[Case]:
    for name, case in load(root / "mail-stalwart", "oracle.json").items():
        raw = headers.first(headers.split_fields(b"x:" + case["header"].encode()), "x")
        expected = case["expected"]
        got: object
        if case["field"] == "address":
            got, wanted = _ours(mailboxes.addresses([raw])), _people(expected)
        elif case["field"] == "date":
            got = dates.date(headers.plain(raw))
            wanted = _moment(expected) if expected else None
        elif case["field"] == "unstructured":
            got, wanted = squeeze(headers.unstructured(raw)), squeeze(expected)
        elif case["field"] == "content_type":
            got = headers.content_field(raw)
            wanted = _content_type(expected) if expected else ("", {})
        else:
            continue
        yield f"{name} {case['field']}", got == wanted, f"{got} {wanted}"


def stalwart_mails(root: Path) -> Iterator[Case]:
    folder = root / "mail-stalwart"
    for listing in sorted(folder.glob("*.expect.json")):
        expected = load(folder, listing.name)
        raw = (folder / listing.name.replace(".expect.json", ".eml")).read_bytes()
        got = parse.parse(raw)
        name = listing.name.removesuffix(".expect.json")
        for field in expected["parts"][0]["headers"]:
            value = field["value"]
            if field["name"] == "subject" and "Text" in value:
                yield f"{name} subject", squeeze(got.subject) == squeeze(value["Text"]), got.subject
            elif field["name"] == "from" and "Address" in value:
                same = _ours([got.sender]) == _people(value["Address"])[:1]
                yield f"{name} from", same, f"{got.sender} {value}"
            elif field["name"] == "to" and "Address" in value:
                same = _ours(got.to) == _people(value["Address"])
                yield f"{name} to", same, f"{got.to} {value}"
            elif field["name"] == "date" and "DateTime" in value:
                same = got.sent_at == _moment(value["DateTime"])
                yield f"{name} date", same, str(got.sent_at)
            elif field["name"] == "message_id" and "Text" in value:
                yield f"{name} message_id", got.message_id == value["Text"], got.message_id
        leaves = sum("Multipart" not in part["body"] for part in expected["parts"])
        mine = len(Tree(raw).leaves())
        yield f"{name} parts", leaves == mine, f"{mine} {leaves}"
        first = next(iter(expected["text_body"]), None)
        body = expected["parts"][first]["body"] if first is not None else {}
        if "Text" in body and not got.has_html:
            text = _body_text(body["Text"])
            yield f"{name} text", squeeze(text)[:500] in squeeze(got.text), got.text[:200]


def _mailcore_leaves(part):
    if part.get("partType", "").startswith("multipart/"):
        return [leaf for one in part["parts"].get("items", ()) for leaf in _mailcore_leaves(one)]
    # An attached message bears neither type nor name there.
    return [(part.get("mimeType", "message/rfc822").lower(), squeeze(part.get("filename")))]


def _leaf(leaf):
    name = leaf.disposition[1].get("filename") or leaf.parameters.get("name")
    return leaf.content_type, squeeze(name) if leaf.message is None else ""


def jwz_mails(root: Path) -> Iterator[Case]:
    folder = root / "mail-mailcore2" / "jwz"
    for path in sorted(folder.glob("*.eml")):
        expected = load(folder, path.with_suffix(".json").name)
        raw = path.read_bytes()
        head, got = expected["header"], parse.parse(raw)
        if "subject" in head:
            yield (
                f"{path.name} subject",
                squeeze(got.subject) == squeeze(head["subject"]),
                got.subject,
            )
        sender = head.get("from", {}).get("mailbox")
        if sender:
            same = got.sender.address == mailboxes.canonical(sender)
            yield f"{path.name} from", same, f"{got.sender} {sender}"
        leaves = _mailcore_leaves(expected["mainPart"])
        mine = [_leaf(leaf) for leaf in Tree(raw).leaves()]
        yield f"{path.name} parts", mine == leaves, f"{mine} {leaves}"


def kde_replies(root: Path) -> Iterator[Case]:
    """What a mail program quotes when it answers is the text that we show."""
    folder = root / "mail-kde" / "template"
    for path in sorted(folder.glob("plain*.mbox.plain.reply")):
        raw = (folder / path.name.removesuffix(".plain.reply")).read_bytes()
        got = parse.parse(raw).text
        yield path.name, squeeze(got) in squeeze(text_of(path)), got[:200]


def no_mail_stops_the_parser(root: Path) -> Iterator[Case]:
    """Every file there is, mail or not."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            raw, error = path.read_bytes(), ""
            try:
                parse._parse(raw, b"")  # noqa: SLF001 - `parse` itself would hide the error
            except Exception as raised:  # noqa: BLE001
                error = repr(raised)
            yield str(path.relative_to(root)), not error, error
