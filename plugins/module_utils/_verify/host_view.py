# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host as verification sees it: the desired networks, the results of its pings, its namespaces."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .targets import Station, own_stations


@dataclass(frozen=True)
class HostView:
    """Intent, answers and state of one host; answers and state are empty where the host gave none."""

    name: str
    intent: Mapping[str, Any]
    reach: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)

    def network(self, name: str) -> Mapping[str, Any]:
        """Return the stations that the host should reach on a network; empty where it is no member."""
        row: Mapping[str, Any] = self.intent.get("networks", {}).get(name, {})
        return row

    def config(self, plural: str) -> list[Mapping[str, Any]]:
        """Return the wished links, routes, neighbors or sysctls."""
        rows: list[Mapping[str, Any]] = self.intent.get("config", {}).get(plural, [])
        return rows

    def namespace(self, netns: Optional[str]) -> Mapping[str, Any]:
        """Return the state of a namespace; empty where none was collected."""
        key = "" if netns in (None, "host") else netns
        row: Mapping[str, Any] = self.state.get("namespaces", {}).get(key, {})
        return row

    def link(self, netns: Optional[str], name: str) -> Optional[Mapping[str, Any]]:
        """Return a link as it is, None for one that is not there."""
        for row in self.namespace(netns).get("links", ()):
            if row["name"] == name:
                return dict(row)
        return None

    def route(self, netns: Optional[str], address: str) -> Optional[Mapping[str, Any]]:
        """Return the route that the main table has for an address: the longest prefix wins, then the least metric."""
        target = ipaddress.ip_address(address)
        found: list[tuple[int, int, int, Mapping[str, Any]]] = []
        for row in self.namespace(netns).get("routes", ()):
            prefix = _prefix(row, target.version)
            if prefix is not None and target in prefix:
                found.append((-prefix.prefixlen, row.get("metric", 0), len(found), row))
        return min(found)[3] if found else None

    def stations(self) -> list[Station]:
        """List the stations on the host."""
        return own_stations(self.name, self.intent)


def _prefix(row: Mapping[str, Any], version: int) -> Any:
    """Return the prefix of a route as a network of this IP version, None for one of the other."""
    dst = row["dst"]
    if dst == "default":
        gateway = row.get("gateway", "")
        if not gateway and row.get("dev") is None:
            return None
        if gateway and (":" in gateway) != (version == 6):
            return None
        dst = "0.0.0.0/0" if version == 4 else "::/0"
    network = ipaddress.ip_network(dst, strict=False)
    return network if network.version == version else None


def wished_links(view: HostView, network: str, station: Optional[Station], far: str) -> Iterator[Mapping[str, Any]]:
    """Yield the wished links from a station of a host to a far host: tunnel, bridge, the workload's veth."""
    row = view.network(network)
    if far != view.name:
        yield from _tunnels(view, row, far)
    for link in view.config("links"):
        if row.get("bridge") and link["kind"] == "bridge" and link["name"] == row["device"]:
            yield link
        peer = link.get("peer")
        if station is not None and peer and (peer.get("netns"), peer["name"]) == (station.netns, station.device):
            yield link
            yield dict(peer, kind="veth")


def is_shared(link: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Tell whether a wished link is the external-mode link that a network shares with others of its port."""
    return bool(link.get("external")) and (link["kind"], link.get("dstport")) == (row.get("encap"), row.get("dstport"))


def is_on_port(view: HostView, row: Mapping[str, Any], station: Optional[Station]) -> bool:
    """Tell whether a station is behind a veth pair whose host end is a port of the network's bridge."""
    return station is not None and any(
        link.get("master") == row.get("device")
        and (link["peer"].get("netns"), link["peer"]["name"]) == (station.netns, station.device)
        for link in view.config("links")
        if link.get("peer") and link.get("master")
    )


def _tunnels(view: HostView, row: Mapping[str, Any], far: str) -> list[Mapping[str, Any]]:
    """Return the tunnel links to a far host; where there is none of its own (a spoke of a hub), all of the network."""
    mine = [
        link
        for link in view.config("links")
        if (link["kind"], link.get("vni"), link.get("dstport"))
        == (row.get("encap"), row.get("vni"), row.get("dstport"))
        or is_shared(link, row)
    ]
    vtep = row.get("members", {}).get(far, {}).get("vtep")
    direct = [link for link in mine if link.get("remote", vtep) == vtep]
    return direct or mine
