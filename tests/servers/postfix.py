"""A private Postfix on a free port of loopback: STARTTLS and AUTH, delivering into a Dovecot.

It runs beside the system's own with a folder of its own. Postfix's master wants to be root; where
we are not there is none. Dovecot's users get their mail; whom it knows nobody by in the two domains,
it bounces.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from mailsync.enums import Security
from mailsync.providers.base import ServerAddress
from tests.servers.dovecot import PASSWORD, Dovecot, free_port

BINARY = "/usr/sbin/postfix"
DAEMONS = "/usr/lib/postfix/sbin"
DOMAINS = ("northwind.example", "acme.example")
# Local parts that are refused, and put off, at RCPT; and one that is taken and bounced later.
REFUSED, PUT_OFF, BOUNCED = "nobody", "busy", "gone"
# As many as a run of the tests asks Dovecot for.
USERS = [f"user{number}" for number in range(2000)]

_MAIN = """
compatibility_level = 3.6
queue_directory = {work}/queue
data_directory = {work}/data
maillog_file = {work}/log
maillog_file_prefixes = {work}
myhostname = mx.northwind.example
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 192.0.2.1/32
smtpd_banner = $myhostname ESMTP
smtpd_delay_reject = no
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access regexp:{work}/refused, permit_sasl_authenticated, reject
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{work}/mailboxes
smtpd_reject_unlisted_recipient = no
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
minimal_backoff_time = 1s
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def is_usable() -> bool:
    return os.getuid() == 0 and Path(BINARY).exists()


class Postfix:
    """`with Postfix(dovecot) as server:`."""

    def __init__(self, dovecot: Dovecot) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="dealpost-postfix-"))
        self.work.chmod(0o755)
        self.port = free_port()
        self._config = self.work / "conf"
        for folder in ("conf", "queue", "data"):
            (self.work / folder).mkdir()
        shutil.chown(self.work / "data", "postfix")
        uid, gid = dovecot.owner
        values = {
            "work": self.work,
            "port": self.port,
            "cert": dovecot.leaf.cert,
            "key": dovecot.leaf.key,
            "auth": dovecot.auth_socket,
            "mail": dovecot.work / "mail",
            "domains": ", ".join(DOMAINS),
            "uid": uid,
            "gid": gid,
        }
        (self._config / "main.cf").write_text(_MAIN.format(**values))
        (self._config / "master.cf").write_text(_MASTER.format(**values))
        users = [f"{name}@{domain}" for name in (*USERS, "ada") for domain in DOMAINS]
        (self.work / "mailboxes").write_text("".join(f"{one} {one}/Maildir/\n" for one in users))
        (self.work / "refused").write_text(
            f"/^{REFUSED}@/ 550 5.1.1 no such user\n/^{PUT_OFF}@/ 450 4.2.1 busy, come again\n"
        )

    def _run(self, command: str) -> None:
        ended = subprocess.run(
            [BINARY, "-c", str(self._config), command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        if ended.returncode:
            raise RuntimeError(f"postfix {command}: {self.log()}")

    def log(self) -> str:
        file = self.work / "log"
        return file.read_text() if file.exists() else "no log"

    def __enter__(self) -> Self:
        self._run("start")
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return self
            time.sleep(0.05)
        raise RuntimeError(f"Postfix does not listen: {self.log()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run("stop")
        shutil.rmtree(self.work, ignore_errors=True)

    def address(self, user: str) -> ServerAddress:
        return ServerAddress(
            host="localhost",
            port=self.port,
            security=Security.STARTTLS.value,
            user_name=user,
            secret=PASSWORD,
        )
