#!/usr/bin/env python3
"""Fetches the files of other projects that we serve, and writes down what they are.

    scripts/vendor.py            all packages
    scripts/vendor.py icons      only the icons named in static/icons.txt

Each package is fetched with `npm pack` into a scratch folder; the files named in PACKAGES are
copied to `static/vendor/<name>/<version>/`. `static/vendor/VENDOR.toml` then lists every file
with its SHA-256, so that a test can tell that nothing was changed by hand.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
ICON_LIST = ROOT / "static" / "icons.txt"
INTER_SUBSETS = (
    "latin",
    "latin-ext",
    "cyrillic",
    "cyrillic-ext",
    "greek",
    "greek-ext",
    "vietnamese",
)


@dataclass(frozen=True)
class Package:
    """One package of npm: which version, under which licence, which of its files we take."""

    name: str
    package: str
    version: str
    licence: str
    purpose: str
    files: tuple[str, ...]
    folder: Path = VENDOR

    @property
    def target(self) -> Path:
        return self.folder / self.name / self.version


PACKAGES = (
    Package(
        name="htmx",
        package="htmx.org",
        version="4.0.1",
        licence="0BSD",
        purpose="Pages that change in parts",
        files=("dist/htmx.min.js", "dist/ext/hx-sse.min.js", "dist/ext/hx-preload.min.js"),
    ),
    Package(
        name="inter",
        package="@fontsource-variable/inter",
        version="5.3.0",
        licence="OFL-1.1",
        purpose="The typeface Inter",
        files=tuple(f"files/inter-{subset}-wght-normal.woff2" for subset in INTER_SUBSETS),
    ),
    Package(
        name="sortable",
        package="sortablejs",
        version="1.15.7",
        licence="MIT",
        purpose="Dragging cards on boards",
        files=("Sortable.min.js",),
    ),
    Package(
        name="combobox-nav",
        package="@github/combobox-nav",
        version="3.0.2",
        licence="MIT",
        purpose="Keyboard navigation of suggestion lists",
        files=("dist/index.js",),
    ),
    Package(
        name="roosterjs",
        package="roosterjs",
        version="9.7.0",
        licence="MIT",
        purpose="Writing mail",
        files=("dist/rooster-min.js",),
    ),
    Package(
        name="axe-core",
        package="axe-core",
        version="4.14.1",
        licence="MPL-2.0",
        purpose="Accessibility checks of the tests",
        files=("axe.min.js",),
        folder=ROOT / "tests" / "e2e" / "vendor",
    ),
)


def wanted_icons() -> tuple[str, ...]:
    lines = (line.strip() for line in ICON_LIST.read_text().splitlines())
    names = (line for line in lines if line and not line.startswith("#"))
    return tuple(
        f"icons/filled/{name.removeprefix('filled:')}.svg"
        if name.startswith("filled:")
        else f"icons/outline/{name}.svg"
        for name in names
    )


def icon_package() -> Package:
    return Package(
        name="tabler",
        package="@tabler/icons",
        version="3.51.0",
        licence="MIT",
        purpose="The icons",
        files=wanted_icons(),
    )


def fetch(package: Package) -> None:
    """Replaces the package's folder by the files of this version."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = subprocess.run(
            ["npm", "pack", "--json", f"{package.package}@{package.version}"],
            cwd=scratch,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        archive = Path(scratch) / json.loads(answer)[0]["filename"]
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        source = Path(scratch) / "package"
        shutil.rmtree(package.target.parent, ignore_errors=True)
        package.target.mkdir(parents=True)
        for name in (*package.files, "LICENSE"):
            target = package.target / local_name(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target)
            drop_source_map(target)


def drop_source_map(file: Path) -> None:
    """Takes out the line that names a map: we serve none, and the storage looks for it."""
    if file.suffix == ".js":
        text = file.read_text()
        file.write_text(re.sub(r"(?m)^//# sourceMappingURL=.*$\n?", "", text))


def local_name(name: str) -> str:
    """Icons keep their folder (outline, filled); everything else lies flat."""
    return name.removeprefix("icons/") if name.startswith("icons/") else Path(name).name


def manifest(packages: tuple[Package, ...]) -> str:
    lines = ["# Made by scripts/vendor.py; do not edit."]
    for package in packages:
        lines += [
            "",
            "[[package]]",
            f'name = "{package.name}"',
            f'package = "{package.package}"',
            f'version = "{package.version}"',
            f'licence = "{package.licence}"',
            f'purpose = "{package.purpose}"',
            f'folder = "{package.target.relative_to(ROOT)}"',
            'licence_file = "LICENSE"',
            "[package.files]",
        ]
        for path in sorted(path for path in package.target.rglob("*") if path.is_file()):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f'"{path.relative_to(package.target)}" = "{digest}"')
    return "\n".join(lines) + "\n"


def main() -> None:
    packages = (*PACKAGES, icon_package())
    only_icons = sys.argv[1:] == ["icons"]
    for package in packages:
        if package.name == "tabler" or not only_icons:
            fetch(package)
    (VENDOR / "VENDOR.toml").write_text(manifest(packages))


if __name__ == "__main__":
    main()
