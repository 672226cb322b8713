# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a bridge for tests of multicast databases; read these, also as bytes: iproute2 6.1 tells nothing of remotes."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .look import told
from .raw import NETLINK_ADD_MEMBERSHIP as ADD_MEMBERSHIP
from .raw import SOL_NETLINK, attributes, dumped

RTM_NEWMDB, RTM_GETMDB, RTNLGRP_MDB = 84, 86, 26
#: linux/if_bridge.h, MDBA_MDB_EATTR_*, with how each is told.
EATTRS = {
    2: "source_list", 3: "filter_mode", 4: "src", 5: "proto", 6: "dst", 7: "dst_port", 8: "vni", 9: "via",
    10: "src_vni",
}  # fmt: skip


BASE = """
links:
  - {name: br0, kind: bridge, addrgenmode: none, mac: "02:00:00:00:00:01"}
  - {name: t0, kind: veth, addrgenmode: none, mac: "02:00:00:00:00:02", master: br0,
     peer: {name: t1, addrgenmode: none, mac: "02:00:00:00:00:03", addresses: [10.9.0.1/24]}}
  - {name: u0, kind: veth, addrgenmode: none, mac: "02:00:00:00:00:04", master: br0, altnames: [uplink-of-the-bridge],
     peer: {name: u1, addrgenmode: none, mac: "02:00:00:00:00:05"}}
"""
GROUP = "239.1.1.1"
MODE = {"port": "t0", "grp": GROUP}
RELEASE = tuple(int(part) for part in os.uname().release.split(".")[:2])


def quiet() -> None:
    """Let the kernel itself join no groups in this namespace: bridges would tell of them."""
    for name in ("all", "default"):
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1", encoding="ascii")


def database(*words: str) -> list[str]:
    """Return the entries of all bridges in iproute2's words, each with what it says."""
    keys = ("dev", "port", "grp", "src", "vid", "state", "filter_mode", "source_list", "protocol", *words)
    found = []
    for entry in told("bridge -j -d mdb show")[0]["mdb"]:
        sources = ",".join(sorted(one["address"] for one in entry.get("source_list", ())))
        line = {**entry, "source_list": sources}
        found.append(" ".join(str(line[key]) for key in keys if line.get(key)))
    return sorted(found)


def wish(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"mdb": [{"dev": "br0", **item} for item in items], **more}


def _each(payload: bytes) -> Iterator[bytes]:
    """Yield the payloads of attributes that come as often as they like."""
    while len(payload) >= 4:
        length = struct.unpack_from("=H", payload)[0]
        yield payload[4:length]
        payload = payload[(length + 3) & ~3 :]


def _ip(payload: bytes) -> str:
    return str(ipaddress.ip_address(payload))


def _value(name: str, payload: bytes) -> Any:
    if name == "source_list":
        return sorted(_ip(attributes(one)[1]) for one in _each(payload))
    if name in ("src", "dst"):
        return _ip(payload)
    number = int.from_bytes(payload, "little")
    return socket.if_indextoname(number) if name == "via" else number


def entries(dev: str) -> list[dict[str, Any]]:
    """Return all that the kernel tells of the entries of a link, without its timer."""
    found = []
    for body in dumped(RTM_GETMDB, struct.pack("=BxxxI", socket.AF_BRIDGE, 0)):
        if struct.unpack_from("=I", body, 4)[0] == socket.if_nametoindex(dev):
            tables = attributes(body[8:])
            found += [_entry(info) for group in _each(tables.get(1, b"")) for info in _each(group)]
    return sorted(found, key=str)


def _entry(info: bytes) -> dict[str, Any]:
    _index, state, flags, _vid, packed, protocol = struct.unpack_from("=IBBH16s2s", info)
    group = _ip(packed[: 4 if protocol == b"\x08\x00" else 16]) if any(protocol) else packed[:6].hex(":")
    own = {EATTRS[number]: payload for number, payload in attributes(info[28:]).items() if number in EATTRS}
    return {
        "grp": group,
        "permanent": bool(state),
        "flags": flags,
        **{name: _value(name, payload) for name, payload in own.items()},
    }


@contextmanager
def announced() -> Iterator[list[bytes]]:
    """Collect what the kernel announces of permanent entries meanwhile: of others it hears by itself."""
    found: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as listener:
        listener.bind((0, 0))
        listener.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, RTNLGRP_MDB)
        listener.setblocking(False)
        yield found
        while True:
            try:
                packet = listener.recv(1 << 16)
            except BlockingIOError:
                return
            infos = [info for group in _each(attributes(packet[24:]).get(1, b"")) for info in _each(group)]
            found += [info for info in infos if info[4]]


@contextmanager
def joined(dev: str, group: str, bridge: str = "br0") -> Iterator[None]:
    """Join a group on a link, as a host behind a port does; wait until the bridge has heard of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = socket.inet_aton(group) + bytes(4) + struct.pack("=i", socket.if_nametoindex(dev))
        until = time.monotonic() + 20
        while not any(one["grp"] == group for one in told(f"bridge -j mdb show dev {bridge}")[0]["mdb"]):
            assert time.monotonic() < until, f"{bridge} heard of no member of {group}"
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
            time.sleep(0.05)
            if not any(one["grp"] == group for one in told(f"bridge -j mdb show dev {bridge}")[0]["mdb"]):
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, request)
        yield
