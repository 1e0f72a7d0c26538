"""What is new in a message, what it quotes, and how it is signed.

By structure first: marks at the start of lines, the line above them that names a moment or an
address and ends in a colon, blocks of `Word: value` with an address in them, rules. Words of
languages only decide where structure leaves it open. Every step looks at each line a fixed number
of times, so the time is linear in the text. Nothing is lost: what is cut off is in `quote`.
"""

import re
from typing import NamedTuple

from mailsync.mime import limits
from mailsync.mime.labels import label_of

LINES = 5_000
LINE_CHARACTERS = 1_000
_ATTRIBUTION_LINES = 4
_SIGNATURE_LINES = 15


class Split(NamedTuple):
    new: str
    quote: str
    signature: str


_QUOTED = re.compile(r"\s{0,3}(?:>|\|(?:\s|$)|[A-Z]{1,3}>(?:\s|$))")
_TIME = re.compile(
    r"\d{1,2}[:.h時时点]\s?\d{2}|\d{1,2}\s?(?:[ap]\.?m\b|uhr|o'clock)", re.IGNORECASE
)
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d年|\d년|\b\d{1,2}\.? [^\W\d]{3,12}\b"
    r"|\b[^\W\d]{3,12}\.? \d{1,2}\b"
)
_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"@]{1,64}@(?:[^\s<>()\[\],;:\"@.]{1,63}\.){1,8}[^\s<>()\[\],;:\"@.]{1,63}"
)
_VERB = re.compile(
    r"\b(?:wrote|writes|said|schrieb|escribi[óo]|ha scritto|scrisse|a [ée]crit|escreveu|schreef|"
    r"geschreven|skrev|napisa[łl](?:\(a\))?|napsal(?:\(a\))?|nap[íi]sal|pisze|[íi]rta|kirjoitti|"
    r"kirjutas|написал[аи]?|пише[тш]?|писал[аи]?|написав|yazd[ıi]|napisao|je napisal|a scris|έγραψε|"
    r"yazd[ıi]|rašė|rakst[īi]ja|скри|viết|menulis|reageerde|va escriure|skrifaði|напісаў|schrijft|schreibt)"
    r"|(?:写道|寫道|のメール|さんは書きました|작성|书写|כתב|כתבה|كتب|님이)",
    re.IGNORECASE,
)
_DATED_SENDER = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b.{0,120}(?:<[^<>]{3,200}@[^<>]{3,200}>:?|GMT.{1,80}):?$"
)
_WRAPPED_IN_DASHES = re.compile(r"(?<!-)-{2,20}+\s?[^-\s].{9,200}[^-\s]\s?-{2,20}$")
_DIVIDER = re.compile(
    r"(?<![-_*=~])[-_*=~]{2,200}+\s{0,20}([^-_*=~\s].{1,60}?)\s{0,20}[-_*=~]{2,200}+:?$"
)
_MESSAGE_WORD = re.compile(
    r"(?:message|mensaje|mensagem|messaggio|nachricht|bericht|meddelande|meddelelse|melding|besked|"
    r"wiadomo[śs][ćc]|wiadomo[śs]ci|zpr[áa]va|spr[áa]va|viesti|[üu]zenet|lev[ée]l|сообщение|повідомлення|"
    r"письмо|mesaj|poruka|mail|e-mail|メッセージ|邮件|郵件|원본|kiri|original|mejl|post)",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s{0,40}(?<![-_=*~—–])(?:(?:[-_=*~]\s?){5,200}+|[-_—–=]{5,200}+)\s{0,40}$")
_SIGNATURE_MARK = re.compile(r"\s?(?:--|—|–|-- |__|___+|---)\s*$")
_INLINE_ATTRIBUTION = re.compile(
    r"(?<=\S)\s?-{0,3}\s?\bOn (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}, [^\n]{8,150}wrote:$"
)
_DEVICE = re.compile(
    r"(?:sent|envoy[ée]|enviado|gesendet|inviato|verzonden|sendt|skickat|wys[łl]an[eoa]|odesl[áa]no|"
    r"odoslan[ée]|отправлено|надіслано|l[äa]hetetty|k[üu]ldve|von mein|get outlook|sent via|iphone)"
    r".{0,60}(?:iphone|ipad|android|samsung|mobile|outlook|blackberry|mail|phone|handy|galaxy|xperia|"
    r"smartphone|telefon|айфон|nokia|huawei|windows|tablet|device|proton|spark|airmail)",
    re.IGNORECASE,
)
_DASHED_NAME = re.compile(r"[-—–] ?[^\W\d][\w .]{1,30}$")


def split(text: str) -> Split:
    """New text, quote and signature. Of a mail that is nothing but a quote, new is empty."""
    lines = _prepared(text)
    start = _quote_start(lines)
    if start is None:
        return _without_marked_quotes(lines)
    index, begins_after = start
    before = lines[:index]
    after_quote = _end_of_marked(lines, begins_after)
    if after_quote is not None:
        return _with_text_below(lines, index, begins_after, after_quote)
    new, signature = _cut_signature(before)
    return Split(_joined(new), _joined(lines[index:]), signature)


def preview(text: str) -> str:
    """The first words of the new text, on one line; of a bare forward, of what it forwards."""
    head = text[: 3 * limits.PREVIEW_CHARACTERS]
    if not any(sign in head for sign in _SIGNS):
        line = " ".join(head.split())
        if len(line) >= limits.PREVIEW_CHARACTERS or len(head) == len(text):
            return line[: limits.PREVIEW_CHARACTERS]
    head = text[: 8 * limits.PREVIEW_CHARACTERS]
    new = split(head).new or text[: 4 * limits.PREVIEW_CHARACTERS]
    return " ".join(new.split())[: limits.PREVIEW_CHARACTERS]


# Without one of these there is no quote and no signature.
_SIGNS = (">", "@", "--", "__", "|")


def _prepared(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\xa0", " ").split("\n", LINES):
        found = _INLINE_ATTRIBUTION.search(line) if line.endswith("wrote:") else None
        if found and len(line) < LINE_CHARACTERS and not line.startswith(("On ", ">")):
            lines += [line[: found.start()].rstrip("- "), found.group().strip("- ")]
        else:
            lines.append(line)
    return lines


def is_quoted(line: str) -> bool:
    return _QUOTED.match(line) is not None


def _quote_start(lines: list[str]) -> tuple[int, int] | None:
    """The first line that belongs to the quote, and the first line below what introduces it."""
    for index, line in enumerate(lines):
        stripped = line.strip()
        if not stripped or len(line) > LINE_CHARACTERS:
            continue
        if may_introduce(stripped):
            begin = introduction(lines, index)
            if begin is not None:
                return _above_rules(lines, begin), index + 1
        if is_divider(stripped, lines, index):
            return index, len(lines)
        if header_block(lines, index) is not None:
            return _above_rules(lines, index), len(lines)
    return None


def may_introduce(stripped: str) -> bool:
    """A first look, cheap: most lines end the search for an introduction here."""
    return stripped[-1] in ":：->" or stripped[0].isdigit()


def is_divider(stripped: str, lines: list[str], index: int) -> bool:
    found = _DIVIDER.match(stripped)
    if found is None:
        return False
    if _MESSAGE_WORD.search(found.group(1)) and not _VERB.search(found.group(1)):
        return True
    return any(header_block(lines, at) for at in range(index + 1, min(index + 3, len(lines))))


def introduction(lines: list[str], index: int) -> int | None:
    """Where the introduction that ends at this line begins; None when it is no introduction."""
    joined = ""
    for back in range(_ATTRIBUTION_LINES):
        at = index - back
        if at < 0 or not lines[at].strip() or len(lines[at]) > LINE_CHARACTERS:
            return None
        part = lines[at].strip()
        if back and (is_quoted(part) != is_quoted(lines[index])):
            return None
        joined = f"{part} {joined}".strip()
        if len(joined) > 2 * LINE_CHARACTERS:
            return None
        if _introduces(joined, lines, index):
            wider = f"{lines[at - 1].strip()} {joined}" if at else ""
            if back + 1 < _ATTRIBUTION_LINES and _begins_earlier(lines, at, joined, wider):
                continue
            return at
    return None


def _begins_earlier(lines: list[str], at: int, joined: str, wider: str) -> bool:
    """An introduction that was wrapped: its first half is in the line above."""
    above = lines[at - 1].strip() if at else ""
    if not above or (above[-1] in ":.!?" and not above[-2:-1].isdigit()):
        return False
    if joined.count(">") > joined.count("<") and not joined.startswith(">"):
        return True
    if "@" not in joined and ("<" in above or _VERB.search(above) is not None):
        return "@" in wider and len(above) < 200
    return joined[:1].islower() and bool(_DATE.search(above) or _TIME.search(above))


def _introduces(  # noqa: PLR0911 - each way out is one form that introductions have
    joined: str, lines: list[str], index: int
) -> bool:
    last = joined[-1]
    text = joined.lstrip("> |")
    if last == "-":
        return bool(_WRAPPED_IN_DASHES.match(text) and _VERB.search(text) and _TIME.search(text))
    if text[:1].isdigit() and _DATED_SENDER.match(text):
        return True
    if last not in ":：":
        return False
    dated = bool(_DATE.search(text) or _TIME.search(text))
    addressed = _ADDRESS.search(text) is not None
    spoken = _VERB.search(text) is not None
    if spoken and (dated or addressed):
        return True
    if dated and addressed and _TIME.search(text):
        label = label_of(text)
        return label is None or not label[0]
    if not dated and not addressed and not spoken:
        return False
    return _next_is_quoted(lines, index + 1) and not is_quoted(lines[index])


def _next_is_quoted(lines: list[str], index: int) -> bool:
    for line in lines[index : index + 3]:
        if line.strip():
            return is_quoted(line)
    return False


def _above_rules(lines: list[str], index: int) -> int:
    """Rules and empty lines above a quote belong to it."""
    at = index
    while at > 0 and (not lines[at - 1].strip() or _RULE.match(lines[at - 1])):
        at -= 1
        if lines[at].strip():
            index = at
    return index


_REQUIRED = frozenset(("date", "subject", "to"))


def header_block(lines: list[str], index: int) -> int | None:
    """The line after a block of mail header fields that begins here, in any language."""
    first = label_of(lines[index])
    if first is None or (not first[2] and index + 1 >= len(lines)):
        return None
    if first[0] in ("", "other", "cc", "reply-to"):
        return None
    fields = {first[0]}
    values = first[2]
    at, blank, continued, labels = index + 1, 0, 0, 1
    end = at
    while at < len(lines) and at < index + 24:
        line = lines[at]
        if not line.strip():
            blank += 1
            if blank > 1:
                break
        else:
            found = label_of(line)
            if found is not None and (found[0] or (labels >= 1 and blank == 0 and found[2])):
                fields.add(found[0])
                values += " " + found[2]
                labels += 1
                end, blank, continued = at + 1, 0, 0
            elif blank or continued >= 4 or len(line) > LINE_CHARACTERS:
                break
            else:
                continued += 1
                values += " " + line.strip()
        at += 1
    known = fields - {"", "other"}
    if "from" in known and known & _REQUIRED and (len(known) >= 3 or "@" in values):
        return end
    if len(known) >= 3 and "@" in values and "subject" in known:
        return end
    return None


# --- marked quotes ---------------------------------------------------------------------------


def _end_of_marked(lines: list[str], start: int) -> int | None:
    """The first line of text below a run of marked lines; None when nothing follows it."""
    at = start
    while at < len(lines) and not lines[at].strip():
        at += 1
    if at >= len(lines) or not is_quoted(lines[at]):
        return None
    last = at
    loose = 0
    while at < len(lines):
        if is_quoted(lines[at]):
            last, loose = at, 0
        elif lines[at].strip():
            # A marked line that was wrapped on its way has its rest without a mark.
            loose += 1
            if loose > 1 or not lines[at - 1].strip() or not _next_marked(lines, at):
                break
        at += 1
    rest = lines[last + 1 :]
    below = next((line for line in rest if line.strip()), "")
    if begins_signature(below):
        return None
    new, _ = _cut_signature(rest)
    return last + 1 if any(line.strip() for line in new) else None


def _next_marked(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and is_quoted(lines[at + 1])


def _with_text_below(lines: list[str], index: int, below: int, after: int) -> Split:
    before, rest = lines[:index], lines[after:]
    if _marked_runs(rest):
        # Answers between the quoted lines: they are not understood without them.
        body, signature = _cut_signature(lines[below:])
        kept = (*before, *body) if any(line.strip() for line in before) else body
        return Split(_joined(list(kept)), _joined(lines[index:below]), signature)
    new, signature = _cut_signature(rest)
    return Split(_joined([*before, *new]), _joined(lines[index:after]), signature)


def _marked_runs(lines: list[str]) -> int:
    runs, inside = 0, False
    for line in lines:
        marked = is_quoted(line)
        runs += marked and not inside
        inside = marked or (inside and not line.strip())
    return runs


def _without_marked_quotes(lines: list[str]) -> Split:
    """No introduction: a run of marked lines at the end or the beginning is the quote."""
    body, signature = _cut_signature(lines)
    last = len(body)
    while last > 0 and (not body[last - 1].strip() or is_quoted(body[last - 1])):
        last -= 1
    if any(map(is_quoted, body[last:])) and any(line.strip() for line in body[:last]):
        return Split(_joined(body[:last]), _joined(body[last:]), signature)
    first = 0
    while first < len(body) and (not body[first].strip() or is_quoted(body[first])):
        first += 1
    marked = sum(map(is_quoted, body[:first]))
    if marked and first < len(body) and not _marked_runs(body[first:]):
        return Split(_joined(body[first:]), _joined(body[:first]), signature)
    return Split(_joined(body), "", signature)


# --- signatures ------------------------------------------------------------------------------


def begins_signature(line: str) -> bool:
    return bool(_SIGNATURE_MARK.match(line) or _DEVICE.match(line.strip()))


def _cut_signature(lines: list[str]) -> tuple[list[str], str]:
    """The lines without the signature. A mail of nothing but a signature keeps it as its text."""
    last = len(lines)
    while last > 0 and not lines[last - 1].strip():
        last -= 1
    first = next((at for at, line in enumerate(lines) if line.strip()), last)
    for at in range(first + 1, last):
        if _SIGNATURE_MARK.match(lines[at]):
            filled = sum(1 for line in lines[at:last] if line.strip())
            if filled <= _SIGNATURE_LINES and not any(map(is_quoted, lines[at:last])):
                return lines[:at], _joined(lines[at:last])
    for at in range(max(first + 1, last - 4), last):
        if len(lines[at]) < 200 and _DEVICE.match(lines[at].strip(" _*")):
            return lines[:at], _joined(lines[at:last])
    if last - first > 2 and not lines[last - 2].strip() and _DASHED_NAME.match(lines[last - 1]):
        return lines[: last - 1], lines[last - 1]
    return lines[:last], ""


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n \t")
