# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let one run at a time change a host."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

LOCK = "/run/lock/netloom.overlay.lock"


@contextlib.contextmanager
def locked(wait: float, path: str = LOCK) -> Iterator[None]:
    """Hold the host's lock; raise TimeoutError naming the holder after ``wait`` seconds."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"another run holds {path}: {_holder(fd)}") from None
                time.sleep(0.05)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"process {os.getpid()} since {time.strftime('%Y-%m-%d %H:%M:%S')}".encode(), 0)
        yield
    finally:
        # The kernel lets go of the lock with the descriptor, also when the process is killed.
        os.close(fd)


def _holder(fd: int) -> str:
    return os.pread(fd, 200, 0).decode("ascii", "replace") or "an unknown process"
