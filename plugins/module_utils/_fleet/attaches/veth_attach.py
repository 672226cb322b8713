# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attachment veth: a veth pair whose host end is a port of the network's bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..attachment import Attachment, need_bridge, veth_link
from ..values import FabricError

if TYPE_CHECKING:
    from ..host_config import HostPlan
    from ..intent import Workload
    from ..wiring import Station, Wiring


class VethAttach(Attachment):
    """Attach by a veth pair."""

    needs_network = True
    has_host_end = True
    through_member = True

    def build(
        self, workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan
    ) -> None:
        if wiring is None:
            raise FabricError(workload.where + ".network", "must be given with attach veth")
        link = veth_link(workload, station, mtu, plan.fabric)
        plan.add_link(workload.where, dict(link, master=need_bridge(workload, wiring).device))


VETH_ATTACH = VethAttach(name="veth")
