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
  - Sets the options of a port, as C(bridge link set) does. All are changed in place.
  - A port is there as long as its link has a bridge as its master. The option C(master) of the link modules makes and
    removes it.
options:
  dev:
    description:
      - The port, a link that has a bridge as its master.
    type: str
    required: true
  state:
    description:
      - State of the spanning tree protocol. The kernel takes it only while the port is up and STP is off
        (C(stp_state)), and chooses it itself otherwise.
      - The numbers V(0) to V(4) stand for the words in their order.
    type: str
    choices: [disabled, listening, learning, forwarding, blocking, '0', '1', '2', '3', '4']
  priority:
    description:
      - STP priority, 0 to 63. A new port has V(32).
    type: int
  cost:
    description:
      - STP path cost, 1 to 65535. The kernel chooses it by the link's speed.
    type: int
  hairpin:
    description:
      - Send frames back to the port that they came from.
    type: bool
  guard:
    description:
      - Refuse STP packets of the port (BPDU guard); the port is disabled when one comes.
    type: bool
  root_block:
    description:
      - Never let the port become the root port.
    type: bool
  fastleave:
    description:
      - Leave a multicast group at once when one member does.
    type: bool
    aliases: [mcast_fast_leave]
  learning:
    description:
      - Learn MAC addresses from what comes in. A new port does.
    type: bool
  flood:
    description:
      - Flood unicast frames for unknown addresses to the port. A new port does.
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
      - Multicast router behind the port. V(0) or V(disabled) never, V(1) or V(auto) when one is heard, V(2) or
        V(enabled) always, V(3) or V(temporary) for a while. A new port has V(1). systemd's V(query) is V(1), its
        V(permanent) is V(2).
    type: str
    aliases: [multicast_router]
  mcast_flood:
    description:
      - Flood multicast frames to the port. A new port does.
    type: bool
  mcast_to_unicast:
    description:
      - Send multicast frames to each member as unicast frames.
    type: bool
  vlan_tunnel:
    description:
      - Map VLANs to tunnel ids, as O(vlans) says.
    type: bool
  bcast_flood:
    description:
      - Flood broadcast frames to the port. A new port does.
    type: bool
  group_fwd_mask:
    description:
      - As the bridge's option of that name, for this port. Bits, 0 to 65535. The kernel refuses the bit V(2).
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
      - The port that takes over while this one has no carrier. V(none) is no such port.
    type: str
  locked:
    description:
      - Take in only frames from known MAC addresses. Needs Linux 5.18.
    type: bool
  mab:
    description:
      - MAC authentication bypass; note unknown MAC addresses of a locked port. Needs Linux 6.2, and O(locked) and
        O(learning).
    type: bool
  mcast_max_groups:
    description:
      - Most multicast groups of the port. V(0) is no limit. Needs Linux 6.3.
    type: int
  neigh_vlan_suppress:
    description:
      - As O(neigh_suppress), by VLAN. Needs Linux 6.4.
    type: bool
  backup_nhid:
    description:
      - Nexthop id for what goes to the backup port. V(0) is none. Needs Linux 6.6.
    type: int
  vlans:
    description:
      - VLANs of the port, as C(bridge vlan add dev X vid ...) sets them.
      - The list is the whole wish. What is not in it is removed; an empty list removes all. Left out, VLANs are not
        managed. A new port has
        the VLAN that its bridge's C(vlan_default_pvid) names, as pvid and untagged.
      - An item may be the VLANs alone, V(100-199), with V(pvid) and V(untagged) behind them.
      - Compared VLAN by VLAN, so that a range and its numbers one by one are the same. Changed in place.
    type: list
    elements: dict
  vlan_options:
    description:
      - Options of single VLANs of the port, as C(bridge vlan set vid ... dev X) sets them. Needs Linux 5.6.
      - No whole wish. VLANs that are not named, and options that are not, stay as they are. The VLANs must be there;
        O(vlans) in the same task makes them.
    type: list
    elements: dict
  mst:
    description:
      - States in multiple spanning trees, as C(bridge mst set dev X msti ...) sets them. The bridge's C(mst_enabled)
        must be on, and the tree be that of a VLAN of the port (C(msti) in C(vlan_global) of the bridge). Needs
        Linux 5.18.
      - No whole wish. Trees that are not named stay as they are.
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
          - State in the tree. In a new one the kernel says V(disabled).
          - The numbers V(0) to V(4) stand for the words in their order.
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
- name: A tunnel port that takes nothing from other tunnels
  netloom.overlay.bridge_port:
    dev: gen0
    isolated: true
    neigh_suppress: true

- name: Change it
  netloom.overlay.bridge_port:
    dev: gen0
    learning: false
    cost: 10

- name: A port of a bridge that filters by VLAN, untagged in VLAN 10, and with a hundred tagged ones
  netloom.overlay.bridge_port:
    dev: veth0
    vlans:
      - {vid: 10, pvid: true, untagged: true}
      - {vid: 100-199}

- name: A VXLAN port that maps VLANs to VNIs
  netloom.overlay.bridge_port:
    dev: vxlan0
    vlan_tunnel: true
    vlans:
      - {vid: 200, tunnel_id: 10200}
      - {vid: 300-309, tunnel_id: 1300-1309}

- name: Say in which of its VLANs a multicast router is always heard, and block one VLAN
  netloom.overlay.bridge_port:
    dev: veth0
    vlan_options:
      - {vid: 10, mcast_router: 2}
      - {vid: 100, state: blocking}

- name: Put it back to what a new port has
  netloom.overlay.bridge_port:
    dev: gen0
    isolated: false
    neigh_suppress: false
    learning: true
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - bridge link set dev gen0 neigh_suppress on isolated on
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("port")


if __name__ == "__main__":
    main()
