"""The embedded broker: Celery without a server, for installations on one machine.

Kombu's own transports for files and SQL lose the task that runs when a worker is killed. Here a
message stays in its table until it is acknowledged; whoever works on it holds a lease and renews
it, and a lease that runs out gives the message to the next worker.
"""

from kombu.transport import TRANSPORT_ALIASES

SCHEME = "sqlitelease"


def register() -> None:
    """Makes kombu understand `sqlitelease:///path/to/file`; called before Celery is configured."""
    TRANSPORT_ALIASES[SCHEME] = "ops.broker.transport:Transport"
