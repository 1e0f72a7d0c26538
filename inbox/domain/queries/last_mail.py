"""When somebody last wrote, or was written to, about each of many records."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from crm.domain.records import MODELS
from crm.enums import RecordKind
from mailsync.models import Thread, ThreadLink


@dataclass(frozen=True)
class LastMail:
    record_id: int
    at: datetime
    is_inbound: bool


def last_mail(user: Any, kind: RecordKind, ids: Iterable[int]) -> list[LastMail]:
    """The newest mail of each of these records, out of conversations that this user sees.

    A record that he does not see, or without such a conversation, is not in the answer.
    """
    records = MODELS[kind].objects.visible_to(user).filter(pk__in=list(ids))
    threads = Thread.objects.visible_to(user).filter(
        merged_into=None, trashed_at=None, in_trash=False, in_junk=False
    )
    rows = (
        ThreadLink.objects.standing()
        .filter(**{f"{kind}__in": records.values("pk")}, thread__in=threads.values("pk"))
        .order_by()
        .values_list(f"{kind}_id")
        .annotate(received=Max("thread__last_inbound_at"), sent=Max("thread__last_outbound_at"))
    )
    return [
        LastMail(pk, max(filter(None, (received, sent))), _is_later(received, sent))
        for pk, received, sent in rows
        if received or sent
    ]


def _is_later(received: datetime | None, sent: datetime | None) -> bool:
    return received is not None and (sent is None or received > sent)
