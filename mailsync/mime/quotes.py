"""New text, quote and signature of a message."""

from mailsync.mime import limits


def preview(text: str) -> str:
    """The first words of the new text, on one line."""
    return " ".join(text[:2000].split())[: limits.PREVIEW_CHARACTERS]
