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
  - A unicast MAC address has one entry on a link, with one O(dst); what C(bridge fdb append) adds to it the kernel
    drops without a word. Several endpoints for it are a nexthop group, O(nhid). The all-zero address, which stands for
    all unknown ones, and multicast addresses have one entry for each remote, which is O(dst), O(port), O(vni) and
    O(via) together. In external mode all this holds for each O(src_vni).
  - The remotes of one such address share O(nud), O(extern_learn), O(sticky) and O(router). What is asked for of one
    changes all of them, and is told of each.
  - What a link learned for the address is replaced.
options:
  dev:
    description:
      - The VXLAN link, bridge or bridge port.
    type: str
    required: true
  mac:
    description:
      - The MAC address. Quote it in YAML. C(00:00:00:00:00:00) is VXLAN's default entry.
    type: str
    required: true
  vlan:
    description:
      - VLAN of the entry, for a bridge that filters by VLAN. Left out or V(0), none.
    type: int
  target:
    description:
      - V(self) is the link's own database, that of a VXLAN link or of a bridge. V(master) is that of the bridge that
        the link is a port of.
      - Left out, V(self).
    type: str
    choices: [self, master]
  dst:
    description:
      - Address of the tunnel endpoint behind which the MAC address is. For the all-zero and multicast addresses it
        tells one entry from another, together with O(port), O(vni) and O(via), which are the link's own when they are
        left out.
    type: str
  nud:
    description:
      - V(permanent) never ages; on a bridge it is an address of the bridge itself (C(local)). V(static) never ages and
        is behind the port.
      - V(dynamic) ages as a learned one does, and the kernel tells the two not apart. The task is content with what was
        learned, and makes the entry again when it has aged. Such an entry does not come back with a link that is made
        anew, unless it is part of the same task.
      - A new entry is V(permanent). V(local) is another word for V(permanent), V(temp) for V(static).
    type: str
    choices: [permanent, static, dynamic, local, temp]
  vni:
    description:
      - VNI that is sent to O(dst). Left out, the link's.
    type: int
  src_vni:
    description:
      - VNI that the entry belongs to, on a link in external mode. It tells one entry from another. Left out or V(0),
        none.
    type: int
  port:
    description:
      - UDP port of O(dst), a number, or the name of a service on the host such as V(vxlan). Left out, the link's.
    type: str
  via:
    description:
      - The link that leads to O(dst).
    type: str
  nhid:
    description:
      - Nexthop group of endpoints (C(ip nexthop add id 10 group 1/2 fdb)), in the place of O(dst), O(port), O(vni) and
        O(via). From the one to the other the entry is made anew. Needs Linux 5.8.
    type: int
  sticky:
    description:
      - The address does not move to another port of the bridge, for V(static) entries of a bridge.
    type: bool
  router:
    description:
      - The endpoint is a router, for links with C(rsc).
    type: bool
  activity_notify:
    description:
      - Tell user space when the address sends again after it was silent, and when it falls silent, though the entry
        does not age. For V(static) entries of a bridge (O(target=master)). Needs Linux 5.9.
    type: bool
  inactive:
    description:
      - The entry is new, and no frame from the address has come yet; the first one ends that, so it never differs from
        what is there. With it goes O(activity_notify=true). Needs Linux 5.9.
    type: bool
  norefresh:
    description:
      - A change of the entry does not make it younger. The kernel keeps nothing of this. Needs Linux 5.9.
    type: bool
  extern_learn:
    description:
      - A control plane learned it. Such an entry does not count as the collection's own.
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
- name: Flood to a peer (head-end replication). There is one entry for each
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "00:00:00:00:00:00"
    dst: 10.0.0.2

- name: Tell where a MAC address is
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:05"
    dst: 10.0.0.2

- name: It moved
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:05"
    dst: 10.0.0.3

- name: Tell a MAC address that is behind several endpoints (ip nexthop add id 10 group 1/2 fdb)
  netloom.overlay.bridge_fdb:
    dev: red
    mac: "02:00:00:00:00:06"
    nhid: 10

- name: On one link for many VNIs, each VNI has its own entries
  netloom.overlay.bridge_fdb:
    dev: many
    mac: "02:00:00:00:00:07"
    src_vni: 100
    dst: 10.0.0.2

- name: An address behind a port of a bridge, which never moves to another port
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
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - bridge fdb append 00:00:00:00:00:00 dev red dst 10.0.0.2 permanent self
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("fdb")


if __name__ == "__main__":
    main()
