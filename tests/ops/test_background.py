import pytest
from celery import current_app
from celery.app.routes import MapRoute
from django.conf import settings
from django.test import override_settings

from ops.tasks import last_tick, tick


def queue_of(task):
    return MapRoute(settings.CELERY_TASK_ROUTES)(task) or {}


def registered_tasks():
    current_app.loader.import_default_modules()
    return {name for name in current_app.tasks if not name.startswith("celery.")}


def test_what_runs_by_the_clock_exists():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled
    assert scheduled <= registered_tasks()


def test_every_queue_has_a_worker():
    served = [queue for queues in settings.WORKER_QUEUES.values() for queue in queues]
    assert sorted(served) == sorted(settings.QUEUES)


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("mailsync.tasks.send_submission", "send"),
        ("mailsync.tasks.sweep_outbox", "send"),
        ("mailsync.tasks.replay_changes", "push"),
        ("mailsync.tasks.sync_account", "poll"),
        ("mailsync.tasks.sweep_due_accounts", "poll"),
        ("mailsync.tasks.remove_account", "backfill"),
        ("mailsync.tasks.purge_trash", "backfill"),
        ("crm.tasks.run_import", "backfill"),
    ],
)
def test_a_task_goes_to_its_queue(task, queue):
    assert task in registered_tasks()
    assert queue_of(task) == {"queue": queue}


def test_every_route_leads_a_task():
    """A pattern that nothing matches is a task that was renamed and lost its queue."""
    unused = [
        pattern
        for pattern in settings.CELERY_TASK_ROUTES
        if not any(
            MapRoute({pattern: settings.CELERY_TASK_ROUTES[pattern]})(task)
            for task in registered_tasks()
        )
    ]
    assert unused == []


@override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
def test_a_tick_is_remembered():
    assert last_tick("poll") is None
    tick("poll")
    assert last_tick("poll") is not None
