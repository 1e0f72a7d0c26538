"""A private Dovecot on free ports of loopback, as root or not, beside the system's own.

Any user name signs in with PASSWORD and gets a Maildir of his own.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from mailsync.enums import Security
from mailsync.providers.base import ServerAddress
from tests.servers.tls import Authority

PASSWORD = "correct-horse"
BARE = "IMAP4rev1"
MICROSOFT = (
    "IMAP4 IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
)
# What Gmail offers but for its own X-GM-EXT-1, which no other server can play.
GMAIL = (
    "IMAP4rev1 AUTH=PLAIN SASL-IR UNSELECT IDLE NAMESPACE ID CHILDREN UIDPLUS ENABLE MOVE CONDSTORE "
    "ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE LITERAL-"
)

_CONFIG = """
base_dir = {work}/run
state_dir = {work}/state
log_path = {work}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = {tls_only}
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_max_userip_connections = {connections}
maildir_very_dirty_syncs = yes
# Where the kernel gives no more inotify instances (128 a user by default), look often.
mailbox_idle_check_interval = 2 secs
default_client_limit = 4000
default_process_limit = 2000
default_vsz_limit = 0
{ids}
{capability}
protocol imap {{
  mail_plugins = {plugins}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = subscribe
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={work}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
  process_min_avail = 1
  service_count = 0
  {chroot}
}}
service auth {{
  unix_listener {work}/run/submission-auth {{
    mode = 0666
  }}
}}
service anvil {{
  {chroot}
}}
service stats {{
  client_limit = 8000
}}
"""


def is_installed() -> bool:
    return _binary() is not None


def _binary() -> str | None:
    return shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Dovecot:
    """`with Dovecot() as server:`. `capability` cuts down what the server says it can,
    `connections` (0: no limit) how many a user may have."""

    _numbers = itertools.count()

    def __init__(
        self,
        *,
        capability: str = "",
        tls_only: bool = False,
        plugins: str = "",
        connections: int = 0,
    ) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="dealpost-dovecot-"))
        # The mail processes are another user's when we are root.
        self.work.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port()
        self.authority = Authority(self.work / "tls")
        self.leaf = self.authority.leaf("server")
        self._owner = _mail_owner()
        self._process: subprocess.Popen[bytes] | None = None
        (self.work / "mail").mkdir()
        os.chown(self.work / "mail", *self._owner)
        self._write_config(
            capability=capability, tls_only=tls_only, plugins=plugins, connections=connections
        )

    def _write_config(
        self, *, capability: str, tls_only: bool, plugins: str, connections: int
    ) -> None:
        me = pwd.getpwuid(os.getuid()).pw_name
        ids = "" if os.getuid() == 0 else f"default_login_user = {me}\ndefault_internal_user = {me}"
        text = _CONFIG.format(
            work=self.work,
            cert=self.leaf.cert,
            key=self.leaf.key,
            plugins=plugins,
            connections=connections,
            tls_only="yes" if tls_only else "no",
            ids=ids,
            capability=f"imap_capability = {capability}" if capability else "",
            password=PASSWORD,
            uid=self._owner[0],
            gid=self._owner[1],
            port=self.port,
            tls_port=self.tls_port,
            chroot="" if os.getuid() == 0 else "chroot =",
        )
        (self.work / "dovecot.conf").write_text(text)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def start(self) -> None:
        binary = _binary()
        if binary is None:
            raise RuntimeError("Dovecot is not installed")
        self._process = subprocess.Popen(
            [binary, "-F", "-c", str(self.work / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"Dovecot did not start: {self._process.stderr.read()!r}")  # type: ignore[union-attr]
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return
            time.sleep(0.05)
        raise RuntimeError("Dovecot does not listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
            if self._process.stderr:
                self._process.stderr.close()
            self._process = None

    @property
    def owner(self) -> tuple[int, int]:
        """Whose the Maildirs are."""
        return self._owner

    @property
    def auth_socket(self) -> Path:
        """Where a submission server asks whether a password is right."""
        return self.work / "run" / "submission-auth"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def new_user(self) -> str:
        return f"user{next(self._numbers)}@northwind.example"

    def address(self, user: str, *, security: Security = Security.TLS) -> ServerAddress:
        return ServerAddress(
            host="localhost" if security != Security.PLAIN else "127.0.0.1",
            port=self.tls_port if security == Security.TLS else self.port,
            security=security.value,
            user_name=user,
            secret=PASSWORD,
        )

    def deliver(
        self,
        user: str,
        raw: bytes,
        *,
        mailbox: str = "INBOX",
        flags: str = "",
        received_at: datetime | None = None,
    ) -> Path:
        """Puts a message into the Maildir as a delivery agent does: written aside, renamed in.
        The file's time is the message's INTERNALDATE."""
        root = self.work / "mail" / user / "Maildir"
        folder = root if mailbox == "INBOX" else root / ("." + mailbox.replace("/", "."))
        for part in (root.parent, root, folder, folder / "tmp", folder / "new", folder / "cur"):
            if not part.exists():
                part.mkdir(parents=True)
                os.chown(part, *self._owner)
        name = f"{time.time():.6f}.{next(self._numbers)}.test"
        aside = folder / "tmp" / name
        aside.write_bytes(raw)
        os.chown(aside, *self._owner)
        if received_at:
            os.utime(aside, (received_at.timestamp(), received_at.timestamp()))
        target = folder / "cur" / f"{name}:2,{flags}" if flags else folder / "new" / name
        aside.rename(target)
        return target

    def bump_uidvalidity(self, user: str, mailbox: str = "INBOX") -> None:
        """Forgets the UIDs, as a server does that was restored from a backup."""
        # Dovecot takes the second as the new UIDVALIDITY, and must not take the old one's.
        time.sleep(1.1)
        root = self.work / "mail" / user / "Maildir"
        folder = root if mailbox == "INBOX" else root / ("." + mailbox.replace("/", "."))
        for file in [*folder.glob("dovecot.index*"), *folder.glob("dovecot-uid*")]:
            file.unlink()


def _mail_owner() -> tuple[int, int]:
    if os.getuid():
        return os.getuid(), os.getgid()
    row = pwd.getpwnam("mail")
    return row.pw_uid, row.pw_gid
