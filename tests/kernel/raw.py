# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read netlink attributes as bytes, for what the iproute2 at hand is too old to show.

Nothing of the collection is used: a socket, one request, and a walk over struct rtattr.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_GETNEIGH, RTM_GETRULE, RTM_GETNEXTHOP = 16, 17, 18, 30, 34, 106
RTM_NEWNEIGH, RTM_DELNEIGH = 28, 29
RTMGRP_LINK = 1
NUD_NOARP, NUD_PERMANENT = 0x40, 0x80
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
#: linux/rtnetlink.h, RTNLGRP_*: LINK, NEIGH, IPV4_IFADDR, IPV6_IFADDR, BRVLAN, TUNNEL.
GROUPS = (1, 3, 5, 9, 33, 35)
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_DONE = 1, 0x300, 3
NDA_DST, NDA_LLADDR = 1, 2
IFLA_ADDRESS = 1
NHA_ID, NHA_GROUP = 1, 2
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


def rules(family: int) -> list[dict[int, bytes]]:
    """Return the attributes of all rules of an address family."""
    return [attributes(body[12:]) for body in dumped(RTM_GETRULE, struct.pack("=BBBBBBBBI", family, *[0] * 8))]


def neighbor(address: bytes) -> dict[int, bytes]:
    """Return the attributes of the neighbor entry of an address."""
    found = [attributes(body[12:]) for body in dumped(RTM_GETNEIGH, bytes(12))]
    return next((one for one in found if one.get(NDA_DST) == address), {})


def nexthop_group(number: int) -> list[tuple[int, int]]:
    """Return the members of a nexthop group with their weights (struct nexthop_grp, as it is since Linux 6.12)."""
    for body in dumped(RTM_GETNEXTHOP, bytes(8)):
        found = attributes(body[8:])
        if struct.unpack("=I", found[NHA_ID])[0] == number:
            return [
                (one, weight + 1 + (high << 8))
                for one, weight, high, _pad in struct.iter_unpack("=IBBH", found[NHA_GROUP])
            ]
    return []


def notices(watch: socket.socket) -> list[int]:
    """Return the types of what a socket of the group RTMGRP_LINK has been told, in order."""
    found = []
    while True:
        try:
            told = watch.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return found
        while told:
            length, kind = struct.unpack_from("=IH", told)
            found.append(kind)
            told = told[(length + 3) & ~3 :]


@contextmanager
def heard() -> Iterator[list[int]]:
    """Collect the types of what the kernel announces meanwhile, links apart: carriers come by themselves."""
    found: list[int] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as listener:
        listener.bind((0, 0))
        for group in GROUPS:
            listener.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        listener.setblocking(False)
        own = macs()
        yield found
        own |= macs()
        while True:
            try:
                packet = listener.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                # More was announced than fits.
                found.append(0)
                continue
            kind = struct.unpack_from("=H", packet, 4)[0]
            found += [kind] if kind != RTM_NEWLINK and not _by_itself(packet, own) else []


def macs() -> set[bytes]:
    """Return the MAC addresses of the links here: the only ones that frames come from, and are learned."""
    return {attributes(body[16:]).get(IFLA_ADDRESS, b"") for body in dumped(RTM_GETLINK, bytes(16))}


def _by_itself(packet: bytes, own: set[bytes]) -> bool:
    """Tell whether a notice is of a neighbor or FDB entry that the kernel learned or dropped, whoever is at work.

    The kernel names who asked for a neighbor entry (nlmsg_pid). Of an FDB entry it does not; what it learned is the
    MAC address of a link, neither permanent nor NOARP.
    """
    kind, _flags, _sequence, who, family = struct.unpack_from("=HHIIB", packet, 4)
    if kind not in (RTM_NEWNEIGH, RTM_DELNEIGH):
        return False
    if family != socket.AF_BRIDGE:
        return who == 0
    state = struct.unpack_from("=H", packet, 24)[0]
    return not state & (NUD_NOARP | NUD_PERMANENT) and attributes(packet[28:]).get(NDA_LLADDR) in own


def dumped(kind: int, header: bytes) -> list[bytes]:
    """Return the bodies of a dump."""
    bodies = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.send(struct.pack("=IHHII", 16 + len(header), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + header)
        while True:
            answer = sock.recv(1 << 20)
            while answer:
                length, answered = struct.unpack_from("=IH", answer)
                if answered == NLMSG_DONE:
                    return bodies
                bodies.append(answer[16:length])
                answer = answer[(length + 3) & ~3 :]
