# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""veth pairs; drivers/net/veth.c. The peer is a link of its own, with the options of any link."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Callable

from ..failure import Fault
from ..table import Kind, Option, queues
from ..types.simple import LinkName, NetnsOf


class _OfPeer(Option):
    @cached_property
    def called(self) -> str:
        """Return the option of the dict ``peer`` that the user sees."""
        return f"peer: {self.name.partition('_')[2]}"


class Veth(Kind):
    """Hooks and traits of veth pairs."""

    peer = ("peer_name", "peer_netns")

    def fault(self, desired: Mapping[str, Any], has: Callable[[str], Any]) -> Fault | None:
        """Return the fault that is_valid_veth_mtu() refuses without a sentence."""
        mtu = desired.get("mtu", 68)
        beyond = Fault("mtu", f"{mtu} is not within 68..65535 (the bounds of a veth)", "Give a value in this range")
        return super().fault(desired, has) if 68 <= mtu <= 65535 else beyond


VETH = Veth(
    name="veth",
    options=(
        # Both tell where the other end is. They are carried by VETH_INFO_PEER, which holds a whole link message.
        _OfPeer(name="peer_name", type=LinkName(), in_place=False),
        *queues(default=None),
        _OfPeer(name="peer_netns", type=NetnsOf(), in_place=False),
    ),
    needs=("peer_name",),
)
