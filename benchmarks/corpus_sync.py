"""Every mail of a folder through a real IMAP server, and what became of each.

    .venv/bin/python -m benchmarks.corpus_sync FOLDER

Files that are mail (`mails_in` states the rule) are delivered to a private Dovecot, one mailbox
per subfolder of FOLDER; one first sync takes them in. Printed: how many there are on the server
and here, which could not be read and why, and whether the figures add up.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# A header field that a mail begins with or has near its beginning (RFC 5322 2.2, 3.6).
FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
USUAL = re.compile(
    rb"^(from|to|cc|subject|date|received|return-path|message-id|mime-version|content-type"
    rb"|delivered-to|x-[!-9;-~]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
SEPARATOR = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
HEAD = 16 * 1024
# What the sources add to their mails: expectations, tables, notices.
NO_MAIL = {".json", ".html", ".htm", ".ics", ".tnef", ".md", ".tree", ".css", ".jpg", ".rtf"}
SHOWN = 20


def mails_in(folder: Path) -> Iterator[tuple[Path, list[bytes]]]:
    """(file, its mails; none when it is no mail).

    A file called .eml is a mail whatever is in it. Any other is one when its first line is a
    header field and one of the usual fields stands in its header; a file of several, each after
    a line `From …`, is that many (RFC 4155).
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        if path.suffix.lower() in NO_MAIL:
            yield path, []
            continue
        raw = path.read_bytes()
        if path.suffix.lower() == ".eml":
            yield path, [raw]
        elif SEPARATOR.match(raw):
            yield path, [one for one in SEPARATOR.split(raw)[1:] if _is_mail(one)]
        else:
            yield path, [raw] if _is_mail(raw) else []


def _is_mail(raw: bytes) -> bool:
    head = re.split(rb"\r?\n\r?\n|\r\r", raw[:HEAD].lstrip(b"\r\n"), maxsplit=1)[0]
    return bool(FIELD.match(head)) and bool(USUAL.search(head))


@dataclass
class Account:
    """The figures of one sync of everything."""

    on_server: int = 0
    here: int = 0
    left_out: int = 0
    failed: int = 0
    emails: int = 0
    threads: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    readability: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Nothing stopped anything: each message is here, left out on purpose, or listed."""
        counted = self.here + self.left_out + self.failed
        return self.on_server == counted and not self.findings


def account_for(account) -> Account:
    """What the diagnostics page and `mail_check` say of this account."""
    from mailsync.domain import journal
    from mailsync.domain.queries.diagnostics import mailbox_figures, unreadable
    from mailsync.models import Email, Thread

    result = Account()
    for figures in mailbox_figures(account):
        result.on_server += figures.on_server
        result.here += figures.here
        result.left_out += figures.left_out_number
        result.failed += figures.failed
        result.outcomes.update(figures.by_outcome)
    emails = Email.objects.filter(account=account)
    result.emails = emails.count()
    result.threads = Thread.objects.filter(account=account, merged_into=None).count()
    result.readability.update(
        f"{state}{': ' + note if note else ''}"
        for state, note in emails.values_list("parse_state", "parse_note")
    )
    result.unreadable = [
        f"{entry.mailbox.path} {entry.uid}: "
        f"{entry.reason or (entry.email and entry.email.parse_note) or 'no reason'}"
        for entry in unreadable([account])
    ]
    result.findings = [f"{one.code} x{one.count}" for one in journal.check(account, sample=None)]
    return result


def deliver_all(server, user: str, folder: Path) -> tuple[int, Counter[str]]:
    """(mails delivered, files that are none by their ending)."""
    delivered, skipped = 0, Counter()
    for path, mails in mails_in(folder):
        if not mails:
            skipped[path.suffix or "no ending"] += 1
        below = path.relative_to(folder).parts
        mailbox = below[0].replace(".", "_") if len(below) > 1 else "INBOX"
        for raw in mails:
            server.deliver(user, raw, mailbox=mailbox)
            delivered += 1
    return delivered, skipped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with tempfile.TemporaryDirectory(prefix="dealpost-corpus-") as scratch:
        os.environ |= {"DEALPOST_DATA": scratch, "DEALPOST_SECRET_KEY": "corpus"}
        import django

        django.setup()
        sys.exit(0 if run(options.folder) else 1)


def run(folder: Path) -> bool:
    from django.conf import settings
    from django.core.management import call_command

    from mailsync import tasks
    from mailsync.domain.accounts import Server, connect_account
    from mailsync.domain.sync import sync_account
    from tests.servers.dovecot import PASSWORD, Dovecot
    from users.models import User

    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    settings.MAIL_PORTS = range(1, 65536)
    tasks.sync_account.delay_on_commit = lambda *_: None
    call_command("migrate", verbosity=0)
    with Dovecot() as server:
        user = server.new_user()
        delivered, skipped = deliver_all(server, user, folder)
        files = sum(skipped.values())
        print(f"{delivered} mails delivered; {files} files are none: {dict(skipped)}")
        owner = User.objects.create_user(user, "a long password", name=user)
        incoming = Server("127.0.0.1", server.port, "plain", user, PASSWORD)
        account = connect_account(owner, address=user, incoming=incoming)
        started, slices = time.perf_counter(), 1
        while sync_account(account.pk).has_more:
            slices += 1
        account.refresh_from_db()
        seconds = time.perf_counter() - started
        print(f"first sync: {seconds:.1f} s, {slices} slices, account {account.state}")
        result = account_for(account)
    return show(result, delivered)


def show(result: Account, delivered: int) -> bool:
    print(
        f"on the server {result.on_server}, here {result.here}, left out {result.left_out},"
        f" failed {result.failed}; {result.emails} emails in {result.threads} conversations"
    )
    print(f"outcomes: {dict(result.outcomes)}")
    for what, number in result.readability.most_common():
        print(f"  {number:6} {what}")
    print(f"list of what could not be read: {len(result.unreadable)}")
    for line in result.unreadable[:SHOWN]:
        print(f"  {line}")
    holds = result.adds_up and result.on_server == delivered
    print(
        f"mail_check: {result.findings or 'clean'}; the figures {'' if holds else 'do not '}add up"
    )
    return holds


if __name__ == "__main__":
    main()
