# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse what cannot work across the fleet, naming host and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .intent import Fabric, Network, Underlay, Workload
from .values import Address, FabricError, nearest
from .wiring import Wiring


def check_members(network: Network, hosts: Sequence[str], hubs: Sequence[str], fleet: Iterable[str]) -> None:
    """Refuse a network without hosts, a number that the topology cannot join, a hub or member that is none."""
    where = network.where
    if not hosts:
        raise FabricError(where + ".hosts", "%s matches no host of the inventory" % ", ".join(network.hosts))
    network.topology.check_members(network, hosts, hubs)
    for host in hubs:
        if host not in hosts:
            raise FabricError(
                where + ".hubs", "%s is not a member of %s (hosts: %s)" % (host, network.name, ", ".join(network.hosts))
            )
    for host in network.members:
        if host not in hosts:
            raise FabricError(
                "%s.members.%s" % (where, host), "is not a member of the network; %s" % nearest(host, hosts)
            )
    outside = [host for host in hosts if host not in set(fleet)]
    if outside:
        raise FabricError(where + ".hosts", "%s is not among the hosts of this fabric (key hosts)" % outside[0])


def check_vnis(fabric: Fabric, vnis: Mapping[str, int]) -> None:
    """Refuse one VNI twice on one port of one encap: a packet could not tell the networks apart."""
    holders: dict[tuple[str, int, int], str] = {}
    for name, network in fabric.networks.items():
        key = (network.encap, network.dstport, vnis[name])
        other = holders.setdefault(key, name)
        if other != name:
            raise FabricError(
                network.where + ".vni",
                "%d on %s port %d is that of networks.%s already" % (vnis[name], network.encap, network.dstport, other),
            )


def check_vteps(underlay: Mapping[str, Underlay], members: Iterable[str]) -> None:
    """Refuse an underlay address that two hosts hold."""
    holders: dict[Address, str] = {}
    for host in members:
        address = underlay[host].address
        if address is None:
            continue
        other = holders.setdefault(address, host)
        if other != host:
            raise FabricError("underlay.address", "%s is held by %s and by %s" % (address, other, host))


def check_workload(
    workload: Workload, fabric: Fabric, members: Mapping[str, Sequence[str]], fleet: Iterable[str]
) -> None:
    """Refuse a workload on a host or network that is not there, or on a host that is not a member."""
    where, hosts = workload.where, list(fleet)
    if workload.host not in hosts:
        raise FabricError(
            where + ".host", "%s is not a host of this fabric; %s" % (workload.host, nearest(workload.host, hosts))
        )
    if workload.network is None:
        return
    if workload.network not in fabric.networks:
        raise FabricError(
            where + ".network",
            "%s is not a network; %s" % (workload.network, nearest(workload.network, fabric.networks)),
        )
    if workload.host not in members[workload.network]:
        raise FabricError(where + ".host", "%s is not a member of %s" % (workload.host, workload.network))


def check_direct(workloads: Sequence[Workload], network: Network) -> None:
    """Refuse a second direct workload of a network on one host, and one beside a member's own bridge or addresses."""
    holders: dict[str, Workload] = {}
    for workload in workloads:
        if not workload.attach.takes_link:
            continue
        other = holders.setdefault(workload.host, workload)
        if other is not workload:
            raise FabricError(
                workload.where + ".attach",
                "on %s the link of %s is that of %s already" % (workload.host, network.name, other.name),
            )
        member = network.members.get(workload.host)
        for key in ("bridge", "addresses", "routes"):
            if member is not None and getattr(member, key):
                raise FabricError(
                    "%s.members.%s.%s" % (network.where, workload.host, key),
                    "the link is inside %s (attach direct)" % workload.name,
                )


def check_stations(wiring: Wiring) -> None:
    """Refuse an address that two stations of a network hold, and a MAC that two of them have."""
    addresses: dict[Address, str] = {}
    macs: dict[str, str] = {}
    for station in wiring.stations:
        for one in station.addresses:
            if one.ip in addresses:
                raise FabricError(
                    station.where + ".addresses", "%s is held by %s already" % (one.ip, addresses[one.ip])
                )
            addresses[one.ip] = station.where
        shared = station.workload is not None and station.workload.attach.shares_mac
        if station.mac is None or shared:
            continue
        if station.mac in macs:
            raise FabricError(station.where + ".mac", "%s is that of %s already" % (station.mac, macs[station.mac]))
        macs[station.mac] = station.where


def check_ports(host: str, networks: Sequence[Network]) -> None:
    """Refuse two sockets on one UDP port of a host: VXLAN beside Geneve, or a routed network beside any other.

    An external-mode link has its port for itself (geneve_configure, vxlan_sock_add in drivers/net).
    """
    holders: dict[int, Network] = {}
    for network in networks:
        other = holders.setdefault(network.dstport, network)
        if other.encap != network.encap:
            raise FabricError(
                network.where + ".dstport",
                "on %s port %d is that of networks.%s, which is %s" % (host, network.dstport, other.name, other.encap),
            )
        if other.topology.shares_link != network.topology.shares_link:
            raise FabricError(
                network.where + ".dstport",
                "on %s port %d is that of networks.%s; routed networks need a port of their own"
                % (host, network.dstport, other.name),
            )
