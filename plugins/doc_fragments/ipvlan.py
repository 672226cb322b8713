# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what ipvlan and ipvtap links take."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of ipvlan_link and ipvtap_link (links/ipvlan.py)."""

    DOCUMENTATION = r"""
options:
  mode:
    description:
      - What the link beneath does with packets. V(l2) switches frames, V(l3) routes packets and knows neither broadcast
        nor multicast, V(l3s) is V(l3) with the host's netfilter for what comes in.
      - The kernel keeps one mode for all ipvlan and ipvtap links of one O(link). A change is one for each of them, and
        the returned C(commands) name each, in the namespaces of containers too.
      - A new link for which it is left out joins its siblings. The first link on O(link) gets V(l3) from the kernel.
      - Changed in place.
    type: str
    choices: [l2, l3, l3s]
  flag:
    description:
      - Whether links on one O(link) talk to each other. V(bridge) lets them, V(private) does not, V(vepa) leaves it to
        the switch outside.
      - The kernel keeps one flag for all ipvlan and ipvtap links of one O(link), as with O(mode). A first link has
        V(bridge) when this is left out.
      - Changed in place.
    type: str
    choices: [bridge, private, vepa]
"""
