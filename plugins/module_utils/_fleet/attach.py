# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each attachment puts on a host and into the workload's namespace."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Callable, Optional

from . import derive, values
from .host_config import HostPlan
from .intent import Underlay, Workload
from .topology import covered
from .values import FabricError, Interface
from .wiring import Site, Station, Wiring

#: The gateway that a routed workload sees. No device has 169.254.1.1: the host answers for it (proxy_arp).
ROUTED_GATEWAY = {4: "169.254.1.1", 6: "fe80::1"}


def attach(workload: Workload, wiring: Optional[Wiring], underlay: Underlay, plan: HostPlan) -> None:
    """Put a workload on its host."""
    station = _station(workload, wiring, plan.fabric)
    mtu = _mtu(workload, wiring, underlay)
    if values.netns_is_name(workload.netns):
        _netns(workload, plan)
    _ATTACH[workload.attach](workload, station, wiring, mtu, plan)
    plan.hold(workload.where + ".addresses", station.netns, station.device, station.addresses)
    _routes(workload, station, wiring, plan)
    plan.workloads[workload.name] = _facts(workload, station, mtu)


def _station(workload: Workload, wiring: Optional[Wiring], fabric_name: str) -> Station:
    """Return the workload's station on its network, or one of its own where it has no network."""
    if wiring is not None:
        for station in wiring.stations:
            if station.workload is workload:
                return station
    mac = workload.mac or derive.mac(fabric_name, workload.host, "", workload.name)
    return Station(
        workload.name,
        workload.host,
        workload,
        workload.interface or "eth0",
        workload.netns,
        None if workload.attach in ("ipvlan", "vlan") else mac,
        workload.addresses or (),
        workload.routes,
        workload.where,
    )


def _mtu(workload: Workload, wiring: Optional[Wiring], underlay: Underlay) -> Optional[int]:
    """Return the MTU of the workload's link: as said, as its network's, or unmanaged."""
    room = wiring.mtu if wiring is not None else underlay.mtu
    if workload.mtu is not None and workload.mtu > room:
        raise FabricError(
            workload.where + ".mtu",
            "%d does not fit: %s carries %d" % (workload.mtu, workload.network or "the device", room),
        )
    if workload.mtu is not None:
        return workload.mtu
    return wiring.mtu if wiring is not None else None


def _netns(workload: Workload, plan: HostPlan) -> None:
    """Make the namespace; workloads may share one, but not with two resolvers."""
    row = plan.netns.setdefault(workload.netns, {"name": workload.netns})
    if workload.resolver is None:
        return
    resolver = {key: list(value) for key, value in workload.resolver.items() if value}
    if row.setdefault("resolver", resolver) != resolver:
        raise FabricError(
            workload.where + ".resolver",
            "another workload gives %s on %s another resolver" % (workload.netns, workload.host),
        )


def _need_bridge(workload: Workload, wiring: Wiring) -> Site:
    site = wiring.sites[workload.host]
    if not site.bridge:
        holder = "a direct workload has the link" if site.netns is not None else "bridge is false"
        raise FabricError(
            workload.where + ".attach",
            "%s needs a bridge; %s has none on %s (%s)" % (workload.attach, workload.network, workload.host, holder),
        )
    return site


def _mac_of_host_end(workload: Workload, fabric_name: str) -> str:
    return derive.mac(fabric_name, workload.host, workload.network or "", workload.name, "host")


def _veth_link(workload: Workload, station: Station, mtu: Optional[int], fabric_name: str) -> dict[str, Any]:
    peer = {
        "name": station.device,
        "netns": workload.netns,
        "mac": station.mac,
        "mtu": mtu,
        "addresses": _texts(station.addresses),
    }
    return {
        "name": derive.workload_link_name(workload.name),
        "kind": "veth",
        "mac": _mac_of_host_end(workload, fabric_name),
        "mtu": mtu,
        "alias": "%s to %s" % (workload.network or "host", workload.name),
        "peer": {key: value for key, value in peer.items() if value not in (None, [])},
    }


def _veth(workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan) -> None:
    if wiring is None:
        raise FabricError(workload.where + ".network", "must be given with attach veth")
    link = _veth_link(workload, station, mtu, plan.fabric)
    plan.add_link(workload.where, dict(link, master=_need_bridge(workload, wiring).device))


def _direct(workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan) -> None:
    """Do nothing: the topology has put the tunnel link into the namespace."""


def _on_device(
    workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan
) -> None:
    """Attach by ipvlan, macvlan or vlan: a link on a device of the host, or on the network's bridge."""
    device = workload.device if wiring is None else _need_bridge(workload, wiring).device
    link: dict[str, Any] = {
        "name": station.device,
        "kind": workload.attach,
        "link": device,
        "link_netns": "host",
        "netns": workload.netns,
        "mac": workload.mac if workload.attach == "vlan" else station.mac,
        "mtu": mtu,
        "mode": workload.mode,
        "flag": workload.flags,
        "id": workload.vlan,
        "addresses": _texts(station.addresses),
    }
    if workload.attach == "ipvlan":
        link["mac"] = None  # it has its device's
    plan.add_link(workload.where, link)


def _routed(workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan) -> None:
    """Attach by a veth without a bridge: the host routes, and answers ARP for the workload's gateway."""
    where = workload.where
    if wiring is not None and wiring.network.topology != "routed":
        raise FabricError(
            where + ".attach",
            "routed needs a routed network (or none); %s is a %s" % (workload.network, wiring.network.topology),
        )
    if not station.addresses:
        raise FabricError(where + ".addresses", "must be given with attach routed")
    link = _veth_link(workload, station, mtu, plan.fabric)
    device = link["name"]
    families = {one.version for one in station.addresses}
    if 6 in families:
        link["addresses"] = ["%s/64" % ROUTED_GATEWAY[6]]
    plan.add_link(where, link)
    for one in station.addresses:
        if one.network.prefixlen != one.network.max_prefixlen:
            raise FabricError(
                where + ".addresses",
                "%s must be a /%d: attach routed gives the host a route to it alone" % (one, one.network.max_prefixlen),
            )
        plan.add_route(None, dst=str(one.network), dev=device)
    devices = [device, workload.device] if workload.device else [device]
    for version in sorted(families):
        for name in devices:
            plan.add_sysctl(name, "ipv%d.forwarding" % version, 1)
    if 4 in families:
        plan.add_sysctl(device, "ipv4.proxy_arp", 1)
        plan.add_route(workload.netns, dst=ROUTED_GATEWAY[4] + "/32", dev=station.device)
        plan.add_route(workload.netns, dst="default", via=ROUTED_GATEWAY[4], dev=station.device)
    if 6 in families:
        plan.add_route(workload.netns, dst="default", via=ROUTED_GATEWAY[6], dev=station.device)


def _routes(workload: Workload, station: Station, wiring: Optional[Wiring], plan: HostPlan) -> None:
    """Add gateway and routes of the workload, and on a routed network the way to its other subnets."""
    gateway = workload.gateway
    if gateway is not None:
        if not any(gateway.version == one.version and gateway in one.network for one in station.addresses):
            raise FabricError(
                workload.where + ".gateway",
                "%s is not on-link: no address of the workload has it in its subnet" % gateway,
            )
        plan.add_route(workload.netns, dst="default", via=str(gateway), dev=station.device)
    plan.add_routes(station.routes, station.device, workload.netns)
    if wiring is not None and wiring.network.topology == "routed" and workload.attach == "veth" and station.addresses:
        _routes_through_member(station, wiring, plan)


def _routes_through_member(station: Station, wiring: Wiring, plan: HostPlan) -> None:
    """Lead a workload on a routed network's bridge through its host to the other hosts' subnets."""
    hop = next((a for s in wiring.at(station.host) if s.workload is None for a in s.addresses), None)
    if hop is None:
        return
    whole = wiring.network.subnet
    for subnet in [whole] if whole is not None else [wiring.subnets[peer] for peer in wiring.peers(station.host)]:
        # The whole subnet covers the workload's own part of it too; that one is on-link and more specific.
        outside = next((one for host, one in wiring.subnets.items() if host != station.host), None)
        if outside is not None and not covered(station, ipaddress.ip_interface(outside.network_address)):
            plan.add_route(station.netns, dst=str(subnet), via=str(hop.ip), dev=station.device)


def _facts(workload: Workload, station: Station, mtu: Optional[int]) -> dict[str, Any]:
    row: Mapping[str, Any] = {
        "network": workload.network,
        "attach": workload.attach,
        "netns": workload.netns,
        "interface": station.device,
        "mac": station.mac,
        "mtu": mtu,
        "addresses": _texts(station.addresses),
        "device": derive.workload_link_name(workload.name) if workload.attach in ("veth", "routed") else None,
    }
    return {key: value for key, value in row.items() if value is not None}


def _texts(addresses: tuple[Interface, ...]) -> list[str]:
    return [str(one) for one in addresses]


_Attach = Callable[[Workload, Station, Optional[Wiring], Optional[int], HostPlan], None]
_ATTACH: dict[str, _Attach] = {
    "veth": _veth,
    "direct": _direct,
    "ipvlan": _on_device,
    "macvlan": _on_device,
    "vlan": _on_device,
    "routed": _routed,
}
