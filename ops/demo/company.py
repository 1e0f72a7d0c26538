"""Makes the demo's company: users, records, and a mail account that really syncs.

Everything goes through the functions the pages use, so the demo shows the product and not a copy.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm.domain.activities import add_activity, add_note, finish_activity
from crm.domain.deals import add_deal, lose_deal, win_deal
from crm.domain.leads import add_lead
from crm.domain.organizations import add_organization
from crm.domain.persons import add_person
from crm.domain.projects import add_project, add_task, finish_task
from crm.enums import DealStatus
from crm.models import Board, Deal, Lead, Person, Pipeline, Project
from mailsync.domain.accounts import Server, connect_account
from mailsync.enums import Security
from ops.demo import maildir, world
from ops.demo.letters import all_letters
from ops.demo.place import HOST, Place, mail_folder, make_place, marker, read_place
from ops.demo.server import MAILBOX
from ops.errors import StartError
from ops.running.listening import free_port
from users.domain.setup import is_set_up, set_up
from users.enums import Role
from users.models import Preferences, User

Say = Callable[[str], object]


def prepare_demo(*, say: Say) -> None:
    """Makes the company on first use; refuses a data folder that is somebody's real one."""
    folder = settings.DATA_DIR
    if is_set_up():
        if not marker(folder).exists():
            msg = f"{folder} holds a real company. The demo wants a folder of its own."
            raise StartError(msg)
        return
    say("Making the demo's company and its mailbox")
    place = make_place(folder, imap_port=free_port(), smtp_port=free_port())
    _fill_mailbox()
    with transaction.atomic():
        _make_company(place)


def sign_in_path() -> str:
    """The way in without a password."""
    return reverse("ops:demo_enter", args=[read_place(settings.DATA_DIR).entry])


def _fill_mailbox() -> None:
    root = mail_folder(settings.DATA_DIR) / MAILBOX
    maildir.make_folders(root)
    maildir.fill(root, all_letters(now=datetime.now(UTC)))


def _make_company(place: Place) -> None:
    company = world.people()["company"]
    users = _make_users(company)
    owner = users["mira"]
    _make_organizations(owner)
    _make_deals(users)
    _make_leads(owner)
    _make_project(owner)
    _date_back()
    _make_activities(owner)
    server = {"host": HOST, "security": Security.PLAIN, "secret": place.password}
    connect_account(
        owner,
        address=owner.email,
        incoming=Server(port=place.imap_port, user_name=owner.email, **server),
        outgoing=Server(port=place.smtp_port, user_name=owner.email, **server),
        sender_name=owner.name,
    )


def _make_users(company: dict[str, Any]) -> dict[str, User]:
    first, *others = world.colleagues().values()
    users = {
        first.key: set_up(
            company=company["name"],
            currency=company["currency"],
            name=first.name,
            email=first.address,
            # Nobody needs it: the demo lets in by a link.
            password=secrets.token_urlsafe(24),
            time_zone=company["time_zone"],
        )
    }
    for colleague in others:
        user = User.objects.create_user(
            colleague.address, None, name=colleague.name, role=Role.MEMBER
        )
        Preferences.objects.create(user=user, time_zone=company["time_zone"])
        users[colleague.key] = user
    return users


def _make_organizations(owner: User) -> None:
    for row in world.people()["organizations"]:
        organization = add_organization(
            by=owner, name=row["name"], domains=[row["domain"]], address=row["address"]
        )
        for person in world.customers().values():
            if person.organization == row["name"]:
                add_person(
                    by=owner,
                    name=person.name,
                    job_title=person.title,
                    organization=organization,
                    addresses=[person.address],
                )


def _make_deals(users: dict[str, User]) -> None:
    stages = list(Pipeline.objects.earliest("position", "id").stages.order_by("position"))
    today = timezone.localdate()
    for row in world.people()["deals"]:
        person = _person(row["person"])
        deal = add_deal(
            by=users[row.get("owner", "mira")],
            title=row["title"],
            stage=stages[min(row.get("stage", len(stages) - 1), len(stages) - 1)],
            value=row["value"],
            currency=world.people()["company"]["currency"],
            person=person,
            organization=person.organization,
            expected_close_date=today + timedelta(days=row["close"]) if "close" in row else None,
        )
        if row.get("status") == "won":
            win_deal(deal)
        elif row.get("status") == "lost":
            lose_deal(deal, reason=row["reason"])


def _make_leads(owner: User) -> None:
    for row in world.people()["leads"]:
        person = _person(row["person"])
        add_lead(by=owner, title=row["title"], person=person, organization=person.organization)


def _make_project(owner: User) -> None:
    row = world.people()["project"]
    person = _person(row["person"])
    phase = Board.objects.earliest("position", "id").phases.earliest("position")
    project = add_project(
        by=owner,
        title=row["title"],
        phase=phase,
        person=person,
        organization=person.organization,
    )
    for number, title in enumerate(row["tasks"]):
        task = add_task(project, title=title)
        if number == 0:
            finish_task(task)


def _date_back() -> None:
    """The company has been at it for a while: an item made after the last mail of a conversation
    is not linked to it by itself."""
    begin = timezone.now() - timedelta(days=200)
    for model in (Deal, Lead, Project):
        model.objects.update(created_at=begin)


def _make_activities(owner: User) -> None:
    today = timezone.localdate()
    for row in world.people()["activities"]:
        person = _person(row["person"])
        activity = add_activity(
            by=owner,
            title=row["title"],
            kind=row["kind"],
            person=person,
            deal=person.deals.filter(status=DealStatus.OPEN).first(),
            due_date=today + timedelta(days=row["days"]),
        )
        if row["days"] < 0:
            finish_activity(activity)
    for row in world.people()["notes"]:
        add_note(_person(row["person"]), by=owner, text=row["text"])


def _person(key: str) -> Person:
    return Person.objects.get(emails__address=world.customers()[key].address)
