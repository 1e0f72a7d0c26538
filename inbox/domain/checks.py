"""What to ask before a mail leaves: in words, each to be confirmed or put right.

Only what the sender may know is said: a colleague's mail to the same person is mentioned when
the sender may see that conversation, and not otherwise.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.domain import fields, writing
from inbox.domain.draft_sight import as_seen_by
from inbox.enums import DraftKind
from inbox.models import Draft
from mailsync.enums import EmailKind
from mailsync.mime import plain, quotes
from mailsync.models import Email, MailAccount, Thread
from users.models import User

MANY_OUTSIDE = 10
# In an exchange this old a new address is worth a question.
OLD_THREAD = 3
# Words of many languages that promise a file; of those that bend their words, the stem.
_ATTACHED = re.compile(
    r"\b(?:attach(?:ed|ment|ments|ing)|enclosed|im anhang|angeh[aä]ngt|beigef[uü]gt|anbei|"
    r"ci-joint|ci-jointe|ci-jointes|ci-joints|pi[eè]ces? jointes?|adjunt[oa]s?|allegat[oi]|"
    r"in allegato|bijlagen?|bijgevoegde?|vedlagt|vedhæftet|vedlegg|bifogad|bifogar|bilaga|"
    r"liitteenä|liitteessä|em anexo|segue anexo|w załączniku|w załączeniu|załącz\w{2,4}|v příloze|"
    r"přikládám|v prílohe|mellékel\w*|csatol\w+|ataşat\w*|anexat\w*|u prilogu|u privitku|"
    r"v priponki|prilož\w+|ekte|ekteki|во вложени\w|прикреп\w+|у вкладенн\w|прилага\w+|"
    r"συνημμέν\w+|επισυνάπτ\w+|đính kèm|terlampir)\b"
    r"|添付|附件|附檔|随信附|첨부|مرفق|المرفق|מצורף|מצורפת|מצ״ב",
    re.IGNORECASE,
)


class Check(StrEnum):
    NO_SUBJECT = "no_subject"
    FORGOTTEN_FILE = "forgotten_file"
    MISSING_FIELDS = "missing_fields"
    MANY_OUTSIDE = "many_outside"
    NEW_ADDRESS = "new_address"
    LOOK_ALIKE = "look_alike"
    COLLEAGUE = "colleague"
    NEWER = "newer"


@dataclass(frozen=True)
class Question:
    check: Check
    text: str
    # Names and labels of smart fields without a value.
    missing: tuple[tuple[str, str], ...] = ()


def questions(draft: Draft, *, by: Any, confirmed: Collection[str] = ()) -> list[Question]:
    """What is still to be asked about this draft."""
    draft = as_seen_by(draft, by)
    found = (
        _subject(draft),
        _missing(draft, by),
        _file(draft),
        _outside(draft),
        *_addresses(draft),
        _colleague(draft, by),
        _newer(draft, by),
    )
    return [one for one in found if one and one.check not in confirmed]


def _subject(draft: Draft) -> Question | None:
    if draft.subject.strip():
        return None
    return Question(Check.NO_SUBJECT, _("The subject is empty."))


def _missing(draft: Draft, by: Any) -> Question | None:
    missing = writing.missing(draft, by=by)
    if not missing:
        return None
    labels = tuple((name, _label(name)) for name in missing)
    names = ", ".join(label for _name, label in labels)
    return Question(
        Check.MISSING_FIELDS,
        _("Nothing is known for: %(names)s. Sent anyway, its place stays empty.")
        % {"names": names},
        missing=labels,
    )


def _label(name: str) -> str:
    field = fields.FIELDS.get(name)
    return f"{field.group}: {field.label}" if field else name


def _file(draft: Draft) -> Question | None:
    # What is quoted was promised by somebody else.
    text = f"{draft.subject}\n{quotes.split(plain.html_to_text(draft.html)).new}"
    if not _ATTACHED.search(text) or draft.files.filter(content_id="").exists():
        return None
    return Question(
        Check.FORGOTTEN_FILE, _("You write about an attachment, but no file is attached.")
    )


def _people(draft: Draft) -> list[str]:
    return [address.lower() for role in (draft.to, draft.cc, draft.bcc) for _n, address in role]


def _own_domains() -> set[str]:
    addresses = [
        *MailAccount.objects.values_list("address", flat=True),
        *User.objects.active().values_list("email", flat=True),
    ]
    return {address.rpartition("@")[2].lower() for address in addresses}


def _outside(draft: Draft) -> Question | None:
    visible = [address.lower() for role in (draft.to, draft.cc) for _name, address in role]
    ours = _own_domains()
    number = sum(address.rpartition("@")[2] not in ours for address in visible)
    if number <= MANY_OUTSIDE:
        return None
    text = ngettext(
        "%(n)d person outside your company sees the addresses of the others.",
        "%(n)d people outside your company see each other's addresses.",
        number,
    )
    return Question(Check.MANY_OUTSIDE, text % {"n": number})


def _addresses(draft: Draft) -> list[Question]:
    """New addresses in an exchange of some length: a copied-in stranger is a known trick."""
    if draft.parent is None or draft.kind == DraftKind.FORWARD:
        return []
    thread = draft.parent.thread
    known = {address.lower() for address in thread.addresses.values_list("address", flat=True)}
    known.add(draft.parent.from_address.lower())
    known |= {address.lower() for _role, _name, address in draft.parent.recipients}
    ours = _own_domains()
    new = [
        address
        for address in _people(draft)
        if address not in known and address.rpartition("@")[2] not in ours
    ]
    found = []
    for address in new:
        twin = next((one for one in sorted(known) if _is_look_alike(address, one)), None)
        if twin:
            text = _("%(address)s looks like %(twin)s but is another address.")
            found.append(Question(Check.LOOK_ALIKE, text % {"address": address, "twin": twin}))
    if new and not found and thread.email_count >= OLD_THREAD:
        text = _("Not in this conversation before: %(addresses)s.")
        found.append(Question(Check.NEW_ADDRESS, text % {"addresses": ", ".join(new)}))
    return found


def _is_look_alike(address: str, known: str) -> bool:
    """Domains that differ in a letter or two, or in letters that look the same."""
    domain, other = address.rpartition("@")[2], known.rpartition("@")[2]
    if domain == other:
        return (
            address != known and _distance(address.partition("@")[0], known.partition("@")[0]) == 1
        )
    return _plain_shape(domain) == _plain_shape(other) or (
        min(len(domain), len(other)) > 5 and _distance(domain, other) == 1
    )


_SHAPES = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": None})


def _plain_shape(text: str) -> str:
    return text.replace("rn", "m").replace("vv", "w").translate(_SHAPES)


def _distance(one: str, other: str) -> int:
    """Edits from one to the other, as far as 2."""
    if abs(len(one) - len(other)) > 1:
        return 2
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        last, row[0] = row[0], at
        for column, wanted in enumerate(other, 1):
            last, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, last + (letter != wanted)),
            )
    return min(row[-1], 2)


def _colleague(draft: Draft, by: Any) -> Question | None:
    people = [address.lower() for _name, address in draft.to]
    morning = datetime.combine(timezone.localdate(), time(), tzinfo=timezone.get_current_timezone())
    own = MailAccount.objects.usable_by(by).filter(owner=by)
    thread = (
        Thread.objects.visible_to(by)
        .filter(addresses__address__in=people, last_outbound_at__gte=morning)
        .exclude(account__in=own)
        .select_related("account__owner")
        .order_by("-last_outbound_at")
        .first()
    )
    if thread is None or thread.account.owner_id == by.pk:
        return None
    text = _("%(name)s has written to the same person today: “%(subject)s”.")
    return Question(
        Check.COLLEAGUE, text % {"name": thread.account.owner.name, "subject": thread.subject}
    )


def _newer(draft: Draft, by: Any) -> Question | None:
    """What somebody wrote into the conversation while the answer was being written."""
    if draft.parent is None or draft.kind == DraftKind.FORWARD:
        return None
    newest = (
        Email.objects.visible_to(by)
        .filter(
            thread=draft.parent.thread_id,
            kind=EmailKind.PERSON,
            received_at__gt=draft.created_at,
        )
        .exclude(submission__created_by=by)
        .order_by("-received_at")
        .first()
    )
    if newest is None:
        return None
    text = _("%(name)s wrote in this conversation at %(time)s, after you began: “%(preview)s”")
    return Question(
        Check.NEWER,
        text
        % {
            "name": newest.from_name or newest.from_address,
            "time": time_format(timezone.localtime(newest.received_at), "H:i"),
            "preview": newest.preview[:80],
        },
    )
