# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document the options of single VLANs of a bridge and of a port."""

from __future__ import annotations

_VID = """
      vid:
        description:
          - A VLAN id, 1 to 4094, or a range such as V(100-199).
        type: str
        required: true
"""

#: Of a VLAN of the bridge itself and of one of a port (links/bridge_vlan.py, OF_BRIDGE).
_OF_BOTH = (
    _VID
    + """
      state:
        description:
          - State of the VLAN on this bridge or port. The kernel accepts a state only while STP is off (C(stp_state)). A
            new VLAN is V(forwarding).
          - The numbers V(0) to V(4) stand for the words in this order.
        type: str
        choices: [disabled, listening, learning, forwarding, blocking, '0', '1', '2', '3', '4']
      mcast_router:
        description:
          - Multicast router in the VLAN. V(0) or V(disabled) for never, V(1) or V(auto) to detect a router, V(2) or
            V(enabled) for always. A new VLAN has V(1). Needs Linux 5.15.
        type: str
"""
)


class ModuleDocFragment:
    """Suboptions of ``vlans`` and its kin. The options themselves are described by the modules."""

    # Annotated: ansible-test takes a plain assignment here for a literal (yamllint, ansible-core 2.19).
    BRIDGE: str = f"""
options:
  vlans:
    suboptions:
{_VID}
      pvid:
        description:
          - Frames that the host sends without a tag are in this VLAN. At most one VLAN is the pvid.
        type: bool
      untagged:
        description:
          - The host receives frames of the VLAN without a tag.
        type: bool
  vlan_options:
    suboptions:
{_OF_BOTH}
  vlan_global:
    suboptions:
{_VID}
      mcast_snooping:
        description:
          - Snoop IGMP and MLD in the VLAN. A new VLAN has V(true).
        type: bool
      mcast_querier:
        description:
          - Send IGMP and MLD queries in the VLAN. A new VLAN has V(false).
        type: bool
      mcast_igmp_version:
        description:
          - IGMP version, V(2) or V(3). A new VLAN has V(2).
        type: int
      mcast_mld_version:
        description:
          - MLD version, V(1) or V(2). A new VLAN has V(1).
        type: int
      mcast_last_member_count:
        description:
          - Number of queries after a leave message. A new VLAN has V(2).
        type: int
      mcast_startup_query_count:
        description:
          - Number of queries at the start. A new VLAN has V(2).
        type: int
      mcast_last_member_interval:
        description:
          - Time between the queries after a leave message. A new VLAN has V(100).
        type: int
      mcast_membership_interval:
        description:
          - Time after which the bridge removes a group without reports. A new VLAN has V(26000).
        type: int
      mcast_querier_interval:
        description:
          - Time after which another querier is considered absent. A new VLAN has V(25500).
        type: int
      mcast_query_interval:
        description:
          - Time between queries, V(100) to V(8640000). A new VLAN has V(12500).
        type: int
      mcast_query_response_interval:
        description:
          - Longest time until a report. A new VLAN has V(1000).
        type: int
      mcast_startup_query_interval:
        description:
          - Time between queries at the start, V(100) to V(8640000). A new VLAN has V(3124) or V(3125), by kernel.
        type: int
      msti:
        description:
          - Spanning tree of the VLAN, 0 to 4094. Needs O(mst_enabled), and Linux 5.18.
        type: int
"""

    PORT: str = f"""
options:
  vlans:
    suboptions:
{_VID}
      pvid:
        description:
          - Received frames without a tag are in this VLAN. At most one VLAN is the pvid.
        type: bool
      untagged:
        description:
          - Frames of the VLAN are sent without a tag.
        type: bool
      tunnel_id:
        description:
          - Tunnel id of the VLAN, or a range with the same length as the range of VLANs. Needs O(vlan_tunnel).
        type: str
  vlan_options:
    suboptions:
{_OF_BOTH}
      mcast_max_groups:
        description:
          - Largest number of multicast groups in the VLAN. V(0) is no limit. Needs the bridge's C(mcast_vlan_snooping),
            and Linux 6.3.
        type: int
      neigh_suppress:
        description:
          - Answer ARP and neighbor discovery of the VLAN from the bridge's neighbor table. Takes effect only with
            O(neigh_vlan_suppress). Needs Linux 6.4.
        type: bool
"""
