# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what macvlan and macvtap links take."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of macvlan_link and macvtap_link (links/macvlan.py)."""

    DOCUMENTATION = r"""
options:
  mode:
    description:
      - Whether links on one O(link) talk to each other. V(private) does not let them, V(vepa) leaves it to the switch
        outside, V(bridge) lets them.
      - V(passthru) gives all of O(link) to this one link; others there are refused. Both have one MAC address then,
        so O(mac) changes that of O(link) too.
      - V(source) takes in frames from the MAC addresses of O(macaddrs) alone.
      - A new link has V(vepa) when this is left out.
      - Changed in place, but from and to V(passthru) with O(recreate=true).
    type: str
    choices: [private, vepa, bridge, passthru, source]
  nopromisc:
    description:
      - Do not put O(link) into promiscuous mode, for O(mode=passthru).
      - Changed in place.
    type: bool
  nodst:
    description:
      - Give a frame from one of O(macaddrs) to this link alone, not to the one that it is for as well, for
        O(mode=source). Needs Linux 5.13.
      - Changed in place.
    type: bool
  macaddrs:
    description:
      - All MAC addresses from which frames are taken in (C(macaddr set)), for O(mode=source). Quote them in YAML. An
        empty list takes all away.
      - The kernel refuses it with another mode, even an empty list. It forgets them when it leaves V(source) in place.
      - Changed in place.
    type: list
    elements: str
    aliases: [macaddr]
  bcqueuelen:
    description:
      - Length in packets of the queue for broadcast and multicast that is asked for. The links of one O(link) have one
        queue, as long as the longest that one of them asks for. A new link asks for V(1000). Needs Linux 5.11.
      - Changed in place.
    type: int
  bclim:
    description:
      - How many links of O(link) may listen to a multicast address before its frames go through the queue of
        broadcasts. V(0) puts all of them there, V(-1) none. The first link on O(link) has V(1).
      - The links of one O(link) have it in common. A change shows each of them. Needs Linux 6.4.
      - Changed in place.
    type: int
"""
