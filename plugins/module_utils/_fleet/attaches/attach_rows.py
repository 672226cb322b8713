# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the attachments: one import and one name for each."""

from __future__ import annotations

from ..attachment import Attachment
from .direct_attach import DIRECT_ATTACH
from .ipvlan_attach import IPVLAN_ATTACH
from .macvlan_attach import MACVLAN_ATTACH
from .routed_attach import ROUTED_ATTACH
from .veth_attach import VETH_ATTACH
from .vlan_attach import VLAN_ATTACH

ATTACHMENTS: dict[str, Attachment] = {
    row.name: row for row in (VETH_ATTACH, DIRECT_ATTACH, IPVLAN_ATTACH, MACVLAN_ATTACH, VLAN_ATTACH, ROUTED_ATTACH)
}
DEFAULT_ATTACHMENT = VETH_ATTACH
