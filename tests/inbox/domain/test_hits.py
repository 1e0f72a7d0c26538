"""What is marked in a found conversation, and that no mail can mark up anything by itself."""

import pytest
from django.db import connection

from inbox.domain import hits, search
from inbox.domain.hits import Wanted
from mailsync.domain import search_index
from mailsync.models import Attachment
from tests.factories.mail import make_thread


def read(pieces: list[hits.Piece]) -> str:
    return "".join(f"[{one.text}]" if one.is_hit else one.text for one in pieces)


def term(text: str, *, is_prefix: bool = False) -> Wanted:
    return Wanted(tuple(text.split()), is_prefix)


@pytest.mark.parametrize(
    ("text", "terms", "marked"),
    [
        ("The red house, red.", [term("red")], "The [red] house, [red]."),
        ("A RED-House stands", [term("red house")], "A [RED-House] stands"),
        ("house red", [term("red house")], "house red"),
        ("Zde je příloha", [term("priloha")], "Zde je [příloha]"),
        ("Zde je pr\u030ci\u0301loha", [term("priloha")], "Zde je [pr\u030ci\u0301loha]"),
        ("renewals renew", [term("renew", is_prefix=True)], "[renewals] [renew]"),
        ("renewals renew", [term("renew")], "renewals [renew]"),
        ("Straße 5", [term("strasse")], "[Straße] 5"),
        ("<b>red</b>", [term("red"), term("b")], "<[b]>[red]</[b]>"),
        ("nothing here", [], "nothing here"),
        ("", [term("red")], ""),
    ],
)
def test_marks_stand_where_the_index_finds(text, terms, marked):
    assert read(hits.marked(text, terms)) == marked


def test_snippet_is_the_place_of_the_first_hit():
    text = "word " * 3000 + "and then the\r\n\r\n  needle lies here " + "more " * 3000
    found = read(hits.snippet(text, [term("needle")]))
    assert "the [needle] lies here more" in found
    assert found.startswith("…")
    assert len(found) <= hits.SHOWN + 4
    assert hits.snippet(text, [term("straw")]) == []


def test_snippet_of_an_accented_word_near_the_top():
    assert read(hits.snippet("Prosím, příloha", [term("priloha")])) == "Prosím, [příloha]"


def test_one_long_text_costs_little():
    pieces = hits.snippet("a" * 60_000, [term("b")])
    assert pieces == []


def test_subject_body_and_files_are_marked_by_their_operators(account, alice):
    thread = make_thread(account, "Renewal offer", text="The renewal of the offer")
    email = thread.emails.get()
    Attachment.objects.create(
        email=email, section="2", name="offer_2027.pdf", content_type="application/pdf"
    )
    search_index.index_emails([email.pk])

    def shown(text: str) -> tuple[str, ...]:
        one = hits.shown(search.find(alice, text))[thread.pk]
        return read(one.subject), read(one.snippet), read(one.file)

    assert shown("offer ") == (
        "Renewal [offer]",
        "The renewal of the [offer]",
        "[offer]_2027.pdf",
    )
    assert shown("subject:renewal") == ("[Renewal] offer", "The renewal of the offer", "")
    assert shown("body:renewal")[:2] == ("Renewal offer", "The [renewal] of the offer")
    assert shown("from:ada -missing")[:2] == ("Renewal offer", "The renewal of the offer")


@pytest.mark.parametrize("number", [1, 3])
def test_the_same_queries_for_one_and_for_three(account, alice, number, django_assert_num_queries):
    for _ in range(number):
        thread = make_thread(account)
        search_index.index_emails(thread.emails.values_list("pk", flat=True))
    # PostgreSQL looks at the newest end first, and is then asked how many there are.
    with django_assert_num_queries(13 if connection.vendor == "postgresql" else 11):
        found = search.find(alice, "offer")
        hits.shown(found)
    assert len(found.rows) == number
