# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology hub: hubs forward between the spokes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from ..topology import STP, Topology
from ..values import FabricError

if TYPE_CHECKING:
    from ..intent import Network
    from ..wiring import Wiring


class Hub(Topology):
    """Spokes have a link to each hub, hubs to every other member."""

    keys = ("hubs",)

    def check_keys(self, network: Network) -> None:
        if network.encap == "vxlan":
            reason = "hub needs geneve: a hub's one VXLAN link never forwards from peer to peer"
            raise FabricError(network.where + ".encap", reason)
        if not network.hubs:
            raise FabricError(network.where + ".hubs", "must be given with topology hub")

    def check_members(self, network: Network, hosts: Sequence[str], hubs: Sequence[str]) -> None:
        if not hubs:
            raise FabricError(network.where + ".hubs", "%s matches no host of the inventory" % ", ".join(network.hubs))

    def joins(self, network: Network) -> bool:
        return True

    def tunnel_peers(
        self, network: Network, hosts: tuple[str, ...], hubs: tuple[str, ...], host: str
    ) -> tuple[Optional[str], ...]:
        peers = tuple(other for other in hosts if other != host)
        return peers if host in hubs else tuple(peer for peer in peers if peer in hubs)

    def spanning_tree(self, wiring: Wiring, host: str) -> dict[str, Any]:
        if len(wiring.hubs) < 2:
            return {}
        # Two hubs make a ring with every spoke: spanning tree breaks it, and the first hub is its root.
        return dict(STP, priority=4096 * (wiring.hubs.index(host) + 1) if host in wiring.hubs else 32768)

    def facts(self, wiring: Wiring) -> dict[str, Any]:
        return {"hubs": list(wiring.hubs)}


HUB = Hub(name="hub")
