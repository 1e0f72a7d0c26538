"""Fills an empty database with a large company: 50 users, 100,000 persons, 50,000 deals.

DEALPOST_DATA=/some/scratch/folder python -m benchmarks.seed_company
"""

import os
import random
import time
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402 -- after setup
from django.utils import timezone  # noqa: E402

from crm.domain.defaults import make_defaults  # noqa: E402
from crm.domain.search import index_records  # noqa: E402
from crm.models import (  # noqa: E402
    Activity,
    Board,
    Deal,
    Lead,
    Organization,
    Person,
    PersonEmail,
    Pipeline,
    Project,
    RecordLabel,
)
from crm.models.record import fold  # noqa: E402
from sharing.models import GroupMembership, VisibilityGroup  # noqa: E402
from users.enums import Role  # noqa: E402
from users.models import Company, Team, TeamMembership, User  # noqa: E402

USERS, ORGANIZATIONS, PERSONS, DEALS, LEADS, PROJECTS = 50, 20_000, 100_000, 50_000, 5_000, 2_000
BATCH = 2_000
FIRST = [
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gita",
    "Hugo",
    "Ines",
    "Jon",
    "Kim",
    "Lena",
    "Max",
    "Nora",
    "Omar",
    "Pia",
    "Quin",
    "Rosa",
]
LAST = [
    "Byron",
    "Hopper",
    "Turing",
    "Noether",
    "Curie",
    "Gauss",
    "Euler",
    "Riemann",
    "Lovelace",
    "Babbage",
    "Shannon",
]
FIRM = [
    "Acme",
    "Orbit",
    "Navy",
    "Bletchley",
    "Vertex",
    "Harbor",
    "Summit",
    "Lumen",
    "Cobalt",
    "Maple",
    "Quartz",
    "Delta",
]
VISIBILITIES = ["company"] * 8 + ["group", "owner"]


def many(model: Any, rows: list[Any]) -> list[Any]:
    made = []
    for start in range(0, len(rows), BATCH):
        made += model.objects.bulk_create(rows[start : start + BATCH])
    return made


def seed(*, scale: float = 1.0) -> None:
    chance = random.Random(7)
    Company.objects.get_or_create(pk=1, defaults={"name": "Large Company"})
    make_defaults()
    users = _users()
    common = lambda: {  # noqa: E731 -- a row's worth of chance
        "owner": chance.choice(users),
        "visibility": chance.choice(VISIBILITIES),
    }
    organizations = many(
        Organization,
        [
            Organization(name=name, sort_key=fold(name), **common())
            for n in range(int(ORGANIZATIONS * scale))
            for name in [f"{chance.choice(FIRM)} {chance.choice(LAST)} {n}"]
        ],
    )
    persons = many(
        Person,
        [
            Person(
                name=name,
                sort_key=fold(name),
                organization=chance.choice(organizations),
                **common(),
            )
            for n in range(int(PERSONS * scale))
            for name in [f"{chance.choice(FIRST)} {chance.choice(LAST)} {n}"]
        ],
    )
    many(
        PersonEmail,
        [
            PersonEmail(person=person, address=f"person{n}@firm{n % 900}.example", is_primary=True)
            for n, person in enumerate(persons)
        ],
    )
    deals = _deals(chance, common, persons, scale)
    _rest(chance, common, users, persons, deals, scale)
    for rows in (organizations, persons, deals):
        for start in range(0, len(rows), BATCH):
            index_records(rows[start : start + BATCH])


def _users() -> list[User]:
    users = []
    for n in range(USERS):
        role = Role.ADMINISTRATOR if n == 0 else Role.MEMBER
        user = User(email=f"user{n}@company.example", name=f"User {n}", role=role)
        user.set_unusable_password()
        users.append(user)
    users = User.objects.bulk_create(users)
    groups = [VisibilityGroup.objects.create(name=f"Group {n}") for n in range(5)]
    GroupMembership.objects.bulk_create(
        GroupMembership(user=user, group=groups[n % 5]) for n, user in enumerate(users)
    )
    # Teams of ten, whose first manages: number 7 is asked for pages, and is one of them.
    teams = [Team.objects.create(name=f"Team {n}") for n in range(5)]
    TeamMembership.objects.bulk_create(
        TeamMembership(team=teams[n % 5], user=user, is_manager=5 <= n < 10)
        for n, user in enumerate(users)
    )
    return users


def _deals(chance: random.Random, common: Any, persons: list[Any], scale: float) -> list[Any]:
    pipeline = Pipeline.objects.first()
    assert pipeline is not None
    stages = list(pipeline.stages.all())
    now = timezone.now()
    rows = []
    for n in range(int(DEALS * scale)):
        person = chance.choice(persons)
        title = f"{chance.choice(FIRM)} {chance.choice(['renewal', 'pilot', 'rollout'])} {n}"
        rows.append(
            Deal(
                title=title,
                sort_key=fold(title),
                pipeline=pipeline,
                stage=chance.choice(stages),
                position=float(n),
                status=chance.choice(["open", "open", "won", "lost"]),
                value=chance.randrange(100, 90_000),
                person=person,
                organization_id=person.organization_id,
                touched_at=now - timedelta(days=chance.randrange(30)),
                **common(),
            )
        )
    made = many(Deal, rows)
    label = RecordLabel.objects.filter(kind="deal").first()
    through = Deal.labels.through
    many(through, [through(deal=deal, recordlabel=label) for deal in made[::5]])
    return made


def _rest(  # noqa: PLR0917 -- one call, above
    chance: random.Random,
    common: Any,
    users: list[User],
    persons: list[Any],
    deals: list[Any],
    scale: float,
) -> None:
    today = timezone.localdate()
    many(
        Activity,
        [
            Activity(
                title=f"Call {n}",
                deal=deal,
                due_date=today + timedelta(days=chance.randrange(-10, 20)),
                assigned_to=users[n % USERS],
                created_by=users[n % USERS],
            )
            for n, deal in enumerate(deals)
        ],
    )
    many(
        Lead,
        [
            Lead(title=f"Lead {n}", sort_key=f"lead {n}", person=chance.choice(persons), **common())
            for n in range(int(LEADS * scale))
        ],
    )
    board = Board.objects.first()
    assert board is not None
    phases = list(board.phases.all())
    many(
        Project,
        [
            Project(
                title=f"Project {n}",
                sort_key=f"project {n}",
                board=board,
                phase=chance.choice(phases),
                position=float(n),
                **common(),
            )
            for n in range(int(PROJECTS * scale))
        ],
    )


if __name__ == "__main__":
    started = time.perf_counter()
    with transaction.atomic():
        seed()
    print(f"seeded in {time.perf_counter() - started:.0f} s")
