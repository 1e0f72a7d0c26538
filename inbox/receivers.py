"""News from below: each receiver calls one function."""

from typing import Any

from django.dispatch import receiver

from inbox.domain import answering, compose, draft_exchange, merged
from mailsync import signals


@receiver(signals.mailboxes_changed)
def exchange_drafts(sender: Any, *, work: Any, **kwargs: Any) -> None:
    draft_exchange.exchange_in_slice(work)


@receiver(signals.email_sent)
def settle_sent_draft(sender: Any, *, submission_id: int, thread_id: int, **kwargs: Any) -> None:
    compose.settle_sent(submission_id, thread_id=thread_id)
    answering.mark_answered(submission_id)


@receiver(signals.threads_merged)
def follow_the_kept(sender: Any, *, kept_id: int, gone_id: int, **kwargs: Any) -> None:
    merged.follow(kept_id=kept_id, gone_id=gone_id)
