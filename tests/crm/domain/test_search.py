"""Records are found by what people type, not by how a name is spelt."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from common.words import words
from crm.domain.queries.search import matching, persons_matching, search_everything
from crm.domain.search import words_of_phone
from crm.models import Deal, Organization, Person, PersonPhone, SearchWord
from crm.models.record import fold
from tests.factories.crm import make_deal, make_organization, make_person
from users.models import User

pytestmark = pytest.mark.django_db
migration = import_module("crm.migrations.0005_words_without_strokes")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Łukasz Żółć", "lukasz zolc"),
        ("Łukasz Żółć", "ŁUKASZ"),
        ("Søren Ørsted", "soren orsted"),
        ("Đorđe Strauß", "dorde strauss"),
        ("Æsa Þórsdóttir", "aesa thors"),
        ("Işıl İnan", "isil inan"),
        ("François Cœur", "francois coeur"),
        ("Nguyễn Thị Đào", "nguyen dao"),
        ("Connor O'Brien", "brien"),
        ("Connor O’Brien", "o'brien"),
        ("王小明", "小明"),
        ("Ανδρέας", "ανδρεας"),
    ],
)
def test_name_is_found_without_strokes_and_accents(alice: User, name: str, typed: str) -> None:
    person = make_person(alice, name, "x@y.example")
    make_person(alice, "Somebody Else", "z@y.example")
    assert list(matching(Person.objects.all(), typed)) == [person]
    assert list(persons_matching(Person.objects.all(), typed, user=alice)) == [person]


def test_sorted_and_compared_without_strokes(alice: User) -> None:
    for name in ("Zoe", "Łukasz", "Maria", "Lars"):
        make_organization(alice, name)
    names = Organization.objects.order_by("sort_key").values_list("name", flat=True)
    assert list(names) == ["Lars", "Łukasz", "Maria", "Zoe"]
    assert fold("  ŁUKASZ \t Nowak ") == "lukasz nowak"


@pytest.mark.parametrize(
    "typed",
    ["+49 (0)30 1234-567", "0049301234567", "030 1234567", "0301234", "1234-567", "301234567"],
)
def test_person_is_found_by_number_however_it_is_written(alice: User, typed: str) -> None:
    person = make_person(alice)
    PersonPhone.objects.create(person=person, number="+49 30 1234567")
    other = make_person(alice, "Bob", "bob@y.example")
    PersonPhone.objects.create(person=other, number="+49 40 7654321")
    assert list(matching(Person.objects.all(), typed)) == [person]


def test_digits_in_a_title_are_words(alice: User) -> None:
    deal = make_deal(alice, "Order 12-3456")
    make_deal(alice, "Order 123456")
    assert list(matching(Deal.objects.all(), "12-3456")) == [deal]


def test_everything_is_searched_alike(alice: User) -> None:
    make_organization(alice, "Łódź Works")
    make_deal(alice, "Łódź rollout")
    found = {
        hit.title for _heading, hits in search_everything(alice, "lodz", limit=5) for hit in hits
    }
    assert found == {"Łódź Works", "Łódź rollout"}


@given(st.text(max_size=80))
def test_the_migration_folds_as_the_product_does(text: str) -> None:
    assert list(migration.words(text)) == words(text)
    assert " ".join(migration.fold(text).split()) == fold(text)
    assert list(migration.words_of_phone(text)) == words_of_phone(text)


def test_records_that_are_here_are_made_anew(alice: User) -> None:
    organization = make_organization(alice, "Łódź Works")
    organization.domains.create(domain="lodz-works.example")
    person = make_person(alice, "Łukasz O'Hara", "lukasz@lodz.example", organization=organization)
    PersonPhone.objects.create(person=person, number="+48 42 123 45 67")
    make_deal(alice, "Ørsted 2027", person=person)
    wanted = stored()
    assert wanted
    SearchWord.objects.filter(word__contains="l").update(word="łost")
    SearchWord.objects.filter(kind="deal").delete()
    Person.objects.update(sort_key="łukasz o'hara")
    migration.make_anew(apps, None)
    assert stored() == wanted
    person.refresh_from_db()
    assert person.sort_key == "lukasz o'hara"


def stored() -> list[Any]:
    return sorted(SearchWord.objects.values_list("kind", "record_id", "word"))
