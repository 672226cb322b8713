# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attachment macvlan: a macvlan link."""

from __future__ import annotations

from .device_attach import DeviceAttach


class MacvlanAttach(DeviceAttach):
    """Attach by a macvlan link."""

    modes = ("private", "vepa", "bridge", "passthru", "source")


MACVLAN_ATTACH = MacvlanAttach(name="macvlan")
