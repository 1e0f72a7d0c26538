"""Every module of the layers that think has its tests where one looks for them.

That is its twin (`mailsync/domain/threads.py`, `tests/mailsync/domain/test_threads.py`) or a test
that imports it. What is only met by way of something else stands in the table, with that test.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LAYERS = ("common/*.py", "*/domain/**/*.py", "mailsync/mime/*.py", "mailsync/providers/*.py")
MET_BY = {
    "common/context.py": "crm/views/test_acts.py",
    "common/forms.py": "crm/views/test_acts.py",
    "crm/domain/arrangement.py": "crm/views/test_arrangement.py",
    "crm/domain/gathering.py": "crm/domain/test_persons.py",
    "crm/domain/live.py": "crm/views/test_acts.py",
    "crm/domain/queries/cards.py": "crm/views/test_pages.py",
    "crm/domain/queries/choices.py": "crm/views/test_acts.py",
    "crm/domain/queries/details.py": "crm/views/test_pages.py",
    "crm/domain/queries/seen.py": "crm/views/test_queries.py",
    "inbox/domain/first_steps.py": "users/test_welcome.py",
    "inbox/domain/labels.py": "inbox/test_triage_more.py",
    "inbox/domain/queries/conversation.py": "inbox/test_pages.py",
    "inbox/domain/quoting.py": "inbox/domain/test_compose.py",
    "inbox/domain/reading.py": "inbox/test_pages.py",
    "inbox/domain/search_query.py": "inbox/domain/test_search.py",
    "inbox/domain/search_source.py": "inbox/test_search_pages.py",
    "mailsync/domain/collector.py": "mailsync/domain/test_sync.py",
    "mailsync/domain/first_steps.py": "users/test_welcome.py",
    "mailsync/domain/mailboxes.py": "mailsync/domain/test_sync.py",
    "mailsync/domain/outbox_news.py": "mailsync/domain/test_outbox.py",
    "mailsync/domain/quarantine.py": "mailsync/views/test_diagnostics.py",
    "mailsync/domain/waiting.py": "mailsync/domain/test_sync.py",
    "mailsync/mime/limits.py": "mailsync/mime/test_bombs.py",
    "mailsync/providers/imap_mailboxes.py": "mailsync/providers/test_imap_hostile.py",
    "mailsync/providers/imap_sign_in.py": "mailsync/providers/test_imap_hostile.py",
    "mailsync/providers/imap_text.py": "mailsync/providers/test_imap_hostile.py",
    "mailsync/providers/imap_wire.py": "mailsync/providers/test_imap_hostile.py",
    "mailsync/providers/registry.py": "mailsync/domain/test_outbox_dialogues.py",
    "users/domain/letters.py": "users/test_people.py",
    "users/domain/sessions.py": "users/test_passwords.py",
}


@cache
def texts() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in ROOT.glob("tests/**/*.py")}


@cache
def imported() -> frozenset[str]:
    """What tests import, as dotted names: `a.b` and `a.b.c` for `from a.b import c`."""
    found = set()
    for text in texts().values():
        for module, one, several in re.findall(
            r"^\s*from ([\w.]+) import (?:\(([^)]*)\)|([^\n]*))", text, re.MULTILINE
        ):
            found.add(module)
            found |= {f"{module}.{name}" for name in re.findall(r"\w+", one or several)}
        found |= set(re.findall(r"^\s*import ([\w.]+)", text, re.MULTILINE))
    return frozenset(found)


def modules() -> list[str]:
    found = {str(path.relative_to(ROOT)) for layer in LAYERS for path in ROOT.glob(layer)}
    without_logic = ("__init__.py", "common/apps.py", "common/urls.py")
    return sorted(name for name in found if not name.endswith(without_logic))


def is_tested_by_name(module: str) -> bool:
    path = Path(module)
    app = path.parts[0]
    twins = {f"tests/{path.parent}/test_{path.name}", f"tests/{app}/test_{path.name}"}
    dotted = module.removesuffix(".py").replace("/", ".")
    return bool(twins & set(texts())) or dotted in imported()


def test_every_module_is_tested_by_name_or_in_the_table() -> None:
    assert len(modules()) > 150
    missing = [name for name in modules() if not is_tested_by_name(name) and name not in MET_BY]
    assert missing == []


def test_the_table_is_about_modules_that_are_there() -> None:
    assert set(MET_BY) - set(modules()) == set()


@pytest.mark.parametrize(("module", "test"), MET_BY.items())
def test_what_the_table_names_is_there(module: str, test: str) -> None:
    assert (ROOT / "tests" / test).is_file()
