# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect the state of a host's namespaces from iproute2, as far as finding a cause needs it.

iproute2 is asked and not the collection's own reader, so that verification does not share its mistakes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from .probe import NoNamespace, inside

_COMMANDS = {
    "links": ("ip", "-j", "-d", "addr", "show"),
    "routes": ("ip", "-j", "route", "show"),
    "routes6": ("ip", "-j", "-6", "route", "show"),
    "cached": ("ip", "-j", "route", "show", "cache"),
    "neighbors": ("ip", "-j", "neigh", "show"),
    "fdb": ("bridge", "-j", "fdb", "show"),
}
_SYSCTLS = ("rp_filter", "forwarding")


def collect(intent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of the host's own namespace (named by an empty string) and of its workloads'."""
    netnses = {""} | {row["netns"] for row in intent.get("workloads", {}).values() if row.get("netns")}
    return {
        "namespaces": {netns: _namespace(netns) for netns in sorted(netnses)},
        "forward": _forward(),
        "bridge_nf": _read("/proc/sys/net/bridge/bridge-nf-call-iptables"),
    }


def _namespace(netns: str) -> dict[str, Any]:
    """Return the state of a namespace by iproute2, with the reason of a failure under ``error``."""
    try:
        answers = {name: _rows(inside(netns, list(words))) for name, words in _COMMANDS.items()}
        links = [compact_link(row) for row in answers["links"] if row.get("ifname")]
    except (NoNamespace, OSError) as error:
        return {"error": str(error)}
    return {
        "links": links,
        "routes": [compact_route(row) for row in [*answers["routes"], *answers["routes6"]]],
        "path_mtus": {row["dst"]: _path_mtu(row) for row in answers["cached"] if _path_mtu(row)},
        "neighbors": [_pick(row, ("dst", "dev", "lladdr", "state")) for row in answers["neighbors"]],
        "fdb": [_pick(row, ("mac", "ifname", "dst", "master", "state")) for row in answers["fdb"]],
        "sysctls": _sysctls(netns, [row["name"] for row in links]),
    }


def _rows(words: list[str]) -> list[dict[str, Any]]:
    """Run a command that prints JSON; raise OSError with its error output when it fails."""
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode:
        raise OSError("%s: %s" % (" ".join(words), done.stderr.decode(errors="replace").strip()))
    rows: list[dict[str, Any]] = json.loads(done.stdout.decode() or "[]")
    return [row for row in rows if row]


def _pick(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def compact_link(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of ``ip -j -d addr`` that matter."""
    info = row.get("linkinfo", {})
    data = info.get("info_data", {})
    link = {
        "name": row["ifname"],
        "kind": info.get("info_kind", ""),
        "up": "UP" in row.get("flags", ()),
        "carrier": "LOWER_UP" in row.get("flags", ()),
        "mtu": row.get("mtu"),
        "mac": row.get("address"),
        "master": row.get("master"),
        "addresses": [
            "%s/%s" % (one["local"], one["prefixlen"]) for one in row.get("addr_info", ()) if one.get("local")
        ],
        "vni": data.get("id"),
        "dstport": data.get("port"),
        "remote": data.get("remote") or data.get("remote6"),
        "local": data.get("local") or data.get("local6"),
        "isolated": info.get("info_slave_data", {}).get("isolated"),
    }
    return {name: value for name, value in link.items() if value is not None}


def compact_route(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return destination, gateway, device and kind of a route."""
    return _pick(row, ("dst", "gateway", "dev", "type", "metric"))


def _path_mtu(row: Mapping[str, Any]) -> int:
    """Return the path MTU that the kernel has learned for a destination, 0 for none."""
    return next((int(one["mtu"]) for one in row.get("metrics", ()) if "mtu" in one), 0)


def _sysctls(netns: str, devices: Iterable[str]) -> dict[str, dict[str, str]]:
    """Read the IPv4 settings that decide about packets, of ``all`` and each device.

    /proc/sys/net shows the namespace of the thread that reads, so one process is started inside.
    """
    names = ["all", *devices]
    paths = ["/proc/sys/net/ipv4/conf/%s/%s" % (name, key) for name in names for key in _SYSCTLS]
    done = subprocess.run(
        inside(netns, ["grep", "-H", "", *paths]), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    found: dict[str, dict[str, str]] = {}
    for line in done.stdout.decode().splitlines():
        path, _colon, value = line.rpartition(":")
        parts = path.split("/")
        found.setdefault(parts[-2], {})[parts[-1]] = value
    return found


def _forward() -> list[list[str]]:
    """Return the rules of the FORWARD chains as iptables prints them.

    nftables and the older tables may both hold one, and a packet must pass both. The older are only looked at where the
    namespace has them: asking loads their module.
    """
    programs = ["iptables-nft" if shutil.which("iptables-nft") else "iptables"]
    if "filter" in _read("/proc/net/ip_tables_names").split():
        programs.append("iptables-legacy")
    chains = []
    for program in programs:
        if shutil.which(program) is not None:
            words = [program, "-w", "5", "-S", "FORWARD"]
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                chains.append(done.stdout.decode(errors="replace").splitlines())
    return chains


def _read(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, encoding="ascii") as file:
        return file.read().strip()
