# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepare the machine for a run: privileges, one run at a time, the garbage collector, the clock's ticks."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import time
from collections.abc import Iterator

from ...tables.table import Refused

CAP_NET_ADMIN = 12  # linux/capability.h
#: The clock that moves once a tick (linux/time.h).
CLOCK_MONOTONIC_COARSE = 6
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


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector from looking for cycles.

    A run on 2000 links makes some 100,000 objects, nearly all of which live until its end: to look at them again and
    again takes a seventh of its time, and finds nothing. What is not in a cycle is freed as ever.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def require_privileges() -> None:
    """Raise Refused where this process may not change the network."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("CapEff:") and not int(line.split()[1], 16) >> CAP_NET_ADMIN & 1:
                raise Refused("changing the network needs root (CAP_NET_ADMIN): run the task with become: true")


def clock_rate() -> int:
    """Return the kernel's timer frequency in Hz (CONFIG_HZ): the coarse clock moves once a tick."""
    return round(1 / time.clock_getres(CLOCK_MONOTONIC_COARSE))
