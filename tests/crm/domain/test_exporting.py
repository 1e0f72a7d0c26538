"""Lists as CSV: in pieces, also where the server is asynchronous; what one sees, and no formula."""

import csv
import io

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from crm.domain import exporting
from crm.domain.queries.lists import SPECS
from crm.enums import ListKind
from crm.models import Person
from sharing.enums import ItemVisibility
from tests.crm.views.test_pages import LISTS, make_all
from tests.factories.crm import make_organization, make_person
from users.enums import Role

pytestmark = pytest.mark.django_db


def table(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_rows_are_read_piece_by_piece(alice, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(exporting, "BATCH", 2)
    for number in range(5):
        make_person(alice, f"Person {number}", f"p{number}@acme.example")
    rows = Person.objects.visible_to(alice)
    pieces = exporting.csv_pieces(SPECS[ListKind.PERSON], rows, user=alice)
    with django_assert_num_queries(0):
        assert table(next(pieces))[0][0] == "Name"
    # The keys, then who asks and what of it he sees, two rows with their labels, addresses and
    # phones.
    with django_assert_num_queries(7):
        assert len(table(next(pieces))) == 2
    with django_assert_num_queries(6):
        assert len(table(next(pieces))) == 2
    assert [len(table(piece)) for piece in pieces] == [1]


def test_who_reads_slowly_gets_nothing_that_is_his_no_more(alice, dana, monkeypatch):
    """A row that was hidden, a role that was taken away, a reader who has left."""
    monkeypatch.setattr(exporting, "BATCH", 1)
    for number in range(5):
        make_person(alice, f"Person {number}", visibility=ItemVisibility.OWNER)
    rows = Person.objects.visible_to(dana)
    pieces = exporting.csv_pieces(SPECS[ListKind.PERSON], rows, user=dana)
    next(pieces)
    assert "Person 0" in next(pieces)
    Person.objects.filter(name="Person 1").update(deleted_at=timezone.now())
    assert next(pieces) == ""
    assert "Person 2" in next(pieces)
    type(dana).objects.filter(pk=dana.pk).update(role=Role.MEMBER)
    assert next(pieces) == ""
    type(dana).objects.filter(pk=dana.pk).update(role=Role.ADMINISTRATOR, is_active=False)
    assert next(pieces) == ""
    assert list(pieces) == []


@pytest.mark.parametrize("name", LISTS)
def test_an_asynchronous_server_sends_the_same_in_pieces(name, alice, signed_in):
    make_all(alice)
    url = reverse(f"crm:{name}_export")
    expected = b"".join(signed_in.as_(alice).get(url).streaming_content)
    client = AsyncClient()
    client.force_login(alice)

    async def read():
        response = await client.get(url)
        assert response.is_async
        return [piece async for piece in response.streaming_content]

    pieces = async_to_sync(read)()
    assert len(pieces) == 2
    assert b"".join(pieces) == expected
    assert b"Acme" in expected


def test_nothing_hidden_goes_out_not_even_as_a_name(alice, carol, signed_in):
    hidden = make_organization(alice, "Canarybird", visibility=ItemVisibility.OWNER)
    make_person(alice, "Ada Byron", organization=hidden)
    make_person(alice, "Hidden canary", "h@acme.example", visibility=ItemVisibility.OWNER)
    url = reverse("crm:people_export")
    for who, seen in ((alice, True), (carol, False)):
        content = b"".join(signed_in.as_(who).get(url).streaming_content)
        assert b"Ada Byron" in content
        assert (b"anary" in content) is seen


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "  =", "＝", "＠"])
def test_no_cell_is_a_formula_and_ours_are_read_again(begin):
    text = f"{begin}HYPERLINK(1)"
    cell = exporting.guarded(text)
    assert cell == f"'{text}"
    assert exporting.unguarded(cell) == text


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_no_part_of_a_cell_is_one_where_cells_are_parted_otherwise(alice, signed_in, mark):
    """A spreadsheet of another language parts them by semicolons, one that guesses by tabs."""
    make_person(alice, f"Ada{mark}=HYPERLINK(1)")
    content = b"".join(signed_in.as_(alice).get(reverse("crm:people_export")).streaming_content)
    text = content.decode("utf-8-sig")
    assert "=HYPERLINK(1)" in text
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=mark) for cell in row]
    assert not [cell for cell in cells if cell.startswith(exporting.FORMULA)]
