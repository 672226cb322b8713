# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what macvlan and macvtap links take."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of macvlan_link and macvtap_link (links/macvlan.py)."""

    DOCUMENTATION = r"""
options:
  mode:
    description:
      - Traffic between links on one O(link). V(private) denies it, V(vepa) sends it to the external switch, V(bridge)
        allows it.
      - V(passthru) gives O(link) to this link alone, so other links on O(link) are refused. Both links have the same
        MAC address, so O(mac) changes the MAC address of O(link) too.
      - V(source) receives only frames from the MAC addresses of O(macaddrs).
      - A new link has V(vepa) by default.
      - This option changes in place, except from and to V(passthru), which needs O(recreate=true).
    type: str
    choices: [private, vepa, bridge, passthru, source]
  nopromisc:
    description:
      - Do not put O(link) into promiscuous mode. Only for O(mode=passthru).
      - This option changes in place.
    type: bool
  nodst:
    description:
      - Deliver a frame from one of O(macaddrs) only to this link, and not to the frame's destination. Only for
        O(mode=source). Needs Linux 5.13.
      - This option changes in place.
    type: bool
  macaddrs:
    description:
      - Complete list of the MAC addresses from which frames are received (C(macaddr set)). Only for O(mode=source).
        Quote the addresses in YAML. An empty list removes all addresses.
      - The kernel refuses this option with another mode, even an empty list. The kernel removes the addresses when
        O(mode) changes from V(source) in place.
      - This option changes in place.
    type: list
    elements: str
    aliases: [macaddr]
  bcqueuelen:
    description:
      - Requested length of the queue for broadcast and multicast, in packets. All links of one O(link) share one queue,
        which has the largest requested length. The default of a new link is V(1000). Needs Linux 5.11.
      - This option changes in place.
    type: int
  bclim:
    description:
      - Number of links on O(link) that can listen to a multicast address before its frames go through the broadcast
        queue. V(0) queues all frames, V(-1) none. The first link on O(link) has V(1).
      - All links of one O(link) share this option. The returned C(commands) name each of them. Needs Linux 6.4.
      - This option changes in place.
    type: int
"""
