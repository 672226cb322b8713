# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attachment routed: a veth pair without a bridge; the host routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..attachment import Attachment, veth_link
from ..values import FabricError

if TYPE_CHECKING:
    from ..host_config import HostPlan
    from ..intent import Workload
    from ..wiring import Site, Station, Wiring

#: The gateway that a routed workload sees. No device has 169.254.1.1: the host answers for it (proxy_arp).
ROUTED_GATEWAY = {4: "169.254.1.1", 6: "fe80::1"}


class RoutedAttach(Attachment):
    """Attach by a route: the host answers ARP for the workload's gateway."""

    takes_device = True
    by_route = True
    needs_bridge = False
    has_host_end = True

    def mac(self, own: Optional[str], site: Optional[Site]) -> Optional[str]:
        return own if site is None else None  # not on the network's own Ethernet

    def build(
        self, workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan
    ) -> None:
        where = workload.where
        if wiring is not None and not wiring.network.topology.shares_link:
            raise FabricError(
                where + ".attach",
                "routed needs a routed network (or none); %s is a %s" % (workload.network, wiring.network.topology),
            )
        if not station.addresses:
            raise FabricError(where + ".addresses", "must be given with attach routed")
        link = veth_link(workload, station, mtu, plan.fabric)
        device = link["name"]
        families = {one.version for one in station.addresses}
        if 6 in families:
            link["addresses"] = ["%s/64" % ROUTED_GATEWAY[6]]
        plan.add_link(where, link)
        for one in station.addresses:
            if one.network.prefixlen != one.network.max_prefixlen:
                raise FabricError(
                    where + ".addresses",
                    "%s must be a /%d: attach routed gives the host a route to it alone"
                    % (one, one.network.max_prefixlen),
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


ROUTED_ATTACH = RoutedAttach(name="routed")
