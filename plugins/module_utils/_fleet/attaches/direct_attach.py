# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attachment direct: the tunnel link itself, moved into the workload's namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..attachment import Attachment

if TYPE_CHECKING:
    from ..host_config import HostPlan
    from ..intent import Workload
    from ..wiring import Site, Station, Wiring


class DirectAttach(Attachment):
    """Attach by the tunnel link."""

    needs_network = True
    takes_link = True
    needs_bridge = False

    def mac(self, own: Optional[str], site: Optional[Site]) -> Optional[str]:
        return own if site is None else site.mac

    def build(
        self, workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan
    ) -> None:
        """Do nothing: the topology has put the tunnel link into the namespace."""


DIRECT_ATTACH = DirectAttach(name="direct")
