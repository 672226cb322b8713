#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove tun and tap links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tuntap_link
short_description: Make, change and remove tun and tap links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a tun or tap link, as C(ip tuntap add) does. A program such as a virtual machine or a VPN
    sends and receives packets through it.
  - The link is persistent. It is there without a program, and stays when one that attached to it ends.
options:
  mode:
    description:
      - What the program reads and writes. V(tap) takes Ethernet frames, and the link can be a port of a bridge. V(tun)
        takes IP packets, and the link has no Ethernet address.
      - A new link needs it.
      - Changed only with O(recreate=true).
    type: str
    choices: [tun, tap]
  user:
    description:
      - The user whose programs may attach to the link (its owner), by number or by name, besides those with
        CAP_NET_ADMIN.
      - The name is looked up on the managed host, also where O(netns) is that of a container. V(none) lets any user
        attach. So does leaving it out when the link is made.
      - Changed in place, but to V(none) with O(recreate=true).
    type: str
  user_group:
    description:
      - The group of users whose programs may attach to the link (C(group) of C(ip tuntap)), by number or by name. Where
        O(user) is given too, a program must be of both.
      - It has this name because O(group) is the link group. Names and V(none) are as for O(user).
      - Changed in place, but to V(none) with O(recreate=true).
    type: str
  pi:
    description:
      - Put four bytes of packet information before each packet.
      - A program says so anew when it attaches, and the kernel then tells what the program said.
      - Changed in place.
    type: bool
  vnet_hdr:
    description:
      - Put a virtio header before each packet, for offloads.
      - A program says so anew when it attaches, as with O(pi).
      - Changed in place.
    type: bool
  multi_queue:
    description:
      - Let up to 256 queues attach to the link, of one program or of several. A program must ask for it too.
      - Changed only with O(recreate=true).
    type: bool
  persistent:
    description:
      - Whether the link stays without a program. A link of this module always does, so V(true) is of use only for a
        link with O(multi_queue) that a program has made, which is then kept. V(false) is refused on any other link than
        one that is not persistent.
      - Changed in place.
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.changes
notes:
  - Needs C(/dev/net/tun). Where it is missing, load the kernel module C(tun), or give the container the device.
  - To change O(user), O(user_group), O(pi) or O(vnet_hdr), the module attaches to the link for a moment, as a program
    would. Where a program is attached, the kernel lets nobody else at the link without O(multi_queue), and keeps what
    the first one said of O(pi) and O(vnet_hdr) with it. The task then fails and says so, and the link stays as it is.
  - The command C(ip tuntap) changes nothing. A line of the returned C(commands) that begins with C(ioctl) stands for
    such a change.
  - A program that is attached loses the link when it is made anew or removed.
  - In M(netloom.overlay.network_state) such a link is of C(kind=tun) in both modes, which is what the kernel calls it.
  - The option C(one_queue) of C(ip tuntap) is not there. No supported kernel heeds it.
seealso:
  - module: netloom.overlay.macvtap_link
  - module: netloom.overlay.ipvtap_link
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A tap link for the virtual machines of user qemu, in a bridge
  netloom.overlay.tuntap_link:
    name: tap0
    mode: tap
    user: qemu
    vnet_hdr: true
    master: br0

- name: Let the programs of another user attach instead
  netloom.overlay.tuntap_link:
    name: tap0
    user: 1001
    user_group: kvm

- name: More than one queue, for which the kernel needs a new link
  netloom.overlay.tuntap_link:
    name: tap0
    multi_queue: true
    recreate: true

- name: A tun link in a namespace
  netloom.overlay.tuntap_link:
    name: tun0
    netns: client1
    mode: tun

- name: Remove it
  netloom.overlay.tuntap_link:
    name: tap0
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip tuntap add dev tap0 mode tap user 64055 vnet_hdr && ip link set dev tap0 group 28268 master br0
    - ip link set dev tap0 up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("tun")


if __name__ == "__main__":
    main()
