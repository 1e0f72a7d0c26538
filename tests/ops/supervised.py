"""A supervisor over small scripts, run by the tests in a process of its own."""

import json
import sys
from pathlib import Path

from ops.running.supervisor import Program, Supervisor

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    programs = [
        Program(**options) for options in json.loads((folder / "programs.json").read_text())
    ]
    root = Path(__file__).resolve().parents[2]
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(Supervisor(programs, folder=root, status=folder / "processes.json").run())
