# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the processes that hold a lab, know them again, and end them.

Each process that keeps a namespace of a lab alive carries a mark in its environment. The marks are the truth about
what is up: a file could be half written, or outlive its process, whose number then belongs to another.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from dataclasses import dataclass
from typing import Any

MARK = "NETLOOM_LAB_MARK"

# Entries of "NSpid:" in /proc/PID/status that a holder has, seen from where the lab was made: its PID here, and for
# what lives in a lab host the PID there. One more means that it belongs to a lab inside a lab host.
LEVELS = {"underlay": 1, "host": 2, "process": 2}


@dataclass(frozen=True)
class Holder:
    """A process that holds a namespace of a lab."""

    pid: int
    role: str  # underlay, host, process
    lab: str  # the lab's state folder
    host: str  # name of the lab host; empty for the underlay
    name: str  # of a process in a lab host; else empty
    spec: str  # what it was made from, as JSON


def mark(role: str, lab: str, host: str = "", name: str = "", spec: str = "") -> dict[str, str]:
    """Return the environment variable that marks a holder."""
    return {MARK: json.dumps({"role": role, "lab": lab, "host": host, "name": name, "spec": spec}, sort_keys=True)}


def start_time(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; -1 when there is none (proc(5), stat field 22)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return -1
    if fields[0] in (b"Z", b"X"):
        return -1
    return int(fields[19])


def inner_pids(pid: int) -> list[int]:
    """Return a process's PID in this PID namespace and in each one below down to its own. Raises OSError."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("NSpid:"):
                return [int(word) for word in line.split()[1:]]
    return []


def read_holder(pid: int) -> Holder | None:
    """Return the content of a process's mark, None for a process without a mark or that has ended."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            variables = environ.read().split(b"\0")
        found = [item for item in variables if item.startswith(MARK.encode() + b"=")]
        if not found:
            return None
        words: dict[str, Any] = json.loads(found[0].partition(b"=")[2])
        if len(inner_pids(pid)) != LEVELS.get(words["role"]):
            return None
        return Holder(pid, words["role"], words["lab"], words["host"], words["name"], words["spec"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_holders(lab: str) -> list[Holder]:
    """Return all live holders of the lab with this state folder, by looking at every process."""
    holders = (read_holder(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [holder for holder in holders if holder is not None and holder.lab == lab]


def end(holders: list[Holder], seconds: float = 20.0) -> None:
    """Kill holders and wait until they are gone; raise TimeoutError naming those that stay.

    A pidfd stays with its process whatever becomes of the number, so the mark is read again once the pidfd is open.
    When the first process of a lab host dies, the kernel ends all others in it first.
    """
    opened: list[int] = []
    ending: dict[int, Holder] = {}
    poll = select.poll()
    try:
        for holder in holders:
            try:
                fd = os.pidfd_open(holder.pid)
            except ProcessLookupError:
                continue
            opened.append(fd)
            if read_holder(holder.pid) == holder:
                try:
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                poll.register(fd, select.POLLIN)
                ending[fd] = holder
        _await_end(poll, ending, seconds)
    finally:
        for fd in opened:
            os.close(fd)


def _await_end(poll: select.poll, left: dict[int, Holder], seconds: float) -> None:
    """Wait until each pidfd says that its process has ended."""
    deadline = time.monotonic() + seconds
    while left:
        events = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not events:
            pids = ", ".join(str(holder.pid) for holder in left.values())
            raise TimeoutError(f"lab processes do not end within {seconds:.0f} s of SIGKILL: {pids}")
        for event in events:
            poll.unregister(event[0])
            left.pop(event[0], None)
