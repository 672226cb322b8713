# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time the engine beside iproute2: VXLAN links, each a port of a bridge of its own, and FDB entries.

Call it as root: ``.venv/bin/python tests/bench/engine.py [LINKS [ENTRIES]]``, by default 1000 and 5000. It works in a
network namespace and a mount namespace of its own. The engine creates, finds nothing to change and removes;
``ip -batch`` and ``bridge -batch`` do the same with the same options, and ``ip -j -d link`` with ``bridge -j fdb``,
parsed, stand for reading. Each part of the engine runs in a process of its own, so that its peak memory is its own, and
its time is that of ``Engine.run`` without Python's start. Removal one by one takes the kernel 20 ms a link: the batch's
is stopped after ``REMOVAL_SECONDS``, and scaled from the links gone by then to all.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
REMOVAL_SECONDS = 30.0
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
        tail = "type bridge"
        if link["kind"] == "vxlan":
            tail = (
                f"master {link['master']} type vxlan id {link['vni']} dstport {link['dstport']} local {link['local']} "
                "nolearning"
            )
        # As the engine does: made up, and marked.
        lines.append(f"link add {link['name']} mtu {link['mtu']} up group 28268 {tail}")
    fdb = [f"fdb add {row['mac']} dev {row['dev']} dst {row['dst']} self permanent" for row in wished["fdb"]]
    return "\n".join(lines) + "\n", "\n".join(fdb) + "\n"


def timed(command: list[str], text: str = "", limit: float = 300.0) -> tuple[float, bytes]:
    """Run a command with text as its input; return its seconds and its output."""
    started = time.perf_counter()
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True, timeout=limit)
    return time.perf_counter() - started, done.stdout


def engine_part(part: str, links: int, entries: int) -> None:
    """Run the engine once and print seconds, changes and peak memory (KiB) as JSON."""
    sys.path.insert(0, str(CHECKOUT / ".collections"))
    from ansible_collections.netloom.overlay.plugins.module_utils.engine import Engine

    wished = {} if part == "remove" else config(links, entries)
    engine = Engine()
    started = time.perf_counter()
    report = engine.run(wished, overridden=part == "remove")
    seconds = time.perf_counter() - started
    engine.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "commands": len(report.commands), "peak": peak}))


def engine(part: str, links: int, entries: int) -> dict[str, Any]:
    """Run one part of the engine in a process of its own."""
    _seconds, out = timed([sys.executable, __file__, part, str(links), str(entries)])
    found: dict[str, Any] = json.loads(out)
    return found


def read() -> tuple[float, int, int]:
    """Read links and FDB by iproute2 and parse them; return seconds, links besides lo, entries with a destination."""
    started = time.perf_counter()
    links = json.loads(timed(["ip", "-j", "-d", "link"])[1])
    entries = json.loads(timed(["bridge", "-j", "fdb"])[1])
    seconds = time.perf_counter() - started
    return seconds, len(links) - 1, sum("dst" in entry for entry in entries)


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


def holds(what: str, wished: tuple[int, int]) -> float:
    """Return the seconds of the better of two reads; end the run where iproute2 does not see what was made."""
    seconds, *found = min(read(), read())
    if tuple(found) != wished:
        sys.exit(f"after {what}: {found} links and FDB entries, not {list(wished)}")
    return seconds


def measure(links: int, entries: int) -> None:
    """Run all parts and print figures and ratios."""
    made = (2 * links, entries)
    ip_text, bridge_text = batches(config(links, entries))
    batch = timed(["ip", "-batch", "-"], ip_text)[0] + timed(["bridge", "-batch", "-"], bridge_text)[0]
    holds("the batch", made)
    seconds, gone = remove_by_batch(links)
    scaled = seconds * made[0] / gone
    note = "" if gone == made[0] else f" ({gone} links in {seconds:.1f} s, scaled)"
    if gone < made[0]:
        subprocess.run(["ip", "link", "del", "group", "28268"], check=True, timeout=120)
    create = engine("create", links, entries)
    reading = holds("the engine's run", made)
    again = engine("again", links, entries)
    if again["commands"]:
        sys.exit(f"the second run is not empty: {again['commands']} commands")
    remove = engine("remove", links, entries)
    holds("the removal", (0, 0))
    print(f"{links} VXLAN links, {links} bridges, {entries} FDB entries")
    rows = (
        ("create", create, batch, "ip -batch + bridge -batch"),
        ("no change", again, reading, "ip -j -d link + bridge -j fdb, parsed"),
        ("remove", remove, scaled, f"ip -batch{note}"),
    )
    print(f"{'':10} {'engine s':>9} {'iproute2 s':>11} {'ratio':>7} {'peak MiB':>9}")
    for name, part, other, what in rows:
        ratio = part["seconds"] / other
        print(f"{name:10} {part['seconds']:9.2f} {other:11.2f} {ratio:7.3f} {part['peak'] / 1024:9.0f}  {what}")


def main(arguments: list[str]) -> None:
    """Go into namespaces of our own and measure there; or be one part of the engine."""
    if arguments and arguments[0] in ("create", "again", "remove"):
        engine_part(arguments[0], int(arguments[1]), int(arguments[2]))
        return
    given = [int(number) for number in arguments]
    links, entries = [*given, *(1000, 5000)[len(given) :]]
    if INSIDE not in os.environ:
        inside = 'mount -t tmpfs none /run && mkdir -p /run/lock /run/netns && ip link set lo up && exec "$@"'
        command = ["sh", "-ec", inside, "-", sys.executable, __file__, str(links), str(entries)]
        done = subprocess.run(["unshare", "-n", "-m", *command], env={**os.environ, INSIDE: "1"}, check=False)
        sys.exit(done.returncode)
    measure(links, entries)


if __name__ == "__main__":
    main(sys.argv[1:])
