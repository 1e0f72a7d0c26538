"""What follows from a saved row, whoever saved it. Each receiver calls one domain function."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from crm.domain.defaults import make_defaults
from crm.domain.gathering import index
from crm.domain.live import tell_boards
from crm.domain.search import forget_records
from crm.models import (
    Deal,
    Lead,
    Organization,
    OrganizationDomain,
    Person,
    PersonEmail,
    PersonPhone,
    Project,
    Record,
    RecordFile,
)
from crm.signals import deal_moved
from users.signals import company_made


@receiver(post_save, sender=Person)
@receiver(post_save, sender=Organization)
@receiver(post_save, sender=Deal)
@receiver(post_save, sender=Lead)
@receiver(post_save, sender=Project)
def index_saved_record(instance: Record, update_fields: frozenset[str] | None, **_: Any) -> None:
    """A save of other fields than the name changes no word."""
    if update_fields is None or instance.title_field in update_fields:
        index(instance)


@receiver(post_delete, sender=Person)
@receiver(post_delete, sender=Organization)
@receiver(post_delete, sender=Deal)
@receiver(post_delete, sender=Lead)
@receiver(post_delete, sender=Project)
def forget_deleted_record(instance: Record, **_: Any) -> None:
    forget_records(instance.kind, [instance.pk])


@receiver(post_save, sender=PersonEmail)
@receiver(post_save, sender=PersonPhone)
def index_person(instance: PersonEmail | PersonPhone, **_: Any) -> None:
    index(instance.person)


@receiver(post_save, sender=OrganizationDomain)
def index_organization(instance: OrganizationDomain, **_: Any) -> None:
    index(instance.organization)


@receiver(post_delete, sender=RecordFile)
def remove_content(instance: RecordFile, **_: Any) -> None:
    """The bytes go when the row is really gone."""
    content = instance.content
    transaction.on_commit(lambda: content.delete(save=False))


@receiver(company_made)
def make_company_defaults(**_: Any) -> None:
    make_defaults()


@receiver(deal_moved)
def tell_open_boards(deal_id: int, **_: Any) -> None:
    tell_boards(deal_id)
