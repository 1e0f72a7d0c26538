import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.opaque import LENGTH, opaque_converter, seal, unseal


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_key_leads_back_to_its_row(number):
    key = seal("thread", number)
    assert (len(key), unseal("thread", key)) == (LENGTH, number)


def test_keys_of_neighbours_have_nothing_in_common():
    first, second = seal("thread", 1), seal("thread", 2)
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 6


def test_a_key_of_one_kind_is_none_of_another():
    assert unseal("email", seal("thread", 7)) is None


@pytest.mark.parametrize(
    "key", ["", "1", "x" * 22, "é" * 22, "=" * 22, seal("thread", 7)[:-1] + "!"]
)
def test_what_is_no_key_leads_nowhere(key):
    assert unseal("thread", key) is None


def test_keys_are_this_installations_own(settings):
    key = seal("thread", 7)
    settings.SECRET_KEY = "another"
    assert unseal("thread", key) is None


def test_the_converter_refuses_what_is_no_key():
    converter = opaque_converter("thread")()
    assert converter.to_python(converter.to_url(7)) == 7
    with pytest.raises(ValueError, match="key"):
        converter.to_python("x" * 22)
