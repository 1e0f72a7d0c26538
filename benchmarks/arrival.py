"""From a delivery on the mail server to the page that shows it, stage by stage.

    python -m benchmarks.arrival --deliveries 20

Starts a private Dovecot and the whole product as `bin/up` does, connects one account, and opens
the stream of events as a browser does. For each delivery it prints the medians of: until the
mail is stored (the server's own delay, the watcher, the queue, a sync round), until the browser
is told, and until the list has been asked for and shows the mail. Dovecot collects changes for
half a second before it speaks, so no figure of ours is below that.
"""

import argparse
import http.client
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.ops.test_up import Product
from tests.servers.dovecot import PASSWORD, Dovecot

STORED, TOLD, SHOWN = "stored", "browser told", "in the list"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=20)
    parser.add_argument("--mailbox", default="INBOX")
    options = parser.parse_args()
    with Dovecot() as server, tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder))
        product.environment |= {
            "DEALPOST_PRIVATE_NETWORKS": "127.0.0.0/8",
            "DEALPOST_MAIL_PORTS": str(server.tls_port),
            "SSL_CERT_FILE": str(server.authority.ca),
        }
        product.start()
        try:
            measure(server, product, options)
        finally:
            product.stop()


def measure(server: Dovecot, product: Product, options: argparse.Namespace) -> None:
    os.environ.update(product.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django  # the settings are those of the product, which has only now made its folder

    django.setup()
    from tests.factories.messages import message

    user = server.new_user()
    cookie = connect(server, user)
    for number in range(30):
        server.deliver(user, message(number, to=user))
    wait_until(lambda: emails() == 30)
    told = Listener(product.port, cookie)
    time.sleep(3)  # the account settles: the watcher has its connection, the first sync is over
    delays: dict[str, list[float]] = {STORED: [], TOLD: [], SHOWN: []}
    for number in range(options.deliveries):
        time.sleep(1.1 + 0.37 * (number % 3))
        subject = f"Just arrived {number}"
        told.heard.clear()
        before, began = emails(), time.monotonic()
        server.deliver(
            user, message(100 + number, to=user, subject=subject), mailbox=options.mailbox
        )
        wait_until(lambda before=before: emails() > before)
        delays[STORED].append(time.monotonic() - began)
        told.heard.wait(20)
        delays[TOLD].append(time.monotonic() - began)
        place = "sent" if options.mailbox == "Sent" else "inbox"
        while subject not in page(product.port, f"/mail/{place}/", cookie):
            time.sleep(0.05)
        delays[SHOWN].append(time.monotonic() - began)
    for name, seconds in delays.items():
        print(
            f"{name:14} median {statistics.median(seconds):.2f} s, "
            f"fastest {min(seconds):.2f}, slowest {max(seconds):.2f}"
        )


def connect(server: Dovecot, address: str) -> str:
    """The company, its one user and his account, as rows; returns his session's cookie."""
    from django.conf import settings
    from django.test import Client

    from mailsync.domain import accounts
    from users.models import Company, User

    Company.objects.create(name="Northwind")
    alice = User.objects.create_user("alice@northwind.example", name="Alice", role="administrator")
    incoming = accounts.Server("localhost", server.tls_port, "tls", address, PASSWORD)
    accounts.connect_account(alice, address=address, incoming=incoming)
    client = Client()
    client.force_login(alice)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def emails() -> int:
    from mailsync.models import Email

    return Email.objects.count()


def wait_until(condition: Any, *, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


def page(port: int, path: str, cookie: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Cookie": cookie})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


class Listener:
    """What a browser's page hears."""

    def __init__(self, port: int, cookie: str) -> None:
        self.heard = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._connection.request("GET", "/events/", headers={"Cookie": cookie})
        self._response = self._connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while line := self._response.readline():
            if line.startswith(b"event: mail-changed"):
                self.heard.set()


if __name__ == "__main__":
    main()
