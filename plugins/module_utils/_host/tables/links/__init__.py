# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Register the link kinds. The imports are explicit because Ansible ships only what is imported."""

from __future__ import annotations

from ..option import Kind
from .bridge import BRIDGE
from .geneve import GENEVE
from .ipvlan import IPVLAN, IPVTAP
from .macvlan import MACVLAN, MACVTAP
from .plain import DUMMY, VRF
from .tuntap import TUN
from .veth import VETH
from .vlan import VLAN
from .vxlan import VXLAN

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (BRIDGE, DUMMY, GENEVE, IPVLAN, IPVTAP, MACVLAN, MACVTAP, TUN, VETH, VLAN, VRF, VXLAN)
}
