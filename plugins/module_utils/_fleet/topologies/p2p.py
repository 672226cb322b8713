# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology p2p: one tunnel between two members."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from ..host_config import covered
from ..topology import Topology
from ..values import FabricError

if TYPE_CHECKING:
    from ..host_config import HostPlan
    from ..intent import Network
    from ..wiring import Station, Wiring


class P2p(Topology):
    """Both ends have routes to each other, because their addresses need no common subnet."""

    always_bridged = False
    whole_addresses = True

    def check_members(self, network: Network, hosts: Sequence[str], hubs: Sequence[str]) -> None:
        if len(hosts) != 2:
            raise FabricError(
                network.where + ".hosts",
                "p2p joins exactly two hosts, %s matches %d (%s)"
                % (", ".join(network.hosts), len(hosts), ", ".join(hosts)),
            )

    def tunnel_peers(
        self, network: Network, hosts: tuple[str, ...], hubs: tuple[str, ...], host: str
    ) -> tuple[Optional[str], ...]:
        return tuple(other for other in hosts if other != host)

    def build(self, wiring: Wiring, host: str, plan: HostPlan) -> None:
        super().build(wiring, host, plan)
        for station in wiring.at(host):
            _routes_to_far_end(wiring, station, plan)


def _routes_to_far_end(wiring: Wiring, station: Station, plan: HostPlan) -> None:
    """Give a station of a p2p network a route to each far address that nothing of its own covers.

    This is the /32 route of two ends without a common subnet, and the return route of an end on a bridge: through the
    bridge, never through its port.
    """
    if not station.addresses or (station.workload is not None and station.workload.attach.by_route):
        return
    for far in wiring.beyond(station.host):
        for address in far.addresses:
            if not covered(station, address):
                plan.add_route(station.netns, dst=str(ipaddress.ip_network(address.ip)), dev=station.device)


P2P = P2p(name="p2p")
