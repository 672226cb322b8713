# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read one link's netlink attributes as bytes, for what the iproute2 at hand is too old to show.

Nothing of the collection is used: a socket, one RTM_GETLINK, and a walk over struct rtattr.
"""

from __future__ import annotations

import socket
import struct

RTM_GETLINK, NLM_F_REQUEST = 18, 1
IFLA_LINKINFO, IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA = 18, 2, 5


def attributes(payload: bytes) -> dict[int, bytes]:
    """Return the attributes of one level by number; flags of nesting and byte order left out."""
    found = {}
    while len(payload) >= 4:
        length, number = struct.unpack_from("=HH", payload)
        found[number & 0x3FFF] = payload[4:length]
        payload = payload[(length + 3) & ~3 :]
    return found


def link(name: str) -> dict[str, dict[int, bytes]]:
    """Return a link's own attributes (``link``), those of its kind (``data``) and those as a port (``slave``)."""
    body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(name), 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.send(struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST, 1, 0) + body)
        answer = sock.recv(65536)
    own = attributes(answer[32:])
    info = attributes(own.get(IFLA_LINKINFO, b""))
    return {
        "link": own,
        "data": attributes(info.get(IFLA_INFO_DATA, b"")),
        "slave": attributes(info.get(IFLA_INFO_SLAVE_DATA, b"")),
    }
