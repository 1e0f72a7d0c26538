"""Work of the inbox that waits for its turn. A task calls one domain function."""

from celery import shared_task


@shared_task
def sweep_reminders() -> None:
    from inbox.domain.reminders import sweep  # leaf

    sweep()


@shared_task
def purge_drafts() -> None:
    from inbox.domain.drafts import purge  # leaf

    purge()


@shared_task
def keep_drafts(account_id: int) -> None:
    from inbox.domain.draft_exchange import exchange_now  # leaf

    exchange_now(account_id)


@shared_task
def sweep_drafts() -> None:
    from inbox.domain.draft_copies import sweep  # leaf

    sweep()


@shared_task
def run_bulk_job(job_id: int) -> None:
    from inbox.domain.jobs import run  # leaf

    run(job_id)


@shared_task
def sweep_jobs() -> None:
    from inbox.domain.jobs import sweep  # leaf

    sweep()


@shared_task
def forget_old_undo() -> None:
    from inbox.domain import jobs, presence, triage  # leaf

    triage.forget_old_undo()
    jobs.forget_old()
    presence.forget_old()
