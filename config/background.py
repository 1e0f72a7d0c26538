"""Background work: the broker, the queues and who works on them, and what runs by the clock.

A message of the broker is only a bell. Everything due stands in a row, and the sweepers below
ring again for whatever a lost bell left waiting.
"""

from typing import Any
from urllib.parse import quote

from config.environment import DATA_DIR, env

EMBEDDED_BROKER = f"sqlitelease://localhost{quote(str(DATA_DIR / 'broker.sqlite3'))}"

CELERY_BROKER_URL = (
    env.str("BROKER_URL", default="") or env.str("REDIS_URL", default="") or EMBEDDED_BROKER
)
IS_BROKER_EMBEDDED = CELERY_BROKER_URL.startswith("sqlitelease:")

if IS_BROKER_EMBEDDED:
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"polling_interval": 0.1}
    # Threads share one process's memory. They cannot be stopped by a time limit, so every call
    # to a server has its own time-out.
    CELERY_WORKER_POOL = env.str("DEALPOST_WORKER_POOL", default="threads")
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
else:
    # Longer than any task may run: a message not acknowledged by then is given to another worker.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 900,
        "queue_order_strategy": "priority",
        "socket_keepalive": True,
        "health_check_interval": 30,
    }
    CELERY_WORKER_POOL = env.str("DEALPOST_WORKER_POOL", default="prefork")
    CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
    CELERY_TASK_TIME_LIMIT = 840
    CELERY_TASK_SOFT_TIME_LIMIT = 780

CELERY_WORKER_CONCURRENCY = env.int("DEALPOST_WORKER_SLOTS", default=4)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# --- Queues: what a person waits for is never behind what nobody waits for --------------------

QUEUES = {
    "send": "mails on their way out",
    "interactive": "what somebody has just clicked; also where a task without a route goes",
    "push": "acts of people on their way to the mail server",
    "poll": "looking for what is new",
    "backfill": "older mail, parsing again, tidying up",
}
# Two workers, so that old mail coming in never takes the slots that sending needs.
WORKER_QUEUES = {
    "worker": ["send", "interactive", "push"],
    "sync": ["poll", "backfill"],
}
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# First match wins; a pattern is matched against the whole name of the task.
CELERY_TASK_ROUTES = {
    pattern: {"queue": queue}
    for queue, patterns in {
        "send": ["*.tasks.send_*", "*.tasks.sweep_outbox"],
        "push": ["*.tasks.replay_*", "*.tasks.look_for_*"],
        "backfill": [
            "*.tasks.reconsider_*",
            "*.tasks.remove_*",
            "*.tasks.purge_*",
            "*.tasks.prune_*",
            "*.tasks.forget_*",
            "*.tasks.run_import",
        ],
        "poll": ["*.tasks.sync_*", "*.tasks.sweep_*"],
    }.items()
    for pattern in patterns
}

# --- By the clock -----------------------------------------------------------------------------


def every(seconds: float, task: str) -> dict[str, dict[str, Any]]:
    """One entry of the schedule. A bell that nobody heard before the next one is dropped."""
    return {task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}}


CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # Proof of life for `manage.py doctor`, through one queue of each worker.
    **{
        f"tick {queues[-1]}": {
            "task": "ops.tasks.tick",
            "schedule": 60.0,
            "args": [queues[-1]],
            "options": {"queue": queues[-1], "expires": 60},
        }
        for queues in WORKER_QUEUES.values()
    },
    **every(15.0, "mailsync.tasks.sweep_due_accounts"),
    **every(10.0, "mailsync.tasks.sweep_outbox"),
    **every(3600.0, "mailsync.tasks.purge_trash"),
    **every(300.0, "notifications.tasks.prune_bells"),
    **every(3600.0, "users.tasks.prune_users"),
    **every(86400.0, "crm.tasks.purge_bin"),
    **every(60.0, "crm.tasks.sweep_imports"),
    **every(60.0, "crm.tasks.sweep_record_jobs"),
    **every(3600.0, "mailsync.tasks.forget_old_setups"),
    **every(86400.0, "mailsync.tasks.purge_mail_of_leavers"),
    **every(86400.0, "mailsync.tasks.purge_unused_bytes"),
    **every(30.0, "mailsync.tasks.sweep_snoozed"),
    **every(15.0, "inbox.tasks.sweep_jobs"),
    **every(60.0, "inbox.tasks.sweep_reminders"),
    **every(86400.0, "inbox.tasks.purge_drafts"),
    **every(60.0, "inbox.tasks.sweep_drafts"),
    **every(3600.0, "inbox.tasks.forget_old_undo"),
}
