"""One supervisor for one data folder. The kernel lets go of the lock when its holder dies."""

import fcntl
import os
from pathlib import Path

from ops.errors import StartError


def lock_folder(folder: Path) -> int:
    """The descriptor that holds the lock for as long as it is open."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        msg = f"Dealpost already runs on {folder} (process {holder or 'unknown'})."
        raise StartError(msg) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
