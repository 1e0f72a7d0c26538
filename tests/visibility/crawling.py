"""Opens every page that a user can open: the URLs of the product, and what those pages link to."""

import re
from collections.abc import Iterable
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from common.opaque import OpaqueConverter, seal
from tests.accidents import without_accidents

# A stream that does not end, and the acts of leaving.
NOT_OPENED = re.compile(r"^/(events|logout|static|media)/")
# Values for what is neither a number nor a key.
WORDS = {"box": "all", "act": "star", "token": "no-such-token", "section": "2", "kind": "person"}
LINK = re.compile(rb'(?:href|hx-get|src|data-url|action)="(/[^"]*)"')
LONGEST_WALK = 120


def patterns() -> Iterable[tuple[str, dict[str, Any]]]:
    """Every route that is no operators' page, with the converters of its arguments."""

    def walk(found: Any, route: str, converters: dict[str, Any]) -> Iterable[Any]:
        for one in found:
            full = route + str(one.pattern)
            known = {**converters, **getattr(one.pattern, "converters", {})}
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, full, known)
            elif isinstance(one, URLPattern):
                yield full, known

    for route, converters in walk(get_resolver().url_patterns, "/", {}):
        if not route.startswith("/operator/"):
            yield route, converters


def paths(numbers: Iterable[int]) -> list[str]:
    """Every route of the product, with each of these numbers where it takes one."""
    found = []
    for route, converters in patterns():
        for number in numbers if converters else [0]:
            path = route
            for name, converter in converters.items():
                path = re.sub(rf"<[^<>]*\b{name}>", _value(name, converter, number), path)
            found.append(path)
    return list(dict.fromkeys(path for path in found if "<" not in path))


def _value(name: str, converter: Any, number: int) -> str:
    if isinstance(converter, OpaqueConverter):
        return seal(converter.kind, number)
    if type(converter).__name__ == "IntConverter":
        return str(number)
    return WORDS.get(name) or str(next(iter(re.split(r"[|]", converter.regex))))


def body_of(response: Any) -> bytes:
    head = repr(sorted(response.headers.items())).encode() if response.status_code < 400 else b""
    content = b"".join(response) if response.streaming else response.content
    return without_accidents(content) + re.sub(rb"'Set-Cookie'[^)]*|'X-Request-Id'[^)]*", b"", head)


def crawl(client: Client, starts: Iterable[str]) -> dict[str, tuple[int, bytes]]:
    """Path -> status and answer: of the given pages, and of all they lead to, one step further."""
    answers: dict[str, tuple[int, bytes]] = {}
    starts = list(starts)
    queue = list(starts)
    while queue and len(answers) < LONGEST_WALK + len(starts):
        path = queue.pop(0)
        if path in answers or NOT_OPENED.match(path):
            continue
        response = client.get(path)
        answers[path] = (response.status_code, body_of(response))
        if path in starts and response.status_code == 200:
            queue += links_in(response, path)
    return answers


def links_in(response: Any, path: str) -> list[str]:
    if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
        return []
    found = (unescape(link.decode()) for link in LINK.findall(response.content))
    absolute = (urlsplit(urljoin(path, link)) for link in found)
    return [one.path + (f"?{one.query}" if one.query else "") for one in absolute]
