# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the words of the fleet's intent: networks, workloads, what is said of a host in them. source.py reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Union

from .values import Address, Interface, Subnet

if TYPE_CHECKING:
    from .attachment import Attachment
    from .topology import Topology

#: IANA ports: RFC 7348 section 5, RFC 8926 section 3.3.
DEFAULT_PORT = {"vxlan": 4789, "geneve": 6081}


@dataclass(frozen=True)
class Underlay:
    """Where a host's tunnels end: address, device (``auto`` = whatever the routes say) and MTU in bytes."""

    address: Optional[Address]
    device: str
    mtu: int


@dataclass(frozen=True)
class Route:
    """A route through the device that carries the network; options as in iproute2."""

    dst: str
    via: Optional[Address] = None
    src: Optional[Address] = None
    metric: Optional[int] = None
    table: Optional[int] = None
    onlink: Optional[bool] = None


@dataclass(frozen=True)
class Member:
    """What is said of one host in one network."""

    addresses: Optional[tuple[Interface, ...]] = None
    bridge: Optional[bool] = None
    subnet: Optional[Subnet] = None
    mac: Optional[str] = None
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Network:
    """One overlay network of the fleet."""

    name: str
    encap: str
    topology: Topology
    hosts: tuple[str, ...]
    hubs: tuple[str, ...]
    vni: Optional[int]
    dstport: int
    subnet: Optional[Subnet]
    host_prefix: Optional[int]
    replication: Optional[str]
    group: Optional[Address]
    bridge: Optional[bool]
    mtu: Optional[int]
    ttl: Optional[Union[int, str]]
    df: Optional[str]
    geneve_options: int
    members: Mapping[str, Member]

    @property
    def where(self) -> str:
        """Return the path of the network in the source."""
        return "networks.%s" % self.name


@dataclass(frozen=True)
class Workload:
    """One namespace or container and how it is attached."""

    name: str
    host: str
    network: Optional[str]
    attach: Attachment
    netns: str
    interface: Optional[str]
    addresses: Optional[tuple[Interface, ...]]
    gateway: Optional[Address]
    routes: tuple[Route, ...]
    mac: Optional[str]
    mtu: Optional[int]
    device: Optional[str]
    mode: Optional[str]
    flags: Optional[str]
    vlan: Optional[int]
    resolver: Optional[Mapping[str, tuple[str, ...]]]

    @property
    def where(self) -> str:
        """Return the path of the workload in the source."""
        return "workloads.%s" % self.name


@dataclass(frozen=True)
class Fabric:
    """The intent of the whole fleet."""

    name: str
    ledger: str
    vni_range: tuple[int, int]
    hosts: tuple[str, ...]
    underlay: Mapping[str, Any]
    networks: Mapping[str, Network]
    workloads: Mapping[str, Workload]


def uses_group(network: Network) -> bool:
    """Tell whether broadcasts go to a multicast group of the underlay."""
    return network.topology.uses_group or network.replication == "multicast"
