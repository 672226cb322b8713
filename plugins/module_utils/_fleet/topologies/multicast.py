# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology multicast: one VXLAN link with a group of the underlay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..topology import Topology
from ..values import FabricError

if TYPE_CHECKING:
    from ..intent import Network


class Multicast(Topology):
    """Broadcasts go to the group, so the FDB needs no peers."""

    uses_group = True

    def check_encap(self, network: Network) -> None:
        if network.encap != "vxlan":
            raise FabricError(
                network.where + ".topology", "multicast needs encap vxlan: a Geneve link has exactly one remote"
            )


MULTICAST = Multicast(name="multicast")
