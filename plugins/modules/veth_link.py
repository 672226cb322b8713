#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove veth pairs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: veth_link
short_description: Make, change and remove veth pairs
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a pair of veth links, as C(ip link add ... type veth peer ...) does.
  - Removing one end removes the other.
options:
  peer:
    description:
      - The other end, with the options of any link. Required for a new pair.
      - Name and namespace change only with O(recreate=true). The other options change in place. A change of name or
        namespace loses the dependent objects of the old other end.
    type: dict
    suboptions:
      name:
        description:
          - Name of the other end.
        type: str
        required: true
      netns:
        description:
          - Namespace of the other end, in the forms of O(netns). The default is the namespace of this end.
          - This option changes only with O(recreate=true), or with O(peer.from_netns), which moves the other end.
        type: str
      from_netns:
        description:
          - As O(from_netns).
        type: str
      mtu:
        description:
          - As O(mtu).
        type: int
      mac:
        description:
          - As O(mac).
        type: str
        aliases: [address, lladdr]
      broadcast:
        description:
          - As O(broadcast).
        type: str
        aliases: [brd]
      alias:
        description:
          - As O(alias).
        type: str
      token:
        description:
          - As O(token).
        type: str
      altnames:
        description:
          - As O(altnames).
        type: list
        elements: str
        aliases: [altname]
      txqueuelen:
        description:
          - As O(txqueuelen).
        type: int
        aliases: [qlen, txqlen]
      master:
        description:
          - As O(master), but a link in the other end's namespace.
        type: str
        aliases: [vrf]
      group:
        description:
          - As O(group).
        type: str
      linkmode:
        description:
          - As O(linkmode).
        type: str
        choices: [default, dormant]
      gso_max_size:
        description:
          - As O(gso_max_size).
        type: int
      gso_max_segs:
        description:
          - As O(gso_max_segs).
        type: int
      gro_max_size:
        description:
          - As O(gro_max_size).
        type: int
      gso_ipv4_max_size:
        description:
          - As O(gso_ipv4_max_size).
        type: int
      gro_ipv4_max_size:
        description:
          - As O(gro_ipv4_max_size).
        type: int
      protodown:
        description:
          - As O(protodown). No kernel up to Linux 6.18 supports this option on veth links.
        type: bool
      up:
        description:
          - As O(up).
        type: bool
      promiscuity:
        description:
          - As O(promiscuity).
        type: bool
        aliases: [promisc]
      allmulticast:
        description:
          - As O(allmulticast).
        type: bool
      arp:
        description:
          - As O(arp).
        type: bool
      multicast:
        description:
          - As O(multicast).
        type: bool
      addrgenmode:
        description:
          - As O(addrgenmode).
        type: str
        choices: [eui64, none, stable_secret, random, stable-privacy]
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.netns
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Connect a namespace to a bridge
  netloom.overlay.veth_link:
    name: w-client1
    master: br0
    peer:
      name: eth0
      netns: client1
      mtu: 1450

- name: Change only this end
  netloom.overlay.veth_link:
    name: w-client1
    txqueuelen: 500

- name: Move the other end to another namespace
  netloom.overlay.veth_link:
    name: w-client1
    peer:
      name: eth0
      netns: client2
      from_netns: client1

- name: Remove both ends
  netloom.overlay.veth_link:
    name: w-client1
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
    - ip link add w-client1 group 28268 type veth peer name eth0 netns client1 && ip link set dev w-client1 master br0
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
    run_link("veth")


if __name__ == "__main__":
    main()
