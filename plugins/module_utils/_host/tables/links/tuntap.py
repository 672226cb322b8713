# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""tun and tap; drivers/net/tun.c, uapi/linux/if_tun.h (ioctls) and uapi/linux/if_link.h (IFLA_TUN_*).

rtnetlink tells of these links and removes them. They are made and changed through /dev/net/tun: see host/tun.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..table import Kind, Option
from ..types.named_numbers import Account
from ..types.simple import NONE, Bool, Choice


class _Mode(Option):
    forgets = ("mac", "arp")


class _Persistent(Option):
    refused: ClassVar[Mapping[Any, str]] = {
        False: "such a link ends with the program that holds it, and a module holds none"
    }


class Tun(Kind):
    """Hooks and traits of tun and tap links."""

    device = "/dev/net/tun"

    def trial_words(self, name: str, lower: str) -> tuple[str, ...]:
        return ("tuntap", "add", name, "mode", "tap")


TUN = Tun(
    name="tun",
    options=(
        # tun_net_init(): only tap has an Ethernet address and uses ARP.
        _Mode(name="mode", attr=3, type=Choice(table={"tun": 1, "tap": 2}), in_place=False),
        # TUNSETOWNER and TUNSETGROUP take any number but the one that stands for nobody.
        Option(name="user", attr=1, type=Account(database="user"), only_new=(NONE,)),
        Option(name="user_group", attr=2, type=Account(database="group"), only_new=(NONE,), word="group"),
        Option(name="pi", attr=4, type=Bool(style="flag"), default=False),
        Option(name="vnet_hdr", attr=5, type=Bool(style="flag"), default=False),
        # tun_set_iff(): who attaches must ask for the same.
        Option(name="multi_queue", attr=7, type=Bool(style="flag"), default=False, in_place=False),
        _Persistent(
            name="persistent",
            attr=6,
            type=Bool(style="flag"),
            default=True,
        ),
    ),
    needs=("mode",),
)
