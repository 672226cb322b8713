#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove entries of multicast databases."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge_mdb
short_description: Make, change and remove entries of multicast databases
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one entry of the multicast database of a bridge or a VXLAN link, as C(bridge mdb) does.
  - An entry of a bridge sends frames of a group to a port. O(port), O(grp), O(src) and O(vid) identify the entry. An
    entry of a VXLAN link sends frames of a group to an endpoint. O(grp), O(src), O(src_vni) and O(dst) identify the
    entry. Entries of VXLAN links need Linux 6.4.
  - The kernel changes the database of a bridge only while the bridge is up and has C(mcast_snooping). Entries that the
    kernel learned from IGMP and MLD reports are neither reported nor removed. A desired entry replaces a learned entry.
  - Entries have no mark. Permanent entries on an owned link are owned, except those with another O(proto) than
    V(static). A recreated link has its permanent entries again, owned and foreign, unless the bridge was down.
  - The kernel changes an entry in place since Linux 6.3. Older kernels need a new entry, so the module recreates the
    entry.
options:
  dev:
    description:
      - The bridge or the VXLAN link.
    type: str
    required: true
  port:
    description:
      - The port of the bridge. No value, or the bridge itself, means the bridge's own host. For a VXLAN link, leave
        this option out or name the link.
    type: str
  grp:
    description:
      - The group, an IPv4, IPv6 or Ethernet multicast address. Quote an Ethernet address in YAML. A bridge accepts
        Ethernet addresses since Linux 5.11, and keeps them permanently.
      - V(0.0.0.0) and V(::) mean all groups of a VXLAN link without an entry of their own.
    type: str
    aliases: [group]
    required: true
  src:
    description:
      - The sender of the entry. The default is all senders. Needs Linux 5.10.
    type: str
  vid:
    description:
      - VLAN of the entry. Required for a bridge that filters by VLAN. V(0), or no value, means no VLAN.
    type: int
    aliases: [vlan]
  src_vni:
    description:
      - VNI of the entry, on a VXLAN link in external mode. V(0), or no value, means no VNI.
    type: int
  dst:
    description:
      - Address of the tunnel endpoint for frames of the group. Required for a VXLAN link. A group has one entry for
        each endpoint. Needs Linux 6.4.
    type: str
  permanent:
    description:
      - With V(true) the entry never ages. With V(false) the entry ages like a learned entry. A learned entry satisfies
        V(false), and the task creates the entry again after it has aged. A recreated link does not have its temporary
        entries.
      - The default is V(true). A host's entry of an IP group always ages, so the only value is V(false).
      - With O(state=absent), V(false) removes a learned entry too.
    type: bool
  filter_mode:
    description:
      - V(include) accepts only frames of the senders in O(source_list). V(exclude) accepts only frames of all other
        senders. A new entry has V(exclude). Only for entries without O(src). Needs Linux 6.3.
    type: str
    choices: [exclude, include]
  source_list:
    description:
      - Addresses of senders for O(filter_mode). The kernel makes and removes an entry for each sender. A bridge uses
        the list only with C(mcast_igmp_version=3) (IPv4) or C(mcast_mld_version=2) (IPv6). Needs Linux 6.3.
    type: list
    elements: str
  proto:
    description:
      - Protocol that made the entry, a number from 4 to 255 or a name in the host's C(rt_protos), such as V(zebra). A
        new entry has V(static). Needs Linux 6.3.
    type: str
    aliases: [protocol]
  dst_port:
    description:
      - UDP port of O(dst), a number or the name of a service on the host, such as V(vxlan). The default is the link's
        port.
    type: str
  vni:
    description:
      - VNI of packets to O(dst). The default is the link's VNI.
    type: int
  via:
    description:
      - The link that leads to O(dst).
    type: str
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.entry
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.bridge_port
  - module: netloom.overlay.bridge_fdb
  - module: netloom.overlay.vxlan_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Send a group to a port without a listener
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.1

- name: Send only the frames of one sender of the group
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.2
    src: 10.20.2.9
    vid: 0

- name: Send the frames of all senders except one (Linux 6.3; mcast_igmp_version 3)
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.3
    filter_mode: exclude
    source_list: [10.20.2.9]

- name: Let the bridge itself listen to a group, by its Ethernet address
  netloom.overlay.bridge_mdb:
    dev: br-red
    grp: "01:00:5e:7f:00:01"

- name: Send a group to one endpoint of a VXLAN link instead of all (Linux 6.4)
  netloom.overlay.bridge_mdb:
    dev: red
    grp: 239.1.1.1
    dst: 10.0.0.2

- name: All groups without an entry of their own
  netloom.overlay.bridge_mdb:
    dev: red
    grp: 0.0.0.0
    dst: 10.0.0.3

- name: Remove the entry
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.1
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
    - bridge mdb add dev br-red port red grp 239.1.1.1 permanent
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
    run_object("mdb")


if __name__ == "__main__":
    main()
