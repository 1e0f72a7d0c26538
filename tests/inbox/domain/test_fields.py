from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.domain import fields
from inbox.domain.fields import Context
from tests.factories.crm import make_deal, make_person


def test_values_come_from_the_records_at_hand(alice):
    person = make_person(alice, "Ada King Byron")
    deal = make_deal(alice, value=Decimal(48000), currency="EUR")
    context = Context(sender=alice, person=person, deal=deal, today=date(2026, 11, 21))

    resolved = fields.resolve_text(
        "Hi {{person.first_name}} {{ person.last_name }}, {{deal.title}} at {{deal.value}},"
        " {{sender.name}}",
        context,
    )

    assert resolved.text == "Hi Ada Byron, Acme renewal at 48,000.00 EUR, Alice"
    assert resolved.missing == ()


def test_an_empty_field_takes_its_fallback_or_is_named(alice):
    context = Context(sender=alice)
    text = "Hi {{person.first_name|there}}, about {{deal.title}} and {{deal.title}}"
    assert fields.resolve_text(text, context) == fields.Resolved(
        "Hi there, about {{deal.title}} and {{deal.title}}", ("deal.title",)
    )


def test_an_empty_field_can_be_left_out_and_what_is_none_of_ours_stays(alice):
    text = "Hi {{person.first_name}}, we write {{person.salary}} and {{deal.title|x}}"
    resolved = fields.resolve_text(text, Context(sender=alice), drops_empty=True)
    assert resolved.text == "Hi , we write {{person.salary}} and x"
    assert resolved.missing == ("person.first_name", "person.salary")


def test_an_empty_fallback_means_nothing(alice):
    assert fields.resolve_text("A{{person.phone|}}B", Context(sender=alice)).text == "AB"


def test_an_unknown_field_is_named_and_never_sent_silently(alice):
    resolved = fields.resolve_text("{{person.salary|x}}", Context(sender=alice))
    assert resolved == fields.Resolved("{{person.salary|x}}", ("person.salary",))


def test_values_in_html_are_escaped(alice):
    person = make_person(alice, "<img src=x onerror=alert(1)>")
    html = fields.resolve_html("<p>{{person.name}}</p>", Context(sender=alice, person=person)).text
    assert html == "<p>&lt;img src=x onerror=alert(1)&gt;</p>"


@pytest.mark.parametrize(
    "text",
    [
        "{{ person.__class__ }}",
        "{{person.name.__init__.__globals__}}",
        "{{user.password}}",
        "{% debug %}",
        "{person.name}",
        "{{settings.SECRET_KEY}}",
        "{{ 7*7 }}",
        "{{person.name|default:request}}",
    ],
)
def test_nothing_but_the_registry_is_reached(alice, text):
    person = make_person(alice, "")
    resolved = fields.resolve_text(text, Context(sender=alice, person=person))
    assert "49" not in resolved.text
    assert "alice" not in resolved.text.lower()
    assert resolved.text in {text, "default:request"}


@given(st.text(alphabet="{}|. ab\n", max_size=60))
def test_any_text_is_taken(text):
    assert isinstance(fields.resolve_text(text, Context(sender=None)).text, str)


def test_every_field_gives_text_for_full_and_empty_records(alice):
    for field in fields.FIELDS.values():
        assert isinstance(field.value(Context(sender=alice)), str)


def test_lists_show_fields_by_their_names():
    assert fields.readable("For {{person.first_name|you}}: {{x.y}}") == "For [First name]: {{x.y}}"
