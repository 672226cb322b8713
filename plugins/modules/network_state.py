#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a host's overlay networks to a wished state, or read it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_state
short_description: Bring a host's overlay networks to a wished state, or read it
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Brings the network of a host to the state that O(config) describes, in one step, whatever its size. Links, bridge
    ports, addresses, FDB, MDB and neighbor entries, nexthops, routes, rules, namespaces and sysctls are compared with
    what the kernel holds, and only what differs is sent.
  - Takes what P(netloom.overlay.fabric#inventory) makes of an inventory, and what O(state=gathered) and
    M(netloom.overlay.network_info) give.
options:
  state:
    description:
      - >-
        V(merged): at least what O(config) says. What it does not name is left alone.
      - >-
        V(overridden): exactly this, of what the collection owns. What carries the collection's mark and is not in
        O(config) is removed, in the module's own namespace, in all named ones, and in those of processes that share a
        link with the host. What has no mark is left alone.
      - >-
        V(gathered): changes nothing and returns what is there as RV(config).
    type: str
    choices: [merged, overridden, gathered]
    default: merged
  config:
    description:
      - The wished state. Needed for V(merged) and V(overridden); an empty dict with V(overridden) removes all that the
        collection owns.
      - The sections are C(netns), C(links), C(ports), C(addresses), C(neighbors), C(nexthops), C(fdb), C(mdb),
        C(routes), C(rules) and C(sysctls), each a list of dicts, each may be left out. An unknown section or option is
        refused with the nearest known name. Objects may refer to each other in any order.
      - C(netns) takes the options of M(netloom.overlay.netns), C(ports) those of M(netloom.overlay.bridge_port),
        C(addresses) those of M(netloom.overlay.ip_address), C(neighbors) those of M(netloom.overlay.ip_neighbor),
        C(nexthops) those of M(netloom.overlay.ip_nexthop), C(rules) those of M(netloom.overlay.ip_rule),
        C(fdb) those of M(netloom.overlay.bridge_fdb), C(mdb) those of M(netloom.overlay.bridge_mdb), C(routes) those of
        M(netloom.overlay.ip_route), C(sysctls) those of M(netloom.overlay.sysctl_iface).
      - A link has a C(name), a C(kind) and the options of that kind's module. V(bridge) is described in
        M(netloom.overlay.bridge_link), V(dummy) in M(netloom.overlay.dummy_link), V(geneve) in
        M(netloom.overlay.geneve_link), V(ipvlan) in M(netloom.overlay.ipvlan_link), V(ipvtap) in
        M(netloom.overlay.ipvtap_link), V(macvlan) in M(netloom.overlay.macvlan_link), V(macvtap) in
        M(netloom.overlay.macvtap_link), V(tun) in M(netloom.overlay.tuntap_link), V(veth) in
        M(netloom.overlay.veth_link), V(vlan) in M(netloom.overlay.vlan_link), V(vrf) in M(netloom.overlay.vrf_link),
        V(vxlan) in M(netloom.overlay.vxlan_link).
        Without C(kind), options that every link has are changed on a link that is there already.
      - What hangs on a link may stand within it, without C(dev) and C(netns). C(addresses) is a list of addresses
        (text, or a dict of options), C(fdb) a list of FDB entries, C(mdb) a list of MDB entries (within their bridge or
        VXLAN link), C(port) a dict of port options.
      - The other end of a veth pair stands in C(peer), a link with C(name), its own C(netns) and again C(addresses),
        C(port) and so on. C(netns) left out there is that of the first end. RV(config) shows each end as a link with
        C(peer_name) and C(peer_netns), which is taken too.
      - C(netns) of any object is a name, a path, V(pid:N), V(pidfile:PATH) or V(container:NAME), as in the link
        modules; left out or V(host), it is the namespace that the module runs in. A namespace must be there, or stand
        in the section C(netns). A link that is elsewhere is moved there with C(from_netns), the namespace to take it
        from. So a link without C(kind), such as a network card, gets into a namespace and back. A tunnel that is not
        there either is made with its socket in C(from_netns).
      - C(state) of an object is V(present) or V(absent) (ports and sysctls have no such option). C(recreate=true) of a
        link lets it be made anew where the kernel cannot change an option in place.
      - Two links that cannot be together (the same VNI and port twice in one namespace), an endpoint of the other
        address family, and an object that is wished for twice are refused before anything is sent.
      - New links are set up unless C(up=false), and the C(lo) of a new namespace unless C(loopback=false). Ports get
        their options before they are set up.
    type: dict
extends_documentation_fragment:
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.network_info
  - module: netloom.overlay.geneve_link
  - module: netloom.overlay.vxlan_link
"""

EXAMPLES = r"""
- name: A Geneve tunnel and a namespace on one bridge
  netloom.overlay.network_state:
    config:
      netns:
        - {name: client1, resolver: {nameservers: [10.3.3.3]}}
      links:
        - {name: blue, kind: bridge, mtu: 1450, addresses: [10.20.1.1/24]}
        - name: g0003e8-k3v2
          kind: geneve
          alias: blue to node2
          vni: 1000
          remote: 10.0.0.2
          dstport: 6082
          master: blue
          port: {isolated: true}
        - name: w-client1
          kind: veth
          master: blue
          peer: {name: eth0, netns: client1, mtu: 1450, addresses: [10.20.1.11/24]}
      routes:
        - {dst: default, via: 10.20.1.1, netns: client1}

- name: Exactly this VXLAN network with head-end replication, and nothing else of the collection's
  netloom.overlay.network_state:
    state: overridden
    config:
      links:
        - {name: br-red, kind: bridge, addresses: [10.20.2.1/24]}
        - name: red
          kind: vxlan
          vni: 10001
          dstport: 4789
          local: 10.0.0.1
          learning: false
          master: br-red
          port: {neigh_suppress: true, learning: false}
          fdb:
            - {mac: "00:00:00:00:00:00", dst: 10.0.0.2}
            - {mac: "02:00:00:00:00:07", dst: 10.0.0.2}
      neighbors:
        - {dev: br-red, dst: 10.20.2.7, mac: "02:00:00:00:00:07"}
      sysctls:
        - {dev: br-red, name: ipv4.proxy_arp, value: 0}

- name: Read what is there
  netloom.overlay.network_state:
    state: gathered
  register: host

- name: Remove all that the collection made
  netloom.overlay.network_state:
    state: overridden
    config: {}
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add blue group 28268 type bridge
    - ip link set dev blue up
effective:
  description:
    - What is in effect of each sysctl in O(config), as M(netloom.overlay.sysctl_iface) returns it.
  returned: when O(config) has sysctls
  type: list
  elements: dict
  sample:
    - {dev: eth0, name: ipv4.conf.rp_filter, value: "0", effective: "2", rule: the larger of all (2) and eth0 (0)}
config:
  description:
    - What the kernel holds, in the shape that O(netloom.overlay.network_state#module:config) takes.
      Given back to it, it changes nothing.
  returned: with O(state=gathered)
  type: dict
  sample: {"links": [{"name": "blue", "kind": "bridge", "mtu": 1450, "up": true, "addresses": ["10.20.1.1/24"]}]}
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_state


def main() -> None:
    """Run the module."""
    run_state()


if __name__ == "__main__":
    main()
