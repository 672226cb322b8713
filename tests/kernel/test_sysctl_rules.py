# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the rules of objects/sysctl_rules.py against what the kernel does, with each value of ``all`` and of the link.

The namespace ``h`` is the one whose sysctls are set, on its link v0; the test's own namespace is its neighbor. What is
said to be in effect must be what the kernel is seen to do: by its counters and by iproute2. In each
table there are values for which it does a thing and values for which it does not.
"""

from __future__ import annotations

from typing import Any, Callable

import pytest

from .sysctl_probes import (
    FAR,
    NEAR,
    _grid,
    accept_dad,
    accept_local,
    accept_ra,
    accept_redirects,
    accept_redirects6,
    accept_source_route,
    arp_accept,
    arp_evict,
    arp_ignore,
    arp_notify,
    disable_policy,
    disable_policy6,
    drop_gratuitous_arp,
    drop_unicast,
    enhanced_dad,
    forwarding,
    forwarding6,
    igmp,
    ignore_linkdown,
    keep_addr,
    nd_evict,
    ndisc_notify,
    optimistic_dad,
    promote_secondaries,
    proxy_arp,
    proxy_arp_pvlan,
    proxy_ndp,
    route_localnet,
    rp_filter,
    send_redirects,
    sh,
    use_oif_addrs_only,
)


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
        # Not learned: after five seconds h would ask whether it is still there, and its neighbor learns h from that.
        f"ip -n h neigh replace 10.0.0.1 lladdr {NEAR} dev v0",
        "ping -c 1 -W 2 10.0.0.2",
        "ip addr add fe80::1/64 dev v1 nodad",
        f"ip neigh replace 2001:db8::2 lladdr {FAR} dev v1",
        f"ip -n h neigh replace 2001:db8::1 lladdr {NEAR} dev v0",
        "ip -n h addr add fe80::2/64 dev v0 nodad",
        f"ip neigh replace fe80::2 lladdr {FAR} dev v1",
        "ip -n h addr add fe80::6/64 dev br0 nodad",
    ):
        sh(command)


#: Sysctl -> what is seen of it, the link, the values of all and of the link, and others (of the link, or of all) that
#: count too.
CASES: dict[str, tuple[Callable[[], str], str, tuple[int, ...], tuple[str, ...]]] = {
    "ipv4.rp_filter": (rp_filter, "v0", (0, 1, 2), ()),
    "ipv4.arp_ignore": (arp_ignore, "v0", (0, 1, 8), ()),
    "ipv4.proxy_arp": (proxy_arp, "v0", (0, 1), ()),
    "ipv4.accept_local": (accept_local, "v0", (0, 1), ()),
    "ipv4.forwarding": (forwarding, "v0", (0, 1), ()),
    "ipv4.accept_redirects": (accept_redirects, "v0", (0, 1), ("ipv4.forwarding",)),
    "ipv4.route_localnet": (route_localnet, "v0", (0, 1), ()),
    "ipv4.accept_source_route": (accept_source_route, "v0", (0, 1), ()),
    "ipv4.drop_unicast_in_l2_multicast": (drop_unicast, "v0", (0, 1), ()),
    "ipv4.arp_accept": (arp_accept, "v0", (0, 1), ()),
    "ipv4.drop_gratuitous_arp": (drop_gratuitous_arp, "v0", (0, 1), ()),
    "ipv4.proxy_arp_pvlan": (proxy_arp_pvlan, "v0", (0, 1), ()),
    "ipv6.accept_redirects": (accept_redirects6, "v0", (0, 1), ("ipv6.forwarding",)),
    "ipv6.use_oif_addrs_only": (use_oif_addrs_only, "br0", (0, 1), ()),
    "ipv4.arp_notify": (arp_notify, "v0", (0, 1), ()),
    "ipv6.ndisc_notify": (ndisc_notify, "v0", (0, 1), ()),
    "ipv6.enhanced_dad": (enhanced_dad, "v0", (0, 1), ()),
    "ipv4.disable_policy": (disable_policy, "v0", (0, 1), ()),
    "ipv6.disable_policy": (disable_policy6, "v0", (0, 1), ()),
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
