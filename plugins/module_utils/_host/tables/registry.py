# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Register link kinds and types of objects. The imports name each file: Ansible ships only what is imported."""

from __future__ import annotations

from .links.bridge import BRIDGE
from .links.geneve import GENEVE
from .links.ipvlan import IPVLAN, IPVTAP
from .links.macvlan import MACVLAN, MACVTAP
from .links.plain import DUMMY, VRF
from .links.tuntap import TUN
from .links.veth import VETH
from .links.vlan import VLAN
from .links.vxlan import VXLAN
from .objects.address import ADDRESS
from .objects.fdb import FDB
from .objects.mdb import MDB
from .objects.neighbor import NEIGHBOR
from .objects.netns import NETNS
from .objects.nexthop import NEXTHOP
from .objects.object_type import ObjectType
from .objects.port import PORT
from .objects.route import ROUTE
from .objects.rule import RULE
from .objects.sysctl import SYSCTL
from .table import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (BRIDGE, DUMMY, GENEVE, IPVLAN, IPVTAP, MACVLAN, MACVTAP, TUN, VETH, VLAN, VRF, VXLAN)
}


OBJECT_TYPES: dict[str, ObjectType] = {
    object_type.name: object_type
    for object_type in (NETNS, PORT, ADDRESS, NEIGHBOR, NEXTHOP, FDB, MDB, ROUTE, RULE, SYSCTL)
}
