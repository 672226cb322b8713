#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a host's overlay networks to a desired state, or read the current state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_state
short_description: Bring a host's overlay networks to a desired state, or read the current state
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Brings the whole network of a host to the desired state in O(config) in one step. The module compares links, bridge
    ports, addresses, FDB, MDB and neighbor entries, nexthops, routes, rules, namespaces and sysctls with the current
    state, and changes only the differences.
  - O(config) has the same form as the result of P(netloom.overlay.fabric#inventory), of O(state=gathered) and of
    M(netloom.overlay.network_info).
options:
  state:
    description:
      - >-
        V(merged) adds and changes the objects in O(config). All other objects stay as they are.
      - >-
        V(overridden) also purges the owned objects that are not in O(config). Owned objects have the collection's mark.
        FDB and MDB entries have no mark, so those on an owned link are owned too, unless a control plane made them. The
        module purges in its own namespace, in all named namespaces, and in namespaces of processes that share a link
        with the host. Foreign objects stay.
      - >-
        V(gathered) changes nothing and returns the current state as RV(config).
    type: str
    choices: [merged, overridden, gathered]
    default: merged
  config:
    description:
      - The desired state. Required for V(merged) and V(overridden). An empty dict with V(overridden) purges all owned
        objects.
      - The sections are C(netns), C(links), C(ports), C(addresses), C(neighbors), C(nexthops), C(fdb), C(mdb),
        C(routes), C(rules) and C(sysctls), each a list of dicts, and each optional. An unknown section or option is
        refused, and the message names the nearest known name. Objects can refer to each other in any order.
      - C(netns) takes the options of M(netloom.overlay.netns), C(ports) those of M(netloom.overlay.bridge_port),
        C(addresses) those of M(netloom.overlay.ip_address), C(neighbors) those of M(netloom.overlay.ip_neighbor),
        C(nexthops) those of M(netloom.overlay.ip_nexthop), C(rules) those of M(netloom.overlay.ip_rule),
        C(fdb) those of M(netloom.overlay.bridge_fdb), C(mdb) those of M(netloom.overlay.bridge_mdb), C(routes) those of
        M(netloom.overlay.ip_route), C(sysctls) those of M(netloom.overlay.sysctl_iface).
      - A link has a C(name), a C(kind) and the options of its kind's module. V(bridge) is described in
        M(netloom.overlay.bridge_link), V(dummy) in M(netloom.overlay.dummy_link), V(geneve) in
        M(netloom.overlay.geneve_link), V(ipvlan) in M(netloom.overlay.ipvlan_link), V(ipvtap) in
        M(netloom.overlay.ipvtap_link), V(macvlan) in M(netloom.overlay.macvlan_link), V(macvtap) in
        M(netloom.overlay.macvtap_link), V(tun) in M(netloom.overlay.tuntap_link), V(veth) in
        M(netloom.overlay.veth_link), V(vlan) in M(netloom.overlay.vlan_link), V(vrf) in M(netloom.overlay.vrf_link),
        V(vxlan) in M(netloom.overlay.vxlan_link). Without C(kind), the common options of an existing link are changed.
      - Objects of a link can be inside the link, without C(dev) and C(netns). C(addresses) is a list of addresses
        (text, or a dict of options), C(fdb) a list of FDB entries, C(mdb) a list of MDB entries (inside their bridge or
        VXLAN link), and C(port) a dict of port options.
      - The other end of a veth pair is in C(peer), a link with C(name), its own C(netns), C(addresses), C(port) and so
        on. The default of this C(netns) is that of the first end. RV(config) has each end as a link with C(peer_name)
        and C(peer_netns). O(config) accepts this form too.
      - C(netns) of any object is a name, a path, V(pid:N), V(pidfile:PATH) or V(container:NAME), as in the link
        modules. V(host), or no value, is the namespace in which the module runs. A namespace must exist, or be in the
        section C(netns). C(from_netns) moves a link from that namespace to C(netns), also a link without C(kind) such
        as a network card. If a tunnel exists in neither namespace, the tunnel is created with its socket in
        C(from_netns).
      - C(state) of an object is V(present) or V(absent). Ports and sysctls have no C(state). C(recreate=true) of a link
        allows the module to recreate the link if the kernel cannot change an option in place.
      - The module refuses conflicts before any change. Examples are two links with the same VNI and port in one
        namespace, an endpoint of the other address family, and one object twice in O(config).
      - New links are set up unless C(up=false). The C(lo) of a new namespace is set up unless C(loopback=false). Ports
        get their options before they are set up.
    type: dict
extends_documentation_fragment:
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.network_info
  - module: netloom.overlay.geneve_link
  - module: netloom.overlay.vxlan_link
"""

EXAMPLES = r"""
- name: Connect a Geneve tunnel and a namespace to one bridge
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

- name: Create a VXLAN network with head-end replication, and purge all other owned objects
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

- name: Read the current state
  netloom.overlay.network_state:
    state: gathered
  register: host

- name: Purge all owned objects
  netloom.overlay.network_state:
    state: overridden
    config: {}
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
    - ip link add blue group 28268 type bridge
    - ip link set dev blue up
effective:
  description:
    - The value in effect of each sysctl in O(config), as M(netloom.overlay.sysctl_iface) returns it.
  returned: when O(config) has sysctls
  type: list
  elements: dict
  sample:
    - {dev: eth0, name: ipv4.conf.rp_filter, value: "0", effective: "2", rule: the larger of all (2) and eth0 (0)}
config:
  description:
    - The current state in the form of O(netloom.overlay.network_state#module:config). Applied to the same host, the
      current state changes nothing. Sysctls are not included.
  returned: with O(state=gathered)
  type: dict
  sample: {"links": [{"name": "blue", "kind": "bridge", "mtu": 1450, "up": true, "addresses": ["10.20.1.1/24"]}]}
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

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_state


def main() -> None:
    """Run the module."""
    run_state()


if __name__ == "__main__":
    main()
