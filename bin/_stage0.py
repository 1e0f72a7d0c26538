"""What bin/up, bin/test and bin/lock share: make the environment with nothing but Python.

Standard library only, and written so that an old Python can read it far enough to be told that
it is too old.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
# Each file contains the ones before it, at the same versions, so installing one serves all of these.
LAYERS = ["base", "demo", "dev"]

# What pip or the system says -> the one line for a person.
PLAIN_WORDS = [
    ("No space left on device", "The disk is full. Free some space and run the command again."),
    (
        "Read-only file system",
        "This folder cannot be written to. Check out Dealpost somewhere else.",
    ),
    ("Permission denied", "This folder belongs to somebody else. Run the command as its owner."),
    ("name resolution", "No network: the packages could not be fetched. Connect and try again."),
    (
        "Network is unreachable",
        "No network: the packages could not be fetched. Connect and try again.",
    ),
    ("NewConnectionError", "No network: the packages could not be fetched. Connect and try again."),
    (
        "do not match the hashes",
        "A fetched package is not the one that was locked. Nothing of it was installed.",
    ),
]


def say(text):
    print(text, flush=True)


def stop(line):
    print("dealpost: " + line, file=sys.stderr, flush=True)
    raise SystemExit(1)


def plain_words(text):
    """The understandable line for a known failure, or nothing."""
    for sign, line in PLAIN_WORDS:
        if sign in text:
            return line
    return ""


def require_python():
    if sys.version_info[:2] < OLDEST:
        stop(
            "Python 3.11 or newer is needed, this is %d.%d. Run it with another one, "
            "e.g. python3.11 bin/up" % sys.version_info[:2]
        )


def is_root():
    return os.geteuid() == 0


def install_debian(packages, why):
    """Installs Debian packages when root; says which ones are missing otherwise. True if installed."""
    names = " ".join(packages)
    if not (is_root() and shutil.which("apt-get")):
        say("  Missing for %s: %s   (sudo apt-get install -y %s)" % (why, names, names))
        return False
    say("  Installing for %s: %s" % (why, names))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for command in (install, ["apt-get", "update", "-q"], install):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if command is install and done.returncode == 0:
            return True
    say(done.stdout[-2000:] + done.stderr[-2000:])
    return False


@contextlib.contextmanager
def one_at_a_time():
    """Two commands at once: the second waits. A folder can be locked, so no lock file is left over."""
    descriptor = os.open(str(ROOT / "bin"), os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is preparing the environment; waiting for it.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def fingerprint(layer):
    version = "%d.%d" % sys.version_info[:2]
    content = (REQUIREMENTS / (layer + ".txt")).read_bytes()
    return hashlib.sha256(version.encode() + content).hexdigest()


def stamp_of(layer):
    return VENV / ("dealpost-%s.stamp" % layer)


def is_ready(layer):
    try:
        return PYTHON.exists() and stamp_of(layer).read_text() == fingerprint(layer)
    except OSError:
        return False


def venv_fits():
    folder = VENV / "lib" / ("python%d.%d" % sys.version_info[:2])
    return PYTHON.exists() and folder.is_dir()


def make_venv():
    if importlib.util.find_spec("ensurepip") is None:
        # Debian ships ensurepip apart from Python.
        line = "Python's venv module is missing. Run: apt-get install -y python3-venv"
        if not is_root() or not install_debian(["python3-venv"], "a virtual environment"):
            stop(line)
    say("Making the environment in .venv")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True
    )
    if made.returncode:
        output = made.stdout + made.stderr
        stop(plain_words(output) or "The environment could not be made:\n" + output)


def install(layer):
    """Pip's own output is shown only when it fails; a line every few packages shows that it lives."""
    requirements = REQUIREMENTS / (layer + ".txt")
    say("Installing packages (requirements/%s.txt)" % layer)
    command = [
        str(PYTHON), "-m", "pip", "install", "--require-hashes", "--prefer-binary",
        "--disable-pip-version-check", "--no-input", "-r", str(requirements),
    ]  # fmt: skip
    environment = dict(os.environ, PIP_ROOT_USER_ACTION="ignore", PYTHONUNBUFFERED="1")
    lines = []
    collected = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as pip:
        for line in pip.stdout:
            lines.append(line)
            collected += line.startswith("Collecting ")
            if line.startswith("Collecting ") and collected % 20 == 0:
                say("  %d packages" % collected)
            elif line.startswith("Installing collected"):
                say("  unpacking")
    if pip.returncode:
        output = "".join(lines)
        stop(plain_words(output) or "Packages could not be installed:\n" + output[-4000:])
    for covered in LAYERS[: LAYERS.index(layer) + 1]:
        stamp_of(covered).write_text(fingerprint(covered))


def prepare(layer):
    """Makes .venv hold what requirements/<layer>.txt locks. Quick when it does already."""
    require_python()
    if is_ready(layer):
        return
    began = time.monotonic()
    try:
        with one_at_a_time():
            if is_ready(layer):
                return
            if not venv_fits():
                make_venv()
            install(layer)
    except OSError as error:
        stop(plain_words(str(error)) or str(error))
    say("Environment ready after %.0f s" % (time.monotonic() - began))
