# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attachment vlan: a VLAN link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .device_attach import DeviceAttach

if TYPE_CHECKING:
    from ..intent import Workload
    from ..wiring import Site, Station


class VlanAttach(DeviceAttach):
    """Attach by a VLAN link, whose station is not on the network's own Ethernet."""

    has_vlan = True

    def mac(self, own: Optional[str], site: Optional[Site]) -> Optional[str]:
        return None

    def link_mac(self, workload: Workload, station: Station) -> Optional[str]:
        return workload.mac


VLAN_ATTACH = VlanAttach(name="vlan")
