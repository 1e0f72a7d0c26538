"""Background work about users. Arguments are ids; the functions are in users.domain."""

from celery import shared_task


@shared_task
def send_invitation(invitation_id: int) -> None:
    from users.domain.letters import send_invitation_letter  # leaf

    send_invitation_letter(invitation_id)


@shared_task
def send_password_reset(request_id: int) -> None:
    from users.domain.letters import send_reset_letter  # leaf

    send_reset_letter(request_id)


@shared_task
def send_address_notice(notice_id: int) -> None:
    from users.domain.letters import send_address_letters  # leaf

    send_address_letters(notice_id)


@shared_task
def prune_users() -> None:
    """Removes ended sessions, old limits and forgotten requests."""
    from users.domain.limits import prune_limits  # leaf
    from users.domain.sessions import prune_sessions  # leaf

    prune_sessions()
    prune_limits()
