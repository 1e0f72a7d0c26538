from crm.domain import import_columns
from crm.enums import RecordKind


def test_a_heading_is_known_in_any_case_and_a_field_is_given_once():
    headings = ["E-MAIL", "Shoe size", "Person - Name", "Name"]
    guessed = import_columns.guess_mapping(headings, kind=RecordKind.PERSON)
    assert guessed == {"0": "emails", "2": "name"}


def test_each_field_has_headings_and_each_kind_says_what_it_needs():
    for kind, fields in import_columns.FIELDS.items():
        assert set(fields) <= set(import_columns.HEADINGS)
        assert set(import_columns.NEEDED[kind]) <= set(fields)
