"""An import goes on after its worker died, and two take no row twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.domain import importing
from crm.enums import DuplicatePolicy, ImportState, RecordKind
from crm.errors import CRMError
from crm.models import Person, RecordImport
from sharing.enums import ItemVisibility
from tests.factories.crm import make_person
from users.enums import Role
from users.models import User

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
    rows_of = importing.rows_of

    def watched(*given, **more):
        for row in rows_of(*given, **more):
            counted.append(1)
            yield row

    monkeypatch.setattr(importing, "rows_of", watched)
    monkeypatch.setattr(importing, "MAX_ROWS", 10)
    for content, text in (
        (b"name\n" + b"a\n" * 1000, "rows"),
        (b"name" + b"," * 500 + b"\na\n", "columns"),
    ):
        with pytest.raises(CRMError, match=text):
            importing.read_file(content, kind=RecordKind.PERSON, by=alice)
    assert len(counted) <= 14
    assert importing.read_file(b"name\nAda\n", kind=RecordKind.PERSON, by=alice).total_count == 1


def test_who_has_left_meanwhile_takes_no_further_rows(started, alice, monkeypatch):
    take = importing._take

    def leaves(*given):
        User.objects.filter(pk=alice.pk).update(is_active=False)
        take(*given)

    monkeypatch.setattr(importing, "_take", leaves)
    importing.run_import(started.pk)
    assert outcome(started) == (ImportState.DONE, 2, 2)
    assert Person.objects.count() == 2
    assert started.text == ""


def test_rows_meet_only_what_is_seen_when_they_are_taken(alice, dana, monkeypatch):
    """An administrator until after the first row: the second would change a hidden person."""
    monkeypatch.setattr(importing, "BATCH", 1)
    for name in ("Ada", "Bea"):
        make_person(alice, name, visibility=ItemVisibility.OWNER)
    row = importing.read_file(
        b"Name,Job title\nAda,Boss\nBea,Boss\n", kind=RecordKind.PERSON, by=dana
    )
    row.duplicates = DuplicatePolicy.UPDATE
    importing.start_import(row)
    take = importing._take

    def loses(*given):
        take(*given)
        User.objects.filter(pk=dana.pk).update(role=Role.MEMBER)

    monkeypatch.setattr(importing, "_take", loses)
    importing.run_import(row.pk)
    assert dict(Person.objects.filter(owner=alice).values_list("name", "job_title")) == {
        "Ada": "Boss",
        "Bea": "",
    }
