#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove entries of forwarding databases."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge_fdb
short_description: Make, change and remove entries of forwarding databases
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one entry of the forwarding database of a VXLAN link or a bridge, as C(bridge fdb) does.
  - A unicast MAC address has one entry on a link, with one O(dst). The kernel silently ignores further destinations
    (C(bridge fdb append)). Use a nexthop group (O(nhid)) for several endpoints. The all-zero address, which matches all
    unknown addresses, and multicast addresses have one entry for each remote. O(dst), O(port), O(vni) and O(via)
    together identify a remote. In external mode each O(src_vni) has its own entries.
  - The remotes of one such address share O(nud), O(extern_learn), O(sticky) and O(router). A change of one remote
    changes all of them, and the result names each.
  - The entry replaces a learned entry of the address.
options:
  dev:
    description:
      - The VXLAN link, bridge or bridge port.
    type: str
    required: true
  mac:
    description:
      - The MAC address. Quote the address in YAML. C(00:00:00:00:00:00) is the default entry of VXLAN.
    type: str
    required: true
  vlan:
    description:
      - VLAN of the entry, for a bridge that filters by VLAN. V(0), or no value, means no VLAN.
    type: int
  target:
    description:
      - V(self) is the database of the VXLAN link or bridge itself. V(master) is the database of the bridge whose port
        the link is.
      - The default is V(self).
    type: str
    choices: [self, master]
  dst:
    description:
      - Address of the tunnel endpoint of the MAC address. For the all-zero and multicast addresses, O(dst), O(port),
        O(vni) and O(via) identify the entry. O(port), O(vni) and O(via) default to those of the link.
    type: str
  nud:
    description:
      - A V(permanent) entry never ages. On a bridge, a permanent entry is an address of the bridge itself (C(local)). A
        V(static) entry never ages and is an address behind the port.
      - A V(dynamic) entry ages like a learned entry, and the kernel does not distinguish them. So a learned entry
        satisfies the task, and the task creates the entry again after it has aged. A recreated link does not have its
        dynamic entries, except those of the same task.
      - A new entry is V(permanent). V(local) is an alias of V(permanent), and V(temp) of V(static).
    type: str
    choices: [permanent, static, dynamic, local, temp]
  vni:
    description:
      - VNI of packets to O(dst). The default is the link's VNI.
    type: int
  src_vni:
    description:
      - VNI of the entry, on a link in external mode. The VNI is part of the entry's identity. V(0), or no value, means
        no VNI.
    type: int
  port:
    description:
      - UDP port of O(dst), a number or the name of a service on the host, such as V(vxlan). The default is the link's
        port.
    type: str
  via:
    description:
      - The link that leads to O(dst).
    type: str
  nhid:
    description:
      - Nexthop group of endpoints (C(ip nexthop add id 10 group 1/2 fdb)). Excludes O(dst), O(port), O(vni) and O(via).
        A change between a group and a remote recreates the entry. Needs Linux 5.8.
    type: int
  sticky:
    description:
      - The address does not move to another port of the bridge. Only for V(static) entries of a bridge.
    type: bool
  router:
    description:
      - The endpoint is a router. Only for links with C(rsc).
    type: bool
  activity_notify:
    description:
      - Notify user space when the address becomes silent or sends again, although the entry does not age. Only for
        V(static) entries of a bridge (O(target=master)). Needs Linux 5.9.
    type: bool
  inactive:
    description:
      - Create the entry as inactive. The first frame from the address makes the entry active. So the option applies
        only to new entries and is never a difference. Implies O(activity_notify=true). Needs Linux 5.9.
    type: bool
  norefresh:
    description:
      - Do not reset the age of the entry on a change. The kernel does not store this option. Needs Linux 5.9.
    type: bool
  extern_learn:
    description:
      - A control plane learned the entry. Such an entry is foreign to the collection.
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.entry
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.vxlan_link
  - module: netloom.overlay.bridge_port
  - module: netloom.overlay.bridge_mdb
  - module: netloom.overlay.ip_neighbor
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Flood to a peer (head-end replication), with one entry for each peer
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "00:00:00:00:00:00"
    dst: 10.0.0.2

- name: Send a MAC address to an endpoint
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:05"
    dst: 10.0.0.2

- name: Move the MAC address to another endpoint
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:05"
    dst: 10.0.0.3

- name: Send a MAC address to several endpoints (ip nexthop add id 10 group 1/2 fdb)
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:06"
    nhid: 10

- name: Add an entry of one VNI to a link for many VNIs
  netloom.overlay.bridge_fdb:
    dev: many
    mac: "02:00:00:00:00:07"
    src_vni: 100
    dst: 10.0.0.2

- name: Pin a MAC address to a port of a bridge
  netloom.overlay.bridge_fdb:
    dev: veth0
    mac: "02:00:00:00:00:08"
    target: master
    nud: static
    sticky: true

- name: Remove the entry
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:05"
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
    - bridge fdb append 00:00:00:00:00:00 dev red dst 10.0.0.2 permanent self
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
    run_object("fdb")


if __name__ == "__main__":
    main()
