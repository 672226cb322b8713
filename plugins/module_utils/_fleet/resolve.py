# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resolve the fleet's intent into what each host gets. Pure: no Ansible, no pyroute2, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Callable

from . import attach, checks, topology
from .assign import Places, assign
from .host_config import HostPlan, check_underlay
from .intent import Fabric, Member, Network, Underlay, Workload
from .ledger import Ledger, dump
from .source import read_fabric, read_host
from .values import FabricError, natural, nearest, parse_address
from .wiring import Wiring, address_text, facts, wire

Select = Callable[[str, Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Resolution:
    """The result: per host the value of ``netloom_overlay``, and what the ledger does not hold yet."""

    hosts: dict[str, dict[str, Any]]
    proposed: Ledger

    def proposed_data(self) -> dict[str, Any]:
        """Return the proposal as plain data, networks only."""
        networks: dict[str, Any] = dump(self.proposed)["networks"]
        return networks


def resolve(source: Any, select: Select, variables: Mapping[str, Any], ledger: Ledger) -> Resolution:
    """Resolve the intent once for the whole fleet.

    ``select(where, patterns)`` returns the hosts that patterns match; ``variables`` holds for each host a mapping with
    ``underlay`` (address, device, mtu as far as the host says them) and ``networks`` (what it says as a member).
    Raises FabricError, whose text names the key and the host.
    """
    fabric = read_fabric(source)
    fleet = tuple(sorted(select("hosts", fabric.hosts), key=natural))
    fabric, said = _with_host_variables(fabric, fleet, variables)
    places, hubs = _places(fabric, fleet, select)
    members = sorted({host for hosts in places.hosts.values() for host in hosts}, key=natural)
    underlay = _underlays(fabric, fleet, said, set(members))
    assigned = assign(fabric, places, ledger)
    checks.check_vnis(fabric, assigned.vnis)
    checks.check_vteps(underlay, members)
    wirings = {
        name: wire(fabric, fabric.networks[name], places, assigned, hubs[name], underlay)
        for name in sorted(fabric.networks, key=natural)
    }
    for wiring in wirings.values():
        checks.check_stations(wiring)
    workloads = _by_host(fabric)
    hosts = {host: _host(fabric, host, wirings, workloads.get(host, ()), underlay[host]) for host in fleet}
    return Resolution(hosts, assigned.proposed)


def _with_host_variables(
    fabric: Fabric, fleet: Sequence[str], variables: Mapping[str, Any]
) -> tuple[Fabric, dict[str, Any]]:
    """Add what the hosts say of themselves as members to the networks; refuse a key that both sides give."""
    said: dict[str, Any] = {}
    networks = dict(fabric.networks)
    for host in fleet:
        said[host] = row = read_host(host, variables.get(host))
        for name, member in row["networks"].items():
            where = "netloom_overlay_host of %s.networks.%s" % (host, name)
            if name not in networks:
                raise FabricError(where, "is not a network; %s" % nearest(name, networks))
            networks[name] = _merge_member(where, networks[name], host, member)
    return replace(fabric, networks=networks), said


def _merge_member(where: str, network: Network, host: str, member: Member) -> Network:
    standing = network.members.get(host, Member())
    merged: dict[str, Any] = {}
    for key, value in member.__dict__.items():
        other = getattr(standing, key)
        if value not in (None, ()) and other not in (None, ()):
            raise FabricError("%s.%s" % (where, key), "is given in %s.members.%s too" % (network.where, host))
        merged[key] = other if value in (None, ()) else value
    return replace(network, members={**network.members, host: Member(**merged)})


def _places(fabric: Fabric, fleet: Sequence[str], select: Select) -> tuple[Places, dict[str, tuple[str, ...]]]:
    """Resolve all patterns and check who is where."""
    hosts: dict[str, tuple[str, ...]] = {}
    hubs: dict[str, tuple[str, ...]] = {}
    members: dict[tuple[str, str], Member] = {}
    workloads: dict[str, list[Workload]] = {}
    for name, network in fabric.networks.items():
        hosts[name] = tuple(sorted(select(network.where + ".hosts", network.hosts), key=natural))
        hubs[name] = tuple(sorted(select(network.where + ".hubs", network.hubs), key=natural)) if network.hubs else ()
        checks.check_members(network, hosts[name], hubs[name], fleet)
        for host in hosts[name]:
            members[name, host] = network.members.get(host, Member())
    for workload_name in sorted(fabric.workloads, key=natural):
        workload = fabric.workloads[workload_name]
        checks.check_workload(workload, fabric, hosts, fleet)
        if workload.network is not None:
            workloads.setdefault(workload.network, []).append(workload)
    for name, attached in workloads.items():
        checks.check_direct(attached, fabric.networks[name])
    return Places(hosts, members, {name: tuple(attached) for name, attached in workloads.items()}), hubs


def _underlays(fabric: Fabric, fleet: Sequence[str], said: Mapping[str, Any], members: set[str]) -> dict[str, Underlay]:
    """Return each host's underlay: its own words before the fleet's. Only a member must have an address."""
    result = {}
    for host in fleet:
        row = {**fabric.underlay, **{key: value for key, value in said[host]["underlay"].items() if value is not None}}
        address = None
        try:
            address = parse_address("underlay.address", row["address"])
        except FabricError as error:
            if host in members:
                raise FabricError("underlay.address", "%s: %s" % (host, error.reason)) from None
        if (
            address is not None
            and host in members
            and (address.is_multicast or address.is_unspecified or address.is_loopback)
        ):
            raise FabricError("underlay.address", "%s: %s cannot be reached from another host" % (host, address))
        result[host] = Underlay(address, row["device"], row["mtu"])
    return result


def _by_host(fabric: Fabric) -> dict[str, list[Workload]]:
    result: dict[str, list[Workload]] = {}
    for name in sorted(fabric.workloads, key=natural):
        result.setdefault(fabric.workloads[name].host, []).append(fabric.workloads[name])
    return result


def _host(
    fabric: Fabric, host: str, wirings: Mapping[str, Wiring], workloads: Sequence[Workload], underlay: Underlay
) -> dict[str, Any]:
    """Build one host's plan and return its variable."""
    plan = HostPlan(host, fabric.name)
    own = [wiring for wiring in wirings.values() if host in wiring.sites]
    checks.check_ports(host, [wiring.network for wiring in own])
    for wiring in own:
        topology.build(wiring, host, plan)
        plan.networks[wiring.network.name] = facts(wiring, host)
    for workload in workloads:
        attach.attach(workload, wirings.get(workload.network or ""), underlay, plan)
    check_underlay(plan, underlay)
    return {
        "config": plan.config(),
        "networks": plan.networks,
        "workloads": plan.workloads,
        "underlay": {"address": address_text(underlay.address), "device": underlay.device, "mtu": underlay.mtu},
    }
