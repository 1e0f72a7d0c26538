"""Work that waits for its turn. A task carries ids and calls one domain function."""

from celery import shared_task


@shared_task
def link_persons(person_ids: list[int]) -> None:
    from mailsync.domain import link_news  # leaf

    for person_id in person_ids:
        link_news.link_person(person_id)


@shared_task
def ask_again_about(kind: str, record_id: int) -> None:
    from mailsync.domain import link_news  # leaf

    link_news.ask_again_about(kind=kind, record_id=record_id)


@shared_task
def sync_account(account_id: int) -> None:
    """One slice; what is left goes to the end of the queue, so that accounts take turns."""
    from mailsync.domain.sync import sync_account as run  # leaf

    if run(account_id).has_more:
        sync_account.delay(account_id)


@shared_task
def sweep_due_accounts() -> None:
    from mailsync.domain.schedule import sweep_due_accounts as run  # leaf

    run()


@shared_task
def replay_changes(account_id: int) -> None:
    from mailsync.domain.schedule import replay_now as run  # leaf

    run(account_id)


@shared_task
def purge_trash() -> None:
    from mailsync.domain.removal import purge_trash as run  # leaf

    run()


@shared_task
def purge_mail_of_leavers() -> None:
    from mailsync.domain.leavers import erase_mail_of_leavers as run  # leaf

    run()


@shared_task
def purge_unused_bytes() -> None:
    from mailsync.domain.blobs import compact_all as run  # leaf

    run()


@shared_task
def sweep_snoozed() -> None:
    from mailsync.domain.snoozing import wake_snoozed as run  # leaf

    run()


@shared_task
def remove_account(account_id: int) -> None:
    from mailsync.domain.accounts import finish_removal as run  # leaf

    run(account_id)


@shared_task
def reconsider_mail(account_id: int) -> None:
    from mailsync.domain.accounts import reconsider_mail as run  # leaf

    run(account_id)


@shared_task
def fetch_whole_message(email_id: int) -> None:
    from mailsync.domain.whole import fetch_whole  # leaf

    fetch_whole(email_id)


@shared_task
def look_up_setup(setup_id: int) -> None:
    from mailsync.domain.setup import look_up as run  # leaf

    run(setup_id)


@shared_task
def try_setup(setup_id: int) -> None:
    from mailsync.domain.setup import run_trial  # leaf

    run_trial(setup_id)


@shared_task
def forget_old_setups() -> None:
    from mailsync.domain.setup import forget_old_setups as run  # leaf

    run()


@shared_task
def send_submission(submission_id: int) -> None:
    from mailsync.domain.outbox import send_and_keep as run  # leaf

    run(submission_id)


@shared_task
def look_for_sent(submission_id: int) -> None:
    from mailsync.domain.sent_copies import look  # leaf

    look(submission_id)


@shared_task
def look_for_report(email_id: int) -> None:
    from mailsync.domain.bounces import note_report as run  # leaf

    run(email_id)


@shared_task
def sweep_outbox() -> None:
    from mailsync.domain.outbox import sweep as run  # leaf

    run()
