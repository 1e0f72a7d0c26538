"""The reminder "if no reply": the conversation comes back, with a line at the bell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.domain import triage
from inbox.enums import Act
from inbox.models import Reminder
from mailsync.models import Thread
from notifications.domain import bell

KIND = "no-reply"
AT_ONCE = 200


def wait_for_answer(thread: Thread, *, by: Any, until: datetime, since: datetime) -> None:
    Reminder.objects.update_or_create(
        thread=thread, user=by, defaults={"due_at": until, "since": since}
    )


def sweep() -> None:
    """Settles the reminders whose moment has come; each once."""
    due = Reminder.objects.filter(due_at__lte=timezone.now()).select_related("thread", "user")
    for reminder in due.order_by("due_at")[:AT_ONCE]:
        with transaction.atomic():
            gone, _rows = Reminder.objects.filter(pk=reminder.pk, due_at=reminder.due_at).delete()
            if gone:
                _remind(reminder)


def _remind(reminder: Reminder) -> None:
    thread, user = reminder.thread, reminder.user
    if thread.last_inbound_at and thread.last_inbound_at > reminder.since:
        return
    # Asked anew: who lost the account meanwhile is not reminded of its mail.
    if not Thread.objects.of_accounts_of(user).filter(pk=thread.pk).exists():
        return
    for act in (Act.UNSNOOZE, Act.UNARCHIVE, Act.UNREAD):
        triage.perform(act, [thread.pk], by=user)
    bell.notify([user], kind=KIND, subject_id=thread.pk)


def lines(reader: Any, thread_ids: set[int]) -> Mapping[int, bell.Line]:
    """The words behind the bell, for conversations that the reader may see now."""
    threads = Thread.objects.visible_to(reader).filter(pk__in=thread_ids)
    return {
        thread.pk: bell.Line(
            text=_("No reply yet: %(subject)s") % {"subject": thread.subject or _("No subject")},
            url=reverse("inbox:thread", args=[thread.key]),
            icon="alarm",
        )
        for thread in threads
    }
