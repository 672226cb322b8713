# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the inventory source and what hosts say of themselves: tables of keys, and what cannot work by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from . import values
from .attaches.attach_rows import ATTACHMENTS, DEFAULT_ATTACHMENT
from .intent import DEFAULT_PORT, Fabric, Member, Network, Route, Workload, uses_group
from .keys import Key, list_of, mapping_of, one_of, parse_patterns, read, reads, row_of
from .topologies.rows import DEFAULT_TOPOLOGY, TOPOLOGIES
from .values import FabricError

REPLICATIONS = ("static", "learning", "multicast", "evpn")

_ROUTE = (
    Key("dst", values.parse_destination, required=True),
    Key("via", values.parse_address),
    Key("src", values.parse_address),
    Key("metric", values.parse_int),
    Key("table", values.parse_int),
    Key("onlink", values.parse_bool),
)


@reads(_ROUTE)
def parse_route(where: str, value: Any) -> Route:
    """Read one route."""
    return Route(**read(where, value, _ROUTE))


_MEMBER = (
    Key("addresses", list_of(values.parse_interface)),
    Key("bridge", values.parse_bool),
    Key("subnet", values.parse_subnet),
    Key("mac", values.parse_mac),
    Key("routes", list_of(parse_route), default=()),
)


@reads(_MEMBER)
def parse_member(where: str, _name: str, value: Any) -> Member:
    """Read what is said of one host in one network."""
    return Member(**read(where, value, _MEMBER))


_NETWORK = (
    Key("encap", one_of("geneve", "vxlan"), required=True),
    Key("topology", row_of(TOPOLOGIES), default=DEFAULT_TOPOLOGY),
    Key("hosts", parse_patterns, required=True),
    Key("hubs", parse_patterns, default=()),
    Key("vni", values.parse_vni),
    Key("dstport", values.parse_port),
    Key("subnet", values.parse_subnet),
    Key("host_prefix", values.parse_prefix),
    Key("replication", one_of(*REPLICATIONS)),
    Key("group", values.parse_address),
    Key("bridge", values.parse_bool),
    Key("mtu", values.parse_mtu),
    Key("ttl", values.parse_ttl),
    Key("df", one_of("set", "unset", "inherit")),
    Key("geneve_options", values.parse_geneve_options, default=0),
    Key("members", mapping_of(parse_member), default={}),
)

#: Keys that mean something to one encap or topology only: key -> (attribute, the values it goes with).
_ONLY_WITH: dict[str, tuple[str, tuple[Any, ...]]] = {
    key.name: ("topology", rows)
    for key in _NETWORK
    if (rows := tuple(row for row in TOPOLOGIES.values() if key.name in row.keys))
}
_ONLY_WITH["geneve_options"] = ("encap", ("geneve",))


@reads(_NETWORK)
def parse_network(where: str, name: str, value: Any) -> Network:
    """Read one network and refuse what cannot work whatever the hosts are."""
    row = read(where, value, _NETWORK)
    if row["dstport"] is None:
        row["dstport"] = DEFAULT_PORT[row["encap"]]
    for key, (attribute, valid) in _ONLY_WITH.items():
        if row[key] and row[attribute] not in valid:
            raise FabricError(
                "%s.%s" % (where, key), "goes with %s %s only, not with %s" % (attribute, valid[0], row[attribute])
            )
    network = Network(name=name, **row)
    _check_network(network)
    if network.encap == "vxlan" and network.topology.replicates and network.replication is None:
        network = replace(network, replication="static")
    return network


def _check_network(network: Network) -> None:
    """Refuse combinations of keys that cannot work."""
    _check_encap(network)
    _check_group(network)
    _check_bridges(network)
    network.topology.check_subnet(network)


def _check_encap(network: Network) -> None:
    network.topology.check_encap(network)
    if network.replication and network.encap != "vxlan":
        reason = "goes with encap vxlan only: a Geneve mesh has a link for each peer"
        raise FabricError(network.where + ".replication", reason)
    network.topology.check_keys(network)


def _check_group(network: Network) -> None:
    where = network.where + ".group"
    if not uses_group(network):
        if network.group is not None:
            raise FabricError(where, "goes with multicast only")
    elif network.group is None:
        raise FabricError(where, "must be given with multicast, like 239.1.1.1")
    elif not network.group.is_multicast:
        raise FabricError(where, "%s is no multicast address" % network.group)


def _check_bridges(network: Network) -> None:
    where = network.where
    joins = network.topology.joins(network)
    if network.bridge is False and joins:
        reason = "a Geneve %s needs its bridge: it joins the links to the peers" % network.topology
        raise FabricError(where + ".bridge", reason)
    for host, member in network.members.items():
        if member.subnet is not None and not network.topology.divides_subnet:
            raise FabricError("%s.members.%s.subnet" % (where, host), "goes with topology routed only")
        if member.bridge is False and joins:
            raise FabricError("%s.members.%s.bridge" % (where, host), "a %s needs its bridge" % network.topology)


def parse_nameserver(where: str, value: Any) -> str:
    """Take the address of a nameserver."""
    return str(values.parse_address(where, value))


_RESOLVER = (
    Key("nameservers", list_of(parse_nameserver), default=()),
    Key("search", list_of(values.parse_str), default=()),
    Key("options", list_of(values.parse_str), default=()),
)


@reads(_RESOLVER)
def parse_resolver(where: str, value: Any) -> dict[str, tuple[str, ...]]:
    """Read a namespace's resolver."""
    return read(where, value, _RESOLVER)


_WORKLOAD = (
    Key("host", values.parse_str, required=True),
    Key("network", values.parse_str),
    Key("attach", row_of(ATTACHMENTS), default=DEFAULT_ATTACHMENT),
    Key("netns", values.parse_netns),
    Key("container", values.parse_str),
    Key("interface", values.parse_ifname),
    Key("addresses", list_of(values.parse_interface)),
    Key("gateway", values.parse_address),
    Key("routes", list_of(parse_route), default=()),
    Key("mac", values.parse_mac),
    Key("mtu", values.parse_mtu),
    Key("device", values.parse_ifname),
    Key("mode", values.parse_str),
    Key("flags", values.parse_str),
    Key("vlan", values.parse_vlan_id),
    Key("resolver", parse_resolver),
)


@reads(_WORKLOAD)
def parse_workload(where: str, name: str, value: Any) -> Workload:
    """Read one workload and refuse keys that its attachment has no use for."""
    row = read(where, value, _WORKLOAD)
    container = row.pop("container")
    if container is not None and row["netns"] is not None:
        raise FabricError(where + ".container", "give container or netns, not both")
    if container is not None:
        row["netns"] = values.parse_netns(where + ".container", "container:%s" % container)
    elif row["netns"] is None:
        row["netns"] = values.parse_netns(where, name)
    workload = Workload(name=name, **row)
    _check_workload(workload)
    return workload


def _check_workload(workload: Workload) -> None:
    """Refuse combinations of keys that cannot work whatever the networks are."""
    where, attach = workload.where, workload.attach
    if attach.needs_network and workload.network is None:
        raise FabricError(where + ".network", "must be given with attach %s" % attach)
    if attach.on_device:
        if (workload.device is None) == (workload.network is None):
            raise FabricError(
                where + ".device", "attach %s needs either a device of the host or a network (then its bridge)" % attach
            )
    elif workload.device is not None and not attach.takes_device:
        raise FabricError(where + ".device", "goes with ipvlan, macvlan, vlan and routed only, not with %s" % attach)
    _check_modes(workload)
    if workload.mac is not None and attach.shares_mac:
        raise FabricError(where + ".mac", "an ipvlan link has the MAC of its device")
    if workload.resolver is not None and not values.netns_is_name(workload.netns):
        raise FabricError(where + ".resolver", "%s is not made by us; its owner gives it a resolver" % workload.netns)
    if attach.by_route and workload.gateway is not None:
        raise FabricError(where + ".gateway", "attach routed brings its own gateway")


def _check_modes(workload: Workload) -> None:
    valid = workload.attach.modes
    if workload.mode is not None:
        if not valid:
            raise FabricError(
                workload.where + ".mode", "goes with ipvlan and macvlan only, not with %s" % workload.attach
            )
        one_of(*valid)(workload.where + ".mode", workload.mode)
    if workload.flags is not None:
        if not workload.attach.flags:
            raise FabricError(workload.where + ".flags", "goes with ipvlan only, not with %s" % workload.attach)
        one_of(*workload.attach.flags)(workload.where + ".flags", workload.flags)
    if (workload.vlan is None) == (workload.attach.has_vlan):
        reason = "must be given with attach vlan" if workload.vlan is None else "goes with attach vlan only"
        raise FabricError(workload.where + ".vlan", reason)


def parse_vni_range(where: str, value: Any) -> tuple[int, int]:
    """Read [first, last], both included."""
    numbers: tuple[int, ...] = list_of(values.parse_vni, unique=False)(where, value)
    if len(numbers) != 2 or numbers[0] > numbers[1]:
        raise FabricError(where, "must be [first, last] with first <= last, not %s" % list(numbers))
    return (numbers[0], numbers[1])


UNDERLAY = (
    Key("address", values.parse_source_address, default="ansible_host"),
    Key("device", values.parse_ifname, default="auto"),
    Key("mtu", values.parse_mtu, default=1500),
)


@reads(UNDERLAY)
def parse_underlay(where: str, value: Any) -> dict[str, Any]:
    """Read the underlay of the fleet."""
    return read(where, value, UNDERLAY)


_FABRIC = (
    Key("fabric", values.parse_str, default="netloom"),
    Key("ledger", values.parse_str, default="ledger.yml"),
    Key("vni_range", parse_vni_range, default=(10000, 19999)),
    Key("hosts", parse_patterns, default=("all",)),
    Key("underlay", parse_underlay, default={"address": "ansible_host", "device": "auto", "mtu": 1500}),
    Key("networks", mapping_of(parse_network), default={}),
    Key("workloads", mapping_of(parse_workload), default={}),
)


@reads(_FABRIC, ignore=("plugin",))
def read_fabric(source: Any, ignore: Sequence[str] = ("plugin",)) -> Fabric:
    """Read the inventory source; raise FabricError with the path of the first key that cannot work."""
    row = read("", source, _FABRIC, ignore=ignore)
    row["name"] = row.pop("fabric")
    return Fabric(**row)


#: A host's own underlay. Its address is judged later: only a member must have one.
_HOST_UNDERLAY = (
    Key("address", values.parse_str),
    Key("device", values.parse_ifname),
    Key("mtu", values.parse_mtu),
)


def parse_host_underlay(where: str, value: Any) -> dict[str, Any]:
    """Read what a host says of its own underlay."""
    return read(where, value, _HOST_UNDERLAY)


_HOST = (
    Key("underlay", parse_host_underlay, default={}),
    Key("networks", mapping_of(parse_member), default={}),
)


def read_host(host: str, value: Any, variable: str = "netloom_overlay_host") -> dict[str, Any]:
    """Read what a host's own variable says: its underlay and what it is in each network."""
    return read("%s of %s" % (variable, host), value, _HOST)
