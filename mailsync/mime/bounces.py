"""Reports of failed delivery: whom they are about, whether for good, and which mail it was.

RFC 3464 where the report keeps to it; else what mail systems have written since before it.
"""

import re
from dataclasses import dataclass

from mailsync.mime import auto, charsets, headers, limits, mailboxes, plain, transfer
from mailsync.mime.headers import first
from mailsync.mime.structure import Entity, Tree

TEXT = 40_000  # of the report is looked at; what comes after is the returned mail


@dataclass(frozen=True, slots=True)
class Failure:
    address: str
    status: str = ""  # RFC 3463, such as 5.1.1
    code: str = ""  # SMTP reply, such as 550
    diagnostic: str = ""
    is_permanent: bool = False  # the address is dead; a full mailbox is not


@dataclass(frozen=True, slots=True)
class Bounce:
    failures: tuple[Failure, ...]
    original_message_id: str = ""
    is_delay: bool = False  # only a warning: delivery is still being tried


def read_bounce(raw: bytes) -> Bounce | None:
    """The report in a message; None for what is no report of failure. Never raises."""
    if b"\n" not in raw[:4096]:
        raw = raw.replace(b"\r", b"\n")
    try:
        return _read(Tree(raw[: limits.MESSAGE_BYTES]))
    except (ValueError, LookupError, RecursionError):
        return None


def _read(tree: Tree) -> Bounce | None:
    root = tree.root
    report = root.parameters.get("report-type", "").lower()
    if report in ("feedback-report", "disposition-notification"):
        return None
    leaves = tree.leaves()
    if any(leaf.content_type == "message/feedback-report" for leaf in leaves):
        return None
    groups = [
        group
        for leaf in leaves
        if leaf.content_type.endswith("delivery-status")
        for group in _status_groups(_content(tree, leaf))
    ]
    text = _text(tree, leaves)
    original = _original_id(tree, leaves, text)
    failures = [one for group in groups if (one := _of_group(group)) is not None]
    actions = {group.get("action", "").lower() for group in groups} - {""}
    if _CHALLENGE.search(text[:4000]):
        return None  # the address lives: its owner wants the sender to prove himself
    if groups and failures:
        reported = Bounce(_once(failures, text), original, is_delay=actions == {"delayed"})
        return reported if not actions or actions & {"failed", "delayed"} else None
    return _unreported(root, text, original, report)


def _unreported(root: Entity, text: str, original: str, report: str) -> Bounce | None:
    """A bounce that says so in the words of its program alone."""
    sender = mailboxes.first_mailbox(first(root.fields, "from"))
    subject = headers.unstructured(first(root.fields, "subject"))
    if not _is_unreported(root, sender.address or sender.name, subject, text, report):
        return None
    failures = _of_text(root, text)
    delayed = _DELAY.search(f"{subject}\n{text[:4000]}") is not None
    given_up = _GIVEN_UP.search(text[:8000]) is not None
    return Bounce(tuple(failures), original, is_delay=delayed and not given_up)


def is_report_text(text: str) -> bool:
    """Whether the words say that a mail was not delivered."""
    return _FAILED.search(text[:TEXT]) is not None


_FAILED = re.compile(
    r"(?i)(?:could ?n[o']t be delivered|undeliver(?:able|ed)|not (?:be )?delivered|was not delivered|"
    r"delivery (?:to the following|has failed|failed|failure|status notification|of (?:your|this|the)|"
    r"attempts?|error)|unable to deliver|permanent (?:fatal )?error|user unknown|unknown user|no such "
    r"user|mailbox (?:is )?(?:full|unavailable|not found)|recipient (?:address )?rejected|returned "
    r"(?:mail|message|to sender)|message (?:has been |was |could not be )?(?:rejected|returned|refused|"
    r"undeliverable)|failed (?:recipient|address)|does not exist|fatal errors|transcript of session|"
    r"not listed in|reason for (?:failure|non-delivery)|the following (?:address|recipient)|"
    r"zugestellt werden|empf[äa]nger|n'a pas pu [êe]tre|no se (?:ha podido|pudo) entregar|over quota|"
    r"quota exceeded|exceeded (?:storage|the)|配信|エラー|宛先|не (?:доставлено|может быть доставлено)|"
    r"smtp error|host unknown|invalid recipient|disabled|unrouteable|\b[45]\d\d[ -][45]\.\d\.\d)"
)
_CHALLENGE = re.compile(
    r"(?i)(?:requires? confirmation|guest list|to confirm (?:that )?(?:you|this)|challenge.response)"
)
_DELAY = re.compile(
    r"(?i)(?:delayed|still (?:being )?(?:trying|try|retr)|not yet been|will (?:keep|continue|be retried|"
    r"try)|warning message only|temporar|do not need to resend)"
)
_GIVEN_UP = re.compile(
    r"(?i)(?:giving up|given up|permanent|failed|undeliverable|could not be delivered|\b5\d\d\b)"
)
_ANSWERS = re.compile(
    r"(?i)(?:out of (?:the )?office|vacation|on holiday|auto.?repl|automatic reply|verify (?:your|that you)|"
    r"challenge|confirm (?:your|that)|abwesen|will be back|i am away|whitelist|spam ?arrest|thank you for)"
)


def _is_unreported(root: Entity, sender: str, subject: str, text: str, report: str) -> bool:
    """A bounce that does not say so in the standard's words."""
    fields = root.fields
    if "x-failed-recipients" in fields or report == "delivery-status":
        return True
    failed = is_report_text(text)
    by_system = auto.is_mail_system(fields, sender)
    spoken = auto.speaks_of_failure(subject)
    answers = _ANSWERS.search(f"{subject}\n{text[:1500]}") is not None
    if answers and not (by_system and spoken and failed):
        return False
    if by_system and (spoken or failed):
        return True
    return spoken and failed and (_STATUS.search(text) or _CODE.search(text)) is not None


def _content(tree: Tree, leaf: Entity) -> str:
    data = tree.raw[leaf.start : min(leaf.end, leaf.start + 4 * TEXT)]
    data = transfer.decode(data, leaf.encoding)
    text = charsets.decode(data, leaf.parameters.get("charset", ""))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(tree: Tree, leaves: list[Entity]) -> str:
    for leaf in leaves:
        if leaf.content_type.startswith("text/") or leaf.content_type.startswith("multipart/"):
            text = _content(tree, leaf)
            if leaf.content_type == "text/html":
                text = plain.html_to_text(text, links=False)
            if text.strip():
                return text[:TEXT]
    return ""


def _status_groups(text: str) -> list[dict[str, str]]:
    """Groups of fields between empty lines (RFC 3464 2.1); the first is about the message."""
    groups: list[dict[str, str]] = [{}]
    last = ""
    for line in text.split("\n")[:2000]:
        if not line.strip():
            if groups[-1]:
                groups.append({})
            last = ""
        elif line[:1] in " \t" and last:
            groups[-1][last] = f"{groups[-1][last]} {line.strip()}"[: limits.FIELD_BYTES]
        else:
            name, colon, value = line.partition(":")
            last = name.strip().lower() if colon else ""
            if last:
                groups[-1].setdefault(last, value.strip())
    return groups


def _of_group(group: dict[str, str]) -> Failure | None:
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        value = group.get(name, "").rpartition(";")[2]
        found = _ADDRESS.search(value)
        if found:
            break
    else:
        if "final-recipient" not in group and "status" not in group:
            return None
        found = None
        if "action" not in group:
            return None
    diagnostic = group.get("diagnostic-code", "")
    status = _STATUS.search(group.get("status", "")) or _STATUS.search(diagnostic)
    code = _CODE.search(diagnostic)
    return _failure(
        mailboxes.canonical(found.group()) if found else "",
        status.group() if status else "",
        code.group(1) if code else "",
        diagnostic,
    )


def _of_text(root: Entity, text: str) -> list[Failure]:
    top = text[: _returned_at(text)]
    status, code = _STATUS.search(top), _CODE.search(top)
    named = first(root.fields, "x-failed-recipients")
    addresses = _ADDRESS.findall(headers.plain(named)) if named else []
    if not addresses:
        sender = mailboxes.first_mailbox(first(root.fields, "from")).address
        own = {party.address for party in mailboxes.addresses(root.fields.get("to", ()))} | {sender}
        found = [one.rstrip(".") for one in _ADDRESS.findall(top)]
        addresses = [one for one in found if mailboxes.canonical(one) not in own] or found
        addresses = [one for one in addresses if not _NO_RECIPIENT.match(one)][:1]
    return [
        _failure(
            mailboxes.canonical(address),
            status.group() if status else "",
            code.group(1) if code else "",
            _sentence(top),
        )
        for address in dict.fromkeys(addresses[: limits.RECIPIENTS])
    ]


def _sentence(text: str) -> str:
    for line in text.split("\n"):
        if _CODE.search(line) or _STATUS.search(line) or _DEAD.search(line):
            return line.strip()[:500]
    return ""


def _failure(address: str, status: str, code: str, diagnostic: str) -> Failure:
    return Failure(
        address, status, code, headers.one_line(diagnostic)[:500],
        is_permanent=is_dead(status, code, diagnostic),
    )  # fmt: skip


def is_dead(status: str, code: str, diagnostic: str) -> bool:
    """Whether writing to the address again is useless. Refused content and full boxes are not."""
    if _ALIVE.search(diagnostic):
        return False
    if status.startswith("4") or (not status and code.startswith("4")):
        return False
    if _DEAD.search(diagnostic):
        return True
    return status in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4", "5.0.350")


_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"'=@]{1,64}@(?:[^\s<>()\[\],;:\"'/@.]{1,63}\.){1,8}[^\s<>()\[\],;:\"'./@]{2,30}"
)
_NO_RECIPIENT = re.compile(r"(?i)(?:mailer-daemon|postmaster|abuse|helpdesk|support)@")
_STATUS = re.compile(r"(?<![\d.])[45]\.\d\.\d{1,3}(?![\d.])")
_CODE = re.compile(r"(?<![\d.#])([45][0-7]\d)(?=[ \-#:,]|$)", re.MULTILINE)
_DEAD = re.compile(
    r"(?i)(?:user (?:is )?(?:unknown|not found|doesn'?t exist|does not exist)|unknown (?:user|local|"
    r"recipient|account|address|mailbox)|no such (?:user|person|recipient|mailbox|account|address|local)|"
    r"does(?: not|n'?t) (?:exist|have)|no mailbox|mailbox (?:not found|unavailable|unknown)|invalid "
    r"(?:recipient|mailbox|user|address)|recipient (?:unknown|not found|address rejected: (?:user|"
    r"undeliver|unknown))|address (?:unknown|not found|does not|rejected)|host (?:unknown|not found)|"
    r"domain (?:not found|does not|name not found)|not (?:a valid|our customer|known here|listed)|"
    r"unrouteable|no longer (?:valid|accept|in use|avail)|bad destination|is not a known|account "
    r"(?:is |has been )?(?:disabled|closed|deleted|inactive)|name or service not known|not active|"
    r"has moved|not accept(?:ed)? (?:any )?mail|null ?mx|unbekannt|inconnu|desconocid|sconosciut|"
    r"存在しません|見つかりません|not exist)"
)
_ALIVE = re.compile(
    r"(?i)(?:full|quota|exceed|too (?:large|big|many)|spam|blocked|blacklist|block list|reputation|"
    r"policy|spf|dkim|dmarc|content|virus|greylist|try again|temporar|rate|relay(?:ing)? (?:denied|not)|"
    r"authenticat|loop|timed? ?out|refused|suspended|expired)"
)

_RETURNED = re.compile(
    r"(?im)^(?:-{2,}+[^\n]{0,60}(?:original|below|copy|undelivered|returned|message|headers)|return-path:|"
    r"received: from|> ?received: |message-id:|content-type: message)"
)
_ORIGINAL_ID = re.compile(
    r"(?im)^[ \t>]{0,10}message-id:\s{0,4}<?([^<>\s]{1,250}@[^<>\s]{1,250})>?"
)


def _returned_at(text: str) -> int:
    found = _RETURNED.search(text)
    return found.start() if found and found.start() > 40 else len(text)


def _original_id(tree: Tree, leaves: list[Entity], text: str) -> str:
    for leaf in leaves:
        if leaf.message is not None:
            return _id_in(leaf.message.fields)
    for leaf in leaves:
        if leaf.content_type in ("text/rfc822-headers", "message/rfc822-headers", "message/rfc822"):
            return _id_in(headers.split_fields(_content(tree, leaf).encode()))
    found = _ORIGINAL_ID.search(text)
    return found.group(1) if found else ""


def _id_in(fields: headers.Fields) -> str:
    return headers.message_id(headers.plain(first(fields, "message-id")))


def _once(failures: list[Failure], text: str) -> tuple[Failure, ...]:
    """One entry an address; what the report leaves out, its text for people may say."""
    found: dict[str, Failure] = {}
    for one in failures[: limits.RECIPIENTS]:
        if one.address not in found:
            found[one.address] = _completed(one, text)
    return tuple(found.values())


def _completed(one: Failure, text: str) -> Failure:
    if one.is_permanent or _ALIVE.search(one.diagnostic or text[:4000]):
        return one
    sentence = _sentence(text[: _returned_at(text)])
    if not is_dead(one.status, one.code, f"{one.diagnostic} {sentence}"):
        return one
    return Failure(one.address, one.status, one.code, one.diagnostic or sentence, True)
