"""What follows from a save: the words that a record is found by, and the news of its addresses.

A person is saved with each address and number, an import saves thousands of persons. In a block
of `together` what follows comes once, at its end and in its transaction.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from crm.domain.search import index_records
from crm.models import Person, Record
from crm.signals import addresses_added


@dataclass
class _Block:
    records: dict[type[Any], set[int]] = field(default_factory=lambda: defaultdict(set))
    person_ids: set[int] = field(default_factory=set)


_open: ContextVar[_Block | None] = ContextVar("gathering", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Gathers what follows from the saves in this block. One within another is part of it."""
    if _open.get() is not None:
        yield
        return
    block = _Block()
    with transaction.atomic():
        token = _open.set(block)
        try:
            yield
        finally:
            _open.reset(token)
        for model, ids in block.records.items():
            # Read again: some may have been taken back, with a savepoint of theirs.
            index_records(list(model.objects.filter(pk__in=ids)))
        if block.person_ids:
            _tell(sorted(block.person_ids))


def index(record: Record) -> None:
    """The record's words have changed."""
    block = _open.get()
    if block is None:
        index_records([record])
    else:
        block.records[type(record)].add(record.pk)


def announce_address(person_id: int) -> None:
    """Tells the apps above, once the row is really there, that mail may belong to this person."""
    block = _open.get()
    if block is None:
        _tell([person_id])
    else:
        block.person_ids.add(person_id)


def _tell(person_ids: list[int]) -> None:
    transaction.on_commit(lambda: addresses_added.send(sender=Person, person_ids=person_ids))
