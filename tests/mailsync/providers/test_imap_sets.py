import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.providers.imap_errors import BadAnswerError
from mailsync.providers.imap_sets import slices, uid_set, uids_of_set

UIDS = st.sets(st.integers(1, 400), max_size=80)


@given(UIDS)
def test_a_set_written_and_read_is_the_same(uids: set[int]) -> None:
    if uids:
        assert uids_of_set(uid_set(uids)) == sorted(uids)


def test_a_set_is_short() -> None:
    assert uid_set([7, 1, 2, 3, 3]) == b"1:3,7"
    assert uids_of_set(b"9:7,2", below=9) == [2, 7, 8]


@pytest.mark.parametrize("text", [b"", b"a", b"1:x", b"1,,2", b"*", b"1:4294967295"])
def test_sets_that_are_none(text: bytes) -> None:
    with pytest.raises(BadAnswerError):
        uids_of_set(text)


def test_a_set_of_a_billion_is_refused_before_it_is_made() -> None:
    with pytest.raises(BadAnswerError):
        uids_of_set(b"1:1000000000")


def test_slices_hold_everything_in_order() -> None:
    assert list(slices([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(slices([])) == []
