# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Derive what nobody should have to choose: link names, MACs, MTUs. Each depends on its own object only."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Optional

from . import values
from .intent import DEFAULT_PORT, Network
from .values import FabricError

#: Outer IPv4 (20) or IPv6 (40) header, UDP (8), VXLAN or Geneve (8), inner Ethernet (14).
#: RFC 7348 figure 1, RFC 8926 section 3.1.
OVERHEAD = {4: 50, 6: 70}
#: The least MTU of a link that carries IPv6 (RFC 8200 section 5).
IPV6_MIN_MTU = 1280

#: Names that a bridge must not take: links that a host or the kernel has anyway.
_TAKEN = re.compile(
    r"^(lo|all|default|host"
    r"|(eth|en|wl|ww|ib|sl|usb|dummy|tunl|sit|gre|gretap|erspan|ip6tnl|ip6_vti|ip_vti|bond|team|veth|tap|tun"
    r"|vxlan|geneve|docker|virbr|br-|cni|vnet)[0-9a-z_]*[0-9][0-9a-z_]*"
    r"|geneve_sys.*|vxlan_sys.*|docker.*|podman.*|virbr.*)$"
)
#: Shapes that other links of ours have: tunnels (g0003e8-..., v002711) and workload veths (w-...).
_OURS = re.compile(r"^([gv][0-9a-f]{6}(-.*)?|[wbx]-.*)$")


def short_hash(*parts: str, length: int = 6) -> str:
    """Hash the parts to ``length`` characters of base32 (5 bits each), as a link name takes them."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:length]


def mac(*parts: str) -> str:
    """Hash the parts to a locally administered unicast MAC (IEEE 802: bit 1 of the first byte set, bit 0 clear)."""
    digest = hashlib.sha256("\0".join(("mac", *parts)).encode()).digest()
    return "02:" + ":".join("%02x" % byte for byte in digest[:5])


def _port_suffix(network: Network) -> str:
    return "" if network.dstport == DEFAULT_PORT[network.encap] else str(network.dstport)


def tunnel_name(network: Network, vni: int, peer: str) -> str:
    """Name a tunnel link after VNI and peer; 14 bytes at most.

    A Geneve link is unique by VNI, remote and port in its namespace (geneve_find_dev, drivers/net/geneve.c), so peer
    and port are hashed in. A VXLAN link is unique by VNI and port (vxlan_vni_in_use, drivers/net/vxlan/vxlan_core.c).
    """
    if network.encap == "geneve":
        return "g%06x-%s" % (vni, short_hash(peer, _port_suffix(network)))
    port = _port_suffix(network)
    return "v%06x%s" % (vni, "-" + port if port else "")


def external_mac(fabric: str, network: Network, host: str) -> str:
    """Derive the MAC of a host's external-mode link, which belongs to no single network."""
    return mac(fabric, host, "", external_name(network))


def external_name(network: Network) -> str:
    """Name the one external-mode link that all routed networks of an encap and port share."""
    return "x-%s%d" % (network.encap[0], network.dstport)


def bridge_name(network: str) -> str:
    """Name a bridge after its network, or by a hash where that is no usable link name."""
    if (
        not values.ifname_fault(network)
        and not _TAKEN.match(network)
        and not _OURS.match(network)
        and network.isascii()
    ):
        return network
    return "b-%s" % short_hash("bridge", network, length=8)


def workload_link_name(workload: str) -> str:
    """Name the host's end of a workload's veth."""
    name = "w-%s" % workload
    if not values.ifname_fault(name) and name.isascii():
        return name
    return "w-%s" % short_hash("workload", workload, length=8)


def overhead(family: int, geneve_options: int) -> int:
    """Return the bytes that encapsulation adds to an inner IP packet of an Ethernet overlay."""
    return OVERHEAD[family] + geneve_options


def check_mtu(where: str, wanted: Optional[int], room: int, tightest: str, inner_ipv6: bool) -> int:
    """Return a network's MTU: what its tightest host leaves, or less where the intent says so.

    Raises FabricError when the underlay cannot carry what is wanted, or leaves too little for the overlay's addresses.
    """
    if wanted is not None and wanted > room:
        raise FabricError(
            where, "%d does not fit: the underlay of %s leaves %d bytes after encapsulation" % (wanted, tightest, room)
        )
    mtu = wanted if wanted is not None else room
    least = IPV6_MIN_MTU if inner_ipv6 else 68
    if mtu < least:
        rule = "IPv6 needs 1280, RFC 8200 section 5" if inner_ipv6 else "IPv4 needs 68, RFC 791"
        raise FabricError(where, "%d is left by the underlay of %s, too little (%s)" % (mtu, tightest, rule))
    return mtu
