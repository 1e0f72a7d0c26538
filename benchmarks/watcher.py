"""How many IDLE connections one watcher holds, at what price, and how quickly it rings.

    python benchmarks/watcher.py --accounts 500

Starts a private Dovecot, lets the real watcher hold that many accounts over TLS, and measures its
own CPU time and memory per account, idle and while mail arrives. Dovecot itself collects
changes for half a second before it speaks: that is the floor of the delivery-to-ring figure. It
looks at a mailbox every two seconds where the kernel gives it no inotify instance
(fs.inotify.max_user_instances, 128 by default): that is the slowest figure.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")

import django

django.setup()

# ruff: noqa: E402 -- settings come before the models they configure
from django.conf import settings

from mailsync.enums import Security
from mailsync.providers.imap_idle import RENEW_AFTER
from mailsync.watcher import Watched, Watcher
from tests.cases.mail_store import message
from tests.servers.dovecot import Dovecot


def memory() -> int:
    """Resident bytes now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def turn_for(watcher: Watcher, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        watcher.turn(min(left, 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--deliveries", type=int, default=20)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    options = parser.parse_args()
    with Dovecot() as server:
        settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]
        settings.MAIL_PORTS = [server.port, server.tls_port]
        os.environ["SSL_CERT_FILE"] = str(server.authority.ca)
        users = [server.new_user() for _ in range(options.accounts)]
        addresses = [server.address(user, security=Security.TLS) for user in users]
        measure(server, users, addresses, options)


def measure(
    server: Dovecot, users: list[str], addresses: list, options: argparse.Namespace
) -> None:
    rung: dict[int, float] = {}
    accounts = {
        number: Watched(version="1", address=lambda address=address: address)
        for number, address in enumerate(addresses)
    }
    watched: dict[int, Watched] = {}
    watcher = Watcher(
        accounts=lambda: watched, wake=lambda number: rung.setdefault(number, time.monotonic())
    )
    turn_for(watcher, 0.5)
    before, began, cpu = memory(), time.monotonic(), time.process_time()
    watched.update(accounts)
    until = time.monotonic() + 300
    while watcher.held < len(accounts) and time.monotonic() < until:
        watcher.turn(0.2)
    print(f"accounts held            {watcher.held} of {len(accounts)}")
    print(
        f"connecting all           {time.monotonic() - began:.1f} s wall, "
        f"{(time.process_time() - cpu) / len(accounts) * 1000:.1f} ms CPU each"
    )
    print(
        f"memory each              {(memory() - before) / len(accounts) / 1024:.0f} KiB "
        f"(process {memory() / 2**20:.0f} MiB)"
    )

    cpu = time.process_time()
    turn_for(watcher, options.idle_seconds)
    share = (time.process_time() - cpu) / options.idle_seconds
    print(f"CPU while nothing comes  {share * 100:.2f} % of one core")

    delays = []
    for number in range(options.deliveries):
        account = number * 7 % len(users)
        rung.clear()
        delivered = time.monotonic()
        server.deliver(users[account], message(number))
        while account not in rung and time.monotonic() - delivered < 10:
            watcher.turn(0.2)
        delays.append(rung.get(account, delivered + 10) - delivered)
    print(
        f"delivery to ring         median {statistics.median(delays) * 1000:.0f} ms, "
        f"slowest {max(delays) * 1000:.0f} ms of {len(delays)}"
    )

    cpu = time.process_time()
    places = [place for place in watcher._places.values() if place.idle]  # noqa: SLF001
    for place in places:
        place.idle.renew()
    turn_for(watcher, 3.0)
    renewing = time.process_time() - cpu
    print(
        f"renewing every IDLE      {renewing / len(places) * 1000:.2f} ms CPU each "
        f"(every {RENEW_AFTER:.0f} s), still held {watcher.held}"
    )
    watcher.close()


if __name__ == "__main__":
    main()
