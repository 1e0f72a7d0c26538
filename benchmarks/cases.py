"""What the scores of all sets share: how cases are loaded and compared."""

import json
import re

Case = tuple[str, bool, str]


def squeeze(text):
    return re.sub(r"\s+", "", text or "")


def load(folder, name):
    path = folder / name
    return json.loads(path.read_text()) if path.exists() else {}


def text_of(path):
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
