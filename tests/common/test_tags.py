from datetime import UTC, datetime

import pytest
import time_machine
from django import forms
from django.template import Context, Template

from common.icons import UnknownIconError
from common.paging import Page


def drawn(source: str, **context) -> str:
    return " ".join(Template("{% load ui i18n %}" + source).render(Context(context)).split())


def test_an_icon_is_silent_unless_it_has_a_label():
    assert 'aria-hidden="true"' in drawn('{% icon "mail" %}')
    assert 'role="img" aria-label="Opened"' in drawn('{% icon "eye" filled=True label="Opened" %}')
    assert "#eye-filled" in drawn('{% icon "eye" filled=True %}')
    assert "flip-rtl" in drawn('{% icon "chevron-right" %}')


def test_an_unknown_icon_fails_while_developing(settings):
    settings.DEBUG = True
    with pytest.raises(UnknownIconError):
        drawn('{% icon "unicorn" %}')


def test_a_button_takes_attributes():
    html = drawn(
        '{% button "Archive" icon_name="archive" icon_only=True hx_post="/x/" key="archive" %}'
    )
    assert 'type="button"' in html
    assert 'hx-post="/x/"' in html
    assert 'data-key="archive"' in html
    assert 'aria-label="Archive"' in html
    assert (
        html.startswith('<button class="button button--secondary button--icon"')
        or "button--icon" in html
    )


def test_a_button_with_an_address_is_a_link():
    html = drawn("{% button label href=url %}", label="<Deals>", url="/a/?b=1&c=2")
    assert html.startswith('<a href="/a/?b=1&amp;c=2"')
    assert "&lt;Deals&gt;" in html
    assert "type=" not in html


class Contact(forms.Form):
    name = forms.CharField(help_text="In full.")
    phone = forms.CharField(required=False)
    follow = forms.BooleanField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)


def test_a_field_is_bound_to_its_help_and_errors():
    html = drawn("{% field form.name %}", form=Contact({}))
    assert '<label class="field__label" for="id_name">Name' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_optional_is_written_and_required_is_the_norm():
    form = Contact()
    assert "(optional)" in drawn("{% field form.phone %}", form=form)
    assert "(optional)" not in drawn("{% field form.name %}", form=form)
    # A menu always says something.
    form.fields["phone"].widget = forms.Select(choices=[("", "None")])
    assert "(optional)" not in drawn("{% field form.phone %}", form=form)


def test_choices_are_a_group_with_a_legend():
    html = drawn("{% field form.kind %}", form=Contact())
    assert "<fieldset" in html
    assert "<legend" in html
    assert "field--check" in drawn("{% field form.follow %}", form=Contact())


def test_a_whole_form_uses_the_same_fields():
    html = drawn("{{ form }}", form=Contact({}))
    assert html.count('class="field') >= 4
    assert 'id="id_name_error"' in html


def test_blocks_keep_their_content_and_escape_their_titles():
    html = drawn("{% panel title %}<p>inside</p>{% endpanel %}", title="<Acme>")
    assert "&lt;Acme&gt;" in html
    assert "<p>inside</p>" in html
    assert "&lt;x&gt;" in drawn("{% banner kind='danger' %}{{ x }}{% endbanner %}", x="<x>")
    assert "<details" in drawn("{% panel 'A' collapsible=True %}b{% endpanel %}")


def test_a_tag_shows_only_the_eight_hues():
    assert 'data-hue="teal"' in drawn('{% tag "VIP" hue="teal" %}')
    assert "data-hue" not in drawn('{% tag "VIP" hue="mauve" %}')


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Byron", "AB"),
        ("ada@acme.example", "AA"),
        ("Plato", "P"),
        ("", "?"),
        ("王 小明", "王小"),
    ],
)
def test_initials(name, letters):
    assert f">{letters}</span>" in drawn("{% avatar name %}", name=name)


@time_machine.travel("2026-11-21 12:00:00+00:00", tick=False)
@pytest.mark.parametrize(
    ("moment", "form", "shown"),
    [
        (datetime(2026, 11, 21, 9, 42, tzinfo=UTC), "short", ">09:42<"),
        (datetime(2026, 11, 20, 9, 42, tzinfo=UTC), "short", ">Yesterday<"),
        (datetime(2026, 3, 12, 9, 42, tzinfo=UTC), "short", ">12 Mar<"),
        (datetime(2024, 3, 12, 9, 42, tzinfo=UTC), "short", ">12 Mar 2024<"),
        (datetime(2026, 11, 21, 11, 55, tzinfo=UTC), "relative", ">5 min ago<"),
        (datetime(2026, 11, 21, 9, 55, tzinfo=UTC), "relative", ">2 h ago<"),
        (datetime(2026, 11, 21, 12, 0, tzinfo=UTC), "relative", ">just now<"),
        (datetime(2026, 3, 12, 9, 42, tzinfo=UTC), "relative", ">12 Mar<"),
    ],
)
def test_moments(moment, form, shown):
    html = drawn("{% when moment form=form %}", moment=moment, form=form)
    assert shown in html
    assert f'datetime="{moment.isoformat(timespec="seconds")}"' in html
    assert ("data-relative" in html) == (form == "relative")


def test_no_moment_is_nothing():
    assert drawn("{% when moment %}", moment=None) == ""


def test_the_pager_keeps_the_filter(rf):
    context = {
        "request": rf.get("/leads/?q=acme&after=old"),
        "page": Page(rows=[], next_cursor="new"),
    }
    html = drawn('{% pager page target="more-rows" %}', **context)
    assert 'href="?q=acme&amp;after=new"' in html
    assert 'id="more-rows"' in html
    assert 'hx-target="#more-rows"' in html
    last = drawn("{% pager page %}", request=context["request"], page=Page(rows=[], next_cursor=""))
    assert last == ""
