from typing import Any

import pytest
from django.db import IntegrityError

from crm.domain import merging, persons, records
from crm.domain.files import clean_name, type_of_bytes
from crm.domain.organizations import add_organization, clean_domain
from crm.domain.queries.search import matching, persons_matching
from crm.enums import RecordKind
from crm.models import Deal, MergedRecord, Note, Person, PersonEmail
from crm.signals import addresses_added, persons_merged
from sharing.enums import ItemVisibility
from tests.crm.domain.test_deals import Heard
from tests.factories.crm import make_deal, make_organization, make_person
from users.models import User


def test_the_first_address_is_primary_and_new_ones_are_announced(
    alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    with Heard(addresses_added) as heard, django_capture_on_commit_callbacks(execute=True):
        person = persons.add_person(
            by=alice, name="Ada", addresses=["Ada@Acme.example", "ada@home.example"]
        )
    assert [news["person_ids"] for news in heard.news] == [[person.pk]]
    with Heard(addresses_added) as heard, django_capture_on_commit_callbacks(execute=True):
        persons.set_addresses(person, addresses=["ada@home.example", "ada@new.example"])
    assert [news["person_ids"] for news in heard.news] == [[person.pk]]
    with Heard(addresses_added) as heard, django_capture_on_commit_callbacks(execute=True):
        persons.set_addresses(person, addresses=["ada@home.example", "ada@new.example"])
    assert heard.news == [], "nothing is new"
    rows = list(person.emails.values_list("address", "is_primary"))
    assert rows == [("ada@home.example", True), ("ada@new.example", False)]


def test_two_primary_addresses_are_refused_by_the_database(alice: User) -> None:
    person = make_person(alice)
    with pytest.raises(IntegrityError):
        PersonEmail.objects.create(person=person, address="b@acme.example", is_primary=True)


def test_a_new_person_joins_the_organization_of_the_domain(alice: User, bob: User) -> None:
    acme = add_organization(by=alice, name="Acme", domains=["https://www.acme.example/x"])
    ada = persons.add_person(by=alice, name="Ada", addresses=["ada@acme.example"])
    assert ada.organization == acme
    acme.visibility = ItemVisibility.OWNER
    acme.save()
    assert persons.add_person(by=bob, name="B", addresses=["b@acme.example"]).organization is None


@pytest.mark.parametrize(
    "text", ["acme.example", "https://www.Acme.example/x?y", "info@acme.example", "acme.example."]
)
def test_a_domain_is_found_in_what_people_type(text: str) -> None:
    assert clean_domain(text) == "acme.example"


def test_merging_moves_everything_and_leaves_a_way_on(alice: User) -> None:
    kept = make_person(alice, "Ada Byron", "ada@acme.example")
    gone = make_person(alice, "Ada King", "king@acme.example", job_title="Countess")
    PersonEmail.objects.create(person=gone, address="ada@acme.example")
    deal = make_deal(alice, person=gone)
    note = Note.objects.create(person=gone, text="x", author=alice)
    older = MergedRecord.objects.create(kind="person", gone_id=999, kept_id=gone.pk)
    with Heard(persons_merged) as heard:
        merging.merge_persons(kept, gone=gone)
    gone_id = heard.news[0]["gone_id"]
    kept.refresh_from_db()
    assert sorted(kept.emails.values_list("address", flat=True)) == [
        "ada@acme.example",
        "king@acme.example",
    ]
    assert kept.emails.filter(is_primary=True).count() == 1
    assert Deal.objects.get(pk=deal.pk).person == kept
    assert Note.objects.get(pk=note.pk).person == kept
    assert kept.job_title == "Countess"
    assert not Person.objects.filter(pk=gone_id).exists()
    assert merging.merged_into(RecordKind.PERSON, gone_id) == kept.pk
    older.refresh_from_db()
    assert older.kept_id == kept.pk
    assert list(matching(Person.objects.all(), "king")) == [kept]


def test_words_are_found_by_their_beginnings_without_accents(alice: User) -> None:
    person = make_person(alice, "Zoë Müller-Brien", "zm@acme.example")
    for text in ("zoe", "MÜL", "mul zo", "zm@acme", "acme.exa", "brien"):
        assert list(matching(Person.objects.all(), text)) == [person], text
    for text in ("oe", "zoe x", "%", "_", ""):
        assert list(matching(Person.objects.all(), text)) == [], text


def test_a_renamed_person_is_found_by_the_new_name_only(alice: User) -> None:
    person = make_person(alice, "Ada Byron")
    persons.change_person(person, name="Ada Lovelace")
    assert list(matching(Person.objects.all(), "love")) == [person]
    assert list(matching(Person.objects.all(), "byron")) == []


def test_people_are_found_by_their_organization_where_it_is_seen(alice: User, carol: User) -> None:
    seen = make_organization(alice, "Acme Analytical")
    hidden = make_organization(alice, "Acme Secret", visibility=ItemVisibility.OWNER)
    ada = make_person(alice, "Ada Aaron", "ada@x.example", organization=seen)
    ben = make_person(alice, "Ben Best", "ben@x.example", organization=hidden)
    everybody = Person.objects.order_by("pk")
    for text, found in (("acme", [ada]), ("ada acm", [ada]), ("ben acme", []), ("", [ada, ben])):
        assert list(persons_matching(everybody, text, user=carol)) == found, text
    assert list(persons_matching(everybody, "acme", user=alice)) == [ada, ben]


def test_only_the_owner_changes_who_sees_many(alice: User, bob: User, dana: User) -> None:
    person = make_person(alice)
    rows = Person.objects.filter(pk=person.pk)
    assert records.set_records_visibility(rows, visibility=ItemVisibility.OWNER, by=bob) == 0
    assert records.set_records_visibility(rows, visibility=ItemVisibility.OWNER, by=dana) == 1


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\report.pdf", "report.pdf"),
        ("a\r\nb\u202egpj.exe", "abgpj.exe"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("...", "file"),
    ],
)
def test_names_of_files_are_made_harmless(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_what_a_file_is_is_told_by_its_bytes() -> None:
    assert type_of_bytes(b"%PDF-1.7") == "application/pdf"
    assert type_of_bytes(b"<script>alert(1)</script>") == "text/plain"
    assert type_of_bytes(b"<svg onload=x>") == "text/plain"
    assert type_of_bytes(b"\x00\x01") == "application/octet-stream"
