"""The whole product under its supervisor, killed piece by piece in the middle of a first sync: at
the end every message is there once."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.factories.messages import message
from tests.ops.test_supervisor import wait_for
from tests.ops.test_up import Product
from tests.servers.dovecot import Dovecot, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]

ROOT = Path(__file__).resolve().parents[2]
MAILS = 1000
TEXT = "We thank you for your offer and have three questions about the delivery.\n" * 300
SECONDS = 240


def emails(product: Product) -> int:
    """How many mails are stored, read beside the running product."""
    database = sqlite3.connect(f"file:{product.data}/dealpost.sqlite3?mode=ro", uri=True)
    try:
        number: int = database.execute("SELECT count(*) FROM mailsync_email").fetchone()[0]
        return number
    finally:
        database.close()


def command(product: Product, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.servers.sync_process", *arguments],
        cwd=ROOT,
        env=product.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    return ended.stdout


def kill(product: Product, *names: str) -> None:
    processes = product.processes()
    for name in names:
        os.kill(processes[name]["pid"], signal.SIGKILL)


def kill_the_rest(product: Product) -> None:
    kill(product, "web", "worker", "beat", "watch")


def kill_the_sync(product: Product) -> None:
    kill(product, "sync")


def lose_supervisor(product: Product) -> None:
    product.process.kill()
    product.process.wait()


def restart(product: Product) -> None:
    product.stop()


def test_first_sync_outlives_the_death_of_each_process(dovecot: Dovecot, tmp_path: Path) -> None:
    user = dovecot.new_user()
    for number in range(MAILS):
        answers = number - 1 if number % 4 else None
        dovecot.deliver(user, message(number, to=user, answers=answers, text=TEXT))
    product = Product(tmp_path)
    product.environment |= {
        "DEALPOST_PRIVATE_NETWORKS": "127.0.0.0/8",
        "DEALPOST_MAIL_PORTS": str(dovecot.port),
    }
    command(product, "prepare", user, str(dovecot.port))
    acts: list[Callable[[Product], None]] = [
        kill_the_rest,
        kill_the_sync,
        lose_supervisor,
        restart,
    ]
    killed_at = []
    try:
        product.launch()
        until, seen = time.monotonic() + SECONDS, 0
        while (seen < MAILS or acts) and time.monotonic() < until:
            if product.process.poll() is not None:
                # Also refused, while the children of a lost supervisor hold the port.
                time.sleep(0.5)
                product.launch()
            now = emails(product)
            if now > seen and acts:
                killed_at.append(now)
                acts.pop(0)(product)
            seen = now
            time.sleep(0.01)
        assert acts == [], f"not killed often enough: {killed_at}; {product.log.read_text()}"
        # Each -9 came in the middle; the restart may find it done, as stopping ends a slice first.
        assert killed_at[2] < MAILS
        wait_for(lambda: is_whole(product), seconds=90, told=product.log.read_text)
    finally:
        if product.process and product.process.poll() is None:
            product.stop()
    print(f"killed at {killed_at} of {MAILS} mails")


def is_whole(product: Product) -> bool:
    """Everything once, the account in good order, `mail_check` clean with every byte read."""
    whole = {"emails": MAILS, "stored": MAILS, "error": "", "findings": []}
    return bool(json.loads(command(product, "report")) == whole)
