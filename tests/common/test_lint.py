"""The look stays one look: what templates, styles and scripts may not contain."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from common.commands import COMMANDS, WORDS
from common.icons import SPRITE, build_sprite, listed_icons

ROOT = Path(settings.BASE_DIR)
# Folders of the checkout; the checkout itself may lie in one of that name.
LEFT_OUT = {".venv", "tests"}
TEMPLATES = sorted(
    path
    for path in ROOT.rglob("templates/**/*.html")
    if path.relative_to(ROOT).parts[0] not in LEFT_OUT
)
# Mails we send, the operators' pages (Django's), and the frame of a foreign mail follow other rules.
OTHER_RULES = {"emails", "operators", "admin"}
PAGES = [
    path
    for path in TEMPLATES
    if not OTHER_RULES & set(path.relative_to(ROOT).parts)
    and path.match("inbox/body.html") is False
]
STYLES = sorted((ROOT / "static" / "css").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def offences(paths: list[Path], pattern: str, *, flags: int = 0) -> list[str]:
    found = []
    for path in paths:
        text = path.read_text()
        if path.suffix == ".css":
            text = COMMENT.sub("", text)
        for match in re.finditer(pattern, text, flags):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {match.group(0)}")
    return found


def test_there_is_something_to_look_at():
    assert len(PAGES) > 20
    assert len(STYLES) > 15
    assert len(SCRIPTS) > 10


@pytest.mark.parametrize(
    "pattern",
    [
        r"\shx-on\b",
        r"\shx-(?:boost|ext|vars|params|disinherit|disabled-elt|request|prompt)\b",
        r"hx-(?:vals|confirm|headers)=.js:",
        r"\sdata-hx-",
        r"hx-trigger=\"[^\"]*\[",
        r"hx-swap-oob",
        r"htmx:(?:afterSwap|beforeRequest|afterRequest|responseError|configRequest)",
    ],
)
def test_templates_and_scripts_speak_htmx_4_without_eval(pattern):
    assert offences([*TEMPLATES, *SCRIPTS], pattern) == []


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        (r"\sstyle\s*=", PAGES),
        (r"<style\b", PAGES),
        # `only=` is an argument of our tags; data for scripts is no script.
        (r"\son(?!ly)[a-z]+\s*=\s*[\"']", PAGES),
        (r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))[^>]*>", PAGES),
        (r"javascript:", [*PAGES, *SCRIPTS]),
    ],
)
def test_nothing_is_inline(pattern, paths):
    assert offences(paths, pattern) == []


def test_templates_load_nothing_from_elsewhere():
    loading = (
        r"<(?:script|link|img|iframe|use|source|video|audio)\b[^>]*(?:src|href)=\"(?:https?:)?//"
    )
    assert offences(PAGES, loading) == []
    assert offences(STYLES, r"url\(\s*[\"']?(?:https?:)?//") == []


def test_colours_live_in_the_tokens():
    others = [path for path in STYLES if path.name != "tokens.css"]
    raw = r"#[0-9a-fA-F]{3,8}\b(?=[^{]*;)|\b(?:rgba?|hsla?|oklch|oklab|lab|lch)\((?!in )"
    assert offences(others, raw) == []


def test_styles_are_logical():
    physical = (
        r"(?<![\w-])(?:margin|padding|border|inset|scroll-margin|scroll-padding)-"
        r"(?:left|right|top|bottom)\b"
        r"|(?<![\w-])(?:left|right|top|bottom)\s*:"
        r"|text-align\s*:\s*(?:left|right)"
        r"|(?<![\w-])(?:min-|max-)?(?:width|height)\s*:(?![^{};]*\))"
        r"|float\s*:\s*(?:left|right)"
    )
    assert offences(STYLES, physical) == []


def test_type_is_sized_in_rem():
    assert offences(STYLES, r"font-size\s*:\s*[\d.]+px") == []


def test_every_used_token_is_defined():
    defined = set()
    for path in STYLES:
        defined |= set(re.findall(r"(--[\w-]+)\s*:", path.read_text()))
    used = {}
    for path in STYLES:
        for name in re.findall(r"var\((--[\w-]+)\s*\)", COMMENT.sub("", path.read_text())):
            used.setdefault(name, path.name)
    assert {name: file for name, file in used.items() if name not in defined} == {}


def test_every_defined_token_is_used():
    """Those that Django's own pages for operators read stand in a file of their own."""
    ours = [path for path in STYLES if path.name != "operators.css"]
    text = "\n".join(COMMENT.sub("", path.read_text()) for path in STYLES)
    defining = r"(?<=[\s{;])(--[\w-]+)\s*:"
    defined = {name for path in ours for name in re.findall(defining, path.read_text())}
    assert {name for name in defined if not re.search(rf"var\({name}\b", text)} == set()


def test_every_class_in_the_styles_is_worn():
    """By a template, a tag or a script; `block--{{ kind }}` wears every block of that name."""
    code = [
        path for path in ROOT.glob("*/**/*.py") if path.relative_to(ROOT).parts[0] not in LEFT_OUT
    ]
    text = "\n".join(path.read_text() for path in (*TEMPLATES, *SCRIPTS, *code))
    worn = set(re.findall(r"[a-z][\w-]*", text))
    made = set(re.findall(r"([a-z][\w-]*--)[{$]", text))
    by_others = {"errorlist", "nonfield", "htmx-request"}
    ours = [path for path in STYLES if path.name != "operators.css"]
    idle = {}
    for path in ours:
        for name in re.findall(r"\.([a-z][\w-]*)", COMMENT.sub("", path.read_text())):
            if not {name, name.partition("--")[0] + "--"} & (worn | made | by_others):
                idle[name] = path.name
    assert idle == {}


def test_every_named_icon_is_in_the_sprite():
    known = set(listed_icons())
    named = {}
    for path in TEMPLATES:
        text = path.read_text()
        for match in re.finditer(r"{%\s*icon\s+\"([\w-]+)\"([^%]*)%}", text):
            name = f"{match[1]}-filled" if "filled=True" in match[2] else match[1]
            named[name] = path.name
        for name in re.findall(r"icon_name=\"([\w-]+)\"", text):
            named[name] = path.name
    assert named
    assert {name: file for name, file in named.items() if name not in known} == {}


def test_every_icon_in_the_sprite_is_used():
    """Each page loads the sprite, so it holds what is named somewhere and no more."""
    code = [
        path for path in ROOT.glob("*/**/*.py") if path.relative_to(ROOT).parts[0] not in LEFT_OUT
    ]
    named = set()
    for path in (*TEMPLATES, *SCRIPTS, *code):
        named |= set(re.findall(r"[\"'#]([a-z][\w-]*)[\"']", path.read_text()))
    assert {name for name in listed_icons() if name.removesuffix("-filled") not in named} == set()


def test_the_sprite_is_what_the_list_says():
    assert SPRITE.read_text() == build_sprite()
    assert len(listed_icons()) == len(set(listed_icons()))


def test_buttons_have_a_name():
    nameless = []
    for path in PAGES:
        for match in re.finditer(r"<button\b([^>]*)>(.*?)</button>", path.read_text(), re.DOTALL):
            text = re.sub(
                r"{%\s*icon\b[^%]*%}|<svg.*?</svg>|<[^>]+>|\s", "", match[2], flags=re.DOTALL
            )
            if not text and "aria-label" not in match[1]:
                nameless.append(f"{path.relative_to(ROOT)}: {match[0][:80]}")
    assert nameless == []


def test_vendored_files_are_as_published():
    packages = tomllib.loads((ROOT / "static/vendor/VENDOR.toml").read_text())["package"]
    assert {package["name"] for package in packages} >= {"htmx", "inter", "tabler", "sortable"}
    for package in packages:
        folder = ROOT / package["folder"]
        present = {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert present == package["files"], package["name"]
        assert package["licence_file"] in present


def test_every_command_has_a_name_and_keys_of_its_own():
    ids = [command.id for command in COMMANDS]
    assert len(ids) == len(set(ids))
    keys = [(key, command.group) for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys)), "one key twice within a group"
    for command in COMMANDS:
        assert str(command.label), command.id
        assert command.keys, command.id
        assert command.icon in listed_icons(), command.id
        if command.in_fields:
            assert all(key.startswith("Mod+") for key in command.keys), command.id


def test_every_data_key_is_a_command():
    ids = {command.id for command in COMMANDS}
    used = set()
    for path in TEMPLATES:
        text = re.sub(r"<li\b[^>]*class=\"row\b[^>]*>", "", path.read_text())
        used |= set(re.findall(r"\bdata-key=\"([\w-]+)\"", text))
    assert used
    assert used - ids == set()


def test_every_key_does_something_somewhere():
    """A command is a place, a control with its name, or a script's."""
    named = set()
    for path in (*TEMPLATES, *SCRIPTS):
        text = path.read_text()
        named |= set(re.findall(r"\b(?:key|act|data_key|data_act)=\"([\w-]+)\"", text))
        named |= set(re.findall(r"handle\(\"([\w-]+)\"", text))
        named |= set(re.findall(r"^\s*\"?([\w-]+)\"?: ", text, re.MULTILINE))
    for path in ROOT.glob("*/views/*.py"):
        named |= set(re.findall(r"\"([a-z]+-[\w-]+)\"", path.read_text()))
    missing = {one.id for one in COMMANDS if not one.href and one.id not in named}
    assert missing == set()


def test_every_url_is_called_from_somewhere():
    """By its name, by the end of it where the beginning is a kind of record, or by its path."""
    code = [
        path for path in ROOT.glob("*/**/*.py") if path.relative_to(ROOT).parts[0] not in LEFT_OUT
    ]
    callers = [path for path in code if not path.name.startswith("urls")]
    text = "\n".join(path.read_text() for path in (*TEMPLATES, *SCRIPTS, *callers))
    quoted = set(re.findall(r"[\"'}:]([a-z_]+)[\"']", text))
    forgotten = []
    for path in ROOT.glob("*/urls*.py"):
        for route, name in re.findall(
            r"path\(\s*f?\"([^\"]*)\".*?name=\"(\w+)\"", path.read_text()
        ):
            ends = {name[place:] for place, letter in enumerate(name) if letter == "_"}
            fixed = route.partition("<")[0].rpartition("}")[2]
            if not {name, *ends} & quoted and (not fixed or f"/{fixed}" not in text):
                forgotten.append(f"{path.parent.name}:{name}")
    assert forgotten == []


def test_scripts_say_the_words_that_there_are():
    text = "\n".join(path.read_text() for path in SCRIPTS)
    asked = set(re.findall(r"\bword\(\s*\"(\w+)\"", text))
    assert asked - set(WORDS) == set()
    assert {name for name in WORDS if f'"{name}"' not in text} == set()


def test_scripts_import_what_there_is():
    """A name that a module does not export stops every script of the page."""
    imports = re.compile(r'^import \{([^}]+)\} from "(\.[^"]+)";', re.MULTILINE)
    found = set()
    for path in SCRIPTS:
        for names, place in imports.findall(path.read_text()):
            source = (path.parent / place).resolve().read_text()
            for name in re.findall(r"(\w+)(?: as \w+)?", names):
                if not re.search(
                    rf"^export (?:async )?(?:function|const|let|class) {name}\b",
                    source,
                    re.MULTILINE,
                ):
                    found.add(f"{path.name}: {name} from {place}")
    assert found == set()
