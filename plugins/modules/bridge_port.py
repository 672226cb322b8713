#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set the options of a bridge's port."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge_port
short_description: Set the options of a bridge's port
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Sets the options of a bridge's port, as C(bridge link set) does. All options change in place.
  - A link is a port while its master is a bridge. The option C(master) of the link modules adds and removes the port.
options:
  dev:
    description:
      - The port, a link that has a bridge as its master.
    type: str
    required: true
  state:
    description:
      - State of the spanning tree protocol. The kernel accepts a state only while the port is up and STP is off
        (C(stp_state)). Otherwise the kernel chooses the state.
      - The numbers V(0) to V(4) stand for the words in this order.
    type: str
    choices: [disabled, listening, learning, forwarding, blocking, '0', '1', '2', '3', '4']
  priority:
    description:
      - STP priority, 0 to 63. A new port has V(32).
    type: int
  cost:
    description:
      - STP path cost, 1 to 65535. The default depends on the link's speed.
    type: int
  hairpin:
    description:
      - Send frames back to their own port.
    type: bool
  guard:
    description:
      - Disable the port when an STP packet arrives (BPDU guard).
    type: bool
  root_block:
    description:
      - Never let the port become the root port.
    type: bool
  fastleave:
    description:
      - Remove the port from a multicast group as soon as one member leaves.
    type: bool
    aliases: [mcast_fast_leave]
  learning:
    description:
      - Learn MAC addresses from received frames. A new port has V(true).
    type: bool
  flood:
    description:
      - Flood unicast frames for unknown addresses to the port. A new port has V(true).
    type: bool
  proxy_arp:
    description:
      - Answer ARP for the port from the neighbor table.
    type: bool
  proxy_arp_wifi:
    description:
      - As O(proxy_arp), with IEEE 802.11 extensions.
    type: bool
  mcast_router:
    description:
      - Multicast router behind the port. V(0) or V(disabled) for never, V(1) or V(auto) to detect a router, V(2) or
        V(enabled) for always, V(3) or V(temporary) for a limited time. A new port has V(1). The words V(query) and
        V(permanent) of systemd mean V(1) and V(2).
    type: str
    aliases: [multicast_router]
  mcast_flood:
    description:
      - Flood multicast frames to the port. A new port has V(true).
    type: bool
  mcast_to_unicast:
    description:
      - Send multicast frames to each member as unicast frames.
    type: bool
  vlan_tunnel:
    description:
      - Map VLANs to the tunnel ids in O(vlans).
    type: bool
  bcast_flood:
    description:
      - Flood broadcast frames to the port. A new port has V(true).
    type: bool
  group_fwd_mask:
    description:
      - Bit mask as the bridge's option C(group_fwd_mask), but only for this port, 0 to 65535. The kernel refuses the
        bit V(2).
    type: int
  neigh_suppress:
    description:
      - Answer ARP and neighbor discovery from the bridge's neighbor table instead of flooding them to the port.
    type: bool
  isolated:
    description:
      - Send no frame from one isolated port to another.
    type: bool
  backup_port:
    description:
      - The port that replaces this port while it has no carrier. V(none) means no backup port.
    type: str
  locked:
    description:
      - Accept only frames from known MAC addresses. Needs Linux 5.18.
    type: bool
  mab:
    description:
      - MAC authentication bypass. A locked port records unknown MAC addresses. Needs Linux 6.2, O(locked) and
        O(learning).
    type: bool
  mcast_max_groups:
    description:
      - Largest number of multicast groups of the port. V(0) means no limit. Needs Linux 6.3.
    type: int
  neigh_vlan_suppress:
    description:
      - As O(neigh_suppress), but for single VLANs. Needs Linux 6.4.
    type: bool
  backup_nhid:
    description:
      - Nexthop id for packets to the backup port. V(0) means no nexthop. Needs Linux 6.6.
    type: int
  vlans:
    description:
      - VLANs of the port, as C(bridge vlan add dev X vid ...) sets them.
      - The list is complete. VLANs that are not in the list are removed. An empty list removes all VLANs. If this
        option is left out, VLANs are unmanaged. A new port has the VLAN of its bridge's C(vlan_default_pvid) as pvid
        and untagged.
      - An item can be a text with the VLANs, such as V(100-199), followed by V(pvid) and V(untagged).
      - A range equals its single VLANs. This option changes in place.
    type: list
    elements: dict
  vlan_options:
    description:
      - Options of single VLANs of the port, as C(bridge vlan set vid ... dev X) sets them. Needs Linux 5.6.
      - VLANs and options that are not named stay as they are. The VLANs must exist. O(vlans) in the same task creates
        them.
    type: list
    elements: dict
  mst:
    description:
      - States in multiple spanning trees, as C(bridge mst set dev X msti ...) sets them. The bridge's C(mst_enabled)
        must be on. A VLAN of the port must belong to the tree (C(msti) in C(vlan_global) of the bridge). Needs Linux
        5.18.
      - Trees that are not named stay as they are.
    type: list
    elements: dict
    suboptions:
      msti:
        description:
          - Number of the tree, 1 to 4094, or a range. The state in tree 0 is O(state).
        type: str
        required: true
      state:
        description:
          - State in the tree. The default in a new tree is V(disabled).
          - The numbers V(0) to V(4) stand for the words in this order.
        type: str
        choices: [disabled, listening, learning, forwarding, blocking, '0', '1', '2', '3', '4']
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.vlans.port
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.vxlan_link
  - module: netloom.overlay.geneve_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Isolate a tunnel port from other tunnels
  netloom.overlay.bridge_port:
    dev: gen0
    isolated: true
    neigh_suppress: true

- name: Change the port
  netloom.overlay.bridge_port:
    dev: gen0
    learning: false
    cost: 10

- name: Set untagged VLAN 10 and a hundred tagged VLANs
  netloom.overlay.bridge_port:
    dev: veth0
    vlans:
      - {vid: 10, pvid: true, untagged: true}
      - {vid: 100-199}

- name: Map VLANs of a VXLAN port to VNIs
  netloom.overlay.bridge_port:
    dev: vxlan0
    vlan_tunnel: true
    vlans:
      - {vid: 200, tunnel_id: 10200}
      - {vid: 300-309, tunnel_id: 1300-1309}

- name: Declare a permanent multicast router in one VLAN, and block another VLAN
  netloom.overlay.bridge_port:
    dev: veth0
    vlan_options:
      - {vid: 10, mcast_router: 2}
      - {vid: 100, state: blocking}

- name: Restore the defaults of a new port
  netloom.overlay.bridge_port:
    dev: gen0
    isolated: false
    neigh_suppress: false
    learning: true
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
    - bridge link set dev gen0 neigh_suppress on isolated on
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
    run_object("port")


if __name__ == "__main__":
    main()
