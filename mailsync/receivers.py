"""News from below: each receiver queues one task or calls one function."""

from typing import Any

from django.dispatch import receiver

from crm import signals as crm_signals
from mailsync import signals, tasks
from mailsync.domain import accounts, bounces, leavers, link_news, search_index
from users import signals as user_signals


@receiver(crm_signals.addresses_added)
def link_stored_threads(sender: Any, *, person_ids: list[int], **kwargs: Any) -> None:
    tasks.link_persons.delay_on_commit(person_ids)


@receiver(crm_signals.addresses_added)
def take_in_mail_of_contact(sender: Any, **kwargs: Any) -> None:
    accounts.reconsider_contacts()


@receiver(crm_signals.persons_merged)
def move_links_of_person(sender: Any, *, kept_id: int, gone_id: int, **kwargs: Any) -> None:
    link_news.follow_merge(kind="person", kept_id=kept_id, gone_id=gone_id)


@receiver(crm_signals.organizations_merged)
def move_links_of_organization(sender: Any, *, kept_id: int, gone_id: int, **kwargs: Any) -> None:
    link_news.follow_merge(kind="organization", kept_id=kept_id, gone_id=gone_id)


@receiver(crm_signals.record_converted)
def move_links_of_item(
    sender: Any, *, from_kind: str, from_id: int, to_kind: str, to_id: int, **kwargs: Any
) -> None:
    link_news.follow_conversion(from_kind=from_kind, from_id=from_id, to_kind=to_kind, to_id=to_id)


@receiver([crm_signals.record_opened, crm_signals.record_closed])
def count_possible_items(sender: Any, *, kind: str, record_id: int, **kwargs: Any) -> None:
    tasks.ask_again_about.delay_on_commit(kind, record_id)


@receiver(signals.emails_stored)
def look_for_reports(sender: Any, *, email_ids: list[int], **kwargs: Any) -> None:
    for email_id in bounces.reports_among(email_ids):
        tasks.look_for_report.delay_on_commit(email_id)


@receiver(signals.emails_removed)
def take_out_of_index(sender: Any, *, email_ids: list[int], **kwargs: Any) -> None:
    search_index.forget_emails(email_ids)


@receiver(user_signals.user_deactivated)
def stop_accounts(sender: Any, *, user: Any, **kwargs: Any) -> None:
    leavers.disable_accounts_of(user)


@receiver(user_signals.user_reactivated)
def start_accounts(sender: Any, *, user: Any, **kwargs: Any) -> None:
    leavers.enable_accounts_of(user)


@receiver(user_signals.login_address_changed)
def lock_accounts(sender: Any, *, user: Any, **kwargs: Any) -> None:
    leavers.lock_accounts_of(user)
