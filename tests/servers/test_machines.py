"""The product on PostgreSQL and Redis, its pages and its workers as on two machines."""

import http.cookiejar
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.messages import message
from tests.ops.test_supervisor import wait_for
from tests.ops.test_up import Product
from tests.servers.databases import private_postgresql, private_redis
from tests.servers.dovecot import Dovecot, is_installed
from tests.servers.test_product_kills import command

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]
SECONDS = 180
# The cluster of the tests gives sixty.
MORE_THAN_CONNECTIONS = 70
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """Enough of one to sign in and read."""

    def __init__(self, product: Product) -> None:
        self.root = f"http://127.0.0.1:{product.port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def read(self, path: str, data: dict[str, str] | None = None) -> str:
        body = urllib.parse.urlencode(data).encode() if data else None
        request = urllib.request.Request(
            self.root + path, body, {"Origin": self.root, "Sec-Fetch-Site": "same-origin"}
        )
        with self.opener.open(request, timeout=30) as answer:
            text: str = answer.read().decode()
        return text

    def sign_in(self, user: str) -> None:
        token = TOKEN.search(self.read("/login/"))
        assert token
        words = {"email": user, "password": "a long password", "csrfmiddlewaretoken": token[1]}
        self.read("/login/", words)


@pytest.fixture
def common(dovecot: Dovecot, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the two machines have in common."""
    with private_postgresql() as database, private_redis() as redis:
        assert database, "PostgreSQL is not installed"
        yield {
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "DEALPOST_SECRET_KEY": "the same on every machine" * 2,
            "DEALPOST_VAULT_KEYS": "sealed alike on every machine" * 2,
            "DEALPOST_BLOBS": str(tmp_path / "shared/blobs"),
            "DEALPOST_FILES": str(tmp_path / "shared/files"),
            "DEALPOST_PRIVATE_NETWORKS": "127.0.0.0/8",
            "DEALPOST_MAIL_PORTS": str(dovecot.port),
        }


@pytest.fixture
def machines(common: dict[str, str], tmp_path: Path) -> Iterator[list[Product]]:
    """Two of them, each with a data folder of its own; stopped at the end."""
    made = []
    for name in ("pages", "workers"):
        (tmp_path / name).mkdir()
        machine = Product(tmp_path / name)
        machine.environment |= common
        made.append(machine)
    yield made
    for machine in made:
        if machine.process and machine.process.poll() is None:
            machine.stop()


def test_pages_and_workers_share_nothing_but_what_is_named(
    dovecot: Dovecot, machines: list[Product], common: dict[str, str], tmp_path: Path
) -> None:
    pages, workers = machines
    user = dovecot.new_user()
    dovecot.deliver(user, message(1, to=user, text="The quartz is ready."))
    pages.start("--only", "web")
    assert set(pages.processes()) == {"web"}
    command(pages, "prepare", user, str(dovecot.port))
    workers.launch("--only", "worker,sync,beat,watch")
    wait_for((workers.data / "processes.json").exists, SECONDS, told=workers.log.read_text)

    browser = Browser(pages)
    browser.sign_in(user)
    link = wait_for(
        lambda: re.search(r'href="(/mail/t/[^"/]+/)', browser.read("/mail/inbox/")),
        SECONDS,
        told=workers.log.read_text,
    )
    # The bytes lie where the workers put them.
    conversation = browser.read(link[1])
    bodies = re.findall(r'src="(/mail/[^"]+/body/[^"]*)"', conversation)
    assert "quartz" in conversation + "".join(browser.read(path) for path in bodies)

    # More requests than PostgreSQL has connections: none is left behind.
    for _ in range(MORE_THAN_CONNECTIONS):
        assert browser.read("/settings/personal/")

    dovecot.deliver(user, message(2, to=user, text="A second one, told by IDLE."))
    wait_for(
        lambda: browser.read("/mail/inbox/").count('href="/mail/t/') >= 2,
        SECONDS,
        told=workers.log.read_text,
    )

    for left_out, words in (
        (("DEALPOST_SECRET_KEY", "DEALPOST_VAULT_KEYS"), "DEALPOST_SECRET_KEY"),
        (("DEALPOST_VAULT_KEYS",), "DEALPOST_VAULT_KEYS"),
        (("DEALPOST_BLOBS",), "DEALPOST_BLOBS"),
        (("DEALPOST_FILES",), "DEALPOST_FILES"),
    ):
        folder = tmp_path / f"without-{words}"
        folder.mkdir()
        stranger = Product(folder)
        stranger.environment |= {
            name: value for name, value in common.items() if name not in left_out
        }
        refused = stranger.once()
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        assert words in refused.stderr
