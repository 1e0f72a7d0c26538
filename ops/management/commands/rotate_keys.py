"""Seals every stored secret anew with the first key of DEALPOST_VAULT_KEYS."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from common.vault import SealedField, VaultError, conceal, current_key_id, key_id_of, reveal


class Command(BaseCommand):
    help = (
        "Seals stored secrets with the newest key. Put the new key first in DEALPOST_VAULT_KEYS,"
        " run this, and drop the old key when it counts no more rows. May be cut off and run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        moved, lost, kept = 0, 0, Counter[str]()
        newest = current_key_id()
        for row, name in _sealed_rows():
            sealed = getattr(row, name)
            if key_id_of(sealed) == newest:
                continue
            try:
                conceal(row, name, reveal(row, name))
            except VaultError:
                lost += 1
                kept[key_id_of(sealed)] += 1
                continue
            # Only if nobody has changed it meanwhile: his word is newer than what we read.
            rows = type(row)._default_manager.filter(pk=row.pk, **{name: sealed})  # noqa: SLF001 -- Django's
            moved += rows.update(**{name: getattr(row, name)})
        self.stdout.write(f"{moved} secrets sealed with key {newest}.")
        if lost:
            keys = ", ".join(f"{key} ({number})" for key, number in sorted(kept.items()))
            raise CommandError(
                f"{lost} secrets do not open: their keys are not in DEALPOST_VAULT_KEYS: {keys}."
                " Their owners have to sign in again."
            )


def _sealed_rows() -> Iterator[tuple[models.Model, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, SealedField):
                rows = model._default_manager.exclude(**{field.name: ""})  # noqa: SLF001 -- Django's
                for row in rows.order_by("pk").iterator(chunk_size=500):
                    yield row, field.name
