"""The contrast of the tokens, computed as WCAG 2 does, in both themes."""

import math
import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
PAIR = re.compile(r"(--[\w-]+): light-dark\(oklch\(([^)]+)\), oklch\(([^)]+)\)\);")
VALUES = {name: (light, dark) for name, light, dark in PAIR.findall(TOKENS)}

TEXT = 4.5
SIGN = 3.0
PAIRS = [
    *(
        (text, ground, TEXT)
        for text in ("--text", "--text-2")
        for ground in (
            "--bg-canvas",
            "--bg-surface",
            "--bg-raised",
            "--bg-sunken",
            "--bg-hover",
            "--bg-selected",
            "--bg-checked",
        )
    ),
    *(
        ("--text-3", ground, TEXT)
        for ground in (
            "--bg-canvas",
            "--bg-surface",
            "--bg-raised",
            "--bg-sunken",
            "--bg-hover",
            "--bg-checked",
        )
    ),
    *(
        ("--accent-text", ground, TEXT)
        for ground in (
            "--bg-canvas",
            "--bg-surface",
            "--bg-selected",
            "--accent-soft",
        )
    ),
    *(
        ("--on-accent", fill, TEXT)
        for fill in (
            "--accent",
            "--accent-hover",
            "--success",
            "--danger",
            "--info",
        )
    ),
    *(
        (f"--{state}-text", f"--{state}-soft", TEXT)
        for state in ("success", "warning", "danger", "info")
    ),
    *(
        (f"--{state}-text", "--bg-surface", TEXT)
        for state in ("success", "warning", "danger", "info")
    ),
    ("--on-inverse", "--bg-inverse", TEXT),
    ("--on-inverse-link", "--bg-inverse", TEXT),
    *(
        ("--line-control", ground, SIGN)
        for ground in ("--bg-surface", "--bg-canvas", "--bg-sunken")
    ),
    *(("--focus", ground, SIGN) for ground in ("--bg-surface", "--bg-canvas", "--bg-selected")),
    *(("--accent", ground, SIGN) for ground in ("--bg-surface", "--bg-canvas")),
]


def luminance(value: str) -> float:
    """Relative luminance of `L% C H`, by way of OKLab and linear sRGB."""
    lightness, chroma, hue = value.replace("%", "").split()[:3]
    light, angle = float(lightness) / 100, math.radians(float(hue))
    a, b = float(chroma) * math.cos(angle), float(chroma) * math.sin(angle)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    inside = [min(max(channel, 0.0), 1.0) for channel in (red, green, blue)]
    return 0.2126 * inside[0] + 0.7152 * inside[1] + 0.0722 * inside[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_what_is_known():
    assert contrast("100% 0 0", "0% 0 0") == pytest.approx(21, abs=0.01)
    # Published for --text on --bg-surface, light.
    assert contrast("23% 0.02 265", "100% 0 0") == pytest.approx(16.88, abs=0.1)


@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast_is_enough(front, ground, least, theme):
    assert contrast(VALUES[front][theme], VALUES[ground][theme]) >= least


@pytest.mark.parametrize("hue", re.findall(r"--hue-\w+: (\d+);", TOKENS))
def test_every_hue_of_labels_is_readable(hue):
    assert contrast(f"94.5% 0.04 {hue}", f"40% 0.1 {hue}") >= TEXT
    assert contrast(f"30% 0.055 {hue}", f"86% 0.08 {hue}") >= TEXT
