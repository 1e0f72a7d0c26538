"""A file is read whichever spreadsheet wrote it."""

import pytest

from crm.domain import importing
from crm.enums import RecordKind
from crm.models import Person
from tests.crm.domain.test_import_rows import taken

pytestmark = pytest.mark.django_db


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
