"""Mails in folders on the disk, as the demo's mail server reads them."""

import os
import time
import uuid
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from ops.demo.letters import Letter

FOLDERS = ["Sent", "Drafts", "Archive", "Junk", "Trash"]


def make_folders(root: Path) -> None:
    for folder in [root, *(root / name for name in FOLDERS)]:
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        if folder != root:
            (folder / "maildirfolder").touch()


def fill(root: Path, letters: Iterable[Letter]) -> None:
    for letter in letters:
        deliver(
            root, letter.content, folder=letter.folder, flags=letter.flags, moment=letter.moment
        )


def deliver(
    root: Path,
    message: EmailMessage,
    *,
    folder: str = "INBOX",
    flags: str = "",
    moment: datetime | None = None,
) -> None:
    """Written aside and renamed, so that nobody reads half a mail."""
    place = root if folder == "INBOX" else root / folder
    seconds = moment.timestamp() if moment else time.time()
    name = f"{int(seconds)}.{uuid.uuid4().hex}.demo"
    draft = place / "tmp" / name
    draft.write_bytes(message.as_bytes(policy=SMTP))
    # The file's time is what the server gives as the moment of arrival.
    os.utime(draft, (seconds, seconds))
    draft.rename(place / "cur" / f"{name}:2,{''.join(sorted(flags))}")
