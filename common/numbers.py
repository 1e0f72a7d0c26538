"""Numbers that came with a request."""

# Longer ones fit into no column.
LONGEST = 18


def number_in(text: str) -> int | None:
    """The number that a page of ours wrote; None for anything else. `int` alone would take other
    scripts' digits for some, and breaks at five thousand."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST:
        return int(text)
    return None
