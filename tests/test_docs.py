"""What pages and comments name is there: files, tests, modules, what is in them, commands.

A page that sends its reader to a file that was moved last year costs more trust than it gives.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import get_commands

from common.navigation import is_page
from mailsync.enums import AccountState, ChangeState, MailboxState, Outcome, SubmissionState
from mailsync.providers.base import Reaction

ROOT = Path(settings.BASE_DIR)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
APPS = ("common", "users", "sharing", "notifications", "crm", "mailsync", "inbox", "ops")
FOLDERS = (*APPS, "config", "static", "templates", "tests", "benchmarks", "bin", "scripts", "docs")
# What stands there is others' words.
FOREIGN = {"vendor", "data", "migrations"}
# Made when Dealpost runs; given to a benchmark by whoever starts it; answered by a middleware.
ELSEWHERE = {"css/joined.css", "genmail.py", "/healthz/"}

SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?<![\w/.*-])((?:[\w-]+/)*[\w-]+\.(?:py|js|css|html|md|toml))(?![\w(]|\.\w)")
TEST = re.compile(r"([\w/]+\.py)::(?:\w+::)?(\w+)$")
DOTTED = re.compile(r"([a-z]\w*(?:\.\w+)+)(?:\(.*\))?$")
COMMENT = {
    ".py": re.compile(r"(?:^|\s)# .*?$|\"\"\".*?\"\"\"", re.MULTILINE | re.DOTALL),
    ".js": re.compile(r"(?:^|\s)// .*?$|/\*.*?\*/", re.MULTILINE | re.DOTALL),
    ".css": re.compile(r"/\*.*?\*/", re.DOTALL),
    ".html": re.compile(r"{#.*?#}|{% comment.*?endcomment %}", re.DOTALL),
}


@cache
def files() -> dict[str, Path]:
    """Path from the root -> file."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return {
        str(path.relative_to(ROOT)): path
        for path in [*ROOT.iterdir(), *inside]
        if path.is_file() and path.suffix != ".pyc"
    }


def meant_by(name: str) -> list[Path]:
    """The files that may be meant: a page leaves out the folders that it is about."""
    return [path for key, path in files().items() if key == name or key.endswith(f"/{name}")]


def defines(path: Path, name: str) -> bool:
    by_name = rf"^\s*(?:async def|def|class) {name}\b|^\s*{name}\b(?:: .*)?(?: =|$)"
    return bool(re.search(by_name, path.read_text(), re.MULTILINE))


def is_there(dotted: str) -> bool:
    """A module, or what stands first behind one: `domain.outbox.queue`, `crm.models.Deal.owner`."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place = "/".join(parts[:length])
        modules = meant_by(f"{place}.py")
        package = [path.parent for path in meant_by(f"{place}/__init__.py")]
        if modules or package:
            inside = [*modules, *(file for folder in package for file in folder.rglob("*.py"))]
            return length == len(parts) or any(defines(path, parts[length]) for path in inside)
    return False


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_what_a_page_names_is_there(document: Path) -> None:
    text = document.read_text()
    missing = [name for name in FILE.findall(text) if not meant_by(name)]
    for span in SPAN.findall(text):
        if test := TEST.search(span):
            missing += [] if any(defines(path, test[2]) for path in meant_by(test[1])) else [span]
        elif (dotted := DOTTED.match(span)) and dotted[1].split(".")[0] in (*APPS, "domain"):
            missing += [] if is_there(dotted[1]) else [span]
    missing += [
        name for name in re.findall(r"manage\.py (\w+)", text) if name not in get_commands()
    ]
    missing += [
        name
        for name in re.findall(r"-m (benchmarks\.\w+)", text)
        if f"{name.replace('.', '/')}.py" not in files()
    ]
    for span in SPAN.findall(text):
        if re.fullmatch(r"/[\w/<>-]+/", span):
            missing += (
                [] if is_page(re.sub(r"<\w+>", "1", span.replace("<kind>", "deal"))) else [span]
            )
    assert set(missing) - ELSEWHERE == set()


@pytest.mark.parametrize(
    ("about", "states"),
    [
        ("| account |", AccountState),
        ("| mailbox |", MailboxState),
        ("| entry (journal) |", Outcome),
        ("| change in the mailbox |", ChangeState),
        ("| outgoing mail |", SubmissionState),
        ("`ProviderError(code, reaction)`", Reaction),
    ],
)
def test_the_architecture_names_every_state(about: str, states: Any) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    told = re.split(r"\n(?:\||- )", text[text.index(about) :])[0]
    assert [one.value for one in states if not re.search(rf"\b{one.value}\b", told)] == []


def test_files_named_in_comments_are_there() -> None:
    missing = {}
    seen = 0
    for place, path in files().items():
        pattern = COMMENT.get(path.suffix)
        if pattern and not FOREIGN & set(place.split("/")):
            for comment in pattern.findall(path.read_text()):
                for name in FILE.findall(comment):
                    seen += 1
                    if not meant_by(name) and name not in ELSEWHERE:
                        missing[place] = name
    assert seen > 30
    assert missing == {}


def test_a_missing_name_would_be_seen() -> None:
    assert is_there("mailsync.domain.outbox.queue")
    assert not is_there("mailsync.domain.outbox.a_name_that_nobody_gave")
    assert not is_there("mailsync.domain.no_such_module")
    assert not meant_by("no/such/file.py")
