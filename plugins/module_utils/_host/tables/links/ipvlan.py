# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ipvlan and ipvtap; drivers/net/ipvlan/ipvlan_main.c and uapi/linux/if_link.h (IFLA_IPVLAN_*).

The kernel keeps one mode and one flag for each parent (struct ipvl_port): all its links share them.
"""

from __future__ import annotations

from ..table import TAKEN, Kind, Option, parent, queues
from ..types.simple import Choice

_OPTIONS = (
    parent("link", TAKEN),
    *queues(),
    Option(name="mode", attr=1, type=Choice(wire="u16", table={"l2": 0, "l3": 1, "l3s": 2})),
    Option(name="flag", attr=2, type=Choice(wire="u16", table={"bridge": 0, "private": 1, "vepa": 2}, bare=True)),
)

IPVLAN = Kind(name="ipvlan", options=_OPTIONS, needs=("link",), lower="link", shared=("mode", "flag"))


class Ipvtap(Kind):
    """Hooks and traits of ipvtap links."""

    tells_netns = False  # ipvtap_link_ops has no get_link_net (drivers/net/ipvlan/ipvtap.c)


IPVTAP = Ipvtap(
    name="ipvtap",
    options=_OPTIONS,
    needs=("link",),
    lower="link",
    shared=("mode", "flag"),
)
