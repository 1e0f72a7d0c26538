"""The first lines of every supervised process: end when the supervisor ends, then become the program.

python -m ops.running.child SUPERVISOR_PID GRACE manage.py web …
python -m ops.running.child SUPERVISOR_PID GRACE celery worker …
"""

import ctypes
import os
import runpy
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
LOOK_AGAIN_SECONDS = 1.0


def die_with(supervisor: int) -> None:
    """Linux tells us when the supervisor ends. Set here and not before exec: code between fork
    and exec is unsafe beside threads."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # It may have ended before the call above.
    if os.getppid() != supervisor:
        raise SystemExit(0)


def watch_parent(supervisor: int, grace: float) -> None:
    """Ends an orphan also where no such signal exists, and one whose work does not end in time."""
    while os.getppid() == supervisor:
        time.sleep(LOOK_AGAIN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)


def main() -> None:
    supervisor, grace, program = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    die_with(supervisor)
    threading.Thread(target=watch_parent, args=(supervisor, grace), daemon=True).start()
    sys.argv = sys.argv[3:]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
