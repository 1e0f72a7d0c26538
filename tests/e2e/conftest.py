"""A real browser against a live server. Only Chromium is driven; see docs/frontend.md."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, RLock
from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.servers.basehttp import ServerHandler
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from mailsync.models import MailAccount
from tests.e2e.writing import EDITOR
from users.models import User

# Playwright's sync interface runs an event loop in this thread, where Django refuses queries.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

AXE = next((Path(__file__).parent / "vendor" / "axe-core").glob("*/axe.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
# The live server of the tests is no ASGI server, so live events fail there as they do behind one
# that cannot stream; the page then polls.
EXPECTED = ("/events/",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": shutil.which("chromium"),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """The page; the test fails on script errors, console errors and policy violations."""
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        where = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(part in where for part in EXPECTED):
            faults.append(where)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", on_console)
    page.add_init_script(WATCH)
    yield page
    assert faults == []
    assert page.evaluate("window.__violations ?? []") == []


@pytest.fixture
def axe_faults() -> Callable[..., list[Any]]:
    """`axe_faults(page)`: what is hard to reach in the page or in its part `root`. `rules` are
    names of single rules, where not all of them are asked."""
    source = AXE.read_text()

    def faults(page: Page, root: str = "html", *, rules: list[str] | None = None) -> list[Any]:
        # Colours in the middle of a fade are not the colours of the page.
        page.evaluate(
            """() => Promise.race([
              Promise.allSettled(document.getAnimations()
                .filter((one) => one.effect.getTiming().iterations !== Infinity)
                .map((one) => one.finished)),
              // One that is held, or drawn by nobody, never ends.
              new Promise((done) => setTimeout(done, 3000)),
            ])"""
        )
        page.evaluate(source)
        found: list[Any] = page.evaluate(
            """([root, rules]) => axe.run(root, {runOnly: rules}).then((result) =>
              result.violations.map((one) => [one.id, one.nodes.map((node) => node.target.join(" "))]))""",
            [root, {"type": "rule", "values": rules} if rules else RULES],
        )
        return found

    return faults


@pytest.fixture
def axe(axe_faults: Callable[..., list[Any]]) -> Callable[..., None]:
    """`axe(page)` finds no accessibility fault in the page or in the part `root`."""

    def check(page: Page, root: str = "html") -> None:
        assert axe_faults(page, root) == []

    return check


@pytest.fixture
def signed_in(live_server: Any) -> Callable[[Page, User], Page]:
    """`signed_in(page, user)` gives the page the session of that user."""

    def enter(page: Page, user: User) -> Page:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        return page

    return enter


@pytest.fixture
def writing(
    watched: Page,
    live_server: Any,
    signed_in: Callable[..., Page],
    alice: User,
    account: MailAccount,
) -> Page:
    """A new mail on its page, ready to write in."""
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/compose/?to=ada@acme.example&subject=Offer")
    expect(page.locator(EDITOR)).to_be_visible()
    page.locator(EDITOR).click()
    return page


class Requests:
    """What the live server is answering."""

    def __init__(self) -> None:
        self.turn = RLock()
        self.under_way = 0
        self._change = Condition()

    def has_ended(self, seconds: float) -> bool:
        with self._change:
            return self._change.wait_for(lambda: not self.under_way, seconds)

    def count(self, number: int) -> None:
        with self._change:
            self.under_way += number
            self._change.notify_all()


@pytest.fixture(scope="session", autouse=True)
def live_requests() -> Iterator[Requests]:
    """One request at a time: the live server's threads share the one connection of the tests'
    database, and SQLite ends no transaction while another of its statements is under way."""
    requests = Requests()
    answer, run = BaseHandler.get_response, ServerHandler.run

    def in_turn(self: BaseHandler, request: Any) -> Any:
        with requests.turn:
            return answer(self, request)

    def counted(self: ServerHandler, application: Any) -> None:
        requests.count(1)
        try:
            run(self, application)
        finally:
            requests.count(-1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseHandler, "get_response", in_turn)
        patch.setattr(ServerHandler, "run", counted)
        yield requests


@pytest.fixture(autouse=True)
def nothing_under_way_at_the_end(
    request: pytest.FixtureRequest, live_requests: Requests
) -> Iterator[None]:
    """A page asks by itself, and what it asks for must not write while the test's rows go."""
    if not {"live_server", "page"} <= set(request.fixturenames):
        yield
        return
    # Set up before, so torn down after this one.
    request.getfixturevalue("live_server")
    browser: Browser = request.getfixturevalue("browser")
    yield
    for context in browser.contexts:
        for page in context.pages:
            page.close()
    # What was sent in the page's last moment may not have begun.
    time.sleep(0.05)
    assert live_requests.has_ended(20)
