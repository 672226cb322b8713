# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put a workload on its host: namespace, link, addresses, routes and facts."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Optional

from . import derive, values
from .attachment import texts
from .host_config import HostPlan, covered
from .intent import Underlay, Workload
from .values import FabricError
from .wiring import Station, Wiring


def attach(workload: Workload, wiring: Optional[Wiring], underlay: Underlay, plan: HostPlan) -> None:
    """Put a workload on its host."""
    station = _station(workload, wiring, plan.fabric)
    mtu = _mtu(workload, wiring, underlay)
    if values.netns_is_name(workload.netns):
        _netns(workload, plan)
    workload.attach.build(workload, station, wiring, mtu, plan)
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
        workload.attach.mac(mac, None),
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
    if (
        wiring is not None
        and wiring.network.topology.shares_link
        and workload.attach.through_member
        and station.addresses
    ):
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
        "attach": workload.attach.name,
        "netns": workload.netns,
        "interface": station.device,
        "mac": station.mac,
        "mtu": mtu,
        "addresses": texts(station.addresses),
        "device": derive.workload_link_name(workload.name) if workload.attach.has_host_end else None,
    }
    return {key: value for key, value in row.items() if value is not None}
