import pytest

from common.numbers import number_in


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("9" * 18, 10**18 - 1)]
    + [(text, None) for text in ("", "-1", "1.5", " 1", "²", "٣", "x", "9" * 19, "9" * 5000)],
)
def test_only_what_a_page_of_ours_wrote_is_a_number(text: str, number: int | None) -> None:
    assert number_in(text) == number
