# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say which pings a host must make: from each of its stations to every other station of each of its networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: Attachments whose links never reach their own host through the device they lie on (ipvlan_core.c, macvlan.c).
BEHIND_DEVICE = ("ipvlan", "macvlan")


@dataclass(frozen=True)
class Station:
    """One holder of addresses on a network: a host, or a workload on it. ``netns`` is empty for the host's own."""

    name: str
    host: str
    network: str
    netns: str
    device: str
    addresses: tuple[str, ...]
    attach: str = ""


@dataclass(frozen=True)
class Pair:
    """One ping to make: a source, and one address of a target."""

    network: str
    source: str
    netns: str
    target: str
    address: str
    mtu: int


def own_stations(host: str, intent: Mapping[str, Any]) -> list[Station]:
    """List the stations on a host, from the intent that the inventory gives it."""
    stations = []
    for name, network in sorted(intent.get("networks", {}).items()):
        if network.get("addresses"):
            netns = network.get("netns") or ""
            stations.append(Station(host, host, name, netns, network["device"], _bare(network["addresses"])))
        for workload, row in sorted(intent.get("workloads", {}).items()):
            if row.get("network") == name:
                stations.append(
                    Station(
                        workload,
                        host,
                        name,
                        row["netns"],
                        row["interface"],
                        _bare(row.get("addresses", ())),
                        row["attach"],
                    )
                )
    return stations


def pairs(host: str, intent: Mapping[str, Any]) -> list[Pair]:
    """List the pings that a host must make: its stations to all others, in the address families that both have."""
    found = []
    stations = own_stations(host, intent)
    for source in stations:
        network = intent["networks"][source.network]
        families = {_family(one) for one in source.addresses}
        found += [
            Pair(source.network, source.name, source.netns, target, address, int(network["mtu"]))
            for target, addresses in sorted(_targets(network, source, stations).items())
            for address in addresses
            if _family(address) in families
        ]
    return found


def _targets(network: Mapping[str, Any], source: Station, stations: Iterable[Station]) -> dict[str, tuple[str, ...]]:
    """Return the addresses of all others on the source's network, by name."""
    others = {name: _bare(row.get("addresses", ())) for name, row in network.get("members", {}).items()}
    here = {one.name: one for one in stations if one.network == source.network}
    for name, row in network.get("endpoints", {}).items():
        others[name] = _bare(row.get("addresses", ()))
    for name, station in here.items():
        others[name] = station.addresses
        if {source.attach, station.attach} & set(BEHIND_DEVICE):
            del others[name]
    others.pop(source.name, None)
    return others


def underlay(intent: Mapping[str, Any]) -> dict[str, str]:
    """Return the VTEP addresses of all peers, by host name."""
    return {
        name: row["vtep"]
        for network in intent.get("networks", {}).values()
        for name, row in network.get("members", {}).items()
    }


def payload(size: int, address: str) -> int:
    """Return how many bytes of ICMP data make an IP packet of a size: less 20 (IPv4) or 40 (IPv6), and 8 of ICMP."""
    return size - (28 if _family(address) == 4 else 48)


def _family(address: str) -> int:
    return ipaddress.ip_address(address).version


def _bare(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return addresses without prefix lengths."""
    return tuple(one.partition("/")[0] for one in addresses)
