#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove VLAN links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan_link
short_description: Make, change and remove VLAN links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a link for one VLAN of a lower device (IEEE 802.1Q, 802.1ad), as C(ip link add link ...
    type vlan) does.
options:
  id:
    description:
      - VLAN id, 0 to 4094. Required for a new link.
      - This option changes only with O(recreate=true).
    type: int
  protocol:
    description:
      - Protocol of the tag. V(802.1Q) is 0x8100 and the default of a new link. V(802.1ad) is 0x88a8.
      - This option changes only with O(recreate=true).
    type: str
    aliases: [proto]
    choices: [802.1Q, 802.1ad, 802.1q]
  reorder_hdr:
    description:
      - Remove the tag from received frames. A new link has V(true).
      - This option changes in place.
    type: bool
  gvrp:
    description:
      - Register the VLAN with GVRP.
      - This option changes in place.
    type: bool
  mvrp:
    description:
      - Register the VLAN with MVRP.
      - This option changes in place.
    type: bool
  loose_binding:
    description:
      - Let this link be up while O(link) is down.
      - This option changes in place.
    type: bool
  bridge_binding:
    description:
      - Derive the carrier of this link from the bridge ports in the VLAN. Only if O(link) is a bridge.
      - This option changes in place.
    type: bool
  ingress_qos_map:
    description:
      - Complete map from the priority in the tag to the packet's priority (C(ingress-qos-map)), a list of V(from:to) or
        V(from-to). C(from) is 0 to 7. A pair to 0 is the same as no pair.
      - Quote each pair, because YAML reads some pairs as numbers of base 60. An empty list removes all pairs.
      - This option changes in place.
    type: list
    elements: str
  egress_qos_map:
    description:
      - Complete map from a packet's priority to the priority in the tag (C(egress-qos-map)), a list of V(from:to) or
        V(from-to). C(to) is 0 to 7. A pair to 0 is the same as no pair.
      - Quote each pair, as with O(ingress_qos_map).
      - This option changes in place.
    type: list
    elements: str
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.lower
  - netloom.overlay.changes
notes:
  - The kernel refuses to set the link up while O(link) is down, unless O(loose_binding=true).
  - A new link has the MAC address and the MTU of O(link), unless O(mac) and O(mtu) say otherwise.
seealso:
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create VLAN 5 of eth0 with priorities
  netloom.overlay.vlan_link:
    name: eth0.5
    link: eth0
    id: 5
    ingress_qos_map: ["1:5", "2:6"]
    egress_qos_map: ["0:7"]

- name: Change options in place
  netloom.overlay.vlan_link:
    name: eth0.5
    loose_binding: true
    ingress_qos_map: ["1:2"]
    egress_qos_map: []

- name: Change the VLAN id, which recreates the link
  netloom.overlay.vlan_link:
    name: eth0.5
    id: 6
    recreate: true

- name: Remove it
  netloom.overlay.vlan_link:
    name: eth0.5
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
    - ip link add link eth0 name eth0.5 group 28268 type vlan id 5 ingress-qos-map 1:5 2:6 egress-qos-map 0:7
    - ip link set dev eth0.5 up
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
    run_link("vlan")


if __name__ == "__main__":
    main()
