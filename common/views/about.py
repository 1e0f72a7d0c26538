"""Whose work this product is built on."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

MANIFEST = Path(settings.BASE_DIR) / "static" / "vendor" / "VENDOR.toml"


@login_not_required
@require_GET
def licences(request: HttpRequest) -> HttpResponse:
    return render(request, "common/licences.html", {"packages": served_packages()})


@lru_cache(maxsize=1)
def served_packages() -> list[dict[str, Any]]:
    """The vendored packages that reach browsers, each with the text of its licence."""
    packages = tomllib.loads(MANIFEST.read_text())["package"]
    return [
        {**package, "text": (folder / package["licence_file"]).read_text()}
        for package in packages
        if (folder := Path(settings.BASE_DIR) / package["folder"]).is_relative_to(MANIFEST.parent)
    ]
