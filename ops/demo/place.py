"""Where the demo keeps what it needs: ports, the password of its one mailbox, the way in."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    imap_port: int
    smtp_port: int
    password: str
    entry: str


def marker(folder: Path) -> Path:
    return folder / "demo.json"


def mail_folder(folder: Path) -> Path:
    return folder / "demo-mail"


def make_place(folder: Path, *, imap_port: int, smtp_port: int) -> Place:
    place = Place(imap_port, smtp_port, secrets.token_urlsafe(16), secrets.token_urlsafe(16))
    path = marker(folder)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(place)))
    return place


def read_place(folder: Path) -> Place:
    return Place(**json.loads(marker(folder).read_text()))
