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
  - Destination, table, metric, TOS and O(from) identify a route. Other options are replaced in place, without a gap in
    which the route does not exist.
  - A route has one next hop (O(via), O(dev), O(onlink), O(encap)), several next hops (O(nexthops)), or a nexthop object
    (O(nhid)). Setting one form removes the others.
  - The module warns about a route through a port of a bridge. The bridge receives all replies, so the route does not
    work. Use the bridge as O(dev).
  - A new route has protocol 110, the mark of the collection.
options:
  dst:
    description:
      - Destination, a prefix such as V(10.99.0.0/16), an address, or V(default).
      - V(default) has the family of O(via) or O(src), else IPv4. For IPv6 use V(::/0).
    type: str
    required: true
  table:
    description:
      - Routing table, a number, V(main), V(default) or V(local), or a name in the host's C(rt_tables).
      - The default is V(local) for the types V(local), V(broadcast) and V(anycast), else V(main), as with C(ip route).
    type: str
  vrf:
    description:
      - Use the table of this VRF, a link in the route's namespace. Excludes O(table).
    type: str
  metric:
    description:
      - Metric (preference). A lower value is preferred. The default is 0 for IPv4 and 1024 for IPv6.
    type: int
    aliases: [priority, preference]
  tos:
    description:
      - TOS (dsfield) of the packets of an IPv4 route. The value is a number whose two lowest bits are 0, a name such as
        V(AF11), V(CS6) or V(EF), or a name in the host's C(rt_dsfield). The default 0 matches all packets.
      - A number is decimal, or hexadecimal with V(0x). C(ip route) always reads a number as hexadecimal.
    type: str
    aliases: [dsfield]
  from:
    description:
      - Source of the packets of an IPv6 route, a prefix or an address. The default is V(all).
    type: str
  type:
    description:
      - Type of the route. A new route has V(unicast). Routes of the types V(blackhole), V(unreachable), V(prohibit) and
        V(throw) have neither O(via) nor O(dev).
    type: str
    choices: [unicast, local, broadcast, anycast, multicast, blackhole, unreachable, prohibit, throw]
  nhid:
    description:
      - Number of the route's nexthop object or group, see M(netloom.overlay.ip_nexthop).
      - Needs Linux 5.3.
    type: int
  encap:
    description:
      - Tunnel header that the route adds to each packet. An empty dict removes the header.
      - The keys are C(type) (V(ip) or V(ip6), of the outer header), C(id) (the VNI), C(dst), C(src) (addresses of the
        outer header), C(ttl) (C(hoplimit)), C(tos) (C(tc); a number, or a name as for O(tos)), and the flags C(key),
        C(csum) and C(seq) of GRE.
      - C(geneve_opts) is a list of Geneve options (RFC 8926), each a dict of C(class), C(type) (0x80 is the critical
        bit) and C(data) (bytes in hexadecimal, a multiple of 4, at most 124; quote it). All options together have at
        most 252 bytes, including 4 bytes for each option.
      - C(vxlan_opts) is a dict with C(gbp), the group policy of VXLAN GBP. C(erspan_opts) is a dict with C(version) 1
        and C(index), or with C(version) 2, C(dir) and C(hwid).
      - These options need O(allow_kernel_hazard) on Linux 6.15 and later.
    type: dict
  via:
    description:
      - Address of the next hop. V(none) means no gateway.
      - An IPv4 route can have an IPv6 next hop. The IPv4 route V(default) needs V(inet6 ADDRESS), because V(default)
        with an IPv6 address means the IPv6 route.
    type: str
  dev:
    description:
      - The output link.
    type: str
  src:
    description:
      - Preferred source address. V(none) means no preference.
    type: str
  scope:
    description:
      - Scope of an IPv4 route, V(global), V(site), V(link), V(host), V(nowhere), a number from 0 to 255, or a name in
        the host's C(rt_scopes). The default is V(link) for a route without O(via), else V(global).
    type: str
  onlink:
    description:
      - Treat O(via) as on-link, although no address of the link has its subnet.
    type: bool
  pref:
    description:
      - Preference of an IPv6 route among routes of router advertisements (RFC 4191). A new route has V(medium).
    type: str
    choices: [low, medium, high]
  realms:
    description:
      - Realms for the accounting of an IPv4 route. V(7) is the destination's realm, V(3/7) are the realms of source and
        destination. Each realm is a number from 0 to 65535 or a name in the host's C(rt_realms). V(none) means no
        realm.
      - With O(nexthops) each next hop has its own realms.
    type: str
  expires:
    description:
      - Seconds until the kernel removes an IPv6 route, 1 to 21474836, or V(forever). A new route has V(forever). The
        forms are those of O(netloom.overlay.ip_address#module:valid_lft).
      - The kernel counts the seconds down. The task resets them when less than half is left, or when more is left than
        given.
    type: str
  nexthops:
    description:
      - Several next hops, which share the flows. An empty list means no next hops.
      - Each next hop has at least O(nexthops[].via) or O(nexthops[].dev). The order has no meaning.
    type: list
    elements: dict
    suboptions:
      via:
        description:
          - Address of the next hop.
        type: str
      dev:
        description:
          - The output link. By default the kernel finds the link.
        type: str
      weight:
        description:
          - Weight of the next hop, 1 to 256. The default is 1.
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
      - MTU of the route, in bytes. For this and all other metrics, 0 removes the metric.
    type: int
  advmss:
    description:
      - Segment size that TCP advertises, in bytes.
    type: int
  window:
    description:
      - Largest window that TCP advertises, in bytes.
    type: int
  rtt:
    description:
      - Initial round trip time, in milliseconds or with a unit (V(100ms), V(1.5s)). The kernel's resolution is 0.125
        ms.
    type: str
  rttvar:
    description:
      - Initial variance of the round trip time, in the same form. The kernel's resolution is 0.25 ms.
    type: str
  rto_min:
    description:
      - Smallest retransmission timeout of TCP, in milliseconds or with a unit.
    type: str
  ssthresh:
    description:
      - Initial slow start threshold, in segments.
    type: int
  cwnd:
    description:
      - Largest congestion window, in segments. The kernel uses this metric only with O(lock).
    type: int
  initcwnd:
    description:
      - Initial congestion window, in segments.
    type: int
  initrwnd:
    description:
      - Initial window that TCP advertises, in segments.
    type: int
  reordering:
    description:
      - Largest reordering of segments before TCP treats a segment as lost.
    type: int
  hoplimit:
    description:
      - TTL or hop limit of packets on the route.
    type: int
  quickack:
    description:
      - Acknowledge each segment at once.
    type: bool
  congctl:
    description:
      - Congestion control of TCP, such as V(cubic). The empty text removes the metric.
    type: str
  features:
    description:
      - Features of TCP, V(ecn) and V(tcp_usec_ts) (Linux 6.7). An empty list means no features.
    type: list
    elements: str
  fastopen_no_cookie:
    description:
      - Use TCP Fast Open without a cookie.
    type: bool
  lock:
    description:
      - Names of metrics that path MTU discovery and TCP must not change (C(lock) before the value in iproute2).
    type: list
    elements: str
  allow_kernel_hazard:
    description:
      - Send the tunnel options of O(encap) (C(geneve_opts), C(vxlan_opts), C(erspan_opts)) to a kernel that can crash
        on them.
      - Linux 6.15 and later can stop in such a request with the lock of rtnetlink held, if compiled with FORTIFY_SOURCE
        and gcc 15 or clang 19.1.3 or later. Then no network configuration works in any namespace until the machine is
        restarted. The crash was seen on 6.18 compiled with gcc 15.3. Debian's kernels up to 7.2 did not crash. Without
        this option such a route is refused on Linux 6.15 and later, with any compiler.
    type: bool
  state:
    description:
      - V(present) creates the route if it does not exist, and changes options that differ. V(absent) removes the route.
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
- name: Add a default route in a namespace
  netloom.overlay.ip_route:
    dst: default
    via: 10.20.1.1
    netns: client1

- name: Route a subnet to a tunnel endpoint, through a link in external mode
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    dev: vx-ext
    encap: {type: ip, id: 42, dst: 10.0.0.2}

- name: Change the endpoint
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    dev: vx-ext
    encap: {type: ip, id: 42, dst: 10.0.0.3}

- name: Use two uplinks with weights 3 and 1
  netloom.overlay.ip_route:
    dst: 10.97.0.0/16
    nexthops:
      - {via: 192.0.2.1, weight: 3}
      - {via: 198.51.100.1}

- name: Add a route to a VRF
  netloom.overlay.ip_route:
    dst: 10.98.0.0/16
    via: 10.30.0.1
    vrf: red

- name: Add an IPv6 route for packets from one prefix
  netloom.overlay.ip_route:
    dst: "::/0"
    from: 2001:db8:1::/64
    via: 2001:db8::1

- name: Add Geneve options, the first of them critical
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
  description:
    - The equivalent C(ip) and C(bridge) command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - ip route add 10.99.0.0/16 encap ip id 42 dst 10.0.0.2 dev vx-ext
failure:
  description: The parts of the error message. A part that is unknown or that a failure does not have is null.
  returned: failure
  type: dict
  contains:
    object:
      description: The object as the message names it.
      returned: always
      type: str
    option:
      description: The option, or several with commas between them.
      returned: always
      type: str
    reason:
      description: The reason, with the values.
      returned: always
      type: str
    advice:
      description: A sentence that says what to do.
      returned: always
      type: str
  sample: {"object": "t0", "option": "mtu", "reason": "60 is not within 68..65535", "advice": "Give a larger value"}
rolled_back:
  description:
    - V(true) when the C(commands) of the failed run were rolled back. V(false) when at least a part of them was not.
      Null when nothing was carried out.
  returned: failure
  type: bool
  sample: true
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("route")


if __name__ == "__main__":
    main()
