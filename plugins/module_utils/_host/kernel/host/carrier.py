# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the kernel report the carriers of links at once, and wait for them where it must (net/core/link_watch.c)."""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ...state.model import Operation
from ...tables.registry import OBJECT_TYPES
from ..netlink.channel import Channel, KernelError

if TYPE_CHECKING:
    from ..observe import Observer


#: Seconds to wait for the carrier of a link that was just set up.
CARRIER_WAIT = 2.0


_SIOCETHTOOL = 0x8946  # linux/sockios.h
_ETHTOOL_GLINK = 0x0000000A  # linux/ethtool.h


def tell_of_carrier(sock: socket.socket, name: str) -> None:
    """Ask for a link's carrier as ethtool does: what asks has it told first (ethtool_op_get_link()).

    ``sock`` is any socket of the link's namespace. Links whose driver has no such request have no carrier that comes
    and goes.
    """
    question = array.array("B", struct.pack("=II", _ETHTOOL_GLINK, 0))
    address, _length = question.buffer_info()
    with suppress(OSError):
        fcntl.ioctl(sock.fileno(), _SIOCETHTOOL, struct.pack("16sP16x", name.encode(), address))


#: How many links may have their carriers from one another: a port, its bridge, a VLAN link on that, a macvlan link.
STORIES = 4


def tell_of_carriers(observer: Observer, group: list[Operation], done: list[Operation]) -> None:
    """Let the kernel report the carriers of links before operations on the links above, such as a bridge.

    The carriers of existing links were reported before.
    """
    touched = [*(operation.entry for operation in done if operation.entry.type == "link"), *(op.entry for op in group)]
    for netns in dict.fromkeys(operation.entry.netns for operation in group):
        here = [entry for entry in touched if entry.netns == netns]
        named = (
            name
            for entry in here
            if entry.type in OBJECT_TYPES
            for name in OBJECT_TYPES[entry.type].links_in(entry.key)
        )
        names = list(dict.fromkeys((*(entry.name for entry in here), *named)))
        for name in names * STORIES:
            tell_of_carrier(observer.channel(netns).socket, name)


def with_carrier(channel: Channel, messages: list[bytearray], errors: dict[int, KernelError]) -> dict[int, KernelError]:
    """Send requests again that were refused because a link had no carrier yet; return the errors that are left.

    The kernel tells a bridge or a stacked link of its carrier up to a second after it was set up
    (net/core/link_watch.c).
    """
    until = time.monotonic() + CARRIER_WAIT
    while any(error.number == errno.ENETDOWN for error in errors.values()) and time.monotonic() < until:
        time.sleep(CARRIER_WAIT / 50)
        failed = sorted(errors)
        again = channel.batch([messages[position] for position in failed])
        errors = {failed[number]: error for number, error in again.items()}
    return errors
