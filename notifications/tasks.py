"""Background work of the bell and of live events."""

from celery import shared_task


@shared_task
def prune_bells() -> None:
    from notifications.domain.bell import prune_notifications  # leaf
    from notifications.domain.live import prune_events  # leaf

    prune_events()
    prune_notifications()
