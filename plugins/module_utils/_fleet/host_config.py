# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collect what one host gets: the ``config`` of network_state, and the facts that verification needs."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from .intent import Route, Underlay
from .values import FabricError, Interface

if TYPE_CHECKING:
    from .wiring import Station


@dataclass
class HostPlan:
    """The growing configuration of one host. Every link and address is checked against the others as it is added."""

    host: str
    fabric: str
    netns: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: list[dict[str, Any]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    neighbors: list[dict[str, Any]] = field(default_factory=list)
    sysctls: list[dict[str, Any]] = field(default_factory=list)
    networks: dict[str, Any] = field(default_factory=dict)
    workloads: dict[str, Any] = field(default_factory=dict)
    names: dict[tuple[Optional[str], str], str] = field(default_factory=dict)
    ways: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    held: dict[Optional[str], list[tuple[Interface, str, str]]] = field(default_factory=dict)

    def add_link(self, where: str, link: Mapping[str, Any]) -> None:
        """Add a link; refuse a name that its namespace has already, naming both owners."""
        self.claim(where, link.get("netns"), link["name"])
        peer = link.get("peer")
        if peer:
            self.claim(where, peer.get("netns"), peer["name"])
        row = {key: value for key, value in link.items() if value not in (None, [], {})}
        # Said, and not left to what a new link gets: a link that somebody has set down comes up with the next run.
        row["up"] = True
        if peer:
            row["peer"] = dict(peer, up=True)
        self.links.append(row)

    def claim(self, where: str, netns: Optional[str], name: str) -> None:
        """Take a link name in a namespace."""
        other = self.names.setdefault((netns, name), where)
        if other != where:
            place = "the namespace %s" % netns if netns else "the host's namespace"
            raise FabricError(where, "on %s the link %s in %s is that of %s already" % (self.host, name, place, other))

    def hold(self, where: str, netns: Optional[str], device: str, addresses: tuple[Interface, ...]) -> list[str]:
        """Take addresses on a device; refuse a subnet that overlaps one of another device in that namespace.

        Returns the addresses as text.
        """
        holders = self.held.setdefault(netns, [])
        for one in addresses:
            for other, other_device, other_where in holders:
                if clash(one, other) and (other_device != device or one.ip == other.ip):
                    place = "namespace %s of %s" % (netns, self.host) if netns else "the namespace of %s" % self.host
                    raise FabricError(where, "%s overlaps %s of %s in %s" % (one, other, other_where, place))
            holders.append((one, device, where))
        return [str(one) for one in addresses]

    def add_routes(self, routes: tuple[Route, ...], device: str, netns: Optional[str]) -> None:
        """Add the routes that the intent gives for a device."""
        for route in routes:
            self.add_route(
                netns,
                dst=route.dst,
                via=None if route.via is None else str(route.via),
                dev=device,
                src=None if route.src is None else str(route.src),
                metric=route.metric,
                table=route.table,
                onlink=route.onlink,
            )

    def add_route(self, netns: Optional[str], **route: Any) -> None:
        """Add one route unless it stands there; refuse a second way to one destination.

        The kernel's table holds one:
        destination, TOS, priority and table tell routes apart, the device does not
        (fib_table_insert, net/ipv4/fib_trie.c).
        """
        row = {key: value for key, value in route.items() if value is not None}
        if netns is not None:
            row["netns"] = netns
        key = (netns, row["dst"], row.get("table"), row.get("metric"), self._version(row))
        other = self.ways.setdefault(key, row)
        if other is row:
            self.routes.append(row)
        elif other != row:
            place = "in %s on %s" % (netns, self.host) if netns else "on %s" % self.host
            raise FabricError(
                "route %s dev %s %s" % (row["dst"], row["dev"], place),
                "there is one dev %s already; give a metric" % other["dev"],
            )

    @staticmethod
    def _version(route: Mapping[str, Any]) -> int:
        """Return the family of a route; a default route without a gateway is taken for IPv4, as by ip route."""
        return 6 if ":" in route["dst"] or ":" in route.get("via", "") else 4

    def add_neighbor(self, netns: Optional[str], dst: str, mac: str, device: str) -> None:
        """Add a permanent neighbor entry."""
        row = {"dst": dst, "mac": mac, "dev": device}
        if netns is not None:
            row["netns"] = netns
        self.neighbors.append(row)

    def add_sysctl(self, device: str, name: str, value: int) -> None:
        """Add a per-interface sysctl of the host's namespace unless it stands there."""
        row = {"dev": device, "name": name, "value": value}
        if row not in self.sysctls:
            self.sysctls.append(row)

    def config(self) -> dict[str, Any]:
        """Return the ``config`` of network_state; an empty list is left out."""
        parts = {
            "netns": [self.netns[name] for name in sorted(self.netns)],
            "links": self.links,
            "routes": self.routes,
            "neighbors": self.neighbors,
            "sysctls": self.sysctls,
        }
        return {name: rows for name, rows in parts.items() if rows}


def clash(one: Interface, other: Interface) -> bool:
    """Tell whether two addresses cannot stand on different devices of one namespace.

    A single address (/32, /128) has no subnet of its own: it clashes only with itself.
    """
    if one.version != other.version:
        return False
    single = any(each.network.prefixlen == each.network.max_prefixlen for each in (one, other))
    return one.ip == other.ip if single else one.network.overlaps(other.network)


def check_underlay(plan: HostPlan, underlay: Underlay) -> None:
    """Refuse an overlay subnet that holds the host's own underlay address: the tunnel would run through itself."""
    for one, _device, where in plan.held.get(None, []):
        if underlay.address is not None and underlay.address in one.network:
            raise FabricError(where, "%s holds the underlay address %s of %s" % (one, underlay.address, plan.host))


def covered(station: Station, address: Interface) -> bool:
    """Tell whether a station's own subnets or routes lead to an address."""
    if any(own.version == address.version and address.ip in own.network for own in station.addresses):
        return True
    if (
        station.workload is not None
        and station.workload.gateway is not None
        and station.workload.gateway.version == address.version
    ):
        return True
    return any(_leads_to(route, address) for route in station.routes)


def _leads_to(route: Route, address: Interface) -> bool:
    if route.dst == "default":
        return route.via is None or route.via.version == address.version
    network = ipaddress.ip_network(route.dst)
    return network.version == address.version and address.ip in network
