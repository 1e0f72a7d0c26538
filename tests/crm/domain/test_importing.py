"""What an import makes of a file; it goes on after its worker died, and two take no row twice."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from crm.domain import importing
from crm.domain.exporting import csv_pieces
from crm.domain.persons import add_person
from crm.domain.queries.lists import SPECS
from crm.domain.queries.search import matching
from crm.enums import ImportState, ListKind, RecordKind
from crm.errors import CRMError
from crm.models import Deal, Person, RecordImport, RecordLabel
from crm.signals import addresses_added
from tests.crm.domain.test_deals import Heard
from tests.factories.crm import make_pipeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(alice, monkeypatch):
    """Five persons, to be taken two at a time."""
    monkeypatch.setattr(importing, "BATCH", 2)
    text = "Name\n" + "".join(f"Person {n}\n" for n in range(5))
    row = importing.read_file(text.encode(), kind=RecordKind.PERSON, by=alice)
    importing.start_import(row)
    return row


def outcome(row):
    row.refresh_from_db()
    return row.state, row.done_count, row.made_count


def test_a_worker_that_dies_leaves_the_rest_to_the_next(started, monkeypatch):
    take, taken = importing._take, []

    def dies(*given):
        if len(taken) == 3:
            raise SystemExit
        taken.append(take(*given))

    monkeypatch.setattr(importing, "_take", dies)
    with pytest.raises(SystemExit):
        importing.run_import(started.pk)
    # The piece in which it died is as if it had not been begun.
    assert outcome(started) == (ImportState.RUNNING, 2, 2)
    assert Person.objects.count() == 2
    monkeypatch.setattr(importing, "_take", take)
    importing.run_import(started.pk)
    assert outcome(started) == (ImportState.DONE, 5, 5)
    assert sorted(Person.objects.values_list("name", flat=True)) == [
        f"Person {n}" for n in range(5)
    ]


def test_of_two_workers_at_the_same_rows_one_gives_up(started, monkeypatch):
    # The second begins, and ends, after the first has read how far it is.
    claim = importing._claim

    def late(row):
        monkeypatch.setattr(importing, "_claim", claim)
        importing.run_import(started.pk)
        return claim(row)

    monkeypatch.setattr(importing, "_claim", late)
    importing.run_import(started.pk)
    assert outcome(started) == (ImportState.DONE, 5, 5)
    assert Person.objects.count() == 5


def test_a_lost_import_is_rung_for_once(started, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as rung:
        importing.sweep()
    assert rung == []
    long_ago = timezone.now() - timedelta(hours=1)
    RecordImport.objects.update(touched_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True) as rung:
        importing.sweep()
        importing.sweep()
    assert len(rung) == 1
    assert outcome(started)[0] == ImportState.DONE
    RecordImport.objects.update(touched_at=long_ago)
    with django_capture_on_commit_callbacks() as rung:
        importing.sweep()
    assert rung == []


def test_it_is_started_once(started, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as rung:
        importing.start_import(started)
    assert rung == []


def test_bombs_are_refused_before_they_are_rows(alice, monkeypatch):
    """Twenty megabytes of single letters are ten million rows, of commas twenty million columns."""
    counted = []
    rows_of = importing._rows_of

    def watched(*given, **more):
        for row in rows_of(*given, **more):
            counted.append(1)
            yield row

    monkeypatch.setattr(importing, "_rows_of", watched)
    monkeypatch.setattr(importing, "MAX_ROWS", 10)
    for content, text in (
        (b"name\n" + b"a\n" * 1000, "rows"),
        (b"name" + b"," * 500 + b"\na\n", "columns"),
    ):
        with pytest.raises(CRMError, match=text):
            importing.read_file(content, kind=RecordKind.PERSON, by=alice)
    assert len(counted) <= 14
    assert importing.read_file(b"name\nAda\n", kind=RecordKind.PERSON, by=alice).total_count == 1


# --- What is in the file --------------------------------------------------------------------------


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


PLAIN = "Name;E-mail\nŁukasz;lukasz@acme.example\nJürgen;j@acme.example\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.replace(";", "\t").encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        b"sep=;\r\n" + PLAIN.encode(),
        PLAIN.replace("Name;", '"Name, family name first, with titles";').encode(),
        PLAIN.replace(";", ",").encode(),
    ],
)
def test_files_of_every_spreadsheet_are_read(alice, content):
    row = importing.read_file(content, kind=RecordKind.PERSON, by=alice)
    assert row.total_count == 2
    assert set(row.mapping.values()) in ({"name", "emails"}, {"emails"})
    taken(content, by=alice, mapping={"0": "name", "1": "emails"})
    assert set(Person.objects.values_list("name", flat=True)) == {"Łukasz", "Jürgen"}


def test_windows_letters_are_read(alice):
    row = taken("Name\nJürgen Groß\n".encode("cp1252"), by=alice)
    assert row.made_count == 1
    assert Person.objects.get().name == "Jürgen Groß"


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
