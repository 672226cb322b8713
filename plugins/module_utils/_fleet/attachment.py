# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold what an attachment is: traits and hooks of its row, and the links that several attachments have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import derive
from .values import FabricError, Interface

if TYPE_CHECKING:
    from .host_config import HostPlan
    from .intent import Workload
    from .wiring import Site, Station, Wiring


class Attachment:
    """One kind of attachment. A row that is unlike others overrides traits and hooks."""

    #: A workload without a network is refused.
    needs_network = False
    #: The link is on a device of the host, or on the network's bridge.
    on_device = False
    #: The workload may name a device of the host.
    takes_device = False
    #: The workload takes the tunnel link itself.
    takes_link = False
    #: The host routes to the workload: no bridge, and the gateway is the host's.
    by_route = False
    #: The workload needs the network's bridge.
    needs_bridge = True
    #: Values of the keys mode and flags; empty where the key is refused.
    modes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    #: The key vlan must be given; the addresses are not those of the network.
    has_vlan = False
    #: The link has the MAC of its device.
    shares_mac = False
    #: The host has an end of a veth pair.
    has_host_end = False
    #: A workload on a routed network's bridge reaches the other subnets through its host.
    through_member = False

    def __init__(self, *, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def mac(self, own: Optional[str], site: Optional[Site]) -> Optional[str]:
        """Return the station's MAC: its own or that of its network's device; None where the kernel chooses."""
        return own

    def build(
        self, workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan
    ) -> None:
        """Put the workload's link on its host."""
        raise NotImplementedError


def need_bridge(workload: Workload, wiring: Wiring) -> Site:
    """Return the bridge of the workload's network on its host; raise FabricError where there is none."""
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


def veth_link(workload: Workload, station: Station, mtu: Optional[int], fabric_name: str) -> dict[str, Any]:
    """Describe the veth pair between the host and a workload."""
    peer = {
        "name": station.device,
        "netns": workload.netns,
        "mac": station.mac,
        "mtu": mtu,
        "addresses": texts(station.addresses),
    }
    return {
        "name": derive.workload_link_name(workload.name),
        "kind": "veth",
        "mac": _mac_of_host_end(workload, fabric_name),
        "mtu": mtu,
        "alias": "%s to %s" % (workload.network or "host", workload.name),
        "peer": {key: value for key, value in peer.items() if value not in (None, [])},
    }


def texts(addresses: tuple[Interface, ...]) -> list[str]:
    """Return addresses as text."""
    return [str(one) for one in addresses]
