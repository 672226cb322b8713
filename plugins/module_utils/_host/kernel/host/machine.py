# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepare the machine for a run: privileges, one run at a time, the garbage collector, the clock's ticks."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import gc
import os
import stat
import time
from collections.abc import Iterator
from typing import Callable

from ...tables.failure import Refused

CAP_NET_ADMIN = 12  # linux/capability.h
#: The clock that moves once a tick (linux/time.h).
CLOCK_MONOTONIC_COARSE = 6
#: Only root writes in /run, so no other user can make this file, hold it, or put a symlink in its place.
LOCK = "/run/netloom.overlay.lock"
#: Seconds after which a run that waits for another run says so.
SAY_AFTER = 1.0
#: Seconds between two tries.
TRY_EVERY = 0.05


@contextlib.contextmanager
def locked(wait: float, say: Callable[[str], None] = lambda _sentence: None, path: str = LOCK) -> Iterator[None]:
    """Hold the host's lock, so that one run at a time changes the host.

    :param wait: seconds to wait for another run.
    :param say: gets a sentence that names the holder, once, when the run has waited for a second.
    :raises Refused: when the lock cannot be opened, or another run still holds it after ``wait`` seconds.
    """
    started = time.monotonic()
    said = False
    while (fd := _try_to_lock(path)) is None:
        waited = time.monotonic() - started
        if waited >= wait:
            raise Refused(
                object=path,
                reason=f"after {waited:.0f} s still held by {_holder(path)}",
                advice="Run the task again when that run ends",
            )
        if waited >= SAY_AFTER and not said:
            said = True
            say(f"another run changes the network of this host: {_holder(path)}. This run waits up to {wait:.0f} s")
        time.sleep(TRY_EVERY)
    try:
        yield
    finally:
        # The kernel releases the lock with the descriptor, also when the process is killed.
        os.ftruncate(fd, 0)
        os.close(fd)


def _try_to_lock(path: str) -> int | None:
    """Return the open, locked file; None while another run holds it. Raise Refused where it cannot be opened."""
    fd = _open_lock(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_ino != os.stat(path).st_ino:
            raise BlockingIOError  # somebody removed the file meanwhile, and another run may hold the new one
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n{time.time():.0f}\n".encode(), 0)
    except (BlockingIOError, FileNotFoundError):
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _open_lock(path: str) -> int:
    try:
        # O_NONBLOCK: a FIFO in the file's place must not block the run before its type is looked at.
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as why:
        advice = "Run the task as root (become: true)" if why.errno in (errno.EACCES, errno.EPERM) else "Remove it"
        reason = "is a symlink" if why.errno == errno.ELOOP else os.strerror(why.errno or 0)
        raise Refused(object=path, reason=f"the lock cannot be opened: {reason}", advice=advice) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Refused(object=path, reason="the lock is not a regular file", advice="Remove it")
    return fd


def _holder(path: str) -> str:
    """Name the process that holds the lock: number, command and time."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            process, since = (int(word) for word in file.read(100).split())
        with open(f"/proc/{process}/cmdline", "rb") as file:
            command = " ".join(file.read(2000).replace(b"\0", b" ").decode(errors="replace").split())
    except (OSError, ValueError):
        return "a process that has just started or ended"
    return f"process {process} ({command[:200]}), since {time.strftime('%H:%M:%S', time.localtime(since))}"


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
                raise Refused(
                    object="this host",
                    reason="a change of the network needs root (CAP_NET_ADMIN)",
                    advice="Run the task with become: true",
                )


def clock_rate() -> int:
    """Return the kernel's timer frequency in Hz (CONFIG_HZ): the coarse clock moves once a tick."""
    return round(1 / time.clock_getres(CLOCK_MONOTONIC_COARSE))
