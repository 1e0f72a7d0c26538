import pytest

from common.addresses import MAX_LENGTH, domain_of, normalise_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Acme.Example ", "ada@acme.example"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        # The same letter in one code point and in two.
        ("jose\u0301@acme.example", "jos\u00e9@acme.example"),
        ("a@b@acme.example", "a@b@acme.example"),
        ("no address", "no address"),
        ("ada@", "ada@"),
    ],
)
def test_one_spelling_a_mailbox(typed: str, kept: str) -> None:
    assert normalise_address(typed) == kept
    assert normalise_address(kept) == kept


def test_a_domain_that_is_none_is_kept_as_it_stands() -> None:
    assert normalise_address("ada@a..b") == "ada@a..b"


def test_length_is_bounded() -> None:
    assert len(normalise_address("a" * 500 + "@acme.example")) == MAX_LENGTH


def test_domain_of_an_address() -> None:
    assert domain_of("Ada@Acme.Example") == "acme.example"
    assert domain_of("Ada") == ""
