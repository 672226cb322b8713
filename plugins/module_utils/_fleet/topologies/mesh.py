# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology mesh: every member reaches every other one directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..topology import Topology

if TYPE_CHECKING:
    from ..intent import Network
    from ..wiring import Wiring


class Mesh(Topology):
    """Geneve: a link for each peer, isolated ports of the bridge. VXLAN: one link, whose FDB names the peers."""

    keys = ("replication",)
    replicates = True

    def joins(self, network: Network) -> bool:
        return network.encap == "geneve"

    def port(self, wiring: Wiring) -> dict[str, Any]:
        return {"isolated": True} if self.joins(wiring.network) else {}


MESH = Mesh(name="mesh")
