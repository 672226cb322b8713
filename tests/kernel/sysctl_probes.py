# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask the kernel, by what it does to packets, what is in effect of a sysctl of link v0 in the namespace ``h``."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import subprocess
import time
from collections.abc import Iterable

import pytest

MAC, NEAR, FAR = "02:00:00:00:00:77", "02:00:00:00:00:01", "02:00:00:00:00:02"
_unique = itertools.count(1)


def sh(command: str, check: bool = True) -> str:
    """Return what a command prints."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0 or not check, f"{command}: {done.stderr}"
    return done.stdout + done.stderr


def counter(kind: str, name: str) -> int:
    """Return a counter of the namespace h (/proc/net/snmp, /proc/net/snmp6)."""
    if kind == "Ip6":
        lines = sh("ip netns exec h cat /proc/net/snmp6").splitlines()
        return int(dict(line.split() for line in lines)[name])
    names, values = [line.split() for line in sh("ip netns exec h cat /proc/net/snmp").splitlines()
                     if line.startswith(f"{kind}:")]  # fmt: skip
    return int(values[names.index(name)])


def counts(kind: str, name: str, command: str) -> bool:
    """Tell whether a counter of h moves while a command runs. On a busy machine the command may give up first."""
    before = counter(kind, name)
    for _try in range(2):
        sh(command, check=False)
        if counter(kind, name) > before:
            return True
    return False


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


def accept_redirects6() -> str:
    """Send a redirect (RFC 4861, 4.5) for a new destination, from the gateway that it has."""
    dst = f"2001:db8:4::{next(_unique):x}"
    sh("ip -n h -6 route replace 2001:db8:4::/64 via fe80::1 dev v0")
    target, about = socket.inet_pton(socket.AF_INET6, "fe80::77"), socket.inet_pton(socket.AF_INET6, dst)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sender:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
        index = socket.if_nametoindex("v1")
        sender.bind(("fe80::1", 0, 0, index))
        sender.sendto(struct.pack(">BBHI", 137, 0, 0, 0) + target + about, ("fe80::2", 0, 0, index))
    return str(int("via fe80::77" in sh(f"ip -n h route get {dst}")))


def frame(kind: int, payload: bytes, to: str = FAR) -> None:
    """Send an Ethernet frame to v0."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("v1", 0))
        ends = bytes.fromhex((to + NEAR).replace(":", ""))
        sender.send(ends + struct.pack(">H", kind) + payload)


def echoes(dst: str, options: bytes = b"", to: str = FAR) -> bool:
    """Tell whether h takes an echo request for an address, whatever this side would send."""
    icmp = struct.pack(">BBHHH", 8, 0, 0, 7, next(_unique))
    icmp = icmp[:2] + struct.pack(">H", checksum(icmp)) + icmp[4:]
    length = 20 + len(options)
    ends = socket.inet_aton("10.0.0.1") + socket.inet_aton(dst)
    head = struct.pack(">BBHHHBBH", 0x40 + length // 4, 0, length + len(icmp), 1, 0, 64, 1, 0) + ends + options
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    before = counter("Icmp", "InEchos")
    frame(0x0800, head + icmp, to)
    until = time.monotonic() + 0.2
    while counter("Icmp", "InEchos") == before and time.monotonic() < until:
        time.sleep(0.01)
    return counter("Icmp", "InEchos") > before


def route_localnet() -> str:
    return str(int(echoes("127.9.9.9")))


def accept_source_route() -> str:
    """Send a packet with a loose source route that it has followed to its end (RFC 791, 3.1)."""
    return str(int(echoes("10.0.0.2", bytes([131, 7, 8]) + socket.inet_aton("10.0.0.1") + bytes(1))))


def drop_unicast() -> str:
    return str(int(not echoes("10.0.0.2", to="ff:ff:ff:ff:ff:ff")))


def arp_accept() -> str:
    """Send a gratuitous ARP request of an unknown neighbor and look whether h knows it then."""
    address = f"10.0.0.{100 + next(_unique)}"
    sender = bytes.fromhex(MAC.replace(":", "")) + socket.inet_aton(address)
    frame(0x0806, struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + sender + bytes(6) + sender[6:], "ff:ff:ff:ff:ff:ff")
    time.sleep(0.02)
    return str(int(MAC in sh(f"ip -n h neigh show {address}")))


def drop_gratuitous_arp() -> str:
    sh("ip netns exec h sysctl -qw net/ipv4/conf/v0/arp_accept=1")
    return str(1 - int(arp_accept()))


def proxy_arp_pvlan() -> str:
    sh("ip netns exec h sysctl -qw net/ipv4/conf/v0/forwarding=1")
    return str(int(arps("10.0.0.77")))


def use_oif_addrs_only() -> str:
    """Return whether a packet that goes out by br0 has no other link's address for its source."""
    sh("ip -n h addr del 2001:db8:6::1/64 dev br0", check=False)
    sh("ip -n h -6 route replace 2001:db8:7::/64 dev br0")
    return str(int("src fe80::" in sh("ip -n h route get 2001:db8:7::7")))


def seen(kind: int, part: bytes, command: str) -> bool:
    """Tell whether v0 sends a frame of a kind with something in it while a command runs."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind)) as listener:
        listener.bind(("v1", kind))
        listener.settimeout(0.1)
        sh(command)
        for _try in range(20):
            try:
                data, ends = listener.recvfrom(2000)
            except OSError:  # socket.timeout, which is a TimeoutError from Python 3.10 on
                return False
            if ends[2] != socket.PACKET_OUTGOING and part in data:
                return True
    return False


def _new_mac() -> str:
    return f"ip -n h link set v0 address 02:00:00:00:01:{next(_unique):02x}"


def arp_notify() -> str:
    return str(
        int(
            seen(0x0806, socket.inet_aton("10.0.0.2") + bytes.fromhex("ffffffffffff"), _new_mac())
            or seen(0x0806, socket.inet_aton("10.0.0.2"), _new_mac())
        )
    )


def ndisc_notify() -> str:
    """Look for an advertisement (RFC 4861, 4.4: type 136) of the new MAC."""
    address = socket.inet_pton(socket.AF_INET6, "2001:db8::2")
    return str(int(seen(0x86DD, address + b"\x02\x01\x02", _new_mac())))


def enhanced_dad() -> str:
    """Look for a nonce (RFC 3971, 5.3.2: option 14, 8 bytes) in the question for a duplicate."""
    sh("ip netns exec h sysctl -qw net/ipv6/conf/v0/router_solicitation_delay=0")
    address = f"2001:db8::{next(_unique):x}:1"
    question = socket.inet_pton(socket.AF_INET6, address)
    add = f"ip -n h addr add {address}/64 dev v0"
    return str(int(seen(0x86DD, question + b"\x0e\x01", add)))


def _block(net: str) -> None:
    """Have IPsec's policy block what comes in."""
    said = sh(f"ip -n h xfrm policy update dir in src {net} dst {net} action block", check=False)
    if "Protocol not supported" in said:
        pytest.skip("this kernel has no IPsec (CONFIG_XFRM_USER)")
    assert said == ""


def disable_policy() -> str:
    """Return whether a packet comes in that IPsec's policy blocks."""
    _block("10.0.0.0/24")
    return str(int(echoes("10.0.0.2")))


def disable_policy6() -> str:
    address = f"2001:db8::{next(_unique):x}:1"
    sh(f"ip -n h addr add {address}/64 dev v0 nodad")
    sh(f"ip neigh replace {address} lladdr {FAR} dev v1")
    _block("2001:db8::/64")
    return str(int(counts("Ip6", "Icmp6InEchos", f"ping -6 -c 1 -W 0.2 {address}")))


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
    """Return 0 where a new address is not tentative, which it is for a second while duplicates are looked for.

    Where they are not looked for it is so for a moment too: until the kernel comes to it (addrconf_dad_work()).
    """
    address = f"2001:db8::{next(_unique):x}:1"
    sh(f"ip -n h addr add {address}/64 dev v0")
    until = time.monotonic() + 0.4
    while "tentative" in sh(f"ip -n h addr show dev v0 to {address}"):
        if time.monotonic() > until:
            return "1"
        time.sleep(0.02)
    return "0"


def optimistic_dad() -> str:
    """Return 1 where the address that the kernel itself makes can be used before it is known to be the only one."""
    sh("ip -n h link set v0 down")
    sh("ip -n h link set v0 up")
    return "1" if "optimistic" in sh("ip -n h addr show dev v0 scope link") else "0"


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
