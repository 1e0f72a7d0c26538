"""What hangs on a conversation moves with it when it becomes one with another."""

from inbox.models import Reminder, ThreadLabel


def follow(*, kept_id: int, gone_id: int) -> None:
    """Labels and reminders of the gone conversation become the kept one's. What both have stays
    once; of two reminders of one user, the one that comes first."""
    labels = ThreadLabel.objects.filter(thread=gone_id)
    there = ThreadLabel.objects.filter(thread=kept_id).values_list("label", flat=True)
    labels.exclude(label__in=list(there)).update(thread=kept_id)
    labels.delete()
    for reminder in Reminder.objects.filter(thread=gone_id):
        own = Reminder.objects.filter(thread=kept_id, user=reminder.user_id)
        own.filter(due_at__gt=reminder.due_at).delete()
        if own.exists():
            reminder.delete()
        else:
            Reminder.objects.filter(pk=reminder.pk).update(thread=kept_id)
