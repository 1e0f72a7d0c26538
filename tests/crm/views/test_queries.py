"""Pages of records take a fixed number of queries, whatever is filtered and however much is there.

Lists and records have theirs in test_pages; here are the filters and the pages beside them.
"""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.domain.records import bin_record
from crm.models import RecordImport, RecordLabel
from tests.crm.views.test_pages import make_all
from users.models import User

pytestmark = pytest.mark.django_db
MOST = 10
# A form asks for the choices of each of its fields, and whether one sees what is chosen.
MOST_OF_A_FORM = 14
HTMX = {"HX-Request": "true"}


def number_of_queries(client: Any, url: str, **headers: str) -> int:
    client.get(url, headers=headers)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, headers=headers).status_code == 200, url
    return len(queries)


def urls_of(records: dict[str, Any], owner: User) -> dict[str, str]:
    deal, project = records["deal"], records["project"]
    label = RecordLabel.objects.get_or_create(kind="deal", name="Hot")[0]
    row, _ = RecordImport.objects.get_or_create(
        kind="person", created_by=owner, defaults={"text": "Name\nAda\n"}
    )
    done, _ = RecordImport.objects.get_or_create(
        kind="deal", created_by=owner, defaults={"text": "", "state": "done"}
    )
    every = f"owner={owner.pk}&q=acme"
    return {
        "deals": f"/deals/?{every}&label={label.pk}&status=open&pipeline={deal.pipeline_id}"
        f"&stage={deal.stage_id}&sort=-value",
        "people": f"/contacts/people/?{every}&sort=-added",
        "organizations": f"/contacts/organizations/?{every}&sort=-added",
        "leads": f"/leads/?{every}&state=all&source=fair",
        "projects": f"/projects/?{every}&board={project.board_id}&status=open",
        "activities": f"/activities/?q=call&assigned={owner.pk}&kind=task&due=none&done=all",
        "deal board": f"/deals/board/{deal.pipeline_id}/?{every}&label={label.pk}",
        "project board": f"/projects/board/{project.board_id}/?{every}",
        "bin": "/bin/",
        "import": f"/imports/{row.pk}/",
        "import, done": f"/imports/{done.pk}/",
        "import, new": "/contacts/people/import/",
        "person card": reverse("crm:person_card", args=[records["person"].pk]),
        "suggestions": "/contacts/people/suggest/?q=acme",
    }


@pytest.mark.matrix
def test_no_page_takes_more_with_three_than_with_one(
    alice: User, bob: User, signed_in: Any
) -> None:
    client, counts = signed_in.as_(alice), {}
    for number in range(3):
        records = make_all(bob, name=f"Acme {number}")
        bin_record(make_all(bob, name=f"Gone {number}")["lead"], by=bob)
        if number in (0, 2):
            urls = urls_of(records, bob) | {
                name: url
                for name, url in urls_of(records, alice).items()
                if name.startswith("import")
            }
            counts[number] = {name: number_of_queries(client, url) for name, url in urls.items()}
    assert counts[0] == counts[2]
    assert {name: count for name, count in counts[2].items() if count > MOST} == {}


def test_forms_of_records_are_bounded(alice: User, bob: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    records = make_all(bob)
    found = {}
    for kind, record in records.items():
        for url in (reverse(f"crm:{kind}_new"), reverse(f"crm:{kind}_edit", args=[record.pk])):
            found[url] = number_of_queries(client, url, **HTMX)
    assert {url: count for url, count in found.items() if count > MOST_OF_A_FORM} == {}
