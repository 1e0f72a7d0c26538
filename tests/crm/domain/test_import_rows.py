"""What an import makes of the rows of a file."""

from datetime import date

import pytest

from crm.domain import importing
from crm.domain.exporting import csv_pieces
from crm.domain.persons import add_person
from crm.domain.queries.lists import SPECS
from crm.domain.queries.search import matching
from crm.enums import ListKind, RecordKind
from crm.models import Deal, Person, RecordLabel
from crm.signals import addresses_added
from tests.crm.domain.test_deals import Heard
from tests.factories.crm import make_pipeline

pytestmark = pytest.mark.django_db


def taken(text, *, by, kind=RecordKind.PERSON, **choices):
    """The import of a file of which every column was recognised by its heading."""
    content = text if isinstance(text, bytes) else text.encode()
    row = importing.read_file(content, kind=kind, by=by)
    for name, value in choices.items():
        setattr(row, name, value)
    importing.start_import(row)
    importing.run_import(row.pk)
    row.refresh_from_db()
    return row


def test_persons_with_all_that_other_products_export(alice, bob):
    RecordLabel.objects.create(kind="person", name="Partner")
    row = taken(
        "First name,Last name,E-mail,Phone,Owner,Labels\n"
        'Ada,Byron,"ada@acme.example, ada@home.example","+49 30 1, 030 2",bob@northwind.example,\n'
        "Ben,,ben@acme.example,,Bob,partner\n"
        ",,who@acme.example,,,\n"
        "Eva,,,,Nobody,\n"
        "Finn,,,,,Unheard of\n"
        f"Gita,,,{'9' * 51},,\n",
        by=alice,
    )
    assert (row.made_count, len(row.refused_rows)) == (3, 3)
    assert [reason for _line, reason, _cells in row.refused_rows] == [
        "“Nobody” is not one colleague of ours.",
        "There is no label “Unheard of”.",
        f"“{'9' * 50}…” is too long.",
    ]
    ada = Person.objects.get(name="Ada Byron")
    assert (ada.owner, ada.emails.count(), ada.phones.count()) == (bob, 2, 2)
    assert [str(label) for label in Person.objects.get(name="Ben").labels.all()] == ["Partner"]
    assert Person.objects.get(name="who").owner == alice
    assert list(matching(Person.objects.all(), "byron ada@home")) == [ada]


def test_deals_keep_their_state_their_owner_and_days_with_points(alice, bob):
    make_pipeline()
    row = taken(
        "Title,Value,Status,Owner,Expected close\n"
        "One,1.234,won,Bob,31.12.2026\nTwo,,Lost,,\nThree,,odd,,\nFour,,,,31.02.2026\n",
        by=alice,
        kind=RecordKind.DEAL,
    )
    assert (row.made_count, len(row.refused_rows)) == (2, 2)
    one = Deal.objects.get(title="One")
    assert (one.status, one.owner, one.value) == ("won", bob, 1234)
    assert one.expected_close_date == date(2026, 12, 31)
    assert one.won_at
    assert Deal.objects.get(title="Two").status == "lost"


def test_what_is_here_is_changed_and_nothing_wiped_out(alice, bob):
    text = "Name,E-mail,Job title,Owner\nAda,ada@acme.example,Countess,\n"
    taken(text, by=alice)
    changed = "Name,E-mail,Phone,Owner\nAda B.,ada@acme.example,030 1,Bob\n"
    assert taken(changed, by=alice).skipped_count == 1
    row = taken(changed, by=alice, duplicates="update")
    ada = Person.objects.get()
    assert (row.updated_count, ada.name, ada.job_title, ada.owner) == (1, "Ada B.", "Countess", bob)
    assert taken(changed, by=alice, duplicates="add").made_count == 1
    assert Person.objects.count() == 2


def test_our_own_export_comes_in_again_as_it_was(alice, bob):
    label = RecordLabel.objects.create(kind="person", name="Partner")
    person = add_person(
        by=alice,
        name="=Ada",
        addresses=["ada@acme.example", "ada@home.example"],
        phones=["+49 30 1", "030 2"],
        owner=bob,
    )
    person.labels.add(label)
    spec = SPECS[ListKind.PERSON]
    text = "".join(csv_pieces(spec, Person.objects.all(), user=alice))
    Person.objects.all().delete()
    assert taken(text, by=alice).made_count == 1
    again = Person.objects.get()
    assert (again.name, again.owner, list(again.labels.all())) == ("=Ada", bob, [label])
    addresses = [email.address for email in again.emails.all()]
    assert addresses == ["ada@acme.example", "ada@home.example"]
    assert {phone.number for phone in again.phones.all()} == {"+49 30 1", "030 2"}


def test_news_of_addresses_come_once_for_many_rows(alice, django_capture_on_commit_callbacks):
    text = "Name,E-mail\n" + "".join(f"P{n},p{n}@x.example\n" for n in range(5))
    with Heard(addresses_added) as heard, django_capture_on_commit_callbacks(execute=True):
        taken(text, by=alice)
    (news,) = heard.news
    assert news["person_ids"] == sorted(Person.objects.values_list("pk", flat=True))
