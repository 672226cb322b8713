# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology ring: each member has a tunnel to its two neighbours, and spanning tree blocks one port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from ..topology import STP, Topology
from ..values import FabricError

if TYPE_CHECKING:
    from ..intent import Network
    from ..wiring import Wiring


class Ring(Topology):
    """Neighbours are the previous and the next member in the order of names; the last member precedes the first."""

    def check_keys(self, network: Network) -> None:
        if network.encap != "geneve":
            reason = "ring needs geneve: one VXLAN link never forwards from neighbour to neighbour"
            raise FabricError(network.where + ".encap", reason)

    def check_members(self, network: Network, hosts: Sequence[str], hubs: Sequence[str]) -> None:
        if len(hosts) < 3:
            raise FabricError(
                network.where + ".hosts",
                "ring joins at least three hosts, %s matches %d (%s); take topology p2p for two"
                % (", ".join(network.hosts), len(hosts), ", ".join(hosts)),
            )

    def joins(self, network: Network) -> bool:
        return True

    def tunnel_peers(
        self, network: Network, hosts: tuple[str, ...], hubs: tuple[str, ...], host: str
    ) -> tuple[Optional[str], ...]:
        place = hosts.index(host)
        neighbours = {hosts[place - 1], hosts[(place + 1) % len(hosts)]}
        return tuple(other for other in hosts if other in neighbours)

    def spanning_tree(self, wiring: Wiring, host: str) -> dict[str, Any]:
        # The first member is the root, so the blocked port is at the far side of the ring.
        return dict(STP, priority=4096 if host == wiring.hosts[0] else 32768)


RING = Ring(name="ring")
