"""Keeps the words under which records are found.

Receivers call `index_records` after a save; what is written in bulk calls it itself.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction

from common.words import MAX_WORD, words
from crm.enums import RecordKind
from crm.models import OrganizationDomain, PersonEmail, PersonPhone, Record, SearchWord

WORDS_PER_RECORD = 40
# A number as people write it, and the zero in brackets that is not dialled from abroad.
PHONE = re.compile(r"[\d\s()+./-]+")
TRUNK = re.compile(r"\(0\)")
DIGITS = re.compile(r"\d+")
# Fewer digits are no number that somebody would look for.
SHORTEST_NUMBER = 4


def words_of_phone(number: str) -> list[str]:
    """The number from each of its groups on, so that it is found with its country and area codes
    and without: +49 (0)30 12345 → 493012345, 3012345, 12345."""
    groups = DIGITS.findall(TRUNK.sub("", number))
    endings = ("".join(groups[at:]).lstrip("0") for at in range(len(groups)))
    return [ending[:MAX_WORD] for ending in endings if len(ending) >= SHORTEST_NUMBER]


def phone_typed(text: str) -> str:
    """The digits of a text that may be a number, as `words_of_phone` begins; else empty."""
    if not PHONE.fullmatch(text):
        return ""
    digits = "".join(DIGITS.findall(TRUNK.sub("", text))).lstrip("0")
    return digits[:MAX_WORD] if len(digits) >= SHORTEST_NUMBER else ""


def index_records(records: Sequence[Record]) -> None:
    """Writes the words of these records, all of one kind, in place of those that were."""
    if not records:
        return
    kind = records[0].kind
    ids = [record.pk for record in records]
    extra = _further_words(kind, ids)
    rows = []
    for record in records:
        found = dict.fromkeys([*words(str(record)), *extra[record.pk]])
        rows += [
            SearchWord(kind=kind, record_id=record.pk, word=word)
            for word in list(found)[:WORDS_PER_RECORD]
        ]
    with transaction.atomic():
        SearchWord.objects.filter(kind=kind, record_id__in=ids).delete()
        SearchWord.objects.bulk_create(rows, batch_size=2000)


def forget_records(kind: RecordKind, ids: Iterable[int]) -> None:
    SearchWord.objects.filter(kind=kind, record_id__in=list(ids)).delete()


def _further_words(kind: RecordKind, ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    if kind == RecordKind.PERSON:
        for pk, address in PersonEmail.objects.filter(person__in=ids).values_list(
            "person_id", "address"
        ):
            found[pk] += words(address)
        for pk, number in PersonPhone.objects.filter(person__in=ids).values_list(
            "person_id", "number"
        ):
            found[pk] += words_of_phone(number)
    elif kind == RecordKind.ORGANIZATION:
        for pk, domain in OrganizationDomain.objects.filter(organization__in=ids).values_list(
            "organization_id", "domain"
        ):
            found[pk] += words(domain)
    return found
