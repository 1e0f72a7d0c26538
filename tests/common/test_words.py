import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.words import MAX_WORD, fold, searchable, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Příloha Łódź Ørsted naïve Straße", ["priloha", "lodz", "orsted", "naive", "strasse"]),
        ("契約書を確認", ["契約", "約書", "書を", "を確", "確認"]),
        ("동기화 abc契約x", ["동기", "기화", "abc", "契約", "x"]),
        (
            "ada.byron@acme-co.example foo_bar 3D",
            ["ada", "byron", "acme", "co", "example", "foo", "bar", "3d"],
        ),
        ("हिन्दी שָׁלוֹם договор", ["हिन्दी", "שלום", "договор"]),
        ("№5 ﬁne", ["no5", "fine"]),
        ("字", ["字"]),
        ("x" * 100, ["x" * MAX_WORD]),
        ("", []),
    ],
)
def test_text_is_cut_into_words(text, expected):
    assert words(text) == expected


@given(st.text())
def test_searchable_text_is_stable(text):
    assert searchable(searchable(text)) == searchable(text)


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


def test_long_text_takes_linear_time():
    text = "Ärger mit Maß " * 20_000
    begin = time.process_time()
    words(text)
    assert time.process_time() - begin < 2
