"""Which processes make up the product, and in which order they stop.

First what brings work in, then what people see, last what finishes the work at hand.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.management import get_commands

from ops.running.supervisor import Program

# uvicorn gives open requests and live streams three seconds.
WEB_GRACE = 6.0
WORKER_GRACE = 25.0
QUIET_CELERY = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]


def all_programs(*, listener: int | None) -> list[Program]:
    """`listener`: the descriptor of the open web port, if the web is among what will run."""
    programs = [
        Program("beat", _celery("beat", "-s", str(settings.DATA_DIR / "beat"), "--pidfile="), 2, 5),
        *(_worker(name, queues) for name, queues in settings.WORKER_QUEUES.items()),
    ]
    if listener is not None:
        web = ["manage.py", "web", "--fd", str(listener)]
        programs.insert(0, Program("web", web, 3, WEB_GRACE, 5, inherited=(listener,)))
    if "watch" in get_commands():
        programs.append(Program("watch", ["manage.py", "watch"], 1, 5))
    if settings.DEMO:
        # Stops last: the workers finish talking to it.
        programs.insert(0, Program("demo", ["manage.py", "demo_mail"], 5, 3))
    return programs


def chosen_programs(programs: Sequence[Program], names: Sequence[str]) -> list[Program]:
    return [program for program in programs if not names or program.name in names]


def _worker(name: str, queues: Sequence[str]) -> Program:
    command = _celery("worker", "-Q", ",".join(queues), "-n", f"{name}@%h", *QUIET_CELERY)
    return Program(name, command, 4, WORKER_GRACE)


def _celery(program: str, *arguments: str) -> list[str]:
    return ["celery", "-q", "-A", "config", program, *arguments]
