"""Static files as a browser gets them: one style sheet, whose parts are found from where it lies."""

import re
from pathlib import Path

import pytest

from common import assets
from ops.storage import StaticStorage

ADDRESS = re.compile(r'url\("([^"]+)"\)')


@pytest.fixture
def storage(tmp_path, monkeypatch):
    """Files as `bin/up` collects them."""
    storage = StaticStorage(location=tmp_path, base_url="/static/")
    monkeypatch.setattr(assets, "staticfiles_storage", storage)
    return storage


def collect_style(storage):
    """Style sheets and what they name; the scripts would take the time of the whole suite."""
    paths = [*(assets.ROOT / "css").rglob("*.css"), *(assets.ROOT / "vendor").rglob("*.woff2")]
    paths += (assets.ROOT / "vendor/tabler").rglob("*.svg")
    found = {}
    for path in paths:
        name = str(path.relative_to(assets.ROOT))
        target = Path(storage.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
        found[name] = (storage, name)
    for name, _hashed, processed in storage.post_process(found, dry_run=False):
        assert not isinstance(processed, Exception), name


def test_pages_name_one_style_sheet(storage):
    assert assets.linked_stylesheets() == (assets.JOINED,)


def test_names_in_the_joined_style_sheet_lead_to_files(storage):
    collect_style(storage)
    joined = Path(storage.path(storage.stored_name(assets.JOINED)))
    names = ADDRESS.findall(joined.read_text())
    assert len(names) > 5
    for name in names:
        assert (joined.parent / name).resolve().is_file(), name
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", name), name


def rules(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_joined_style_sheet_says_what_its_parts_say_in_their_order():
    joined = assets.joined_stylesheet()
    place = -1
    for path in assets.stylesheet_paths():
        without_comments = re.sub(
            r"/\*.*?\*/", "", (assets.ROOT / path).read_text(), flags=re.DOTALL
        )
        lines = [line for line in rules(without_comments) if "url(" not in line]
        place = joined.index(lines[0], place + 1)
        assert all(line in joined for line in lines), path
    assert "/*" not in joined
