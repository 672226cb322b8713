# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of links (uapi/linux/if_addr.h, IFA_*)."""

from __future__ import annotations

from ..kinds.table import Option
from ..kinds.types import Bool, Int, LinkName, Text, Word
from .sort import Address, Prefix, Sort

SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}

#: Options that are bits of IFA_FLAGS. An IPv4 address keeps those it was made with (devinet.c: inet_rtm_newaddr).
FLAGS = {"noprefixroute": 0x200, "nodad": 0x02, "home": 0x10, "mngtmpaddr": 0x100}

ADDRESS = Sort(
    name="address",
    plural="addresses",
    label="address {2} on {1}",
    nested="addresses",
    keys=(Option("dev", None, LinkName()), Option("address", None, Prefix(host_bits=True))),
    options=(
        Option("peer", None, Address(), in_place=False),
        Option("scope", None, Word(table=SCOPES), default="global", in_place=False),
        Option("label", 3, Text(most=15), in_place=False),
        Option("metric", 9, Int()),
        *(Option(name, None, Bool(style="flag"), default=False, in_place=False) for name in FLAGS),
    ),
)
