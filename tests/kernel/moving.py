# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what iproute2 tells of a namespace that links move from and to."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any, Callable

Apply = Callable[..., Any]


def sh(*lines: str) -> None:
    """Run commands."""
    for line in lines:
        subprocess.run(line.split(), check=True, timeout=30)


def told(command: str) -> Any:
    """Return what iproute2 says as JSON."""
    return json.loads(subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout)


def links(netns: str = "") -> dict[str, dict[str, Any]]:
    """Return the links of a namespace by name."""
    return {row["ifname"]: row for row in told(f"ip {f'-n {netns} ' if netns else ''}-j -d link")}


def everything(netns: str = "") -> list[str]:
    """Return what iproute2 tells of a namespace, without indexes, counters and what a moment decides."""
    where = f"-n {netns} " if netns else ""
    lines = []
    for command in (
        f"ip {where}-o -d link",
        f"ip {where}-o addr show scope global",
        f"ip {where}route show table all",
        f"ip {where}-6 route show",
        f"ip {where}neigh show nud permanent",
        f"bridge {where}fdb show",
    ):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
        lines += [_steady(line) for line in done.stdout.splitlines()]
    return sorted(line for line in lines if line)


_MOMENT = (
    r"\b(state|qdisc|link-netns|link-netnsid|promiscuity|allmulti|bridge_id|designated_\w+|port_id|port_no|num\w+) \S+"
)
_TIMERS = r"\b(\w+_timer|root_\w+|topology_change\w*|tc\w*|forward_delay|qlen|fdb_n_learned) +[\d.]+"


def _steady(line: str) -> str:
    # The kernel's own entries and routes come and go with links that are up.
    if "proto kernel" in line or "33:33" in line or "01:00:5e" in line or re.match("(local|broadcast|multicast)", line):
        return ""
    if re.match(r"[0-9a-f:]{17} dev \w+ (vlan \d+ )?master", line) and "static" not in line:
        return ""  # learned, or the bridge's own
    line = re.sub(r"^\d+: ", "", line)
    line = re.sub(r"@if\d+|@\w+|(NO-CARRIER|M-DOWN),|,LOWER_UP|linkdown|dead", "", line)
    return " ".join(re.sub(_TIMERS, "", re.sub(_MOMENT, "", line)).split())
