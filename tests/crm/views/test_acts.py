"""Acts on records: only POST, only for those who see them, and nothing by second-hand ids."""

import io
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format

from crm.enums import DealStatus
from crm.models import (
    Activity,
    Deal,
    Note,
    Organization,
    Person,
    RecordFile,
    RecordImport,
    RecordLabel,
)
from sharing.enums import ItemVisibility
from tests.crm.views.test_pages import make_all
from tests.factories.crm import make_deal, make_organization, make_person
from users.models import User


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def acts_on(records: dict[str, Any]) -> list[str]:
    deal, lead, project = (records[kind].pk for kind in ("deal", "lead", "project"))
    urls = []
    for kind, record in records.items():
        acts = ("delete", "note_add", "activity_add", "file_add")
        urls += [reverse(f"crm:{kind}_{act}", args=[record.pk]) for act in acts]
    urls += [reverse(f"crm:deal_{act}", args=[deal]) for act in ("win", "reopen", "to_lead")]
    urls += [reverse(f"crm:lead_{act}", args=[lead]) for act in ("archive", "unarchive")]
    acts = ("complete", "cancel", "reopen", "archive", "unarchive")
    urls += [reverse(f"crm:project_{act}", args=[project]) for act in acts]
    urls.append(reverse("crm:task_add", args=[project]))
    note, activity = Note.objects.first(), Activity.objects.first()
    assert note is not None
    assert activity is not None
    urls += [reverse(f"crm:note_{act}", args=[note.pk]) for act in ("delete", "pin", "unpin")]
    acts = ("done", "undone", "delete")
    urls += [reverse(f"crm:activity_{act}", args=[activity.pk]) for act in acts]
    return urls


def snapshot() -> list[Any]:
    models = (Deal, Person, Organization, Note, Activity, RecordFile)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.matrix
def test_acts_want_post_and_somebody_who_sees_the_record(
    alice: User, carol: User, signed_in: Any
) -> None:
    records = make_all(alice, visibility=ItemVisibility.OWNER)
    before = snapshot()
    for url in acts_on(records):
        # The forms of what is added and the question before a note goes can be asked for; the acts
        # themselves only be done.
        is_asked_for = url.endswith("/add/") and "tasks" not in url
        is_asked_for = is_asked_for or ("notes" in url and url.endswith("/delete/"))
        shown = 200 if is_asked_for else 405
        assert signed_in.as_(alice).get(url).status_code == shown, url
        assert signed_in.as_(carol).post(url, {"text": "x", "title": "x"}).status_code == 404, url
        assert Client().post(url).status_code == 302, url
    assert snapshot() == before


def test_a_person_is_added_with_what_the_caller_wanted_next(alice: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    page = client.get("/contacts/people/new/?name=Ada&address=ada@acme.example&next=/deals/")
    assert b"ada@acme.example" in page.content
    data = {"name": "Ada", "emails": "ada@acme.example", "organization": "New firm"}
    response = client.post("/contacts/people/new/", {**data, "next": "/deals/"})
    assert (response.status_code, response.url) == (303, "/deals/")
    person = Person.objects.get()
    assert (person.organization.name, person.owner) == ("New firm", alice)
    data |= {"anyway": "on", "next": "https://evil.example/"}
    response = client.post("/contacts/people/new/", data)
    assert response.url.startswith("/contacts/people/")


def test_an_error_answers_422_with_what_was_typed(alice: User, signed_in: Any) -> None:
    response = signed_in.as_(alice).post(
        "/contacts/people/new/", {"name": "Ada", "emails": "no address"}
    )
    assert response.status_code == 422
    assert b"no address" in response.content
    assert not Person.objects.exists()


def test_a_known_address_is_told_of_before_a_person_is_doubled(
    alice: User, carol: User, signed_in: Any
) -> None:
    make_person(alice, "Ada Byron", "ada@acme.example", visibility=ItemVisibility.OWNER)
    data = {"name": "A. Byron", "emails": ["", "ADA@acme.example"]}
    url = "/contacts/people/new/"
    response = signed_in.as_(alice).post(url, data)
    assert response.status_code == 422
    assert b"Ada Byron" in response.content
    assert b"Ada Byron" in signed_in.as_(alice).get(f"{url}?address=ada@acme.example").content
    assert Person.objects.count() == 1
    assert signed_in.as_(alice).post(url, {**data, "anyway": "on"}).status_code == 303
    # Whoever does not see her is not told that she is there.
    assert signed_in.as_(carol).post(url, data).status_code == 422
    Person.objects.exclude(name="Ada Byron").delete()
    assert signed_in.as_(carol).post(url, data).status_code == 303


def test_the_main_address_is_the_marked_one(alice: User, signed_in: Any) -> None:
    data = {"name": "Ada", "emails": ["a@acme.example", "b@acme.example", ""], "emails_main": "1"}
    signed_in.as_(alice).post("/contacts/people/new/", data)
    rows = Person.objects.get().emails.values_list("address", "is_primary")
    assert sorted(rows) == [("a@acme.example", False), ("b@acme.example", True)]


def test_one_fact_is_edited_and_nothing_else_changes(
    alice: User, carol: User, signed_in: Any
) -> None:
    deal = make_deal(alice, value=1000, lost_reason="")
    url = reverse("crm:deal_edit", args=[deal.pk]) + "?only=value"
    data = {"value": "2500", "currency": "EUR", "title": "Another", "version": deal.version}
    piece = signed_in.as_(alice).get(
        url, headers={"HX-Request": "true", "HX-Target": "div#fact-value"}
    )
    assert b'name="value"' in piece.content
    assert b'name="title"' not in piece.content
    assert signed_in.as_(alice).post(url, data).status_code == 303
    assert signed_in.as_(alice).post(url, data).status_code == 409
    deal.refresh_from_db()
    assert (deal.value, deal.title, deal.owner) == (2500, "Acme renewal", alice)
    # Who may not change who sees a record has no field for it.
    url = reverse("crm:deal_edit", args=[deal.pk]) + "?only=visibility"
    signed_in.as_(carol).post(url, {"visibility": "owner", "version": deal.version})
    deal.refresh_from_db()
    assert deal.visibility == ItemVisibility.COMPANY


def test_a_stale_edit_is_told_so(alice: User, signed_in: Any) -> None:
    person = make_person(alice)
    url = reverse("crm:person_edit", args=[person.pk])
    data = {"name": "First", "version": person.version}
    assert signed_in.as_(alice).post(url, data).status_code == 303
    response = signed_in.as_(alice).post(url, {"name": "Second", "version": person.version})
    assert response.status_code == 409
    person.refresh_from_db()
    assert person.name == "First"


def test_theirs_is_shown_and_mine_may_go_over_it(alice: User, bob: User, signed_in: Any) -> None:
    deal = make_deal(alice, value=1000)
    client, url = signed_in.as_(alice), reverse("crm:deal_edit", args=[deal.pk])
    mine = {"title": "Acme renewal", "value": "2000", "version": deal.version}
    signed_in.as_(bob).post(url, {"title": "Acme rollout", "value": "1000"})
    response = client.post(url, mine)
    text = response.content.decode()
    assert response.status_code == 409
    assert "A colleague changed this meanwhile." in text
    cells = re.findall(
        r"<th scope=\"row\">(\w+)</th><td dir=\"auto\">(.*?)</td><td[^>]*>(.*?)</td>", text
    )
    assert cells == [("Title", "Acme rollout", "Acme renewal"), ("Value", "1000.00", "2000")]
    deal.refresh_from_db()
    assert (deal.title, deal.value) == ("Acme rollout", 1000)
    version = re.search(r'name="version" value="(\d+)"', text)
    assert version is not None
    assert client.post(url, {**mine, "version": version[1]}).status_code == 303
    deal.refresh_from_db()
    assert (deal.title, deal.value) == ("Acme renewal", 2000)


def test_rows_that_nobody_touched_are_no_difference(alice: User, bob: User, signed_in: Any) -> None:
    person = make_person(alice)
    url = reverse("crm:person_edit", args=[person.pk])
    signed_in.as_(bob).post(url, {"name": "Ada King", "emails": ["ada@acme.example"]})
    mine = {"name": "Ada Lovelace", "emails": ["ada@acme.example", ""], "phones": [""]}
    text = signed_in.as_(alice).post(url, {**mine, "version": person.version}).content.decode()
    assert re.findall(r'<th scope="row">(.*?)</th>', text) == ["Name"]


def test_a_stale_move_says_where_the_deal_is_and_moves_from_there(
    alice: User, signed_in: Any
) -> None:
    deal = make_deal(alice)
    new, offer = deal.pipeline.stages.all()
    client, url = signed_in.as_(alice), reverse("crm:deal_move", args=[deal.pk])
    client.post(url, {"stage": offer.pk})
    response = client.post(url, {"stage": new.pk, "version": deal.version})
    assert response.status_code == 409
    assert "It stands in “Offer” now." in response.content.decode()
    form = response.context["form"]
    data = {"stage": form["stage"].value(), "version": form["version"].value()}
    assert data["stage"] == new.pk
    assert client.post(url, data).status_code == 303
    deal.refresh_from_db()
    assert deal.stage == new


def test_second_hand_ids_are_as_if_they_did_not_exist(
    alice: User, carol: User, signed_in: Any
) -> None:
    hidden = make_organization(alice, "Canarybird", visibility=ItemVisibility.OWNER)
    secret = make_person(alice, "Canaryperson", visibility=ItemVisibility.OWNER)
    secret_deal = make_deal(alice, "Canarydeal", visibility=ItemVisibility.OWNER)
    mine = make_all(carol)
    client = signed_in.as_(carol)
    posts = [
        ("/contacts/people/new/", {"name": "X", "organization": f"Y (#{hidden.pk})"}),
        (reverse("crm:participant_add", args=[mine["deal"].pk]), {"record": f"Y (#{secret.pk})"}),
        (reverse("crm:person_merge", args=[mine["person"].pk]), {"record": f"Y (#{secret.pk})"}),
        (
            reverse("crm:organization_merge", args=[mine["organization"].pk]),
            {"record": f"Y (#{hidden.pk})"},
        ),
        (
            reverse("crm:project_deal_add", args=[mine["project"].pk]),
            {"record": f"Y (#{secret_deal.pk})"},
        ),
    ]
    before = snapshot()
    for url, data in posts:
        response = client.post(url, data)
        assert response.status_code == 422, url
        assert b"Canary" not in response.content, url
    for act, data in (
        ("delete", {}),
        ("owner", {"owner": carol.pk}),
        ("visibility", {"visibility": "company"}),
    ):
        url = reverse(f"crm:people_bulk_{act}")
        client.post(url, {"ids": [secret.pk, 2**70, "x"], **data})
    assert snapshot() == before


def test_a_deleted_record_comes_back_by_the_toast(alice: User, signed_in: Any) -> None:
    person, client = make_person(alice), signed_in.as_(alice)
    url = reverse("crm:person_delete", args=[person.pk])
    page = client.post(url, follow=True).content.decode()
    undo = reverse("crm:person_restore", args=[person.pk])
    assert f'action="{undo}"' in page
    assert client.post(undo)["Location"] == person.get_absolute_url()
    assert Person.objects.kept().get() == person


def test_bulk_takes_the_ticked_or_all_that_match(alice: User, bob: User, signed_in: Any) -> None:
    for name in ("Ada One", "Ada Two", "Ben"):
        make_person(alice, name, f"{name[-3:].lower().strip()}@acme.example")
    client = signed_in.as_(alice)
    url = reverse("crm:people_bulk_owner")
    client.post(f"{url}?q=ada", {"scope": "filter", "owner": bob.pk})
    assert sorted(Person.objects.filter(owner=bob).values_list("name", flat=True)) == [
        "Ada One",
        "Ada Two",
    ]
    ben = Person.objects.get(name="Ben")
    client.post(reverse("crm:people_bulk_delete"), {"ids": [ben.pk]})
    assert Person.objects.kept().count() == 2


@pytest.mark.parametrize("name", ["label", "owner"])
def test_bulk_takes_nothing_where_what_was_filtered_by_is_gone(
    alice: User, bob: User, signed_in: Any, name: str
) -> None:
    """A filter without its label would be all that there is, and shows it to everybody."""
    label = RecordLabel.objects.create(kind="person", name="Old")
    one = make_person(alice, "Ada", "ada@acme.example", visibility=ItemVisibility.OWNER)
    make_person(alice, "Ben", "ben@acme.example", visibility=ItemVisibility.OWNER)
    one.labels.add(label)
    gone = {"label": label.pk, "owner": 99_999}[name]
    client, url = signed_in.as_(alice), reverse("crm:people_bulk_visibility")
    exported = f"{reverse('crm:people_export')}?{name}={gone}"
    if name == "label":
        data = {"scope": "filter", "visibility": "owner"}
        told = client.post(f"{url}?label={gone}", data, follow=True).content
        assert b"1 record" in told
        assert b"Ben" not in b"".join(client.get(exported).streaming_content)
        label.delete()
    data = {"scope": "filter", "visibility": "company"}
    told = client.post(f"{url}?{name}={gone}", data, follow=True).content.decode()
    assert "is gone" in told
    client.post(f"{reverse('crm:people_bulk_delete')}?{name}={gone}", {"scope": "filter"})
    assert Person.objects.kept().filter(visibility=ItemVisibility.OWNER).count() == 2
    assert client.get(exported)["Location"].startswith(reverse("crm:people"))


def test_a_drag_answers_with_nothing_or_with_a_conflict(alice: User, signed_in: Any) -> None:
    deal = make_deal(alice)
    offer = deal.pipeline.stages.last()
    client, url = signed_in.as_(alice), reverse("crm:deal_move", args=[deal.pk])
    data = {"stage": offer.pk, "version": deal.version}
    assert client.post(url, data, headers={"X-Board": "drag"}).status_code == 204
    assert client.post(url, data, headers={"X-Board": "drag"}).status_code == 409
    deal.refresh_from_db()
    assert deal.stage == offer


@pytest.mark.parametrize("name", ["note_delete", "file_delete", "task_delete"])
def test_what_nothing_brings_back_goes_only_after_a_question(
    name: str, alice: User, signed_in: Any
) -> None:
    project = make_all(alice)["project"]
    if name == "note_delete":
        one = Note.objects.create(project=project, text="Called her", author=alice)
    elif name == "file_delete":
        one = RecordFile.objects.create(project=project, name="offer.pdf", uploaded_by=alice)
    else:
        one = project.tasks.create(title="Order")
    args = [project.pk, one.pk] if name == "task_delete" else [one.pk]
    client, url = signed_in.as_(alice), reverse(f"crm:{name}", args=args)
    tab = "?tab=files" if name == "file_delete" else ""
    page = client.get(project.get_absolute_url() + tab).content.decode()
    assert f'hx-get="{url}"' in page
    assert f'action="{url}"' not in page
    question = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "There is no way back." in question
    assert f'hx-post="{url}"' in question
    assert type(one).objects.filter(pk=one.pk).exists()
    assert client.post(url).status_code == 303
    assert not type(one).objects.filter(pk=one.pk).exists()


def test_a_task_is_deleted_by_the_button_beside_it(alice: User, signed_in: Any) -> None:
    project = make_all(alice)["project"]
    task, other = (project.tasks.create(title=title) for title in ("Order", "Install"))
    client = signed_in.as_(alice)
    url = reverse("crm:task_delete", args=[project.pk, task.pk])
    assert f'href="{url}"' in client.get(project.get_absolute_url()).content.decode()
    assert client.post(url)["Location"] == project.get_absolute_url()
    assert list(project.tasks.all()) == [other]
    assert client.post(url).status_code == 404


def test_a_deal_is_lost_with_its_reason(alice: User, signed_in: Any) -> None:
    deal = make_deal(alice)
    signed_in.as_(alice).post(reverse("crm:deal_lose", args=[deal.pk]), {"reason": "Price"})
    deal.refresh_from_db()
    assert (deal.status, deal.lost_reason) == (DealStatus.LOST, "Price")


def test_a_merged_persons_old_page_leads_on(alice: User, carol: User, signed_in: Any) -> None:
    kept = make_person(alice, "Ada Byron", visibility=ItemVisibility.OWNER)
    gone = make_person(alice, "Ada King", "king@acme.example")
    old = gone.get_absolute_url()
    url = reverse("crm:person_merge", args=[kept.pk])
    signed_in.as_(alice).post(url, {"record": f"x (#{gone.pk})"})
    assert signed_in.as_(alice).get(old).url == kept.get_absolute_url()
    assert signed_in.as_(carol).get(old).status_code == 404


def test_a_binned_record_offers_itself_to_those_who_saw_it(
    alice: User, carol: User, signed_in: Any
) -> None:
    deal = make_deal(alice, visibility=ItemVisibility.OWNER)
    signed_in.as_(alice).post(reverse("crm:deal_delete", args=[deal.pk]))
    assert signed_in.as_(alice).get(deal.get_absolute_url()).status_code == 410
    restore = reverse("crm:deal_restore", args=[deal.pk])
    assert signed_in.as_(carol).get(deal.get_absolute_url()).status_code == 404
    assert signed_in.as_(carol).post(restore).status_code == 404
    assert signed_in.as_(alice).post(restore).status_code == 303
    assert signed_in.as_(alice).get(deal.get_absolute_url()).status_code == 200


def test_a_record_in_the_bin_names_its_last_day_and_says_when_it_is_back(
    alice: User, signed_in: Any
) -> None:
    client, deal = signed_in.as_(alice), make_deal(alice)
    client.post(reverse("crm:deal_delete", args=[deal.pk]))
    Deal.objects.update(deleted_at=datetime(2026, 3, 4, 12, tzinfo=UTC))
    page = client.get(deal.get_absolute_url()).content.decode()
    assert date_format(date(2026, 4, 3)) in page
    assert "30 days, then" not in page
    restored = client.post(reverse("crm:deal_restore", args=[deal.pk]), follow=True)
    assert f"“{deal}” is back." in restored.content.decode()


def test_merging_says_before_that_it_is_for_good(alice: User, signed_in: Any) -> None:
    for kind, record in (
        ("person", make_person(alice)),
        ("organization", make_organization(alice)),
    ):
        page = signed_in.as_(alice).get(reverse(f"crm:{kind}_merge", args=[record.pk]))
        assert "This cannot be undone." in page.content.decode()


def test_an_upload_comes_back_as_a_download_only(alice: User, carol: User, signed_in: Any) -> None:
    deal = make_deal(alice, visibility=ItemVisibility.OWNER)
    upload = SimpleUploadedFile("../evil.html", b"<script>alert(1)</script>", "text/html")
    url = reverse("crm:deal_file_add", args=[deal.pk])
    signed_in.as_(alice).post(url, {"file": upload})
    row = RecordFile.objects.get()
    assert "evil" not in row.content.name
    response = signed_in.as_(alice).get(reverse("crm:file_download", args=[row.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="evil.html"'
    assert response["Content-Type"] == "text/plain"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"
    url = reverse("crm:file_download", args=[row.pk])
    assert signed_in.as_(carol).get(url).status_code == 404


def test_an_activity_about_a_hidden_deal_stays_hidden(
    alice: User, carol: User, signed_in: Any
) -> None:
    person = make_person(alice)
    deal = make_deal(alice, person=person, visibility=ItemVisibility.OWNER)
    Activity.objects.create(
        title="Canarycall", person=person, deal=deal, assigned_to=alice, created_by=alice
    )
    for url in (person.get_absolute_url(), reverse("crm:activities")):
        assert b"Canarycall" in signed_in.as_(alice).get(url).content
        assert b"Canarycall" not in signed_in.as_(carol).get(url).content


def test_an_export_is_read_again_and_runs_nothing(
    alice: User, signed_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    names = ['=HYPERLINK("http://e")', "+1", "-2", "@x", "\tz", "＝1", 'Ada, the "first"']
    for number, name in enumerate(names):
        make_person(alice, name, f"p{number}@acme.example")
    client = signed_in.as_(alice)
    content = b"".join(client.get("/contacts/people/export/").streaming_content)
    for line in content.decode("utf-8-sig").splitlines()[1:]:
        assert not line.lstrip('"').startswith(("=", "+", "-", "@", "\t", "＝")), line
    Person.objects.all().delete()
    upload = io.BytesIO(content)
    upload.name = "people.csv"
    response = client.post("/contacts/people/import/", {"file": upload})
    row = RecordImport.objects.get()
    assert response.url == reverse("crm:import", args=[row.pk])
    assert client.get(response.url).status_code == 200
    data = {f"column_{number}": name for number, name in row.mapping.items()}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(response.url, {**data, "duplicates": "skip"})
    assert sorted(Person.objects.values_list("name", flat=True)) == sorted(
        name.strip() for name in names
    )
    row.refresh_from_db()
    assert (row.made_count, row.refused_rows, row.text) == (len(names), [], "")


def test_an_import_keeps_what_it_cannot_take(
    alice: User, carol: User, signed_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    text = "Name;E-mail\nAda;ada@acme.example\nBen;no address\nAda again;ada@acme.example\n"
    client = signed_in.as_(alice)
    upload = SimpleUploadedFile("x.csv", text.encode())
    url = client.post("/contacts/people/import/", {"file": upload}).url
    data = {"column_0": "name", "column_1": "emails", "duplicates": "skip"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, data)
    row = RecordImport.objects.get()
    assert (row.made_count, row.skipped_count, len(row.refused_rows)) == (1, 1, 1)
    page = client.get(reverse("crm:import", args=[row.pk])).content.decode()
    assert "Line 3:" in page
    assert "“no address” is not an e-mail address." in page
    refused = reverse("crm:import_refused", args=[row.pk])
    assert b'"Ben","no address"' in client.get(refused).content
    assert signed_in.as_(carol).get(refused).status_code == 404
    assert signed_in.as_(carol).get(url).status_code == 404


def test_deals_are_imported_into_their_stages(
    alice: User, signed_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make_deal(alice, "Old one")
    text = 'Title,Value,Stage,Organization\nBig,"1.234,50",Offer,Acme\nOdd,x,Nowhere,\n'
    client = signed_in.as_(alice)
    url = client.post("/deals/import/", {"file": SimpleUploadedFile("x.csv", text.encode())}).url
    data = {"column_0": "title", "column_1": "value", "column_2": "stage"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, {**data, "column_3": "organization", "duplicates": "skip"})
    deal = Deal.objects.get(title="Big")
    assert (str(deal.value), deal.stage.name, deal.organization.name) == (
        "1234.50",
        "Offer",
        "Acme",
    )
    assert len(RecordImport.objects.get().refused_rows) == 1


def test_a_list_sorts_only_by_what_it_names(alice: User, signed_in: Any) -> None:
    make_person(alice)
    for query in ("sort=owner__password", "owner__email=x", "after=garbage", "label=999", "q=%00"):
        assert signed_in.as_(alice).get(f"/contacts/people/?{query}").status_code == 200


def test_filters_are_kept_by_name_and_shown_as_chips(alice: User, signed_in: Any) -> None:
    make_person(alice)
    client = signed_in.as_(alice)
    client.post("/contacts/people/filters/save/", {"name": "My Adas", "query": "q=ada"})
    page = client.get(f"/contacts/people/?q=ada&owner={alice.pk}").content.decode()
    assert 'href="?q=ada"' in page
    assert "My Adas" in page
    assert page.count("chip__remove") == 2


def test_pages_follow_each_other_without_gap_or_repeat(alice: User, signed_in: Any) -> None:
    for number in range(53):
        make_person(alice, f"Person {number:02}", "")
    client = signed_in.as_(alice)
    page = client.get("/contacts/people/")
    more = page.context["more_url"]
    names = [str(row) for row in page.context["rows"]]
    names += [str(row) for row in client.get(f"/contacts/people/{more}").context["rows"]]
    assert names == [f"Person {number:02}" for number in range(53)]
