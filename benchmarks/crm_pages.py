"""Server time and number of queries of the pages of records on the seeded company.

    DEALPOST_DATA=/the/seeded/folder python -m benchmarks.crm_pages

Processor time is counted, not the clock: SQLite works in this process, and a machine that is busy
with something else would be measured instead. The budget is 150 ms a page and 10 queries for a list or board, as a member, not an
administrator: the member's rights cost more.
"""

import os
import statistics
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection  # noqa: E402 -- after setup
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from crm.models import Board, Deal, Organization, Person, Pipeline, RecordLabel  # noqa: E402
from users.models import User  # noqa: E402

RUNS = 7


def urls() -> dict[str, str]:
    member = User.objects.get(email="user7@company.example")
    person = Person.objects.visible_to(member).order_by("pk")[500]
    organization = Organization.objects.visible_to(member).order_by("pk")[50]
    deal = Deal.objects.visible_to(member).open().order_by("pk")[500]
    label = RecordLabel.objects.filter(kind="deal").first()
    assert label is not None
    pipeline, board = Pipeline.objects.first(), Board.objects.first()
    assert pipeline is not None
    assert board is not None
    people, deals = reverse("crm:people"), reverse("crm:deals")
    return {
        "people": people,
        "people, newest": f"{people}?sort=-added",
        "people, of one owner": f"{people}?owner={member.pk}",
        "people, search": f"{people}?q=hopper",
        "people, search one letter": f"{people}?q=a",
        "organizations": reverse("crm:organizations"),
        "deals": deals,
        "deals, by value": f"{deals}?sort=-value",
        "deals, by close": f"{deals}?sort=close",
        "deals, open with label": f"{deals}?status=open&label={label.pk}",
        "leads": reverse("crm:leads"),
        "projects": reverse("crm:projects"),
        "activities": reverse("crm:activities"),
        "deal board": reverse("crm:deal_board", args=[pipeline.pk]),
        "project board": reverse("crm:project_board", args=[board.pk]),
        "person": person.get_absolute_url(),
        "organization": organization.get_absolute_url(),
        "deal": deal.get_absolute_url(),
        "palette": reverse("crm:search_palette") + "?q=ada+hop",
        "suggest": reverse("crm:person_suggest") + "?q=gr",
    }


def measure() -> None:
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(email="user7@company.example"))
    for name, url in urls().items():
        client.get(url)
        times = []
        for _ in range(RUNS):
            started = time.process_time()
            response = client.get(url)
            times.append((time.process_time() - started) * 1000)
            assert response.status_code == 200, (name, response.status_code)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        slow = max(captured.captured_queries, key=lambda query: float(query["time"]))
        print(
            f"{name:28} {statistics.median(times):6.0f} ms  {len(captured):3} queries  "
            f"slowest query {float(slow['time']) * 1000:.0f} ms"
        )


if __name__ == "__main__":
    measure()
