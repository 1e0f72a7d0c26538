"""What persons, organizations, deals, leads and projects have in common."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from common import words
from crm.enums import RecordKind
from sharing.models import OwnedRecord

SORT_KEY_LENGTH = 200


def fold(text: str) -> str:
    """Text as it is compared and sorted: without accents, case and doubled spaces."""
    return " ".join(words.fold(text).split())


class Record(OwnedRecord):
    """A record with a page of its own.

    `version` goes up with every change, so that a page that shows an older state is told so
    instead of overwriting what a colleague did meanwhile.
    """

    kind: ClassVar[RecordKind]
    title_field: ClassVar[str] = "title"

    version = models.PositiveIntegerField(default=1, editable=False)
    sort_key = models.CharField(max_length=SORT_KEY_LENGTH, editable=False, default="")
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(getattr(self, self.title_field))

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Keeps the sort key in step with the name."""
        self.sort_key = fold(str(self))[:SORT_KEY_LENGTH]
        if update_fields is not None and self.title_field in update_fields:
            update_fields = {*update_fields, "sort_key"}
        super().save(*args, update_fields=update_fields, **kwargs)
