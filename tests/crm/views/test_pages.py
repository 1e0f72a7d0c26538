"""Every page of records, seen by the whole cast, with evil names, and by number of queries."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import (
    Activity,
    Board,
    Deal,
    Lead,
    Note,
    Organization,
    Phase,
    Pipeline,
    Project,
    RecordLabel,
)
from sharing.enums import ItemVisibility
from tests.factories.crm import make_deal, make_organization, make_person
from users.models import User

EVIL = '"><img src=x onerror=alert(1)>{{7*7}}'
KINDS = ("person", "organization", "deal", "lead", "project")
# Session, user and preferences are three of them.
QUERIES = {
    "people": 9,
    "organizations": 9,
    "deals": 10,
    "leads": 9,
    "projects": 10,
    "activities": 7,
}
DETAIL_QUERIES = 10
LISTS = ("people", "organizations", "deals", "leads", "projects", "activities")


def make_all(owner: User, *, name: str = "Acme", **fields: Any) -> dict[str, Any]:
    board, _ = Board.objects.get_or_create(name="Delivery")
    phase, _ = Phase.objects.get_or_create(board=board, name="Plan")
    organization = make_organization(owner, name, **fields)
    person = make_person(owner, name, organization=organization, **fields)
    deal = make_deal(owner, name, person=person, organization=organization, value=12500, **fields)
    lead = Lead.objects.create(owner=owner, title=name, person=person, **fields)
    project = Project.objects.create(owner=owner, title=name, board=board, phase=phase, **fields)
    project.deals.add(deal)
    Activity.objects.create(title=f"Call {name}", deal=deal, assigned_to=owner, created_by=owner)
    Note.objects.create(text=f"Note {name}", deal=deal, author=owner)
    return {
        "person": person,
        "organization": organization,
        "deal": deal,
        "lead": lead,
        "project": project,
    }


def pages() -> list[str]:
    boards = [reverse("crm:deal_board", args=[row.pk]) for row in Pipeline.objects.all()]
    boards += [reverse("crm:project_board", args=[row.pk]) for row in Board.objects.all()]
    return [
        *(reverse(f"crm:{name}") for name in LISTS),
        *(reverse(f"crm:{kind}_new") for kind in (*KINDS, "activity")),
        *boards,
        reverse("crm:bin"),
        reverse("crm:search"),
        reverse("crm:search") + "?q=acme",
        reverse("crm:search_palette") + "?q=acme",
        reverse("crm:people_import"),
    ]


def pages_of(records: dict[str, Any]) -> list[str]:
    found = []
    for kind, record in records.items():
        found += [record.get_absolute_url(), reverse(f"crm:{kind}_edit", args=[record.pk])]
        found += [f"{record.get_absolute_url()}?tab={tab}" for tab in ("notes", "files")]
    deal, lead, project, person = (records[k] for k in ("deal", "lead", "project", "person"))
    return [
        *found,
        reverse("crm:deal_move", args=[deal.pk]),
        reverse("crm:deal_lose", args=[deal.pk]),
        reverse("crm:participant_add", args=[deal.pk]),
        reverse("crm:lead_convert", args=[lead.pk]),
        reverse("crm:project_move", args=[project.pk]),
        reverse("crm:project_deal_add", args=[project.pk]),
        reverse("crm:person_card", args=[person.pk]),
        reverse("crm:person_merge", args=[person.pk]),
        reverse("crm:organization_merge", args=[records["organization"].pk]),
    ]


@pytest.mark.matrix
def test_every_page_answers_its_owner(alice: User, signed_in: Any) -> None:
    records = make_all(alice)
    client = signed_in.as_(alice)
    for url in [*pages(), *pages_of(records)]:
        assert client.get(url).status_code == 200, url


@pytest.mark.matrix
@pytest.mark.parametrize("who", ["bob", "carol", "dana"])
def test_company_records_are_everybodys(
    who: str, alice: User, signed_in: Any, request: pytest.FixtureRequest
) -> None:
    records = make_all(alice)
    client = signed_in.as_(request.getfixturevalue(who))
    for url in pages_of(records):
        assert client.get(url).status_code == 200, url


@pytest.mark.matrix
def test_records_of_the_owner_alone_do_not_exist_for_others(
    alice: User, carol: User, signed_in: Any
) -> None:
    records = make_all(alice, name="Canarybird", visibility=ItemVisibility.OWNER)
    client = signed_in.as_(carol)
    for url in pages_of(records):
        assert client.get(url).status_code == 404, url
    for url in [*pages(), reverse("crm:search") + "?q=canary", "/deals/export/"]:
        response = client.get(url)
        content = response.getvalue() if response.streaming else response.content
        assert b"Canarybird" not in content, url
    assert b"Canarybird" in signed_in.as_(alice).get(reverse("crm:deals")).content


def test_names_of_hidden_records_do_not_show_on_visible_ones(
    alice: User, carol: User, signed_in: Any
) -> None:
    hidden = make_organization(alice, "Canarybird", visibility=ItemVisibility.OWNER)
    person = make_person(alice, organization=hidden)
    deal = make_deal(alice, person=person, organization=hidden)
    urls = [
        reverse("crm:people"),
        reverse("crm:deals"),
        reverse("crm:deal_board", args=[deal.pipeline_id]),
        person.get_absolute_url(),
        deal.get_absolute_url(),
        reverse("crm:person_edit", args=[person.pk]),
        reverse("crm:deal_edit", args=[deal.pk]),
        reverse("crm:person_card", args=[person.pk]),
        reverse("crm:search") + "?q=ada",
    ]
    for url in urls:
        assert b"Canarybird" not in signed_in.as_(carol).get(url).content, url
        if "edit" not in url:
            assert b"Canarybird" in signed_in.as_(alice).get(url).content, url


def test_an_edit_by_somebody_who_does_not_see_the_organization_keeps_it(
    alice: User, carol: User, signed_in: Any
) -> None:
    hidden = make_organization(alice, "Hidden", visibility=ItemVisibility.OWNER)
    person = make_person(alice, organization=hidden)
    url = reverse("crm:person_edit", args=[person.pk])
    signed_in.as_(carol).post(url, {"name": "Ada King", "organization": "Other"})
    person.refresh_from_db()
    assert (person.name, person.organization) == ("Ada King", hidden)


@pytest.mark.matrix
@pytest.mark.parametrize("who", ["eve", None])
def test_without_access_nothing_opens(
    who: str | None, alice: User, signed_in: Any, client: Any, request: pytest.FixtureRequest
) -> None:
    records = make_all(alice)
    if who:
        client = signed_in.as_(request.getfixturevalue(who))
    for url in [*pages(), *pages_of(records)]:
        response = client.get(url)
        assert response.status_code == 302, url
        assert response.url.startswith("/login/"), url


@pytest.mark.matrix
def test_evil_names_are_only_ever_text(alice: User, signed_in: Any) -> None:
    records = make_all(alice, name=EVIL)
    client = signed_in.as_(alice)
    for url in [*pages(), *pages_of(records), reverse("crm:search") + "?q=img"]:
        content = client.get(url).content.decode()
        assert "<img src=x" not in content, url
        assert "49}}" not in content, url
        assert '">49' not in content, url
    assert "&lt;img src=x" in client.get(reverse("crm:deals")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "name", ["people", "organizations", "deals", "leads", "projects", "activities"]
)
def test_lists_need_the_same_few_queries_for_one_row_and_for_three(
    name: str, count: int, alice: User, bob: User, signed_in: Any, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        make_all(bob, name=f"Acme {number}")
    client = signed_in.as_(alice)
    client.get(reverse(f"crm:{name}"))
    with django_assert_num_queries(QUERIES[name]):
        assert client.get(reverse(f"crm:{name}")).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_details_need_ten_queries_however_much_hangs_on_the_record(
    kind: str,
    count: int,
    alice: User,
    bob: User,
    signed_in: Any,
    django_assert_max_num_queries: Any,
) -> None:
    record = make_all(bob)[kind]
    for number in range(count):
        Note.objects.create(text=f"Note {number}", author=bob, **{kind: record})
        for done_at in (None, timezone.now()):
            Activity.objects.create(
                title="Call", done_at=done_at, assigned_to=bob, created_by=bob, **{kind: record}
            )
        if kind in ("person", "organization"):
            make_deal(bob, **{kind: record})
        if kind == "deal":
            record.participant_rows.create(person=make_person(bob, "P", f"p{number}@acme.example"))
    client = signed_in.as_(alice)
    client.get(record.get_absolute_url())
    with django_assert_max_num_queries(DETAIL_QUERIES):
        page = client.get(record.get_absolute_url())
    assert page.content.decode().count("Note ") >= count


@pytest.mark.parametrize("count", [1, 3])
def test_boards_need_the_same_few_queries(
    count: int, alice: User, bob: User, signed_in: Any, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        make_all(bob, name=f"Acme {number}")
    client = signed_in.as_(alice)
    for url, queries in (
        (reverse("crm:deal_board", args=[Deal.objects.first().pipeline_id]), 10),
        (reverse("crm:project_board", args=[Board.objects.first().pk]), 10),
    ):
        client.get(url)
        with django_assert_num_queries(queries):
            client.get(url)


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_asks_for_labels_once_there_are_some(kind: str, alice: User, signed_in: Any) -> None:
    make_all(alice)
    client, url = signed_in.as_(alice), reverse(f"crm:{kind}_new")
    assert "Labels" not in client.get(url).content.decode()
    RecordLabel.objects.create(kind=kind, name="Key account")
    page = client.get(url).content.decode()
    assert "Labels" in page
    assert "Key account" in page


def test_without_labels_a_record_is_added_and_its_fact_says_so(alice: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    client.post(reverse("crm:organization_new"), {"name": "Acme"})
    record = Organization.objects.get()
    url = reverse("crm:organization_edit", args=[record.pk])
    assert "No labels yet" in client.get(f"{url}?only=labels").content.decode()
    RecordLabel.objects.create(kind="organization", name="Key account")
    assert "No labels yet" not in client.get(f"{url}?only=labels").content.decode()
