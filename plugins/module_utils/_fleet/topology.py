# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each topology puts on a host: tunnel links, bridge, FDB and neighbor entries, routes."""

from __future__ import annotations

import ipaddress
from typing import Any, Callable, Optional

from . import derive
from .host_config import HostPlan
from .intent import Route, uses_group
from .values import FabricError, Interface
from .wiring import Station, Wiring, external_mac

#: The FDB entry for everything that has no entry of its own (vxlan_find_mac, drivers/net/vxlan/vxlan_core.c).
ALL_ZERO = "00:00:00:00:00:00"

#: Spanning tree, short times in centiseconds. IEEE 802.1D: 2 * (forward_delay - 1 s) >= max_age >= 2 * (hello + 1 s).
STP = {"stp_state": True, "forward_delay": 400, "hello_time": 100, "max_age": 600}


def build(wiring: Wiring, host: str, plan: HostPlan) -> None:
    """Put a network on a host."""
    _BUILD[wiring.network.topology](wiring, host, plan)
    for station in wiring.at(host):
        if station.workload is None:
            plan.add_routes(station.routes, station.device, station.netns)
            plan.hold(station.where + ".addresses", station.netns, station.device, station.addresses)


def _switched(wiring: Wiring, host: str, plan: HostPlan) -> None:
    """Build p2p, mesh, hub and multicast: tunnel links that carry Ethernet, with a bridge or without."""
    site = wiring.sites[host]
    if site.bridge:
        plan.add_link(wiring.network.where, _bridge(wiring, host))
    for peer in wiring.tunnels_to(host):
        plan.add_link(wiring.network.where, _tunnel(wiring, host, peer))
    if wiring.network.replication == "static":
        for station in wiring.beyond(host):
            for address in _resolvable(station):
                plan.add_neighbor(site.netns, str(address.ip), station.mac or "", site.device)


def _p2p(wiring: Wiring, host: str, plan: HostPlan) -> None:
    """Build the one tunnel, and the routes without which the two ends do not find each other."""
    _switched(wiring, host, plan)
    for station in wiring.at(host):
        _routes_to_far_end(wiring, station, plan)


def _bridge(wiring: Wiring, host: str) -> dict[str, Any]:
    site = wiring.sites[host]
    link: dict[str, Any] = {
        "name": site.device,
        "kind": "bridge",
        "mac": site.mac,
        "mtu": wiring.mtu,
        "alias": wiring.network.name,
        "addresses": _own_addresses(wiring, host),
    }
    if len(wiring.hubs) > 1:
        # Two hubs make a ring with every spoke: spanning tree breaks it, and the first hub is its root.
        link.update(STP, priority=4096 * (wiring.hubs.index(host) + 1) if host in wiring.hubs else 32768)
    return link


def _own_addresses(wiring: Wiring, host: str) -> list[str]:
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
        link["addresses"] = _own_addresses(wiring, host)
    return link


def _direct_addresses(wiring: Wiring, host: str) -> list[str]:
    return [
        str(one)
        for station in wiring.at(host)
        if station.workload and station.workload.attach == "direct"
        for one in station.addresses
    ]


def _port(wiring: Wiring) -> dict[str, Any]:
    """Choose the bridge port options of a tunnel link."""
    network = wiring.network
    if network.replication in ("static", "evpn"):
        return {"learning": False, "neigh_suppress": True}
    if network.topology == "mesh" and network.encap == "geneve":
        return {"isolated": True}
    return {}


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
    elif network.topology == "mesh":
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


def _routes_to_far_end(wiring: Wiring, station: Station, plan: HostPlan) -> None:
    """Give a station of a p2p network a route to each far address that nothing of its own covers.

    This is the /32 route of two ends without a common subnet, and the return route of an end on a bridge: through the
    bridge, never through its port.
    """
    if not station.addresses or (station.workload is not None and station.workload.attach == "routed"):
        return
    for far in wiring.beyond(station.host):
        for address in far.addresses:
            if not covered(station, address):
                plan.add_route(station.netns, dst=str(ipaddress.ip_network(address.ip)), dev=station.device)


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


def _routed(wiring: Wiring, host: str, plan: HostPlan) -> None:
    """Build the external-mode link (once for all routed networks), and a route with ``encap`` for each peer's subnet.

    The next hop is the peer's own address, with a permanent neighbor entry: nothing is asked by ARP on the tunnel.
    """
    network, site = wiring.network, wiring.sites[host]
    external = derive.external_name(network)
    if (None, external) not in plan.names:
        plan.add_link("routed networks on port %d" % network.dstport, _external(wiring, host, external))
    link = next(one for one in plan.links if one["name"] == external and "netns" not in one)
    link["mtu"] = max(link["mtu"], wiring.mtu)
    if site.bridge:
        plan.add_link(network.where, _bridge(wiring, host))
    else:
        link.setdefault("addresses", []).extend(_own_addresses(wiring, host))
    own = _next_hop(wiring, host)
    for device in (external, site.device):
        plan.add_sysctl(device, "ipv%d.forwarding" % own.version, 1)
    for peer in wiring.peers(host):
        hop = _next_hop(wiring, peer)
        plan.add_neighbor(None, str(hop.ip), external_mac(wiring.fabric, network, peer), external)
        plan.add_route(
            None,
            dst=str(wiring.subnets[peer]),
            via=str(hop.ip),
            dev=external,
            src=str(own.ip),
            onlink=True,
            encap={"type": "ip" if wiring.family == 4 else "ip6", "id": wiring.vni, "dst": wiring.vtep(peer)},
        )


def _external(wiring: Wiring, host: str, name: str) -> dict[str, Any]:
    network = wiring.network
    link = {
        "name": name,
        "kind": network.encap,
        "external": True,
        "dstport": network.dstport,
        "mac": external_mac(wiring.fabric, network, host),
        "mtu": wiring.mtu,
        "alias": "routed networks",
    }
    if network.encap == "vxlan":
        link["learning"] = False
    return link


def _next_hop(wiring: Wiring, host: str) -> Interface:
    """Return the address by which a member of a routed network is reached."""
    for station in wiring.at(host):
        if station.workload is None and station.addresses:
            return station.addresses[0]
    raise FabricError(
        "%s.members.%s.addresses" % (wiring.network.where, host), "a member of a routed network needs an address"
    )


_BUILD: dict[str, Callable[[Wiring, str, HostPlan], None]] = {
    "p2p": _p2p,
    "mesh": _switched,
    "hub": _switched,
    "multicast": _switched,
    "routed": _routed,
}
