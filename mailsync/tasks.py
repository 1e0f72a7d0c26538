"""Work that waits for its turn. A task carries ids and calls one domain function."""

from celery import shared_task


@shared_task
def link_person(person_id: int) -> None:
    from mailsync.domain import linking  # leaf

    linking.link_person(person_id)


@shared_task
def ask_again_about(kind: str, record_id: int) -> None:
    from mailsync.domain import linking  # leaf

    linking.ask_again_about(kind=kind, record_id=record_id)
