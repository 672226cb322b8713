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
    sends and receives packets through the link.
  - The link is persistent. A persistent link exists without a program, and stays when an attached program ends.
options:
  mode:
    description:
      - Kind of packets. With V(tap) the program reads and writes Ethernet frames, and the link can be a port of a
        bridge. With V(tun) the program reads and writes IP packets, and the link has no MAC address.
      - Required for a new link.
      - This option changes only with O(recreate=true).
    type: str
    choices: [tun, tap]
  user:
    description:
      - The owner of the link, by number or name. Programs of this user and programs with CAP_NET_ADMIN may attach to
        the link.
      - The name is resolved on the managed host, also if O(netns) is that of a container. With V(none) any user may
        attach, which is the default of a new link.
      - This option changes in place, except to V(none), which needs O(recreate=true).
    type: str
  user_group:
    description:
      - The group whose programs may attach to the link (C(group) of C(ip tuntap)), by number or name. With O(user), a
        program needs both.
      - The option has this name because O(group) is the link group. Names and V(none) are as for O(user).
      - This option changes in place, except to V(none), which needs O(recreate=true).
    type: str
  pi:
    description:
      - Put four bytes of packet information before each packet.
      - A program sets this option again when it attaches, and the kernel reports the program's value.
      - This option changes in place.
    type: bool
  vnet_hdr:
    description:
      - Put a virtio header before each packet, for offloads.
      - A program sets this option again when it attaches, as with O(pi).
      - This option changes in place.
    type: bool
  multi_queue:
    description:
      - Let up to 256 queues of one or several programs attach to the link. A program must request multiple queues too.
      - This option changes only with O(recreate=true).
    type: bool
  persistent:
    description:
      - Whether the link stays without a program. Links of this module always stay. V(true) makes a program's own link
        with O(multi_queue) persistent. V(false) is accepted only for an existing link that is not persistent.
      - This option changes in place.
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.changes
notes:
  - Needs C(/dev/net/tun). If the file is missing, load the kernel module C(tun), or give the container the device.
  - The module attaches to the link for a moment to change O(user), O(user_group), O(pi) or O(vnet_hdr). While a program
    is attached, the kernel refuses a second program without O(multi_queue). With O(multi_queue) the kernel keeps the
    first program's O(pi) and O(vnet_hdr). In these cases the task fails with this reason, and the link does not change.
  - C(ip tuntap) cannot change an existing link. A line of the returned C(commands) that begins with C(ioctl) represents
    such a change.
  - An attached program loses the link when the link is recreated or removed.
  - In M(netloom.overlay.network_state) the kind is C(kind=tun) in both modes, as in the kernel.
  - The module has no option C(one_queue), because all supported kernels ignore this option of C(ip tuntap).
seealso:
  - module: netloom.overlay.macvtap_link
  - module: netloom.overlay.ipvtap_link
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a tap link in a bridge for the virtual machines of user qemu
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

- name: Allow several queues, which recreates the link
  netloom.overlay.tuntap_link:
    name: tap0
    multi_queue: true
    recreate: true

- name: Create a tun link in a namespace
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
  description:
    - The equivalent C(ip) and C(bridge) command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - ip tuntap add dev tap0 mode tap user 64055 vnet_hdr && ip link set dev tap0 group 28268 master br0
    - ip link set dev tap0 up
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
    run_link("tun")


if __name__ == "__main__":
    main()
