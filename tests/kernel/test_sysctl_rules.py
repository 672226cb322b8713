# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the rules of objects/effective.py against what the kernel does, with each value of ``all`` and of the link.

The namespace ``h`` is the one whose sysctls are set, on its link v0; the test's own namespace is its neighbor. What is
said to be in effect must be what the kernel is seen to do: by its counters and by iproute2. In each
table there are values for which it does a thing and values for which it does not.
"""

from __future__ import annotations

import itertools
import json
import socket
import struct
import subprocess
import time
from collections.abc import Iterable
from typing import Any, Callable

import pytest

MAC, NEAR, FAR = "02:00:00:00:00:77", "02:00:00:00:00:01", "02:00:00:00:00:02"
_unique = itertools.count(1)


def sh(command: str, check: bool = True) -> str:
    """Return what a command prints."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0 or not check, f"{command}: {done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(autouse=True)
def _neighbors() -> None:
    for command in (
        "ip netns add h",
        "ip -n h link set lo up",
        f"ip link add v1 address {NEAR} type veth peer name v0 address {FAR} netns h",
        "ip -n h link add br0 type bridge",
        "ip addr add 10.0.0.1/24 dev v1",
        "ip addr add 2001:db8::1/64 dev v1 nodad",
        "ip -n h addr add 10.0.0.2/24 dev v0",
        "ip -n h addr add 2001:db8::2/64 dev v0 nodad",
        "ip link set v1 up",
        "ip -n h link set v0 up",
        "ip -n h link set br0 up",
        "ip -n h addr add 10.6.0.1/24 dev br0",
        "ip -n h addr add 2001:db8:6::1/64 dev br0 nodad",
        "ip netns exec h sysctl -qw net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/v0/rp_filter=0"
        " net/ipv4/neigh/v0/proxy_delay=0 net/ipv6/neigh/v0/proxy_delay=0 net/ipv4/conf/all/send_redirects=0"
        " net/ipv4/conf/v0/send_redirects=0 net/ipv4/icmp_ratelimit=0",
        "ip -n h link add d0 up type veth peer name d1",  # d1 is down, so d0 has no carrier
        "ip -n h addr add 10.2.0.1/24 dev d0",
        "ping -c 1 -W 2 10.0.0.2",
        "ip addr add fe80::1/64 dev v1 nodad",
        f"ip neigh replace 2001:db8::2 lladdr {FAR} dev v1",
        f"ip -n h neigh replace 2001:db8::1 lladdr {NEAR} dev v0",
    ):
        sh(command)


def counter(kind: str, name: str) -> int:
    """Return a counter of the namespace h (/proc/net/snmp, /proc/net/snmp6)."""
    if kind == "Ip6":
        lines = sh("ip netns exec h cat /proc/net/snmp6").splitlines()
        return int(dict(line.split() for line in lines)[name])
    names, values = [line.split() for line in sh("ip netns exec h cat /proc/net/snmp").splitlines()
                     if line.startswith(f"{kind}:")]  # fmt: skip
    return int(values[names.index(name)])


def counts(kind: str, name: str, command: str) -> bool:
    """Tell whether a counter of h moves while a command runs."""
    before = counter(kind, name)
    sh(command, check=False)
    return counter(kind, name) > before


def arrives(source: str) -> bool:
    """Tell whether h takes an echo request from a source address."""
    sh(f"ip addr replace {source}/32 dev lo")
    return counts("Icmp", "InEchos", f"ping -c 1 -W 0.2 -I {source} 10.0.0.2")


def arps(address: str) -> bool:
    """Tell whether h answers an ARP request for an address."""
    sh(f"ip route replace {address}/32 dev v1")
    sh(f"ip neigh del {address} dev v1", check=False)
    sh(f"ping -c 1 -W 0.3 {address}", check=False)
    return "lladdr" in sh(f"ip neigh show {address}")


def rp_filter() -> str:
    """Return 0 where every source may come in, 2 where it must have a route, 1 where it must have one by this link."""
    sh("ip -n h route replace 10.8.0.0/24 dev br0")
    return {(True, True): "0", (False, True): "2", (False, False): "1"}[arrives("10.9.0.5"), arrives("10.8.0.5")]


def proxy_arp() -> str:
    sh("ip -n h route replace 10.7.0.0/24 dev br0")
    sh("ip netns exec h sysctl -qw net/ipv4/conf/v0/forwarding=1")
    return str(int(arps("10.7.0.1")))


def arp_ignore() -> str:
    """Return 0 where any address is answered for, 1 where those of the link are, 8 where none is."""
    return {(True, True): "0", (False, True): "1", (False, False): "8"}[arps("10.6.0.1"), arps("10.0.0.2")]


def accept_local() -> str:
    return str(int(arrives("10.6.0.1")))


def forwarding() -> str:
    sh("ip route replace 10.5.0.0/24 via 10.0.0.2")
    sh("ip -n h route replace 10.5.0.0/24 dev br0")
    return str(int(counts("Ip", "ForwDatagrams", "ping -c 1 -W 0.2 10.5.0.5")))


def checksum(data: bytes) -> int:
    """Return the checksum of RFC 1071."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def accept_redirects() -> str:
    """Send an ICMP redirect (RFC 792) for a new destination, from the gateway that it has."""
    dst = f"10.4.0.{next(_unique)}"
    sh("ip -n h route replace 10.4.0.0/24 via 10.0.0.1")
    sh(f"ip -n h neigh replace 10.0.0.77 lladdr {MAC} dev v0 nud permanent")
    inner = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 1, 0, socket.inet_aton("10.0.0.2"), socket.inet_aton(dst)
    )
    inner += struct.pack(">BBHHH", 0, 0, 0xFFFF, 0, 0)
    body = struct.pack(">BBH4s", 5, 1, 0, socket.inet_aton("10.0.0.77")) + inner
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
        sender.sendto(body[:2] + struct.pack(">H", checksum(body)) + body[4:], ("10.0.0.2", 0))
    return str(int("via 10.0.0.77" in sh(f"ip -n h route get {dst}")))


def send_redirects() -> str:
    source = f"10.0.0.{100 + next(_unique)}"
    sh(f"ip addr add {source}/24 dev v1")
    sh("ip route replace 10.3.0.0/24 via 10.0.0.2")
    sh(f"ip -n h neigh replace 10.0.0.77 lladdr {MAC} dev v0 nud permanent")
    sh("ip -n h route replace 10.3.0.0/24 via 10.0.0.77")
    sh("ip netns exec h sysctl -qw net/ipv4/conf/v0/forwarding=1")
    return str(int(counts("Icmp", "OutRedirects", f"ping -c 1 -W 0.2 -I {source} 10.3.0.1")))


def promote_secondaries() -> str:
    for address in ("10.1.0.1/24", "10.1.0.2/24"):
        sh(f"ip -n h addr add {address} dev v0")
    sh("ip -n h addr del 10.1.0.1/24 dev v0")
    left = "10.1.0.2" in sh("ip -n h addr show dev v0")
    sh("ip -n h addr del 10.1.0.2/24 dev v0", check=False)
    return str(int(left))


def ignore_linkdown() -> str:
    """Look for a route by way of d0, which has no carrier."""
    for _try in range(100):  # the kernel notes a moment later that there is none
        if "linkdown" in sh("ip -n h route show dev d0"):
            break
        time.sleep(0.02)
    return str(int("unreachable" in sh("ip -n h route get 10.2.0.9", check=False)))


def arp_evict() -> str:
    return _evicts("10.0.0.60")


def nd_evict() -> str:
    return _evicts("2001:db8::60")


def _evicts(address: str) -> str:
    """Take the carrier away and look whether a neighbor goes with it. One that always goes says when it is done."""
    sh(f"ip -n h neigh replace {address} lladdr {MAC} dev v0 nud reachable")
    sh("ip link set v1 down")
    for _try in range(100):
        link = json.loads(sh("ip -n h -j link show dev v0"))[0]
        if link["operstate"] != "UP":
            break
        time.sleep(0.02)
    gone = MAC not in sh(f"ip -n h neigh show {address}")
    sh("ip link set v1 up")
    time.sleep(0.3)
    return str(int(gone))


def igmp() -> str:
    """Return the version that /proc/net/igmp tells of v0, 0 for the newest."""
    line = next(line for line in sh("ip netns exec h cat /proc/net/igmp").splitlines() if "\tv0" in line)
    return {"V1": "1", "V2": "2", "V3": "0"}[line.split()[-1]]


def forwarding6() -> str:
    sh("ip -6 route replace 2001:db8:5::/64 via 2001:db8::2")
    sh("ip -n h -6 route replace 2001:db8:5::/64 dev br0")
    return str(int(counts("Ip6", "Ip6OutForwDatagrams", "ping -6 -c 1 -W 0.2 2001:db8:5::5")))


def proxy_ndp() -> str:
    address = f"2001:db8::{next(_unique):x}:99"
    sh(f"ip -n h -6 neigh add proxy {address} dev v0")
    sh(f"ping -6 -c 1 -W 0.3 {address}", check=False)
    return str(int("lladdr" in sh(f"ip -6 neigh show {address}")))


def accept_dad() -> str:
    """Return 0 where a new address is not tentative, which it is while duplicates are looked for."""
    return "1" if "tentative" in _new_address() else "0"


def optimistic_dad() -> str:
    """Return 1 where the address that the kernel itself makes can be used before it is known to be the only one."""
    sh("ip -n h link set v0 down")
    sh("ip -n h link set v0 up")
    return "1" if "optimistic" in sh("ip -n h addr show dev v0 scope link") else "0"


def _new_address() -> str:
    address = f"2001:db8::{next(_unique):x}:1"
    sh(f"ip -n h addr add {address}/64 dev v0")
    return sh(f"ip -n h addr show dev v0 to {address}")


def keep_addr() -> str:
    """Return whether an address outlives the link being down."""
    sh("ip -n h addr replace 2001:db8:9::1/64 dev v0 nodad")
    sh("ip -n h link set v0 down")
    kept = "2001:db8:9::1" in sh("ip -n h addr show dev v0")
    sh("ip -n h link set v0 up")
    return "1" if kept else "0"


def accept_ra() -> str:
    """Send a router's advertisement (RFC 4861, 4.2) and look whether h takes it for its default router."""
    sh("ip -n h -6 route flush proto ra", check=False)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sender:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        index = socket.if_nametoindex("v1")
        sender.bind(("fe80::1", 0, 0, index))
        for _try in range(10):  # v0 takes none before it knows that it has a carrier
            sender.sendto(struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 60, 0, 0), ("ff02::1", 0, 0, index))
            time.sleep(0.03)
            if "proto ra" in sh("ip -n h -6 route show default"):
                return "1"
    return "0"


def _grid(*domains: Iterable[int]) -> list[tuple[int, ...]]:
    return list(itertools.product(*domains))


#: Sysctl -> what is seen of it, the link, the values of all and of the link, and others (of the link, or of all) that
#: count too.
CASES: dict[str, tuple[Callable[[], str], str, tuple[int, ...], tuple[str, ...]]] = {
    "ipv4.rp_filter": (rp_filter, "v0", (0, 1, 2), ()),
    "ipv4.arp_ignore": (arp_ignore, "v0", (0, 1, 8), ()),
    "ipv4.proxy_arp": (proxy_arp, "v0", (0, 1), ()),
    "ipv4.accept_local": (accept_local, "v0", (0, 1), ()),
    "ipv4.forwarding": (forwarding, "v0", (0, 1), ()),
    "ipv4.accept_redirects": (accept_redirects, "v0", (0, 1), ("ipv4.forwarding",)),
    "ipv4.send_redirects": (send_redirects, "v0", (0, 1), ()),
    "ipv4.promote_secondaries": (promote_secondaries, "v0", (0, 1), ()),
    "ipv4.ignore_routes_with_linkdown": (ignore_linkdown, "d0", (0, 1), ()),
    "ipv4.arp_evict_nocarrier": (arp_evict, "v0", (0, 1), ()),
    "ipv4.force_igmp_version": (igmp, "v0", (0, 1, 2), ()),
    "ipv6.forwarding": (forwarding6, "v0", (0, 1), ("ipv6.force_forwarding",)),
    "ipv6.proxy_ndp": (proxy_ndp, "v0", (0, 1), ("ipv6.forwarding",)),
    "ipv6.accept_dad": (accept_dad, "v0", (0, 1), ()),
    "ipv6.optimistic_dad": (optimistic_dad, "v0", (0, 1), ("all ipv6.forwarding",)),
    "ipv6.keep_addr_on_down": (keep_addr, "v0", (-1, 0, 1), ()),
    "ipv6.ndisc_evict_nocarrier": (nd_evict, "v0", (0, 1), ()),
    "ipv6.accept_ra": (accept_ra, "v0", (0, 1, 2), ("ipv6.forwarding",)),
}
#: What is seen of these is on or off only.
ON_OFF = {"ipv6.keep_addr_on_down", "ipv6.accept_ra"}


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_in_effect_is_what_the_kernel_does(name: str, apply: Any) -> None:
    probe, dev, values, others = CASES[name]
    family, leaf = name.split(".")
    for sysctl in (name, *others):
        path = f"/proc/sys/net/{family}/conf/{dev}/{sysctl.split('.')[-1]}"
        if "No such" in sh(f"ip netns exec h cat {path}", check=False):
            if sysctl == name:
                pytest.skip(f"this kernel has no {path}")
            others = ()
    seen = set()
    for on_all, on_dev, *more in _grid(values, values, *[(0, 1)] * len(others)):
        wished = [("all", name, on_all), (dev, name, on_dev)]
        for other, value in zip(others, more):
            of, _space, told_name = other.rpartition(" ")
            wished.insert(0, (of or dev, told_name, value))
        report = apply({"sysctls": [{"dev": d, "name": n, "value": v, "netns": "h"} for d, n, v in wished]})
        told = report.effective[-1]
        assert (told["dev"], told["name"], told["value"]) == (dev, f"{family}.conf.{leaf}", str(on_dev))
        said = told["effective"]
        if name in ON_OFF:
            said = str(int(int(said) > 0))
        assert probe() == said, (wished, told)
        seen.add(said)
        warned = [one for one in report.warnings if f".{leaf} of {dev}" in one]
        assert bool(warned) == (told["effective"] != str(on_dev))
    assert len(seen) > 1
