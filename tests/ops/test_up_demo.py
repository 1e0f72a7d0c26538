"""`bin/up --demo` from nothing to an answered mail."""

import http.client
import json
import smtplib
import sqlite3
import time
from datetime import UTC, datetime

import pytest

from ops.demo import world
from ops.demo.letters import new_message
from tests.ops.test_supervisor import wait_for
from tests.ops.test_up import Product

pytestmark = pytest.mark.servers


def count(product, query, *values):
    connection = sqlite3.connect(f"file:{product.data}/dealpost.sqlite3?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchone()[0]
    finally:
        connection.close()


def test_a_newcomer_is_let_in_reads_and_gets_an_answer(tmp_path):
    product = Product(tmp_path)
    product.start("--demo")
    try:
        began = time.monotonic()
        wait_for(
            lambda: count(product, "SELECT count(*) FROM mailsync_email") >= 200,
            seconds=60, told=product.log.read_text,
        )  # fmt: skip
        print(f"all mails came in after {time.monotonic() - began:.1f} s")

        place = json.loads((product.data / "demo.json").read_text())
        link = http.client.HTTPConnection("127.0.0.1", product.port, timeout=20)
        link.request("GET", f"/demo/{place['entry']}/")
        answer = link.getresponse()
        assert (answer.status, answer.headers["Location"]) == (302, "/")
        assert any("session" in cookie for cookie in answer.headers.get_all("Set-Cookie"))
        link.close()
        assert product.asks("/demo/wrong/") == 404

        message = new_message(
            author=world.owner().mailbox, to=["lea@blaueranker.example"],
            subject="Liefertermin", moment=datetime.now(UTC),
        )  # fmt: skip
        message.set_content("Passt es am Dienstag?")
        with smtplib.SMTP("127.0.0.1", place["smtp_port"], timeout=20) as smtp:
            smtp.login(world.owner().address, place["password"])
            smtp.send_message(message)
        replies = 'SELECT count(*) FROM mailsync_email WHERE "references" LIKE ?'
        identifier = str(message["Message-ID"]).strip("<>")
        wait_for(
            lambda: count(product, replies, f"%{identifier}%") == 1,
            seconds=30, told=product.log.read_text,
        )  # fmt: skip
    finally:
        product.stop()

    refused = product.once()
    assert refused.returncode == 1
    assert "bin/up --demo" in refused.stderr
