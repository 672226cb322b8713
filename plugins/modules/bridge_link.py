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
  - All times are centiseconds (1/100 s), as in C(ip link). The kernel rounds times to ticks of its timer. A kernel with
    250 ticks a second stores V(101) as V(100), and the module reports no difference.
options:
  forward_delay:
    description:
      - Time spent in each of the states listening and learning, when STP is on. In centiseconds (1/100 s). A new
        bridge has V(1500).
      - This option changes in place.
    type: int
  hello_time:
    description:
      - Time between hello packets of STP. In centiseconds (1/100 s), V(100) to V(1000). A new bridge has V(200).
      - This option changes in place.
    type: int
  max_age:
    description:
      - Time after which STP removes a silent bridge. In centiseconds (1/100 s), V(600) to V(4000). A new bridge has
        V(2000).
      - This option changes in place.
    type: int
  ageing_time:
    description:
      - Time after which a learned FDB entry is removed. In centiseconds (1/100 s). A new bridge has V(30000).
      - This option changes in place.
    type: int
  stp_state:
    description:
      - Spanning tree protocol. A new bridge has V(false).
      - This option changes in place.
    type: bool
  priority:
    description:
      - STP priority, 0 to 65535. A new bridge has V(32768).
      - This option changes in place.
    type: int
  vlan_filtering:
    description:
      - Filter by VLAN. A new bridge has V(false).
      - This option changes in place.
    type: bool
  vlan_protocol:
    description:
      - EtherType of the VLAN tags. A new bridge has V(802.1Q).
      - This option changes in place.
    type: str
    choices: [802.1Q, 802.1ad, 802.1q]
  group_fwd_mask:
    description:
      - Bit mask of the link-local addresses 01:80:C2:00:00:0X to forward, 0 to 65535. The kernel refuses the bits for X
        = 0, 1 and 2.
      - This option changes in place.
    type: int
  group_address:
    description:
      - Multicast address of STP, one of 01:80:C2:00:00:0X. X is not 1, 2 or 3.
      - This option changes in place.
    type: str
    aliases: [group_addr]
  mcast_router:
    description:
      - Multicast router. V(0) or V(disabled) for never, V(1) or V(auto) to detect a router, V(2) or V(enabled) for
        always. A new bridge has V(1). The words V(query) and V(permanent) of systemd mean V(1) and V(2).
      - This option changes in place.
    type: str
  mcast_snooping:
    description:
      - Snoop IGMP and MLD. A new bridge has V(true).
      - This option changes in place.
    type: bool
  mcast_query_use_ifaddr:
    description:
      - Send queries from the bridge's own address instead of 0.0.0.0.
      - This option changes in place.
    type: bool
  mcast_querier:
    description:
      - Send IGMP and MLD queries.
      - This option changes in place.
    type: bool
  mcast_hash_max:
    description:
      - Largest number of multicast groups. A new bridge has V(4096).
      - This option changes in place.
    type: int
  mcast_last_member_count:
    description:
      - Number of queries after a leave message. A new bridge has V(2).
      - This option changes in place.
    type: int
  mcast_startup_query_count:
    description:
      - Number of queries at the start. A new bridge has V(2).
      - This option changes in place.
    type: int
  mcast_last_member_interval:
    description:
      - Time between the queries after a leave message. In centiseconds (1/100 s). A new bridge has V(100).
      - This option changes in place.
    type: int
  mcast_membership_interval:
    description:
      - Time after which the bridge removes a group without reports. In centiseconds (1/100 s). A new bridge has
        V(26000).
      - This option changes in place.
    type: int
  mcast_querier_interval:
    description:
      - Time after which another querier is considered absent. In centiseconds (1/100 s). A new bridge has V(25500).
      - This option changes in place.
    type: int
  mcast_query_interval:
    description:
      - Time between queries. In centiseconds (1/100 s), V(100) to V(8640000). A new bridge has V(12500).
      - This option changes in place.
    type: int
  mcast_query_response_interval:
    description:
      - Longest time until a report. In centiseconds (1/100 s). A new bridge has V(1000).
      - This option changes in place.
    type: int
  mcast_startup_query_interval:
    description:
      - Time between queries at the start. In centiseconds (1/100 s), V(100) to V(8640000). A new bridge has V(3124) or
        V(3125), depending on the kernel.
      - This option changes in place.
    type: int
  nf_call_iptables:
    description:
      - Pass this bridge's IPv4 frames to iptables.
      - This option changes in place.
    type: bool
  nf_call_ip6tables:
    description:
      - Pass this bridge's IPv6 frames to ip6tables.
      - This option changes in place.
    type: bool
  nf_call_arptables:
    description:
      - Pass this bridge's ARP frames to arptables.
      - This option changes in place.
    type: bool
  vlan_default_pvid:
    description:
      - VLAN of untagged frames on new ports. V(0) or V(none) means no VLAN. A new bridge has V(1). The kernel reports
        the option only with O(vlan_filtering).
      - This option changes in place.
    type: str
  vlan_stats_enabled:
    description:
      - Count traffic by VLAN.
      - This option changes in place.
    type: bool
  mcast_stats_enabled:
    description:
      - Count IGMP and MLD messages.
      - This option changes in place.
    type: bool
  mcast_igmp_version:
    description:
      - IGMP version, V(2) or V(3). A new bridge has V(2).
      - This option changes in place.
    type: int
  mcast_mld_version:
    description:
      - MLD version, V(1) or V(2). A new bridge has V(1).
      - This option changes in place.
    type: int
  vlan_stats_per_port:
    description:
      - Count traffic by VLAN and port. Can change only while the ports have no VLANs.
      - This option changes in place.
    type: bool
  no_linklocal_learn:
    description:
      - Do not learn from frames to link-local addresses (01:80:C2:00:00:0X). A new bridge has V(false).
      - This option changes in place.
    type: bool
  mcast_vlan_snooping:
    description:
      - Snoop IGMP and MLD separately in each VLAN. Needs Linux 5.15 and O(vlan_filtering).
      - This option changes in place.
    type: bool
  mst_enabled:
    description:
      - Multiple spanning trees (IEEE 802.1Q). Can change only while the ports have no VLANs. Needs Linux 5.18.
      - This option changes in place.
    type: bool
  mdb_offload_fail_notification:
    description:
      - Notify user space when switch hardware rejects a multicast group. Needs Linux 6.16.
      - This option changes in place.
    type: bool
  fdb_local_vlan_0:
    description:
      - Store one FDB entry for each of the bridge's own addresses, instead of one in each VLAN. Needs Linux 6.18.
      - V(true) is refused before Linux 7.1, because kernels without VLAN filtering of bridges can crash.
      - This option changes in place.
    type: bool
  fdb_max_learned:
    description:
      - Largest number of learned FDB entries. V(0) means no limit and is the default of a new bridge. Needs Linux 6.7.
      - This option changes in place.
    type: int
  vlans:
    description:
      - VLANs of the bridge itself, as C(bridge vlan add dev X vid ... self) sets them. M(netloom.overlay.bridge_port)
        sets the VLANs of ports.
      - The list is complete. VLANs that are not in the list are removed. An empty list removes all VLANs. If this
        option is left out, VLANs are unmanaged. A new bridge has the VLAN O(vlan_default_pvid) as pvid and untagged.
      - An item can be a text with the VLANs, such as V(100-199), followed by V(pvid) and V(untagged).
      - A range equals its single VLANs. This option changes in place.
    type: list
    elements: dict
  vlan_options:
    description:
      - Options of single VLANs of the bridge itself, as C(bridge vlan set vid ... dev X) sets them.
        M(netloom.overlay.bridge_port) sets the options of VLANs of ports. Needs Linux 5.6.
      - VLANs and options that are not named stay as they are. The VLANs must exist. O(vlans) in the same task creates
        them.
    type: list
    elements: dict
  vlan_global:
    description:
      - Options of VLANs on the bridge and all its ports, as C(bridge vlan global set vid ... dev X) sets them. Times
        are in centiseconds (1/100 s). Multicast options take effect only with O(mcast_vlan_snooping). Needs Linux 5.15.
      - VLANs and options that are not named stay as they are. The VLANs must exist on the bridge or on one of its
        ports.
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
- name: Create a bridge with a fixed MAC address and MTU
  netloom.overlay.bridge_link:
    name: br0
    mac: "02:00:00:00:00:01"
    mtu: 1450

- name: Turn STP on
  netloom.overlay.bridge_link:
    name: br0
    stp_state: true
    forward_delay: 400

- name: Create a bridge that filters by VLAN, with the host in VLANs 10 and 20
  netloom.overlay.bridge_link:
    name: br1
    vlan_filtering: true
    vlan_default_pvid: 0
    vlans:
      - {vid: 10, pvid: true, untagged: true}
      - {vid: 20}

- name: Query IGMP in VLAN 10 only
  netloom.overlay.bridge_link:
    name: br1
    mcast_vlan_snooping: true
    vlan_global:
      - {vid: 10, mcast_querier: true, mcast_igmp_version: 3}
      - {vid: 20, mcast_snooping: false}

- name: Remove the bridge. Its ports stay, without a master
  netloom.overlay.bridge_link:
    name: br0
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
    - ip link add br0 address 02:00:00:00:00:01 group 28268 type bridge
    - ip link set dev br0 mtu 1450
    - ip link set dev br0 up
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

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("bridge")


if __name__ == "__main__":
    main()
