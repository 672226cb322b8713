# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One network on its members: where its tunnel ends on each host, and which stations are on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from . import derive
from .assign import Assigned, Places
from .intent import Fabric, Network, Route, Underlay, Workload
from .values import Address, FabricError, Interface, Subnet


@dataclass(frozen=True)
class Site:
    """The device that carries a network on a host: a bridge, or the tunnel link itself, maybe in a workload's netns."""

    device: str
    netns: Optional[str]
    bridge: bool
    mac: str


@dataclass(frozen=True)
class Station:
    """One holder of addresses on a network: a member, or a workload."""

    name: str
    host: str
    workload: Optional[Workload]
    device: str
    netns: Optional[str]
    mac: Optional[str]
    addresses: tuple[Interface, ...]
    routes: tuple[Route, ...]
    where: str


@dataclass(frozen=True)
class Wiring:
    """A network with everything about it decided."""

    fabric: Fabric
    network: Network
    vni: int
    mtu: int
    family: int
    hosts: tuple[str, ...]
    hubs: tuple[str, ...]
    underlay: Mapping[str, Underlay]
    sites: Mapping[str, Site]
    stations: tuple[Station, ...]
    subnets: Mapping[str, Subnet]

    def vtep(self, host: str) -> str:
        """Return the underlay address of a member."""
        return str(self.underlay[host].address)

    def peers(self, host: str) -> tuple[str, ...]:
        """Return the other members."""
        return tuple(other for other in self.hosts if other != host)

    def tunnels_to(self, host: str) -> tuple[Optional[str], ...]:
        """Return the peer of each tunnel link of a host; None stands for the one link to all of them."""
        return self.network.topology.tunnel_peers(self.network, self.hosts, self.hubs, host)

    def at(self, host: str) -> tuple[Station, ...]:
        """Return the stations of a host."""
        return tuple(one for one in self.stations if one.host == host)

    def beyond(self, host: str) -> tuple[Station, ...]:
        """Return the stations of all other hosts."""
        return tuple(one for one in self.stations if one.host != host)

    def mac(self, host: str, *more: str) -> str:
        """Derive a MAC for something of this network on a host."""
        return derive.mac(self.fabric.name, host, self.network.name, *more)


def wire(
    fabric: Fabric,
    network: Network,
    places: Places,
    assigned: Assigned,
    hubs: tuple[str, ...],
    underlay: Mapping[str, Underlay],
) -> Wiring:
    """Decide sites, stations and MTU of a network."""
    hosts = places.hosts[network.name]
    family = _family(network, hosts, underlay)
    vni = assigned.vnis[network.name]
    sites = {host: _site(fabric, network, places, vni, hosts, hubs, host) for host in hosts}
    stations = tuple(_stations(fabric, network, places, assigned, sites))
    ipv6 = any(one.version == 6 for station in stations for one in station.addresses)
    tightest = min(hosts, key=lambda host: underlay[host].mtu)
    room = underlay[tightest].mtu - derive.overhead(family, network.geneve_options)
    mtu = derive.check_mtu(network.where + ".mtu", network.mtu, room, tightest, ipv6)
    return Wiring(
        fabric=fabric,
        network=network,
        vni=vni,
        mtu=mtu,
        family=family,
        hosts=hosts,
        hubs=hubs,
        underlay=underlay,
        sites=sites,
        stations=stations,
        subnets={
            host: assigned.subnets[network.name, host] for host in hosts if (network.name, host) in assigned.subnets
        },
    )


def _family(network: Network, hosts: tuple[str, ...], underlay: Mapping[str, Underlay]) -> int:
    """Return 4 or 6; refuse members whose underlay addresses are of both families."""
    first = hosts[0]
    address = underlay[first].address
    for host in hosts:
        other = underlay[host].address
        if other is None or address is None:
            missing = host if other is None else first
            raise FabricError("%s.hosts" % network.where, "%s has no underlay address" % missing)
        if other.version != address.version:
            raise FabricError(
                "%s.hosts" % network.where,
                "mixed address families: %s has underlay address %s, %s has %s" % (first, address, host, other),
            )
    if address is None:
        raise FabricError(network.where + ".hosts", "a network needs hosts")
    if network.group is not None and network.group.version != address.version:
        raise FabricError(
            network.where + ".group", "%s is not of the underlay's family (%s has %s)" % (network.group, first, address)
        )
    return address.version


def _site(
    fabric: Fabric, network: Network, places: Places, vni: int, hosts: tuple[str, ...], hubs: tuple[str, ...], host: str
) -> Site:
    said_mac = places.members[network.name, host].mac
    own_mac = said_mac or derive.mac(fabric.name, host, network.name)
    direct = places.direct(network.name, host)
    if not network.topology.shares_link:
        peers = network.topology.tunnel_peers(network, hosts, hubs, host)
        if direct is not None:
            if len(peers) != 1:
                raise FabricError(
                    direct.where + ".attach",
                    "direct needs exactly one tunnel link; %s has %d on %s" % (network.name, len(peers), host),
                )
            device = direct.interface or derive.tunnel_name(network, vni, peers[0] or "")
            return Site(device, direct.netns, bridge=False, mac=direct.mac or own_mac)
        if not places.has_bridge(network, host):
            return Site(derive.tunnel_name(network, vni, peers[0] or ""), None, bridge=False, mac=own_mac)
    elif direct is not None:
        raise FabricError(
            direct.where + ".attach", "direct needs a tunnel link of its own; all routed networks of a host share one"
        )
    elif not places.has_bridge(network, host):
        return Site(
            derive.external_name(network), None, bridge=False, mac=derive.external_mac(fabric.name, network, host)
        )
    return Site(derive.bridge_name(network.name), None, bridge=True, mac=own_mac)


def _stations(
    fabric: Fabric, network: Network, places: Places, assigned: Assigned, sites: Mapping[str, Site]
) -> list[Station]:
    """List who holds addresses: every member that is not itself a workload, then the workloads."""
    stations = []
    for host in places.hosts[network.name]:
        if places.direct(network.name, host) is None:
            site, member = sites[host], places.members[network.name, host]
            where = "%s.members.%s" % (network.where, host)
            stations.append(
                Station(
                    host,
                    host,
                    None,
                    site.device,
                    None,
                    site.mac,
                    assigned.members[network.name, host],
                    member.routes,
                    where,
                )
            )
    attached = places.workloads.get(network.name, ())
    return stations + [_workload_station(fabric, network, assigned, sites[one.host], one) for one in attached]


def _workload_station(fabric: Fabric, network: Network, assigned: Assigned, site: Site, workload: Workload) -> Station:
    own = workload.mac or derive.mac(fabric.name, workload.host, network.name, workload.name)
    device = workload.interface or "eth0"
    if workload.attach.takes_link:
        device = site.device
    mac = workload.attach.mac(own, site)
    addresses = assigned.workloads[workload.name]
    return Station(
        workload.name, workload.host, workload, device, workload.netns, mac, addresses, workload.routes, workload.where
    )


def facts(wiring: Wiring, host: str) -> dict[str, Any]:
    """Say compactly what a host should reach on a network, for verification."""
    network, site = wiring.network, wiring.sites[host]
    own = [station for station in wiring.at(host) if station.workload is None]
    row: dict[str, Any] = {
        "vni": wiring.vni,
        "mtu": wiring.mtu,
        "encap": network.encap,
        "dstport": network.dstport,
        "topology": network.topology.name,
        "device": site.device,
        "bridge": site.bridge,
        "mac": site.mac,
        "addresses": [str(one) for station in own for one in station.addresses],
        "members": {
            one.host: {"addresses": [str(a) for a in one.addresses], "vtep": wiring.vtep(one.host)}
            for one in wiring.beyond(host)
            if one.workload is None
        },
        "endpoints": {
            one.name: {"host": one.host, "addresses": [str(a) for a in one.addresses]}
            for one in wiring.stations
            if one.workload is not None
        },
    }
    if row["addresses"]:
        row["address"] = str(own[0].addresses[0].ip)
    if site.netns is not None:
        row["netns"] = site.netns
    if network.replication is not None:
        row["replication"] = network.replication
    row.update(network.topology.facts(wiring))
    for peer in wiring.peers(host):
        row["members"].setdefault(peer, {"addresses": [], "vtep": wiring.vtep(peer)})
    for member in row["members"].values():
        if member["addresses"]:
            member["address"] = member["addresses"][0].partition("/")[0]
    return row


def address_text(address: Optional[Address]) -> Optional[str]:
    """Return an address as text, None for none."""
    return None if address is None else str(address)
