# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what ipvlan and ipvtap links take."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of ipvlan_link and ipvtap_link (links/ipvlan.py)."""

    DOCUMENTATION = r"""
options:
  mode:
    description:
      - Treatment of packets by the lower device. V(l2) switches frames. V(l3) routes packets, without broadcast and
        multicast. V(l3s) is V(l3) with the host's netfilter for received packets.
      - All ipvlan and ipvtap links of one O(link) share one mode. A change of the mode changes each of these links. The
        returned C(commands) name each of them, also in namespaces of containers.
      - By default a new link takes the mode of the other links on O(link). The first link on O(link) has V(l3).
      - This option changes in place.
    type: str
    choices: [l2, l3, l3s]
  flag:
    description:
      - Traffic between links on one O(link). V(bridge) allows it, V(private) denies it, V(vepa) sends it to the
        external switch.
      - All ipvlan and ipvtap links of one O(link) share one flag, as with O(mode). The first link on O(link) has
        V(bridge) by default.
      - This option changes in place.
    type: str
    choices: [bridge, private, vepa]
"""
