# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds with no option, or one: dummy (drivers/net/dummy.c) and vrf (drivers/net/vrf.c, IFLA_VRF_TABLE)."""

from __future__ import annotations

from ..table import Kind, Option, queues
from ..types.named_numbers import HostInt
from ..types.simple import Bool

# Of the kinds here the kernel lets dummy's carrier alone be set (ndo_change_carrier).
CARRIER = Option(name="carrier", attr=33, type=Bool(), at_create=False, outer=True, default=True)

DUMMY = Kind(name="dummy", options=(*queues(), CARRIER))

#: The kernel's own three tables (uapi/linux/rtnetlink.h: enum rt_class_t), by the names that iproute2 has for them;
#: others by those of the host.
TABLE = HostInt(low=1, rule="a routing table", table={"default": 253, "main": 254, "local": 255}, database="rt_tables")


class Vrf(Kind):
    """Hooks and traits of VRFs."""

    bound = True
    trial = ("table", "10")


VRF = Vrf(
    name="vrf",
    options=(Option(name="table", attr=1, type=TABLE, in_place=False), *queues()),
    needs=("table",),
)
