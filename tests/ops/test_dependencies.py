import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ["base", "demo", "dev"]


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def wanted():
    content = project()
    groups = content["dependency-groups"]
    base = content["project"]["dependencies"]
    return {
        "base": base,
        "demo": base + groups["demo"],
        "dev": base + groups["demo"] + groups["dev"],
    }


def locked(layer):
    text = (ROOT / "requirements" / f"{layer}.txt").read_text()
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_lock_holds_what_the_project_wants(layer):
    pins = locked(layer)
    for text in wanted()[layer]:
        requirement = Requirement(text)
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not locked: run bin/lock"
        assert requirement.specifier.contains(version), f"{text} is locked as {version}"


def test_the_locks_agree():
    """One .venv serves all three, so they must name the same versions."""
    base, demo, dev = (locked(layer) for layer in LAYERS)
    assert base.items() <= demo.items() <= dev.items()


@pytest.mark.parametrize("layer", LAYERS)
def test_the_lock_names_no_host_and_no_path(layer):
    text = (ROOT / "requirements" / f"{layer}.txt").read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "/work" not in text
    assert "--index" not in text


def test_every_dependency_says_why_it_is_here():
    named = {canonicalize_name(Requirement(text).name) for text in wanted()["dev"]}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    told = re.findall(r"^\| ([a-z0-9][a-z0-9.-]*) \| (\S.*) \|$", page, re.MULTILINE)
    assert {name for name, _ in told} == named


def test_every_variable_is_documented():
    read = set()
    for path in (ROOT / "config").glob("*.py"):
        read |= set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", path.read_text()))
    page = (ROOT / "docs" / "configuration.md").read_text()
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert told == read
