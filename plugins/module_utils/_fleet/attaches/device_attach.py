# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Attachments whose link is on a device of the host, or on the network's bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from ..attachment import Attachment, need_bridge, texts

if TYPE_CHECKING:
    from ..host_config import HostPlan
    from ..intent import Workload
    from ..wiring import Station, Wiring


class DeviceAttach(Attachment):
    """Attach by a link whose kind has the attachment's name."""

    on_device = True
    takes_device = True

    def link_mac(self, workload: Workload, station: Station) -> Optional[str]:
        """Return the MAC that the link gets; None leaves the choice to the kernel."""
        return station.mac

    def build(
        self, workload: Workload, station: Station, wiring: Optional[Wiring], mtu: Optional[int], plan: HostPlan
    ) -> None:
        device = workload.device if wiring is None else need_bridge(workload, wiring).device
        link: dict[str, Any] = {
            "name": station.device,
            "kind": self.name,
            "link": device,
            "link_netns": "host",
            "netns": workload.netns,
            "mac": self.link_mac(workload, station),
            "mtu": mtu,
            "mode": workload.mode,
            "flag": workload.flags,
            "id": workload.vlan,
            "addresses": texts(station.addresses),
        }
        plan.add_link(workload.where, link)
