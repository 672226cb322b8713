# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the sysctls of a namespace, and wish for one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

PROC = Path("/proc/sys/net")
TREES = {"ipv4/conf": "default", "ipv6/conf": "default", "ipv4/neigh": "lo", "ipv6/neigh": "lo"}
EVERY = [
    f"{tree.replace('/', '.')}.{file.name}"
    for tree, model in TREES.items()
    for file in sorted((PROC / tree / model).iterdir())
]
#: Once set it stays: test_a_secret_cannot_be_taken_back().
ONE_WAY = {"ipv6.conf.stable_secret"}


def sh(command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30).stdout


def held(dev: str, name: str) -> str:
    """Return what /proc says."""
    family, tree, leaf = name.split(".")
    return (PROC / family / tree / dev / leaf).read_text().strip()


def everything() -> dict[str, str]:
    """Return every sysctl of every link, of all and of default, and the IPv6 addresses and routes."""
    found = {}
    for tree in TREES:
        for file in sorted((PROC / tree).glob("*/*")):
            if file.name != "stable_secret":
                found[str(file)] = file.read_text().strip()
    found["addresses"] = "\n".join(sorted(sh("ip -6 -o addr show dev v.0").replace("tentative", "").split()))
    found["routes"] = "\n".join(sorted(sh("ip -6 route show dev v.0").splitlines()))
    return found


def wish(name: str, value: Any, dev: str = "v.0", **more: Any) -> dict[str, Any]:
    """Return a config with one sysctl."""
    return {"sysctls": [{"dev": dev, "name": name, "value": value, **more}]}
