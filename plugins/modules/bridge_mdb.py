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
  - An entry of a bridge says that frames of a group go out of a port. It is told from others by O(port), O(grp), O(src)
    and O(vid). An entry of a VXLAN link says that they go to an endpoint. It is told from others by O(grp), O(src),
    O(src_vni) and O(dst), and needs Linux 6.4.
  - The kernel changes the database of a bridge only while that is up and has C(mcast_snooping). What it learned from
    IGMP and MLD reports is its own. It is not told, and not removed; an entry that is wished for takes its place.
  - Entries cannot be marked. Permanent ones on a link of the collection are the collection's own, but for those with
    another O(proto) than V(static). An entry comes back with a link that is made anew, whoever made it, unless the
    bridge was down.
  - The kernel changes an entry in place since Linux 6.3. On older ones it is removed and made again.
options:
  dev:
    description:
      - The bridge or the VXLAN link.
    type: str
    required: true
  port:
    description:
      - The port of the bridge. Left out, or the bridge itself, the entry is of the bridge's own host. For a VXLAN link
        it is left out, or that link.
    type: str
  grp:
    description:
      - The group, an IPv4, IPv6 or Ethernet multicast address. Quote an Ethernet one in YAML. A bridge takes those
        since Linux 5.11, and keeps them permanently.
      - V(0.0.0.0) and V(::) are all groups of a VXLAN link that have no entry of their own.
    type: str
    aliases: [group]
    required: true
  src:
    description:
      - The one sender that the entry is for. Left out, all senders. Needs Linux 5.10.
    type: str
  vid:
    description:
      - VLAN of the entry. A bridge that filters by VLAN has no entry without one. Left out or V(0), none.
    type: int
    aliases: [vlan]
  src_vni:
    description:
      - VNI that the entry belongs to, on a VXLAN link in external mode. Left out or V(0), none.
    type: int
  dst:
    description:
      - Address of the tunnel endpoint that frames of the group go to. Needed for a VXLAN link. A group has one entry
        for each. Needs Linux 6.4.
    type: str
  permanent:
    description:
      - V(true) keeps the entry until somebody removes it. V(false) lets it age as a learned one does; the task is
        content with a learned one, and makes the entry again when it has aged. Such an entry does not come back with a
        link that is made anew.
      - Left out, V(true). A host's entry of an IP group ages in any case, and is V(false).
      - With O(state=absent), V(false) removes a learned entry too.
    type: bool
  filter_mode:
    description:
      - V(include) takes frames of the senders in O(source_list) alone, V(exclude) of all others. A new entry has
        V(exclude). For entries without O(src). Needs Linux 6.3.
    type: str
    choices: [exclude, include]
  source_list:
    description:
      - Addresses of senders, for O(filter_mode). The kernel makes an entry for each of them, and removes it again. A
        bridge heeds them with C(mcast_igmp_version=3) (IPv4) or C(mcast_mld_version=2) (IPv6) only. Needs Linux 6.3.
    type: list
    elements: str
  proto:
    description:
      - Who put the entry there, a number from 4 to 255, or a name in the host's C(rt_protos) such as V(zebra). A new
        entry has V(static). Needs Linux 6.3.
    type: str
    aliases: [protocol]
  dst_port:
    description:
      - UDP port of O(dst), a number, or the name of a service on the host such as V(vxlan). Left out, the link's.
    type: str
  vni:
    description:
      - VNI that is sent to O(dst). Left out, the link's.
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
- name: Send a group out of a port, though nobody there asks for it
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.1

- name: Frames of one sender of the group only
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.2
    src: 10.20.2.9
    vid: 0

- name: Frames of all but one sender (Linux 6.3; mcast_igmp_version 3)
  netloom.overlay.bridge_mdb:
    dev: br-red
    port: red
    grp: 239.1.1.3
    filter_mode: exclude
    source_list: [10.20.2.9]

- name: A group that the bridge itself listens to, by its Ethernet address
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
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - bridge mdb add dev br-red port red grp 239.1.1.1 permanent
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("mdb")


if __name__ == "__main__":
    main()
