# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""veth pairs; drivers/net/veth.c. The peer is a link of its own, with the options of any link."""

from __future__ import annotations

from ..option import Kind, Option, queues
from ..types.simple import LinkName, NetnsOf

VETH = Kind(
    name="veth",
    options=(
        # Both tell where the other end is. They are carried by VETH_INFO_PEER, which holds a whole link message.
        Option("peer_name", None, LinkName(), in_place=False, asked="peer: name"),
        *queues(default=None),
        Option("peer_netns", None, NetnsOf(), in_place=False, asked="peer: netns"),
    ),
    needs=("peer_name",),
    bounds={"mtu": (68, 65535)},  # is_valid_veth_mtu()
    peer=("peer_name", "peer_netns"),
)
