# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attachment ipvlan: an ipvlan link, which has the MAC of its device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .device_attach import DeviceAttach

if TYPE_CHECKING:
    from ..intent import Workload
    from ..wiring import Site, Station


class IpvlanAttach(DeviceAttach):
    """Attach by an ipvlan link."""

    modes = ("l2", "l3", "l3s")
    flags = ("bridge", "private", "vepa")
    shares_mac = True

    def mac(self, own: Optional[str], site: Optional[Site]) -> Optional[str]:
        return None if site is None else site.mac

    def link_mac(self, workload: Workload, station: Station) -> Optional[str]:
        return None


IPVLAN_ATTACH = IpvlanAttach(name="ipvlan")
