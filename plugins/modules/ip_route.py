#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove routes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_route
short_description: Make, change and remove routes
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one IPv4 or IPv6 route, as C(ip route) does.
  - Destination, table, metric, TOS and O(from) tell one route from another. What else differs is replaced in place,
    without a moment in which there is no route.
  - The way of a route is one next hop (O(via), O(dev), O(onlink), O(encap)), several (O(nexthops)), or a nexthop object
    (O(nhid)). When one of these is asked for, the others are given up.
  - A route through a port of a bridge is warned of. The bridge takes all that comes in, so the route leads nowhere;
    lead it through the bridge.
  - A new route carries protocol 110 as its mark.
options:
  dst:
    description:
      - Destination, a prefix such as V(10.99.0.0/16), an address, or V(default).
      - V(default) is of the family of O(via) or O(src), else of IPv4. IPv6's own is V(::/0).
    type: str
    required: true
  table:
    description:
      - Routing table, a number, V(main), V(default) or V(local), or a name in the host's C(rt_tables).
      - Left out, V(local) for the types V(local), V(broadcast) and V(anycast), else V(main), as C(ip route) has it.
    type: str
  vrf:
    description:
      - The table of this VRF, a link of the route's namespace. Excludes O(table).
    type: str
  metric:
    description:
      - Metric (preference), the lower the better. Left out, 0 for IPv4 and 1024 for IPv6.
    type: int
    aliases: [priority, preference]
  tos:
    description:
      - TOS (dsfield) of the packets that an IPv4 route is for, a number whose two lowest bits are 0, or a name such as
        V(AF11), V(CS6) or V(EF), or one in the host's C(rt_dsfield). Left out, 0, which is for all packets.
      - A number is decimal, or hexadecimal with V(0x). C(ip route) reads it as hexadecimal in any case.
    type: str
    aliases: [dsfield]
  from:
    description:
      - Source of the packets that an IPv6 route is for, a prefix or an address. Left out, V(all).
    type: str
  type:
    description:
      - Type of the route. A new one is V(unicast). V(blackhole), V(unreachable), V(prohibit) and V(throw) lead nowhere
        and have neither O(via) nor O(dev).
    type: str
    choices: [unicast, local, broadcast, anycast, multicast, blackhole, unreachable, prohibit, throw]
  nhid:
    description:
      - Number of the nexthop object or group that the route leads to, see M(netloom.overlay.ip_nexthop).
      - Needs Linux 5.3.
    type: int
  encap:
    description:
      - Tunnel header that the route puts on each packet. An empty dict takes it away.
      - The keys are C(type) (V(ip) or V(ip6), of the outer header), C(id) (the VNI), C(dst), C(src) (addresses of the
        outer header), C(ttl) (C(hoplimit)), C(tos) (C(tc); a number, or a name as for O(tos)), and the flags C(key),
        C(csum) and C(seq), which GRE knows.
      - C(geneve_opts) is a list of Geneve options (RFC 8926), each a dict of C(class), C(type) (0x80 is the critical
        bit) and C(data) (bytes in hexadecimal, a multiple of 4, at most 124; quote it). All together may have 252
        bytes, with 4 more for each option.
      - C(vxlan_opts) is a dict with C(gbp), the group policy of VXLAN GBP. C(erspan_opts) is a dict with C(version) 1
        and C(index), or with C(version) 2, C(dir) and C(hwid).
      - These options need O(allow_kernel_hazard) on Linux 6.15 and later.
    type: dict
  via:
    description:
      - Address of the next hop; V(none) is none.
      - An IPv4 route may have an IPv6 next hop. For V(default), which is then taken for IPv6's, write
        V(inet6 ADDRESS).
    type: str
  dev:
    description:
      - The link that packets leave by.
    type: str
  src:
    description:
      - Source address to prefer; V(none) is none.
    type: str
  scope:
    description:
      - Scope of an IPv4 route, V(global), V(site), V(link), V(host), V(nowhere), a number from 0 to 255, or a name in
        the host's C(rt_scopes). Left out, V(link) for a route without O(via), else V(global).
    type: str
  onlink:
    description:
      - Take O(via) to be on the link although no address says so.
    type: bool
  pref:
    description:
      - Preference of an IPv6 route among those that routers announced (RFC 4191). A new one is V(medium).
    type: str
    choices: [low, medium, high]
  realms:
    description:
      - Realms that packets of an IPv4 route are accounted to, V(7) for that of the destination, V(3/7) for source and
        destination, each a number from 0 to 65535 or a name in the host's C(rt_realms); V(none) is none.
      - With O(nexthops) each next hop has its own.
    type: str
  expires:
    description:
      - Seconds until the kernel removes an IPv6 route, 1 to 21474836, or V(forever), which a new one has;
        as O(netloom.overlay.ip_address#module:valid_lft).
      - They count down. The task is content while at least half of them is left, and sets them anew when less is left
        or more than asked for.
    type: str
  nexthops:
    description:
      - Several next hops, among which flows are shared out. An empty list asks for none.
      - Each has O(nexthops[].via) or O(nexthops[].dev) at least. Their order says nothing.
    type: list
    elements: dict
    suboptions:
      via:
        description:
          - Address of the next hop.
        type: str
      dev:
        description:
          - The link that packets leave by. Left out, the kernel finds it.
        type: str
      weight:
        description:
          - Share of this next hop, 1 to 256. Left out, 1.
        type: int
      onlink:
        description:
          - As O(onlink).
        type: bool
      encap:
        description:
          - As O(encap).
        type: dict
      realms:
        description:
          - As O(realms).
        type: str
  mtu:
    description:
      - MTU along the route, in bytes. As with all metrics, 0 takes it away.
    type: int
  advmss:
    description:
      - Segment size that TCP announces, in bytes.
    type: int
  window:
    description:
      - The largest window that TCP announces, in bytes.
    type: int
  rtt:
    description:
      - First guess of the round trip time, in milliseconds, or with a unit (V(100ms), V(1.5s)). The kernel counts in
        steps of 0.125 ms.
    type: str
  rttvar:
    description:
      - First guess of the round trip time's variance, likewise, in steps of 0.25 ms.
    type: str
  rto_min:
    description:
      - The shortest retransmission timeout of TCP, in milliseconds, or with a unit.
    type: str
  ssthresh:
    description:
      - First slow start threshold, in segments.
    type: int
  cwnd:
    description:
      - Upper bound of the congestion window, in segments. The kernel heeds it only with O(lock).
    type: int
  initcwnd:
    description:
      - First congestion window, in segments.
    type: int
  initrwnd:
    description:
      - First window that TCP announces, in segments.
    type: int
  reordering:
    description:
      - How far segments may be out of order before TCP takes one for lost.
    type: int
  hoplimit:
    description:
      - TTL or hop limit of packets sent along the route.
    type: int
  quickack:
    description:
      - Acknowledge each segment at once.
    type: bool
  congctl:
    description:
      - Congestion control of TCP, such as V(cubic). The empty text takes it away.
    type: str
  features:
    description:
      - Features of TCP, V(ecn) and V(tcp_usec_ts) (Linux 6.7). An empty list asks for none.
    type: list
    elements: str
  fastopen_no_cookie:
    description:
      - Let TCP Fast Open do without a cookie.
    type: bool
  lock:
    description:
      - Names of metrics that path MTU discovery and TCP are not to change, C(lock) before the value in iproute2.
    type: list
    elements: str
  allow_kernel_hazard:
    description:
      - Send the tunnel options of O(encap) (C(geneve_opts), C(vxlan_opts), C(erspan_opts)) to a kernel that may die of
        them.
      - Linux 6.15 and later, where compiled with gcc 15 or clang 19.1.3 (or later) and FORTIFY_SOURCE, stop in the
        middle of such a request with the lock of rtnetlink held. From then on nothing that touches the network works
        on that machine, in no namespace, until it is started again. Seen on 6.18 compiled with gcc 15.3; Debian's
        kernels up to 7.2 were seen to survive. Whatever the compiler, such a route is refused from 6.15 on without
        this option.
    type: bool
  state:
    description:
      - V(present) makes the route where there is none, and changes what is given here and differs. V(absent) removes
        it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.ip_nexthop
  - module: netloom.overlay.ip_rule
  - module: netloom.overlay.ip_address
  - module: netloom.overlay.ip_neighbor
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A default route in a namespace
  netloom.overlay.ip_route:
    dst: default
    via: 10.20.1.1
    netns: client1

- name: A subnet behind a tunnel endpoint, through a link in external mode
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    dev: vx-ext
    encap: {type: ip, id: 42, dst: 10.0.0.2}

- name: Give it another endpoint
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    dev: vx-ext
    encap: {type: ip, id: 42, dst: 10.0.0.3}

- name: Two uplinks, the first with three times the share
  netloom.overlay.ip_route:
    dst: 10.97.0.0/16
    nexthops:
      - {via: 192.0.2.1, weight: 3}
      - {via: 198.51.100.1}

- name: A route of a VRF
  netloom.overlay.ip_route:
    dst: 10.98.0.0/16
    via: 10.30.0.1
    vrf: red

- name: An IPv6 route for what comes from one prefix
  netloom.overlay.ip_route:
    dst: "::/0"
    from: 2001:db8:1::/64
    via: 2001:db8::1

- name: Geneve options, the first of them critical
  netloom.overlay.ip_route:
    dst: 10.96.0.0/16
    dev: gnv-ext
    encap:
      type: ip
      id: 42
      dst: 10.0.0.2
      geneve_opts:
        - {class: 0x0102, type: 0x80, data: "11223344"}
        - {class: 0x0102, type: 0x01, data: "0000000000000001"}

- name: Remove it
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip route add 10.99.0.0/16 encap ip id 42 dst 10.0.0.2 dev vx-ext
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("route")


if __name__ == "__main__":
    main()
