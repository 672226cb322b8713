# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Assign VNIs, subnets and addresses: what is given, else what the ledger holds, else a proposal in a fixed order."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .intent import Fabric, Member, Network, Workload
from .ledger import Entry, Ledger
from .values import Address, FabricError, Interface, Subnet, natural


@dataclass
class Assigned:
    """What each network, member and workload got, and what of it the ledger does not hold yet."""

    vnis: dict[str, int] = field(default_factory=dict)
    members: dict[tuple[str, str], tuple[Interface, ...]] = field(default_factory=dict)
    workloads: dict[str, tuple[Interface, ...]] = field(default_factory=dict)
    subnets: dict[tuple[str, str], Subnet] = field(default_factory=dict)
    proposed: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True)
class Places:
    """Who is where, as the patterns resolved: members of a network, what is said of them, workloads of a network."""

    hosts: Mapping[str, tuple[str, ...]]
    members: Mapping[tuple[str, str], Member]
    workloads: Mapping[str, tuple[Workload, ...]]

    def direct(self, network: str, host: str) -> Optional[Workload]:
        """Return the workload that takes the tunnel link itself on a host."""
        for workload in self.workloads.get(network, ()):
            if workload.host == host and workload.attach.takes_link:
                return workload
        return None

    def behind_bridge(self, network: str, host: str) -> bool:
        """Tell whether a workload on a host hangs on the network's bridge."""
        return any(w.host == host and w.attach.needs_bridge for w in self.workloads.get(network, ()))

    def has_bridge(self, network: Network, host: str) -> bool:
        """Tell whether a network has a bridge on a host: as the member says, as the network says, or as it needs."""
        if self.direct(network.name, host):
            return False
        said = self.members[network.name, host].bridge
        if said is None:
            said = network.bridge
        if said is None:
            said = network.topology.always_bridged or self.behind_bridge(network.name, host)
        return said


def assign(fabric: Fabric, places: Places, ledger: Ledger) -> Assigned:
    """Assign everything; networks and hosts in natural order of their names, the lowest free value first.

    Raises FabricError when a range or subnet is exhausted, or when ledger and intent disagree.
    """
    result = Assigned()
    proposed: dict[str, Entry] = {}
    vnis = _assign_vnis(fabric, ledger)
    for name in sorted(fabric.networks, key=natural):
        network, entry = fabric.networks[name], ledger.entry(name)
        result.vnis[name] = vnis[name]
        new_subnets: dict[str, Subnet] = {}
        if network.topology.divides_subnet:
            new_subnets = _assign_subnets(network, places, entry, result)
        desk = _Desk(network, places, entry, result)
        desk.assign()
        addition = Entry(
            vni=vnis[name] if network.vni is None and entry.vni is None else None,
            hosts=desk.new_hosts,
            workloads=desk.new_workloads,
            subnets=new_subnets,
        )
        if not addition.empty:
            proposed[name] = addition
    result.proposed = Ledger(proposed)
    return result


def _assign_vnis(fabric: Fabric, ledger: Ledger) -> dict[str, int]:
    """Return the VNI of every network."""
    low, high = fabric.vni_range
    taken = {entry.vni for entry in ledger.networks.values() if entry.vni is not None}
    taken |= {network.vni for network in fabric.networks.values() if network.vni is not None}
    free = (vni for vni in range(low, high + 1) if vni not in taken)
    vnis: dict[str, int] = {}
    for name in sorted(fabric.networks, key=natural):
        network, held = fabric.networks[name], ledger.entry(name).vni
        where = network.where + ".vni"
        if network.vni is not None:
            if held not in (None, network.vni):
                raise FabricError(
                    where,
                    "%d is not what the ledger holds (%d): leave it out, or release the network first"
                    % (network.vni, held),
                )
            vnis[name] = network.vni
        elif held is not None:
            if not low <= held <= high:
                raise FabricError(
                    where,
                    "the ledger holds %d, outside vni_range %d-%d: widen it, or release the network"
                    % (held, low, high),
                )
            vnis[name] = held
        else:
            proposal = next(free, None)
            if proposal is None:
                raise FabricError(
                    where, "vni_range %d-%d is exhausted; release what is not used, or widen it" % (low, high)
                )
            vnis[name] = proposal
    return vnis


def _assign_subnets(network: Network, places: Places, entry: Entry, result: Assigned) -> dict[str, Subnet]:
    """Give each member of a routed network its own subnet; return the ones that are new."""
    new: dict[str, Subnet] = {}
    taken: list[Any] = list(entry.subnets.values())
    taken += [
        member.subnet for (name, _host), member in places.members.items() if name == network.name and member.subnet
    ]
    pool: Iterator[Any] = iter(())
    if network.subnet is not None and network.host_prefix is not None:
        pool = iter(network.subnet.subnets(new_prefix=network.host_prefix))
    for host in places.hosts[network.name]:
        where = "%s.members.%s.subnet" % (network.where, host)
        said, held = places.members[network.name, host].subnet, entry.subnets.get(host)
        if said is not None and held not in (None, said):
            raise FabricError(
                where, "%s is not what the ledger holds (%s): leave it out, or release the host first" % (said, held)
            )
        if held is not None and said is None and not _inside(held, network.subnet):
            raise FabricError(
                where,
                "the ledger holds %s, outside %s: release the host, or correct the subnet" % (held, network.subnet),
            )
        chosen = said if said is not None else held
        if chosen is None:
            if network.subnet is None:
                raise FabricError(where, "must be given, as the network has no subnet to divide")
            chosen = next((one for one in pool if not any(one.overlaps(other) for other in taken)), None)
            if chosen is None:
                raise FabricError(
                    network.where + ".subnet",
                    "%s is exhausted: no /%s is left for %s" % (network.subnet, network.host_prefix, host),
                )
            new[host] = chosen
            taken.append(chosen)
        result.subnets[network.name, host] = chosen
    return new


def _inside(part: Any, whole: Any) -> bool:
    return whole is not None and part.version == whole.version and bool(part.subnet_of(whole))


class _Desk:
    """Hand out the addresses of one network: members first, then workloads, each in natural order."""

    def __init__(self, network: Network, places: Places, entry: Entry, result: Assigned) -> None:
        self.network, self.places, self.entry, self.result = network, places, entry, result
        self.new_hosts: dict[str, Address] = {}
        self.new_workloads: dict[str, Address] = {}
        self.taken = self._reserved()
        self.pools: dict[Subnet, Iterator[Address]] = {}

    def _reserved(self) -> set[Address]:
        """Collect what must not be proposed: what the ledger holds (also of hosts that are gone) and what is given."""
        taken: set[Address] = set(self.entry.hosts.values()) | set(self.entry.workloads.values())
        for host in self.places.hosts[self.network.name]:
            taken |= {one.ip for one in self.places.members[self.network.name, host].addresses or ()}
        for workload in self.places.workloads.get(self.network.name, ()):
            taken |= {one.ip for one in workload.addresses or ()}
            if workload.gateway is not None:
                taken.add(workload.gateway)
        return taken

    def assign(self) -> None:
        """Assign all members and workloads of the network."""
        name = self.network.name
        for host in self.places.hosts[name]:
            self.result.members[name, host] = self._member(host)
        for workload in self.places.workloads.get(name, ()):
            if workload.addresses is not None:
                self.result.workloads[workload.name] = workload.addresses
            elif workload.attach.has_vlan:
                self.result.workloads[workload.name] = ()
            else:
                self.result.workloads[workload.name] = self._workload(workload)

    def _subnet(self, host: str) -> Optional[Subnet]:
        if self.network.topology.divides_subnet:
            return self.result.subnets[self.network.name, host]
        return self.network.subnet

    def _member(self, host: str) -> tuple[Interface, ...]:
        said, subnet = self.places.members[self.network.name, host].addresses, self._subnet(host)
        where = "%s.members.%s.addresses" % (self.network.where, host)
        held = self.entry.hosts.get(host)
        if said is not None:
            if held is not None and held not in {one.ip for one in said}:
                raise FabricError(
                    where,
                    "%s is not what the ledger holds (%s): leave it out, or release the host first"
                    % (_texts(said), held),
                )
            return said
        if subnet is None or self.places.direct(self.network.name, host):
            return ()
        bridged = self.places.has_bridge(self.network, host)
        if self.network.topology.whole_addresses:
            length = subnet.prefixlen if bridged else subnet.max_prefixlen
        else:
            length = subnet.prefixlen
        address = self._take(where, subnet, held)
        if held is None:
            self.new_hosts[host] = address
        return (ipaddress.ip_interface("%s/%d" % (address, length)),)

    def _workload(self, workload: Workload) -> tuple[Interface, ...]:
        subnet, held = self._subnet(workload.host), self.entry.workloads.get(workload.name)
        if subnet is None:
            return ()
        whole = workload.attach.by_route or (workload.attach.takes_link and self.network.topology.whole_addresses)
        length = subnet.max_prefixlen if whole else subnet.prefixlen
        address = self._take(workload.where + ".addresses", subnet, held)
        if held is None:
            self.new_workloads[workload.name] = address
        return (ipaddress.ip_interface("%s/%d" % (address, length)),)

    def _take(self, where: str, subnet: Subnet, held: Optional[Address]) -> Address:
        """Return the address that is held, or the lowest free one of the subnet."""
        if held is not None:
            if held not in subnet:
                raise FabricError(
                    where, "the ledger holds %s, outside %s: release it, or correct the subnet" % (held, subnet)
                )
            return held
        pool = self.pools.setdefault(subnet, iter(subnet.hosts()))
        address = next((one for one in pool if one not in self.taken), None)
        if address is None:
            raise FabricError(
                self.network.where + ".subnet", "%s is exhausted: no address is left for %s" % (subnet, where)
            )
        self.taken.add(address)
        return address


def _texts(values: tuple[Interface, ...]) -> str:
    return ", ".join(str(one) for one in values) or "none"
