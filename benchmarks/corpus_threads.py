"""Scores of the threading on a corpus folder: `python -m benchmarks.corpus_threads FOLDER`.

Each unit is a folder of messages with UNIT.threads.json beside it: `peers` holds the threads that
other programs make of it, `agreed_by_refs_peers` those that all of them agree on that follow
references. A thread counts when exactly the same messages are together here.
"""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DEALPOST_DATA", tempfile.mkdtemp(prefix="dealpost-threads-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DEALPOST_LOG_LEVEL", "ERROR")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(f"{'unit':32} {'mails':>6} {'agreed by all':>14}   peers")
    for found in sorted(Path(sys.argv[1]).glob("threads-*/*.threads.json")):
        score(found)


def score(path: Path) -> None:
    outcome = json.loads(path.read_text())
    folder = path.with_name(path.name.removesuffix(".threads.json"))
    groups = threads_of(folder, list(outcome["messages"]))
    agreed = outcome.get("agreed_by_refs_peers") or outcome.get("agreed_by_all_peers") or []
    cells = [
        f"{name.split(' THREAD=')[0]} {name.partition('THREAD=')[2]}: {kept(groups, rows)}"
        for name, rows in outcome["peers"].items()
        if not name.startswith("tree")
    ]
    unit = f"{path.parent.name.removeprefix('threads-')}/{folder.name}"
    print(f"{unit:32} {len(outcome['messages']):6} {kept(groups, agreed):>14}   {'; '.join(cells)}")


def kept(groups: set[frozenset[str]], rows: list[list[str]]) -> str:
    return f"{sum(frozenset(row) in groups for row in rows)}/{len(rows)}"


def threads_of(folder: Path, names: list[str]) -> set[frozenset[str]]:
    """Our threads of a unit, as sets of file names."""
    from mailsync.domain import leases
    from mailsync.domain.ingest import ingest
    from mailsync.domain.ingest_rows import Incoming
    from mailsync.models import Email, MailAccount
    from users.models import User

    owner, _ = User.objects.get_or_create(email="corpus@example.com", defaults={"name": "Corpus"})
    account = MailAccount.objects.create(owner=owner, address=f"{folder.name}@corpus.example")
    lease = leases.claim(account.pk)
    assert lease is not None
    raws = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    waiting = [Incoming(0, raw, 0, 1, None) for raw in raws.values()]
    for start in range(0, len(waiting), 100):
        ingest(account, waiting[start : start + 100], lease=lease)
    threads = {
        bytes(digest): thread
        for digest, thread in Email.objects.filter(account=account).values_list(
            "digest", "thread_id"
        )
    }
    groups: dict[int, set[str]] = {}
    for name, raw in raws.items():
        groups.setdefault(threads[hashlib.sha256(raw).digest()], set()).add(name)
    return {frozenset(group) for group in groups.values()}


if __name__ == "__main__":
    main()
