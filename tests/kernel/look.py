# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what iproute2 sees of a namespace, without what changes by itself."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any, Callable


def run(command: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command.split(), check=True, timeout=20)


def lines(command: str) -> list[str]:
    """Return what a command prints, a line each, white space folded."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
    # Whether a link has its carrier yet, and an address its proof of being the only one, is a matter of moments.
    return sorted(
        " ".join(line.replace("linkdown", "").replace("tentative", "").split()) for line in done.stdout.splitlines()
    )


def told(command: str) -> Any:
    """Return what iproute2 says as JSON."""
    return json.loads(subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout)


def collections() -> int:
    """Return how often the kernel swept its tables of neighbors, of all network namespaces together.

    Where a table has had more entries than gc_thresh2 (512) for 5 seconds, each new entry, in whatever namespace, takes
    entries away that nothing uses (net/core/neighbour.c: neigh_forced_gc()): NOARP ones at once.
    """
    found = 0
    for cache in ("arp_cache", "ndisc_cache"):
        with open(f"/proc/1/net/stat/{cache}", encoding="ascii") as file:
            names, *of_processors = (line.split() for line in file)
        found += sum(int(one[names.index("forced_gc_runs")], 16) for one in of_processors)
    return found


def unless_swept(look: Callable[[], None], tries: int = 5) -> None:
    """Look at neighbors, again where they were swept meanwhile: for tests of entries that the kernel may take away."""
    for left in reversed(range(tries)):
        before = collections()
        try:
            look()
            return
        except Exception:
            if collections() == before or not left:
                raise


_BY_ITSELF = re.compile(
    "ifindex|link_index|.*_timer|operstate|flags|num_.*|.*_addr|bridge_id|.*root.*|link_netnsid|designated_.*|no|fdb_n_learned"
    "|state"
)


def steady(part: Any) -> Any:
    """Leave out what changes by itself, or with the order in which links were made."""
    if isinstance(part, dict):
        # A port's id is a string that holds its number; a VNI is a number.
        return {
            name: steady(value)
            for name, value in part.items()
            if not _BY_ITSELF.fullmatch(name) and not (name == "id" and isinstance(value, str))
        }
    return part


def at_rest(look: Callable[[], Any], seconds: float = 3) -> Any:
    """Return what a look gives twice in a row: carriers come, and ports change their state, a moment after a run."""
    until = time.monotonic() + seconds
    before, found = None, look()
    while found != before and time.monotonic() < until:
        time.sleep(0.03)
        before, found = found, look()
    return found


def everything() -> list[str]:
    """Return what iproute2 says of this namespace at rest, without what changes by itself."""
    found: list[str] = at_rest(everything_now)
    return found


def everything_now() -> list[str]:
    """Return what iproute2 says of this namespace, without what changes by itself."""
    links = {link["ifname"]: steady(link) for link in told("ip -j -d link") if link["ifname"] != "lo"}
    return [
        *(f"{name} {json.dumps(link, sort_keys=True)}" for name, link in sorted(links.items())),
        *(line.split(": ", 1)[1] for line in lines("ip -o addr show scope global")),
        *lines("ip route show table all proto 110"),
        *lines("ip -6 route show table all proto 110"),
        *lines("ip nexthop show proto 110"),
        *[line for family in ("-4", "-6") for line in lines(f"ip {family} rule") if "proto 110" in line],
        *lines("ip neigh show nud permanent"),
        *[line for line in lines("bridge fdb show") if "self permanent" in line and "33:33" not in line],
        *[line for line in lines("bridge mdb show") if " permanent" in line],
        *(line.split()[0] for line in lines("ip netns list")),
    ]


def routes(tell: Any, *words: str) -> list[dict[str, Any]]:
    """Return our routes as iproute2 tells them."""
    return tell(f"ip -j -d {' '.join(words)} route show table all proto 110".replace("  ", " "))
