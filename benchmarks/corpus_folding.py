"""Scores of `html.clean_split`: what is left in sight when the quote is folded."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cases import Case, load, text_of
from mailsync.mime import html


def _seen(markup):
    """Letters alone: marks of quotes and drawn rules are ours, not the mail's."""
    text = html.html_to_text(markup, links=False)
    return re.sub(r"[\s>]|-{5,}", "", text)


def _new(source, *, with_forwards):
    found = html.clean_split(source)
    if found is None or (found.is_forward and with_forwards):
        return _seen(html.clean(source))
    return _seen(found.before + found.after)


def replies_talon_html(root: Path) -> Iterator[Case]:
    folder = root / "replies-talon"
    for name, case in load(folder, "oracle.json").items():
        if case["file"].endswith(".html"):
            new = _new(text_of(folder / case["file"]), with_forwards=True)
            expected = case.get("reply_text") or case["reply_html_nows"]
            yield name, new == _seen(expected.replace("\n", "<br>")), new
    for name, case in load(folder, "cases.json").items():
        if case["kind"] == "html":
            new = _new(case["input"], with_forwards=True)
            yield name, new == _seen(case["expect"]), new


def replies_unquotemail_html(root: Path) -> Iterator[Case]:
    folder = root / "replies-unquotemail"
    for path in sorted((*folder.glob("samples/*.html"), *folder.glob("failing/*.html"))):
        new = _new(text_of(path), with_forwards=False)
        yield path.name, new == _seen(text_of(folder / "expected" / path.name)), new


def replies_quotequail_html(root: Path) -> Iterator[Case]:
    for name, case in load(root / "forwards-quotequail", "cases.json").items():
        if case["kind"] == "quote-html":
            new = _new(case["input"], with_forwards=False)
            expected = "".join(markup for is_new, markup in case["expect_intro"] if is_new)
            yield name, new == _seen(expected), new
