"""What an operator should know before people rely on an installation; shown by `check --deploy`
and, in one line each, at every start."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

# CVE-2026-1299: the email package lets a line end in a header begin a new header.
SAFE_PATCHES = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SHORTEST_SECRET = 32


@register(deploy=True)
def check_installation(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    return list(installation_messages())


def installation_messages() -> Iterator[CheckMessage]:
    yield from _about_python(sys.version_info[:3])
    yield from _about_address()
    yield from _about_secrets()
    yield from _about_data()


def _about_python(version: tuple[int, int, int]) -> Iterator[CheckMessage]:
    patch = SAFE_PATCHES.get(version[:2], 0)
    if version[2] < patch:
        running = ".".join(map(str, version))
        yield checks.Warning(
            f"Python {running} has a known hole in its mail parser (CVE-2026-1299); "
            f"{version[0]}.{version[1]}.{patch} or newer has not.",
            id="ops.W001",
        )


def _about_address() -> Iterator[CheckMessage]:
    address = urlsplit(settings.SITE_URL)
    is_local = address.hostname in LOOPBACK
    if not is_local and address.scheme != "https":
        yield checks.Warning(
            "DEALPOST_URL is not https: passwords and mails travel in the clear.", id="ops.W002"
        )
    if not is_local and settings.DEBUG:
        yield Error("DEALPOST_DEBUG shows the inside of the program to visitors.", id="ops.E001")
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("DEALPOST_HOSTS must name the hosts, not *.", id="ops.E002")
    if not is_local and settings.DEMO:
        yield Error("A demo lets everybody in; it must stay on this machine.", id="ops.E003")


def _about_secrets() -> Iterator[CheckMessage]:
    if len(settings.SECRET_KEY) < SHORTEST_SECRET:
        yield Error("DEALPOST_SECRET_KEY is too short to be a secret.", id="ops.E004")
    if any(len(key) < SHORTEST_SECRET for key in settings.VAULT_KEYS):
        yield Error("A key in DEALPOST_VAULT_KEYS is too short to be a secret.", id="ops.E005")


def _about_data() -> Iterator[CheckMessage]:
    folder = settings.DATA_DIR
    if folder.exists() and folder.stat().st_mode & 0o077:
        yield checks.Warning(
            f"Other users of this machine can look into the data folder; run: chmod 700 {folder}",
            id="ops.W003",
        )
