# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold what a topology is: traits and hooks of its row, and the tunnel links and bridge that most topologies have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from . import derive
from .intent import Network, uses_group
from .values import FabricError, Interface

if TYPE_CHECKING:
    from .host_config import HostPlan
    from .wiring import Station, Wiring

#: The FDB entry for everything that has no entry of its own (vxlan_find_mac, drivers/net/vxlan/vxlan_core.c).
ALL_ZERO = "00:00:00:00:00:00"

#: Spanning tree, short times in centiseconds. IEEE 802.1D: 2 * (forward_delay - 1 s) >= max_age >= 2 * (hello + 1 s).
STP = {"stp_state": True, "forward_delay": 400, "hello_time": 100, "max_age": 600}


class Topology:
    """One topology. A row that is unlike others overrides traits and hooks."""

    #: Keys of a network that only topologies with that key accept.
    keys: tuple[str, ...] = ()
    #: A member has a bridge even where no workload needs one.
    always_bridged = True
    #: A VXLAN link has the FDB entries that the key replication asks for.
    replicates = False
    #: Broadcasts go to a multicast group of the underlay.
    uses_group = False
    #: Each member has its own part of the network's subnet.
    divides_subnet = False
    #: Networks share one external-mode link, so no network has a tunnel link of its own.
    shares_link = False
    #: An assigned address on a link without a bridge is a /32 (/128).
    whole_addresses = False

    def __init__(self, *, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def check_encap(self, network: Network) -> None:
        """Refuse an encapsulation that the topology cannot use."""

    def check_keys(self, network: Network) -> None:
        """Refuse keys that do not fit each other, after the keys of the encapsulation."""

    def check_subnet(self, network: Network) -> None:
        """Refuse a subnet that cannot be divided."""

    def check_members(self, network: Network, hosts: Sequence[str], hubs: Sequence[str]) -> None:
        """Refuse a number of members or hubs that the topology cannot join."""

    def joins(self, network: Network) -> bool:
        """Tell whether the links of a member are useless without its bridge."""
        return False

    def tunnel_peers(
        self, network: Network, hosts: tuple[str, ...], hubs: tuple[str, ...], host: str
    ) -> tuple[Optional[str], ...]:
        """Return the peer of each tunnel link of a host; None stands for one link to all peers."""
        if network.encap == "vxlan":
            return (None,)
        return tuple(other for other in hosts if other != host)

    def port(self, wiring: Wiring) -> dict[str, Any]:
        """Return the bridge port options of a tunnel link."""
        return {}

    def spanning_tree(self, wiring: Wiring, host: str) -> dict[str, Any]:
        """Return the spanning tree options of a host's bridge."""
        return {}

    def facts(self, wiring: Wiring) -> dict[str, Any]:
        """Return what verification must know of this topology alone."""
        return {}

    def build(self, wiring: Wiring, host: str, plan: HostPlan) -> None:
        """Put tunnel links that carry Ethernet on a host, with a bridge or without."""
        site = wiring.sites[host]
        if site.bridge:
            plan.add_link(wiring.network.where, bridge_link(wiring, host))
        for peer in wiring.tunnels_to(host):
            plan.add_link(wiring.network.where, _tunnel(wiring, host, peer))
        if wiring.network.replication == "static":
            for station in wiring.beyond(host):
                for address in _resolvable(station):
                    plan.add_neighbor(site.netns, str(address.ip), station.mac or "", site.device)


def build(wiring: Wiring, host: str, plan: HostPlan) -> None:
    """Put a network on a host."""
    wiring.network.topology.build(wiring, host, plan)
    for station in wiring.at(host):
        if station.workload is None:
            plan.add_routes(station.routes, station.device, station.netns)
            plan.hold(station.where + ".addresses", station.netns, station.device, station.addresses)


def bridge_link(wiring: Wiring, host: str) -> dict[str, Any]:
    """Describe the bridge of a network on a host."""
    site = wiring.sites[host]
    link: dict[str, Any] = {
        "name": site.device,
        "kind": "bridge",
        "mac": site.mac,
        "mtu": wiring.mtu,
        "alias": wiring.network.name,
        "addresses": own_addresses(wiring, host),
    }
    link.update(wiring.network.topology.spanning_tree(wiring, host))
    return link


def own_addresses(wiring: Wiring, host: str) -> list[str]:
    """Return the addresses of the host itself on a network."""
    return [str(one) for station in wiring.at(host) if station.workload is None for one in station.addresses]


def _tunnel(wiring: Wiring, host: str, peer: Optional[str]) -> dict[str, Any]:
    """Describe the tunnel link from a host to a peer, or to all of them (peer is None)."""
    network, site = wiring.network, wiring.sites[host]
    link: dict[str, Any] = {
        "name": derive.tunnel_name(network, wiring.vni, peer or "") if site.bridge else site.device,
        "kind": network.encap,
        "vni": wiring.vni,
        "dstport": network.dstport,
        "mac": wiring.mac(host, "to", peer or "") if site.bridge else site.mac,
        "mtu": wiring.mtu,
        "alias": "%s to %s" % (network.name, peer or "all"),
        "ttl": network.ttl,
        "df": network.df,
    }
    if peer is not None:
        link["remote"] = wiring.vtep(peer)
    if network.encap == "vxlan":
        link.update(_vxlan(wiring, host))
    if site.bridge:
        link.update(master=site.device, port=_port(wiring))
    elif site.netns is not None:
        # The link moves, its UDP socket stays where it was made: on the host.
        link.update(netns=site.netns, link_netns="host", addresses=_direct_addresses(wiring, host))
    else:
        link["addresses"] = own_addresses(wiring, host)
    return link


def _direct_addresses(wiring: Wiring, host: str) -> list[str]:
    return [
        str(one)
        for station in wiring.at(host)
        if station.workload and station.workload.attach.takes_link
        for one in station.addresses
    ]


def _port(wiring: Wiring) -> dict[str, Any]:
    """Choose the bridge port options of a tunnel link."""
    network = wiring.network
    if network.replication in ("static", "evpn"):
        return {"learning": False, "neigh_suppress": True}
    return network.topology.port(wiring)


def _vxlan(wiring: Wiring, host: str) -> dict[str, Any]:
    """Add what only a VXLAN link has: its own address, its device, its group or its FDB."""
    network, device = wiring.network, wiring.underlay[host].device
    link: dict[str, Any] = {"local": wiring.vtep(host)}
    if device != "auto":
        link["dev"] = device
    if uses_group(network):
        if device == "auto":
            raise FabricError(
                "underlay.device",
                "%s needs it for the group of %s: name the device, auto will not do" % (host, network.where),
            )
        link["multicast_group"] = str(network.group)
    elif network.topology.replicates:
        link["learning"] = network.replication == "learning"
        link["fdb"] = _fdb(wiring, host)
    return link


def _fdb(wiring: Wiring, host: str) -> list[dict[str, Any]]:
    """List the FDB entries of a VXLAN mesh: each peer for broadcasts; with static replication each known station too.

    A station has two entries: MAC -> VTEP in the VXLAN link's own table, and MAC -> port in the bridge's. Without it
    the bridge would neither suppress ARP for it (br_do_proxy_suppress_arp looks it up) nor send to this port alone.
    """
    replication = wiring.network.replication
    if replication not in ("static", "learning"):
        return []
    rows: list[dict[str, Any]] = [{"mac": ALL_ZERO, "dst": wiring.vtep(peer)} for peer in wiring.peers(host)]
    if replication == "static":
        known = {station.mac: wiring.vtep(station.host) for station in wiring.beyond(host) if station.mac}
        rows += [{"mac": mac, "dst": vtep} for mac, vtep in known.items()]
        if wiring.sites[host].bridge:
            rows += [{"mac": mac, "target": "master", "nud": "static"} for mac in known]
    return rows


def _resolvable(station: Station) -> tuple[Interface, ...]:
    return station.addresses if station.mac else ()
