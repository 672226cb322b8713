# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""macvlan and macvtap; drivers/net/macvlan.c and uapi/linux/if_link.h (IFLA_MACVLAN_*)."""

from __future__ import annotations

from ..table import TAKEN, Kind, Option, parent, queues
from ..types.packed import Bits, SourceMacs
from ..types.simple import Choice, Int

_OPTIONS = (
    parent("link", TAKEN),
    Option(
        name="mode",
        attr=1,
        type=Choice(table={"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}, wire="u32"),
        default="vepa",
        fixed=("passthru",),  # macvlan_changelink()
    ),
    *queues(),
    Option(name="nopromisc", attr=2, type=Bits(wire="u16", bit=1, style="flag"), default=False),
    Option(name="nodst", attr=2, type=Bits(wire="u16", bit=2, style="flag"), since="5.13", default=False),
    Option(name="macaddrs", attr=(3, 5), type=SourceMacs(), word="macaddr", aliases=("macaddr",)),
    Option(name="bcqueuelen", attr=7, type=Int(), since="5.11", default=1000),
    # One for all links of a lower link (struct macvlan_port). The kernel is silent about 1, its own choice.
    Option(
        name="bclim", attr=9, type=Int(wire="s32", low=-(2**31), high=2**31 - 1, if_absent=1), since="6.4", default=1
    ),
)

_SOURCES = {"macaddrs": ("mode", "source")}  # macvlan_changelink_sources()


class Macvlan(Kind):
    """Hooks and traits of macvlan and macvtap."""

    alone = ("mode", "passthru")  # macvlan_common_newlink()


def _kind(name: str) -> Kind:
    return Macvlan(
        name=name,
        options=_OPTIONS,
        needs=("link",),
        lower="link",
        shared=("bclim",),
        only_with=_SOURCES,
    )


MACVLAN = _kind("macvlan")
MACVTAP = _kind("macvtap")
