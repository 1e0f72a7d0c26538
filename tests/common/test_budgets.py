"""How much a first visit and a fragment weigh over the line (gzip -6, as a proxy packs them)."""

import gzip
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from common.assets import joined_stylesheet
from mailsync.models import MailAccount
from tests.factories.mail import make_thread

STATIC = Path(settings.BASE_DIR) / "static"
ENTRY = STATIC / "js" / "app.js"
IMPORT = re.compile(r"^(?:import|export)\b[^;\"']*[\"'](\.[^\"']+\.js)[\"']", re.MULTILINE)
KB = 1024
# Of the first page, in KB. A phone on a slow line has it within a second or two.
BUDGET = {"html": 20, "css": 20, "js": 40, "font": 48}


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 6))


def modules(path: Path, seen: set[Path]) -> Iterator[Path]:
    """The script and what it imports at once; what `import()` fetches comes later."""
    if path in seen:
        return
    seen.add(path)
    yield path
    for name in IMPORT.findall(path.read_text()):
        yield from modules((path.parent / name).resolve(), seen)


@pytest.fixture
def client(account: MailAccount, signed_in: Any) -> Client:
    for number in range(60):
        make_thread(
            account,
            f"Offer {number} for the bicycles of the northern depot",
            at=timezone.now() - timedelta(hours=number),
            sender=(f"Ada Byron {number}", f"ada{number}@acme.example"),
        )
    client = Client()
    client.force_login(account.owner)
    return client


def test_first_page_stays_within_its_budget(client: Client) -> None:
    html = packed(client.get("/mail/inbox/").content)
    css = packed(joined_stylesheet().encode())
    scripts = [*modules(ENTRY, set()), *STATIC.glob("vendor/htmx/*/*.min.js")]
    js = sum(packed(path.read_bytes()) for path in scripts)
    font = next(STATIC.glob("vendor/inter/*/inter-latin-wght-normal.woff2")).stat().st_size
    sizes = {"html": html, "css": css, "js": js, "font": font}
    over = {name: size / KB for name, size in sizes.items() if size > BUDGET[name] * KB}
    assert not over, over


def test_fragment_stays_within_its_budget(client: Client) -> None:
    page = client.get("/mail/inbox/").content.decode()
    older = re.search(r'"[^"]*(\?[^"]*after=[^"]+)"', page)
    assert older, "sixty conversations are two pages"
    path = "/mail/inbox/" + older[1].replace("&amp;", "&")
    answer = client.get(path, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert b"<html" not in answer.content
    assert packed(answer.content) <= 15 * KB
