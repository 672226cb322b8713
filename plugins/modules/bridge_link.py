#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove bridges."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge_link
short_description: Make, change and remove bridges
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a bridge, as C(ip link add ... type bridge) does.
  - All times are centiseconds (1/100 s), as C(ip link) takes and shows them. The kernel keeps them in ticks of its
    timer, so a kernel with 250 ticks a second keeps V(100) for V(101), which is then no difference.
options:
  forward_delay:
    description:
      - Time spent in each of the states listening and learning, when STP is on. In centiseconds (1/100 s). A new
        bridge has V(1500).
      - Changed in place.
    type: int
  hello_time:
    description:
      - Time between hello packets of STP. In centiseconds (1/100 s), V(100) to V(1000). A new bridge has V(200).
      - Changed in place.
    type: int
  max_age:
    description:
      - Time after which STP forgets a bridge that it no longer hears. In centiseconds (1/100 s), V(600) to V(4000). A
        new bridge has V(2000).
      - Changed in place.
    type: int
  ageing_time:
    description:
      - Time after which a learned FDB entry is forgotten. In centiseconds (1/100 s). A new bridge has V(30000).
      - Changed in place.
    type: int
  stp_state:
    description:
      - Spanning tree protocol. A new bridge has it off.
      - Changed in place.
    type: bool
  priority:
    description:
      - STP priority, 0 to 65535. A new bridge has V(32768).
      - Changed in place.
    type: int
  vlan_filtering:
    description:
      - Filter by VLAN. A new bridge does not.
      - Changed in place.
    type: bool
  vlan_protocol:
    description:
      - EtherType of the VLAN tags. A new bridge has V(802.1Q).
      - Changed in place.
    type: str
    choices: [802.1Q, 802.1ad, 802.1q]
  group_fwd_mask:
    description:
      - Bits of the link-local addresses 01:80:C2:00:00:0X that are forwarded, 0 to 65535. The kernel refuses the bits
        for X = 0, 1 and 2.
      - Changed in place.
    type: int
  group_address:
    description:
      - Multicast address of STP, one of 01:80:C2:00:00:0X. X is not 1, 2 or 3.
      - Changed in place.
    type: str
    aliases: [group_addr]
  mcast_router:
    description:
      - Multicast router. V(0) or V(disabled) never, V(1) or V(auto) when one is heard, V(2) or V(enabled) always. A new
        bridge has V(1). systemd's V(query) is V(1), its V(permanent) is V(2).
      - Changed in place.
    type: str
  mcast_snooping:
    description:
      - Snoop IGMP and MLD. A new bridge does.
      - Changed in place.
    type: bool
  mcast_query_use_ifaddr:
    description:
      - Send queries from the bridge's own address instead of 0.0.0.0.
      - Changed in place.
    type: bool
  mcast_querier:
    description:
      - Send IGMP and MLD queries.
      - Changed in place.
    type: bool
  mcast_hash_elasticity:
    description:
      - Kept by the kernel for old programs. It is always V(16), and nothing else is taken.
      - Changed in place.
    type: int
  mcast_hash_max:
    description:
      - Most multicast groups. A new bridge has V(4096).
      - Changed in place.
    type: int
  mcast_last_member_count:
    description:
      - Queries that are sent after a leave message. A new bridge has V(2).
      - Changed in place.
    type: int
  mcast_startup_query_count:
    description:
      - Queries that are sent at the start. A new bridge has V(2).
      - Changed in place.
    type: int
  mcast_last_member_interval:
    description:
      - Time between the queries after a leave message. In centiseconds (1/100 s). A new bridge has V(100).
      - Changed in place.
    type: int
  mcast_membership_interval:
    description:
      - Time after which a group without reports is left. In centiseconds (1/100 s). A new bridge has V(26000).
      - Changed in place.
    type: int
  mcast_querier_interval:
    description:
      - Time after which another querier counts as gone. In centiseconds (1/100 s). A new bridge has V(25500).
      - Changed in place.
    type: int
  mcast_query_interval:
    description:
      - Time between queries. In centiseconds (1/100 s), V(100) to V(8640000). A new bridge has V(12500).
      - Changed in place.
    type: int
  mcast_query_response_interval:
    description:
      - Longest time that a report may take. In centiseconds (1/100 s). A new bridge has V(1000).
      - Changed in place.
    type: int
  mcast_startup_query_interval:
    description:
      - Time between queries at the start. In centiseconds (1/100 s), V(100) to V(8640000). A new bridge has V(3124) or
        V(3125), by kernel.
      - Changed in place.
    type: int
  nf_call_iptables:
    description:
      - Pass this bridge's IPv4 frames to iptables.
      - Changed in place.
    type: bool
  nf_call_ip6tables:
    description:
      - Pass this bridge's IPv6 frames to ip6tables.
      - Changed in place.
    type: bool
  nf_call_arptables:
    description:
      - Pass this bridge's ARP frames to arptables.
      - Changed in place.
    type: bool
  vlan_default_pvid:
    description:
      - VLAN of frames without a tag on new ports, V(0) or V(none) for none. A new bridge has V(1). Reported only with
        O(vlan_filtering).
      - Changed in place.
    type: str
  vlan_stats_enabled:
    description:
      - Count by VLAN.
      - Changed in place.
    type: bool
  mcast_stats_enabled:
    description:
      - Count IGMP and MLD messages.
      - Changed in place.
    type: bool
  mcast_igmp_version:
    description:
      - IGMP version, V(2) or V(3). A new bridge has V(2).
      - Changed in place.
    type: int
  mcast_mld_version:
    description:
      - MLD version, V(1) or V(2). A new bridge has V(1).
      - Changed in place.
    type: int
  vlan_stats_per_port:
    description:
      - Count by VLAN and port. Only while the bridge has no port VLANs.
      - Changed in place.
    type: bool
  no_linklocal_learn:
    description:
      - Learn nothing from frames to link-local addresses (01:80:C2:00:00:0X). A new bridge does learn.
      - Changed in place.
    type: bool
  mcast_vlan_snooping:
    description:
      - Snoop IGMP and MLD for each VLAN by itself. Needs Linux 5.15, and O(vlan_filtering).
      - Changed in place.
    type: bool
  mst_enabled:
    description:
      - Multiple spanning trees, IEEE 802.1Q. Only while the bridge's ports have no VLANs. Needs Linux 5.18.
      - Changed in place.
    type: bool
  mdb_offload_fail_notification:
    description:
      - Tell user space when a switch chip did not take a multicast group. Needs Linux 6.16.
      - Changed in place.
    type: bool
  fdb_local_vlan_0:
    description:
      - Keep one FDB entry for each of the bridge's own addresses, instead of one in each VLAN. Needs Linux 6.18.
      - V(true) is refused before Linux 7.1. Kernels without VLAN filtering of bridges may die of it until then.
      - Changed in place.
    type: bool
  fdb_max_learned:
    description:
      - Most learned FDB entries. V(0) is no limit and what a new bridge has. Needs Linux 6.7.
      - Changed in place.
    type: int
  vlans:
    description:
      - VLANs of the bridge itself, as C(bridge vlan add dev X vid ... self) sets them; those of its ports are set with
        M(netloom.overlay.bridge_port).
      - The list is the whole wish. What is not in it is removed; an empty list removes all. Left out, VLANs are not
        managed. A new bridge has the VLAN O(vlan_default_pvid), as pvid and untagged.
      - An item may be the VLANs alone, V(100-199), with V(pvid) and V(untagged) behind them.
      - Compared VLAN by VLAN, so that a range and its numbers one by one are the same. Changed in place.
    type: list
    elements: dict
  vlan_options:
    description:
      - Options of single VLANs of the bridge itself, as C(bridge vlan set vid ... dev X) sets them; those of its ports
        are set with M(netloom.overlay.bridge_port). Needs Linux 5.6.
      - No whole wish. VLANs that are not named, and options that are not, stay as they are. The VLANs must be there;
        O(vlans) in the same task makes them.
    type: list
    elements: dict
  vlan_global:
    description:
      - Options of VLANs on the bridge and all its ports, as C(bridge vlan global set vid ... dev X) sets them. Times
        are in centiseconds (1/100 s). What is said of multicast holds with O(mcast_vlan_snooping). Needs Linux 5.15.
      - No whole wish. VLANs that are not named, and options that are not, stay as they are. The VLANs must be there, on
        the bridge or on one of its ports.
    type: list
    elements: dict
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.vlans.bridge
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.bridge_port
  - module: netloom.overlay.bridge_fdb
  - module: netloom.overlay.bridge_mdb
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A bridge with a fixed MAC address and MTU
  netloom.overlay.bridge_link:
    name: br0
    mac: "02:00:00:00:00:01"
    mtu: 1450

- name: Turn STP on
  netloom.overlay.bridge_link:
    name: br0
    stp_state: true
    forward_delay: 400

- name: A bridge that filters by VLAN, and that the host itself is in with VLANs 10 and 20
  netloom.overlay.bridge_link:
    name: br1
    vlan_filtering: true
    vlan_default_pvid: 0
    vlans:
      - {vid: 10, pvid: true, untagged: true}
      - {vid: 20}

- name: Ask for IGMP reports in VLAN 10, and in no other
  netloom.overlay.bridge_link:
    name: br1
    mcast_vlan_snooping: true
    vlan_global:
      - {vid: 10, mcast_querier: true, mcast_igmp_version: 3}
      - {vid: 20, mcast_snooping: false}

- name: Remove it. Its ports stay, without a master
  netloom.overlay.bridge_link:
    name: br0
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add br0 address 02:00:00:00:00:01 group 28268 type bridge
    - ip link set dev br0 mtu 1450
    - ip link set dev br0 up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("bridge")


if __name__ == "__main__":
    main()
