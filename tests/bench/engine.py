# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time the engine beside iproute2: VXLAN links, each a port of a bridge of its own, and FDB entries.

Call it as root: ``.venv/bin/python tests/bench/engine.py [LINKS [ENTRIES [ROUNDS]]]``, by default 1000, 5000 and 1. It
works in a network namespace and a mount namespace of its own. The engine creates, finds nothing to change and removes;
``ip -batch`` and ``bridge -batch`` do the same with the same options, and ``ip -j -d link`` with ``bridge -j fdb``,
parsed, stand for reading. Each part of the engine runs in a process of its own, so that its peak memory is its own, and
its time is that of ``Engine.run`` without Python's start; the import of pyroute2 is part of it, and told by itself too.
Creation is taken in ROUNDS, the two by turns, and reading three times in each: the best of each counts, by the clock
and by the processor's time, in which the load of others shows less.

Removal one by one takes the kernel 40 ms a link: the batch's is stopped after ``REMOVAL_SECONDS``, and scaled from the
links gone by then to all. What the kernel needs at least is measured too: ``ip link del group``, by kind.
docs/speed.md says why it is not less.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
REMOVAL_SECONDS = 30.0
#: A group that only lives for the length of one removal.
REMOVAL_GROUP = "4711"
INSIDE = "NETLOOM_BENCH_INSIDE"


def config(links: int, entries: int) -> dict[str, Any]:
    """Return the config: so many VXLAN links, bridges and FDB entries, spread evenly."""
    found: dict[str, Any] = {"links": [], "fdb": []}
    for n in range(links):
        found["links"].append({"name": f"br{n}", "kind": "bridge", "mtu": 1450})
        vxlan = {"name": f"vx{n}", "kind": "vxlan", "vni": n + 1, "dstport": 4789, "local": "127.0.0.1"}
        found["links"].append({**vxlan, "learning": False, "mtu": 1450, "master": f"br{n}"})
    for n in range(entries):
        mac = f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}"
        found["fdb"].append({"dev": f"vx{n % links}", "mac": mac, "dst": f"192.0.2.{n % 250 + 1}"})
    return found


def batches(wished: dict[str, Any]) -> tuple[str, str]:
    """Return the same as input of ``ip -batch`` and of ``bridge -batch``; the marks of the engine included."""
    lines = []
    for link in wished["links"]:
        # As the engine does: marked, and up at once.
        new = f"link add {link['name']} group 28268"
        if link["kind"] == "vxlan":
            tail = f"id {link['vni']} dstport {link['dstport']} local {link['local']} nolearning"
            lines.append(f"{new} mtu {link['mtu']} up master {link['master']} type vxlan {tail}")
        else:
            # A bridge follows its ports' MTU unless its own was set: given at creation it does not count as set.
            lines += [f"{new} type bridge", f"link set {link['name']} mtu {link['mtu']} up"]
    fdb = [f"fdb add {row['mac']} dev {row['dev']} dst {row['dst']} self permanent" for row in wished["fdb"]]
    return "\n".join(lines) + "\n", "\n".join(fdb) + "\n"


@dataclass(frozen=True)
class Time:
    """Seconds by the clock, and of the processor (user and system)."""

    clock: float
    processor: float

    def __add__(self, other: Time) -> Time:
        return Time(self.clock + other.clock, self.processor + other.processor)

    def best(self, other: Time) -> Time:
        """Return the lesser of each."""
        return Time(min(self.clock, other.clock), min(self.processor, other.processor))


def processor(who: int) -> float:
    """Return the processor's seconds of this process, or of its children that ended."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def timed(command: list[str], text: str = "", limit: float = 300.0) -> tuple[Time, bytes]:
    """Run a command with text as its input; return its time and its output."""
    used, started = processor(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True, timeout=limit)
    clock = time.perf_counter() - started
    return Time(clock, processor(resource.RUSAGE_CHILDREN) - used), done.stdout


def engine_part(part: str, links: int, entries: int) -> None:
    """Run the engine once and print its time, changes and peak memory (KiB) as JSON."""
    sys.path.insert(0, str(CHECKOUT / ".collections"))
    from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine

    wished = {} if part == "remove" else config(links, entries)
    engine = Engine()
    used, started = processor(resource.RUSAGE_SELF), time.perf_counter()
    report = engine.run(wished, overridden=part == "remove")
    clock = time.perf_counter() - started
    used = processor(resource.RUSAGE_SELF) - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"clock": clock, "processor": used, "commands": len(report.commands), "peak": peak}))


@dataclass(frozen=True)
class Run:
    """One part of the engine: its time, how many changes it made, and its peak memory in MiB."""

    time: Time
    commands: int
    peak: float

    def best(self, other: Run) -> Run:
        """Return the better time of two runs that did the same, and the greater memory."""
        return Run(self.time.best(other.time), self.commands, max(self.peak, other.peak))


def engine(part: str, links: int, entries: int) -> Run:
    """Run one part of the engine in a process of its own."""
    found = json.loads(timed([sys.executable, __file__, part, str(links), str(entries)])[1])
    return Run(Time(found["clock"], found["processor"]), found["commands"], found["peak"] / 1024)


def import_of_pyroute2() -> float:
    """Return the seconds that Python needs for it, the best of three."""
    line = "import time; start = time.perf_counter(); import pyroute2; print(time.perf_counter() - start)"
    return min(float(timed([sys.executable, "-c", line])[1]) for _each in range(3))


def read() -> tuple[Time, int, int]:
    """Read links and FDB by iproute2 and parse them; return the time, links besides lo, entries with a destination."""
    used = processor(resource.RUSAGE_CHILDREN) + processor(resource.RUSAGE_SELF)
    started = time.perf_counter()
    links = json.loads(timed(["ip", "-j", "-d", "link"])[1])
    entries = json.loads(timed(["bridge", "-j", "fdb"])[1])
    clock = time.perf_counter() - started
    used = processor(resource.RUSAGE_CHILDREN) + processor(resource.RUSAGE_SELF) - used
    return Time(clock, used), len(links) - 1, sum("dst" in entry for entry in entries)


def remove_as_groups(links: int) -> dict[str, float]:
    """Remove all links by ``ip link del group``, VXLAN links and bridges by themselves; return seconds of each."""
    found = {}
    for kind in ("vx", "br"):
        lines = "".join(f"link set dev {kind}{n} group {REMOVAL_GROUP}\n" for n in range(links) if exists(kind, n))
        started = time.perf_counter()
        if lines:
            timed(["ip", "-batch", "-"], lines)
            timed(["ip", "link", "del", "group", REMOVAL_GROUP])
        found[kind] = time.perf_counter() - started
    return found


def exists(kind: str, n: int) -> bool:
    """Tell whether a link is there (still, where the batch was stopped)."""
    return Path(f"/proc/sys/net/ipv4/conf/{kind}{n}").exists()


def remove_by_batch(links: int) -> tuple[float, int]:
    """Remove all links by ``ip -batch``, within the time that is given; return seconds and links removed."""
    before = read()[1]
    lines = "".join(f"link del vx{n}\nlink del br{n}\n" for n in range(links))
    with tempfile.TemporaryFile("w+") as file:
        file.write(lines)
        file.seek(0)
        started = time.perf_counter()
        process = subprocess.Popen(["ip", "-batch", "-"], stdin=file)
        try:
            process.wait(REMOVAL_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        seconds = time.perf_counter() - started
    return seconds, before - read()[1]


def holds(what: str, wished: tuple[int, int]) -> Time:
    """Return the time of the best of three reads; end the run where iproute2 does not see what was made."""
    best, *found = read()
    for _again in range(2):
        best = best.best(read()[0])
    if tuple(found) != wished:
        sys.exit(f"after {what}: {found} links and FDB entries, not {list(wished)}")
    return best


def create(links: int, entries: int, rounds: int) -> tuple[Time, Run, Run, Time]:
    """Create by turns; return the times of the batches, of the engine, of its second run, and of reading.

    What the engine made last is left.
    """
    made = (2 * links, entries)
    ip_text, bridge_text = batches(config(links, entries))
    found: list[tuple[Time, Run, Run, Time]] = []
    for number in range(rounds):
        if number:
            remove_as_groups(links)
        batch = timed(["ip", "-batch", "-"], ip_text)[0] + timed(["bridge", "-batch", "-"], bridge_text)[0]
        holds("the batch", made)
        remove_as_groups(links)
        run = engine("create", links, entries)
        reading = holds("the engine's run", made)
        again = engine("again", links, entries)
        for _again in range(2):
            again = again.best(engine("again", links, entries))
        if again.commands:
            sys.exit(f"the second run is not empty: {again.commands} commands")
        found.append((batch, run, again, reading))
    batch, run, again, reading = found[0]
    for other in found[1:]:
        batch, run = batch.best(other[0]), run.best(other[1])
        again, reading = again.best(other[2]), reading.best(other[3])
    return batch, run, again, reading


def measure(links: int, entries: int, rounds: int) -> None:
    """Run all parts and print figures and ratios."""
    made = (2 * links, entries)
    batch, run, again, reading = create(links, entries, rounds)
    remove = engine("remove", links, entries)
    holds("the removal", (0, 0))
    ip_text, bridge_text = batches(config(links, entries))
    timed(["ip", "-batch", "-"], ip_text)
    timed(["bridge", "-batch", "-"], bridge_text)
    floor = remove_as_groups(links)
    timed(["ip", "-batch", "-"], ip_text)
    timed(["bridge", "-batch", "-"], bridge_text)
    seconds, gone = remove_by_batch(links)
    scaled = seconds * made[0] / gone
    note = "" if gone == made[0] else f" ({gone} links in {seconds:.1f} s, scaled)"
    remove_as_groups(links)
    print(
        f"{links} VXLAN links, {links} bridges, {entries} FDB entries; pyroute2 imports in {import_of_pyroute2():.2f} s"
    )
    print(f"{'':10} {'engine s':>9} {'iproute2 s':>11} {'ratio':>7} {'of cpu':>7} {'peak MiB':>9}")
    groups = f"ip link del group: {floor['vx']:.2f} s for VXLAN links, {floor['br']:.2f} s for bridges"
    rows = (
        ("create", run, batch, "ip -batch + bridge -batch"),
        ("no change", again, reading, "ip -j -d link + bridge -j fdb, parsed"),
        ("remove", remove, Time(scaled, 0), f"ip -batch{note}"),
        ("", remove, Time(sum(floor.values()), 0), groups),
    )
    for name, part, other, what in rows:
        ratio = part.time.clock / other.clock
        of_cpu = f"{part.time.processor / other.processor:7.3f}" if other.processor else f"{'':7}"
        print(f"{name:10} {part.time.clock:9.2f} {other.clock:11.2f} {ratio:7.3f} {of_cpu} {part.peak:9.0f}  {what}")


def main(arguments: list[str]) -> None:
    """Go into namespaces of our own and measure there; or be one part of the engine."""
    if arguments and arguments[0] in ("create", "again", "remove"):
        engine_part(arguments[0], int(arguments[1]), int(arguments[2]))
        return
    given = [int(number) for number in arguments]
    links, entries, rounds = [*given, *(1000, 5000, 1)[len(given) :]]
    if INSIDE not in os.environ:
        inside = 'mount -t tmpfs none /run && mkdir -p /run/lock /run/netns && ip link set lo up && exec "$@"'
        command = ["sh", "-ec", inside, "-", sys.executable, __file__, str(links), str(entries), str(rounds)]
        done = subprocess.run(["unshare", "-n", "-m", *command], env={**os.environ, INSIDE: "1"}, check=False)
        sys.exit(done.returncode)
    measure(links, entries, rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
