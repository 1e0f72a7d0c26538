"""What the program may not contain, read from its syntax: ways to content, ways out, ways to make
markup. Each exception has its name here, so a new one is a decision."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from celery import current_app
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("users", "sharing", "notifications", "crm", "mailsync", "inbox", "ops", "common", "config")
CODE = sorted(
    path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(syntax(path)) if isinstance(node, ast.Call)]


@cache
def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_there_is_something_to_look_at() -> None:
    assert len(CODE) > 250
    assert "inbox.views.threads" in map(name_of, CODE)


# --- Markup ----------------------------------------------------------------------------------


def test_markup_is_made_in_few_places() -> None:
    """Elsewhere a text is escaped by the template that shows it."""
    made = {
        name_of(path)
        for path in CODE
        for node in calls(path)
        if called(node) in {"mark_safe", "SafeString", "SafeText"}
    }
    assert made == {
        "common.templatetags.ui",  # constants
        "inbox.templatetags.inbox",  # an attribute that is a constant; text_to_html, which cleans
        "inbox.views.bodies",  # mime.html.clean, for the closed frame
        "inbox.views.window",  # JSON that cannot end its element
    }


def test_templates_escape() -> None:
    """Help texts of fields are ours, with links in them."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in TEMPLATES
        for match in re.finditer(r"[\w.]*\|\s*safe(?:seq)?\b|autoescape\s+off", path.read_text())
        if match[0] != "field.help_text|safe"
    ]
    assert found == []


def test_no_template_is_made_of_a_text() -> None:
    """Of what users write fields are put in by name (inbox.domain.fields)."""
    made = {
        f"{name_of(path)}: {called(node)}"
        for path in CODE
        for node in calls(path)
        if called(node).rpartition(".")[2] in {"Template", "from_string"}
    }
    assert made == set()


def test_nothing_that_was_typed_is_run_or_unpacked() -> None:
    names = {"eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "pickle.loads"}
    assert {
        name_of(path) for path in CODE for node in calls(path) if called(node) in names
    } == set()
    modules = {"pickle", "marshal", "shelve", "dill", "yaml"}
    assert {name_of(p) for p in CODE for one in imported(p) if one in modules} == set()
    shells = [
        name_of(path)
        for path in CODE
        for node in calls(path)
        for given in node.keywords
        if given.arg == "shell"
    ]
    assert shells == []


# --- Ways out ---------------------------------------------------------------------------------

WAYS_OUT = re.compile(
    r"(requests|httpx|aiohttp|urllib3?|urllib\.request|socket|ssl|imaplib|smtplib|poplib|ftplib"
    r"|http\.client|imapclient|aiosmtplib|dns|telnetlib)(\..*)?"
)
NO_WAY_OUT = ("urllib.parse", "imapclient.imap_utf7", "urllib")
# Who opens no connection, or opens it by common.net.safe_connect alone.
WITH_SOCKETS = {
    "common.net": "the judge itself",
    "inbox.domain.pictures": "HTTP over safe_connect",
    "mailsync.domain.leases": "the name of this machine",
    "mailsync.providers.discovery": "HTTP over safe_connect; questions to the system's resolver",
    "mailsync.providers.imap_idle": "errors of a connection that it is given",
    "mailsync.providers.stream": "bytes over a connection that it is given",
    "mailsync.watcher": "a pair that wakes its own loop",
    "ops.management.commands.up": "whether our own page answers",
    "ops.management.commands.web": "the port that is listened on",
    "ops.running.listening": "the port that is listened on",
}


def test_connections_are_opened_by_the_judge() -> None:
    found = {
        name_of(path)
        for path in CODE
        for one in imported(path)
        if WAYS_OUT.fullmatch(one) and not one.startswith(NO_WAY_OUT[:2]) and one != "urllib"
    }
    assert found == set(WITH_SOCKETS)


def test_nobody_connects_but_the_judge() -> None:
    ways = {"connect_ex", "create_connection", "open_connection", "urlopen", "urlretrieve"}
    found = {
        name_of(path)
        for path in CODE
        for node in calls(path)
        if called(node).rpartition(".")[2] in ways or called(node) == "socket.socket"
    }
    # The command that serves pages takes over an open port; it connects to nothing.
    assert found == {"common.net", "ops.management.commands.web", "ops.running.listening"}


# --- Ways to mail -----------------------------------------------------------------------------

MAIL = {"Thread", "Email", "Attachment", "EmailBody", "ThreadAddress", "SearchEntry"}
DOORS = ("visible_to", "of_accounts_of", "usable_by", "belonging_to")
# Views and forms that name mail without a door in the same expression, and why they may.
BEHIND_A_DOOR = {
    "inbox.views.bodies.raw": "in threads that of_accounts_of has given",
    "inbox.views.bodies.inline_picture": "of an email that visible_to has given",
    "inbox.views.bodies.visible_attachment": "visible_to inside",
    "inbox.views.joins.split": "of a thread that of_accounts_of has given",
    "inbox.views.joins.move": "of a thread that of_accounts_of has given",
    "inbox.views.joins._merge": "of threads that of_accounts_of has given",
}


def statements(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Each simple statement with the name of its function."""
    for function in ast.walk(syntax(path)):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.stmt) and not hasattr(node, "body"):
                    yield f"{name_of(path)}.{function.name}", node


def test_pages_come_to_mail_by_a_door() -> None:
    pages = [p for p in CODE if {"views", "forms", "templatetags"} & {*p.parts, p.stem}]
    found = set()
    for path in pages:
        for name, statement in statements(path):
            text = ast.unparse(statement)
            if re.search(rf"\b({'|'.join(MAIL)})\.objects\b", text) and not any(
                f".{door}(" in text for door in DOORS
            ):
                found.add(name)
    assert found - {"inbox.views.bodies.visible_attachment"} == set(BEHIND_A_DOOR) - {
        "inbox.views.bodies.visible_attachment"
    }


def test_apps_below_know_no_mail() -> None:
    below = [path for path in CODE if path.relative_to(ROOT).parts[0] in APPS[:4]]
    assert {name_of(p) for p in below for one in imported(p) if one.startswith("mailsync")} == set()


def test_no_filter_is_made_of_a_request() -> None:
    """`filter(**request.GET)` would answer questions about every column."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in CODE
        for node in calls(path)
        for given in node.keywords
        if given.arg is None and re.search(r"request|\b(GET|POST|data)\b", ast.unparse(given.value))
    ]
    assert found == []


def test_no_page_is_kept_for_others() -> None:
    words = re.compile(r"\bcache_page\b|{%\s*cache\b|UpdateCacheMiddleware|public=True")
    assert [str(p) for p in (*CODE, *TEMPLATES) if words.search(p.read_text())] == []


# --- Bells -------------------------------------------------------------------------------------


def test_tasks_take_ids() -> None:
    """And names of a kind of record or of a queue, which are ours. A broker is read by more eyes
    than the database."""
    given = {}
    for path in CODE:
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.FunctionDef) and any(
                "shared_task" in ast.unparse(one) for one in node.decorator_list
            ):
                for one in node.args.args:
                    given[f"{node.name}.{one.arg}"] = ast.unparse(one.annotation or ast.Constant(0))
    words = {name for name, kind in given.items() if kind not in {"int", "list[int]"}}
    assert len(given) > 12
    assert words == {"ask_again_about.kind", "tick.queue"}
    assert {name for name in given if not name.endswith(("_id", "_ids"))} == words
    ours = [name for name in current_app.tasks if not name.startswith("celery.")]
    assert len(ours) > 20
    assert all(current_app.tasks[name].ignore_result for name in ours)


# --- Time --------------------------------------------------------------------------------------


def test_patterns_over_mail_do_not_run_away() -> None:
    """No repeat without a bound beside another that fits the same, and none inside one: eight
    kilobytes of spaces would hold a worker for minutes."""
    atom = r"(?:\\?.|\[\^?[^\]]*\])"
    runaway = re.compile(
        r"(?:\\s|\.|\[\^[^\]]*\])[*+](?:\\s|\.|\[ \\t\])[*+]" rf"|\((?:\?:)?{atom}[*+]\)[*+]"
    )
    found = []
    for path in CODE:
        if not {"mime", "domain", "providers"} & set(path.parts):
            continue
        for node in calls(path):
            if called(node).startswith("re.") and node.args:
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str | bytes):
                        text = part.value if isinstance(part.value, str) else part.value.decode()
                        if runaway.search(text):
                            found.append(f"{name_of(path)}:{node.lineno}: {text}")
    assert found == []
    assert runaway.search(r"On .*\s*wrote:")
    assert runaway.search(r"(a+)+$")


# --- Secrets ------------------------------------------------------------------------------------


SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\n"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|\bsk_live_[A-Za-z0-9]{16,}"
)


def test_no_secret_lies_in_the_tree() -> None:
    files = [
        path
        for app in (*APPS, "tests", "docs", "bin", "scripts", "static", "templates", "benchmarks")
        for path in (ROOT / app).rglob("*")
        if path.is_file() and path.stat().st_size < 1_000_000 and "__pycache__" not in path.parts
    ]
    assert len(files) > 500
    found = [
        str(path.relative_to(ROOT))
        for path in files
        if SECRETS.search(path.read_text(errors="replace")) and path != Path(__file__)
    ]
    assert found == []
