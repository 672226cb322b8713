# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a lab as asked, or end it; and look a lab host up."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from . import build
from .process import Holder, end, find_holders, read_holder, start_time
from .spec import Lab, LabError, LabHost, Work, work

# A host is built in 5 ms natively and some 100 ms in the lab kernel; 100 at once on a slow machine need their time.
BUILD_SECONDS = 120.0

# Longer than the slowest lab takes to build.
LOCK_SECONDS = 180.0


@contextmanager
def lock(path: str) -> Iterator[None]:
    """Hold the lock of the folder that the lab's state folder is in. It leaves no file behind.

    Raises LabError when another run holds it for long.
    """
    parent = os.path.dirname(path.rstrip("/"))
    os.makedirs(parent, exist_ok=True)
    fd = os.open(parent, os.O_RDONLY)
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    said = f"{parent}: another run has made or ended a lab for {LOCK_SECONDS:.0f} s; end it, or wait"
                    raise LabError(said) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(fd)


def lookup(path: str, name: str) -> int:
    """Return the PID of the first process of a lab host. Raises LabError when the host is not up."""
    try:
        with open(f"{path}/hosts/{name}", encoding="utf-8") as file:
            pid, start = (int(word) for word in file.read().split())
    except (OSError, ValueError):
        pid, start = 0, 0
    if pid and start_time(pid) == start:
        return pid
    # The file may have been lost in a crash; the mark cannot be.
    for holder in find_holders(path):
        if holder.role == "host" and holder.host == name:
            return holder.pid
    raise LabError(f"lab host {name} is not running (lab {path})")


def observe(lab: Lab) -> Work:
    """Return the steps that lead to the desired lab."""
    return work(lab, find_holders(lab.path))


def present(lab: Lab) -> Work:
    """Bring the lab to the desired state and return the steps. Raise LabError after ending what this call started."""
    with lock(lab.path):
        todo = observe(lab)
        end(_ordered(todo.end))
        for name in ("hosts", "mnt"):
            os.makedirs(f"{lab.path}/{name}", exist_ok=True)
        started: set[int] = set()
        try:
            switch = todo.underlay.pid if todo.underlay else _make_underlay(lab, started)
            pids = {name: holder.pid for name, holder in todo.keep.items()}
            pids.update(_make_hosts(lab, todo.make, switch, started))
            _start_processes(lab, todo)
        except (LabError, OSError, subprocess.SubprocessError) as error:
            end([item for item in find_holders(lab.path) if item.pid in started])
            raise LabError(str(error)) from error
        _record(lab, pids)
        return todo


def absent(path: str, names: Sequence[str] = (), dry: bool = False) -> list[str]:
    """End the named hosts of a lab, or all of it; return the names of what was up ("underlay" too). Raises LabError."""
    with lock(path):
        found = [item for item in find_holders(path) if not names or item.host in names]
        gone = sorted({item.host or "underlay" for item in found})
        if dry:
            return gone
        try:
            end(_ordered(found))
        except TimeoutError as error:
            raise LabError(str(error)) from error
        if not names:
            shutil.rmtree(path, ignore_errors=True)
        for name in names:
            if os.path.exists(f"{path}/hosts/{name}"):
                os.unlink(f"{path}/hosts/{name}")
        return gone


def _ordered(holders: Sequence[Holder]) -> list[Holder]:
    """Return holders with the processes in hosts before the hosts, whose end ends them too."""
    order = {"process": 0, "host": 1, "underlay": 2}
    return sorted(holders, key=lambda item: order[item.role])


def _make_underlay(lab: Lab, started: set[int]) -> int:
    """Start the underlay's holder, make its bridge, and return its PID."""
    spec = json.dumps(asdict(lab.underlay), sort_keys=True)
    report, told = os.pipe()
    pid = build.child(lambda: build.underlay(lab.path, spec, told), told)
    started.add(pid)
    os.close(told)
    with os.fdopen(report) as said:
        words = said.read()
    if words:
        raise LabError(f"underlay: {words.strip()}")
    # No snooping: what the hosts send to a multicast group (VXLAN) must not depend on a querier.
    _batch(
        pid, ["link add name underlay type bridge forward_delay 0 stp_state 0 mcast_snooping 0", "link set underlay up"]
    )
    return pid


def _make_hosts(lab: Lab, hosts: Sequence[LabHost], switch: int, started: set[int]) -> dict[str, int]:
    """Build hosts side by side; return their PIDs by name."""
    if not hosts:
        return {}
    wait, go = os.pipe()
    reports: dict[int, str] = {}
    outer: list[int] = []
    try:
        for spec in hosts:
            report, told = os.pipe()
            outer.append(_fork_host(lab, spec, told, wait))
            os.close(told)
            reports[report] = spec.name
        pids = _await(dict(reports), started, "ready")
        lines: list[str] = []
        for spec in hosts:
            # The port is named by the host's PID: it fits 15 bytes, and no two that live have the same.
            port = f"p{pids[spec.name]}"
            lines.append(
                f"link add name {port} mtu {spec.mtu} type veth peer name eth0 mtu {spec.mtu} address {spec.mac} "
                f"netns {pids[spec.name]}"
            )
            lines.append(f"link set {port} master underlay up alias {spec.name}")
        _batch(switch, lines)
        os.write(go, b"+" * len(hosts))
        _await(dict(reports), started, "")
        return pids
    finally:
        for fd in (wait, go, *reports):
            os.close(fd)
        for pid in outer:
            os.waitpid(pid, 0)


def _fork_host(lab: Lab, spec: LabHost, told: int, wait: int) -> int:
    """Fork the process that forks the host's first one; return its PID."""

    def body() -> dict[str, str]:
        build.keep_open(told, wait)
        return build.host(lab, spec, shared_mounts(spec.share), told, wait)

    return build.child(body, told)


def _await(open_reports: dict[int, str], started: set[int], until: str) -> dict[str, int]:
    """Read the reports of hosts until each has said `until`, or with "" until each has become its sleeping process.

    Returns the PIDs that were told. Raises LabError with the first error, naming the host.
    """
    pids: dict[str, int] = {}
    poll = select.poll()
    for fd in open_reports:
        poll.register(fd, select.POLLIN)
    said = dict.fromkeys(open_reports, "")
    deadline = time.monotonic() + BUILD_SECONDS
    while open_reports:
        events = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not events:
            raise LabError(f"lab hosts not up within {BUILD_SECONDS:.0f} s: {', '.join(sorted(open_reports.values()))}")
        for fd in (event[0] for event in events):
            name = open_reports[fd]
            data = os.read(fd, 4096)
            said[fd] += data.decode(errors="replace")
            lines = said[fd].splitlines()
            for pid in (int(line[4:]) for line in lines if line.startswith("pid ")):
                pids[name] = pid
                started.add(pid)
            if "error " in said[fd] or (not data and until):
                raise LabError(f"host {name}: {said[fd].partition('error ')[2].strip() or 'ended while it was built'}")
            if (until in lines and name in pids) if until else not data:
                poll.unregister(fd)
                del open_reports[fd]
    return pids


def _start_processes(lab: Lab, todo: Work) -> None:
    """Start missing processes in hosts that are kept."""
    waiting: list[tuple[int, int, str]] = []
    for host in sorted({host for host, dummy in todo.start}):
        names = [name for owner, name in todo.start if owner == host]
        pid, report = build.enter_and_start(lab.path, todo.keep[host].pid, host, names)
        waiting.append((pid, report, host))
    failed: list[str] = []
    for pid, report, host in waiting:
        with os.fdopen(report) as said:
            words = said.read()
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or words:
            failed.append(f"host {host}: {words.strip() or 'its processes did not start'}")
    if failed:
        raise LabError("; ".join(failed))


def _record(lab: Lab, pids: Mapping[str, int]) -> None:
    """Write each host's file for the connection plugin, and into each host the names of all."""
    text = lab.hosts_file()
    for name in os.listdir(f"{lab.path}/hosts"):
        if name not in pids:
            os.unlink(f"{lab.path}/hosts/{name}")
    for name, pid in pids.items():
        _write_changed(f"{lab.path}/hosts/{name}", f"{pid} {start_time(pid)}\n")
        _write_changed(f"/proc/{pid}/root/etc/hosts", text)


def _write_changed(path: str, text: str) -> None:
    """Write a file in one step unless it says that already."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except OSError:
        pass
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def _batch(pid: int, lines: Sequence[str]) -> None:
    """Run lines of ip(8) in the network namespace of a process. Raises LabError with ip's own words."""
    done = subprocess.run(
        ["nsenter", "-t", str(pid), "-n", "ip", "-batch", "-"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise LabError(f"underlay: {done.stderr.strip()}")


def shared_mounts(paths: Sequence[str]) -> list[str]:
    """Return those of the paths that the overlay over / does not show: under /tmp or /run, or on a mount of their own.

    The overlay's lower layer is the root file system alone, without what is mounted on it.
    """
    points = _mount_points()
    found: list[str] = []
    for path in sorted({os.path.realpath(path) for path in paths}):
        if any(path == other or path.startswith(other + "/") for other in found):
            continue
        on = max((point for point in points if path == point or path.startswith(point.rstrip("/") + "/")), key=len)
        if on != "/" or path.startswith(("/tmp/", "/run/")):  # noqa: S108
            found.append(path)
    return found


def _mount_points() -> list[str]:
    """Return where something is mounted (proc(5), mountinfo: octal escapes for blanks)."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        fields: list[str] = [line.split()[4] for line in file]
    return [field.encode().decode("unicode_escape") for field in fields]


def running(path: str) -> list[dict[str, Any]]:
    """Return the hosts of a lab that are up: name, PID, addresses."""
    hosts = [item for item in find_holders(path) if item.role == "host"]
    return [
        {"name": item.host, "pid": item.pid, "addresses": json.loads(item.spec)["addresses"]}
        for item in sorted(hosts, key=lambda item: item.host)
        if read_holder(item.pid) == item
    ]
