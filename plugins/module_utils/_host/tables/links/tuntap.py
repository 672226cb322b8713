# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""tun and tap; drivers/net/tun.c, uapi/linux/if_tun.h (ioctls) and uapi/linux/if_link.h (IFLA_TUN_*).

rtnetlink tells of these links and removes them. They are made and changed through /dev/net/tun: see host/tun.py.
"""

from __future__ import annotations

from ..option import Kind, Option
from ..types.named_numbers import Account
from ..types.simple import NONE, Bool, Choice

TUN = Kind(
    name="tun",
    options=(
        # tun_net_init(): only tap has an Ethernet address and uses ARP.
        Option("mode", 3, Choice(table={"tun": 1, "tap": 2}), in_place=False, forgets=("mac", "arp")),
        # TUNSETOWNER and TUNSETGROUP take any number but the one that stands for nobody.
        Option("user", 1, Account(database="user"), only_new=(NONE,)),
        Option("user_group", 2, Account(database="group"), only_new=(NONE,), word="group"),
        Option("pi", 4, Bool(style="flag"), default=False),
        Option("vnet_hdr", 5, Bool(style="flag"), default=False),
        # tun_set_iff(): who attaches must ask for the same.
        Option("multi_queue", 7, Bool(style="flag"), default=False, in_place=False),
        Option(
            "persistent",
            6,
            Bool(style="flag"),
            default=True,
            refused={False: "such a link ends with the program that holds it, and a module holds none"},
        ),
    ),
    needs=("mode",),
    device="/dev/net/tun",
)
