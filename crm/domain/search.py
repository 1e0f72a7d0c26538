"""Keeps the words under which records are found.

Receivers call `index_records` after a save; what is written in bulk calls it itself.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction

from crm.enums import RecordKind
from crm.models import OrganizationDomain, PersonEmail, PersonPhone, Record, SearchWord
from crm.models.record import fold
from crm.models.search import WORD_LENGTH

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
WORDS_PER_RECORD = 40


def words_of(text: str) -> list[str]:
    """The words of a text as they are stored and looked for."""
    return [word[:WORD_LENGTH] for word in WORD.findall(fold(text))]


def words_of_address(address: str) -> list[str]:
    """The whole address, its pieces, and its domain, so that any of them can be typed."""
    folded = fold(address)
    return [folded[:WORD_LENGTH], folded.rpartition("@")[2][:WORD_LENGTH], *words_of(folded)]


def index_records(records: Sequence[Record]) -> None:
    """Writes the words of these records, all of one kind, in place of those that were."""
    if not records:
        return
    kind = records[0].kind
    ids = [record.pk for record in records]
    extra = _further_words(kind, ids)
    rows = []
    for record in records:
        words = dict.fromkeys([*words_of(str(record)), *extra[record.pk]])
        rows += [
            SearchWord(kind=kind, record_id=record.pk, word=word)
            for word in list(words)[:WORDS_PER_RECORD]
        ]
    with transaction.atomic():
        SearchWord.objects.filter(kind=kind, record_id__in=ids).delete()
        SearchWord.objects.bulk_create(rows, batch_size=2000)


def forget_records(kind: RecordKind, ids: Iterable[int]) -> None:
    SearchWord.objects.filter(kind=kind, record_id__in=list(ids)).delete()


def _further_words(kind: RecordKind, ids: list[int]) -> dict[int, list[str]]:
    words: dict[int, list[str]] = defaultdict(list)
    if kind == RecordKind.PERSON:
        for pk, address in PersonEmail.objects.filter(person__in=ids).values_list(
            "person_id", "address"
        ):
            words[pk] += words_of_address(address)
        for pk, number in PersonPhone.objects.filter(person__in=ids).values_list(
            "person_id", "number"
        ):
            words[pk].append(re.sub(r"\D", "", number)[:WORD_LENGTH])
    elif kind == RecordKind.ORGANIZATION:
        for pk, domain in OrganizationDomain.objects.filter(organization__in=ids).values_list(
            "organization_id", "domain"
        ):
            words[pk] += [domain[:WORD_LENGTH], *words_of(domain)]
    return defaultdict(list, {pk: [word for word in found if word] for pk, found in words.items()})
