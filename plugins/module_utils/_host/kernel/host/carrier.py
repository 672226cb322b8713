# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let the kernel tell all of a link's carrier now, and not up to a second after it came (net/core/link_watch.c)."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
from contextlib import suppress

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
