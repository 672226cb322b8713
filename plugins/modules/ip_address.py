#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove addresses of links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_address
short_description: Make, change and remove addresses of links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one IPv4 or IPv6 address of a link, as C(ip address) does.
  - A new address carries protocol 110 as its mark (Linux 5.18 and later).
  - An address on a port of a bridge is warned of. The bridge takes all frames that come in, so the address belongs on
    the bridge.
options:
  dev:
    description:
      - The link.
    type: str
    required: true
  address:
    description:
      - The address with its prefix length, such as V(10.20.1.1/24). Without a length, V(/32) or V(/128).
      - A link has an IPv6 address once. One that is there with another prefix length, even from the kernel itself as
        C(::1/128) is on C(lo), is removed and made anew with this one. An IPv4 address may be there with several.
    type: str
    required: true
    aliases: [local]
  peer:
    description:
      - Address of the other end of a point-to-point link.
      - A prefix length here is that of O(address), which then has none of its own or the same.
      - Changing it makes the address anew.
    type: str
  scope:
    description:
      - Scope of the address, V(global), V(site), V(link), V(host), V(nowhere), a number from 0 to 255, or a name in the
        host's C(rt_scopes). A new one has V(global). The kernel gives IPv6 addresses their scope itself.
      - Changing it makes the address anew.
    type: str
  label:
    description:
      - Label of an IPv4 address, 15 bytes at most. It begins with the link's name.
      - Changing it makes the address anew.
    type: str
  metric:
    description:
      - Metric of the route to the address's prefix. A new one has 0, which leaves it to the kernel.
      - Changed in place, but not to 0, which makes the address anew.
    type: int
    aliases: [priority, preference]
  broadcast:
    description:
      - Broadcast address of an IPv4 address (C(brd)). V(+) sets all host bits, V(-) clears them, V(none) is none. A new
        address has none.
      - Changing it makes the address anew.
    type: str
    aliases: [brd]
  valid_lft:
    description:
      - Seconds until the kernel removes the address (V(3600) or V(3600sec)), or V(forever), which a new one has;
        V(infinity) and V(infinite) are the same.
      - They count down. The task is content while at least half of them is left, and sets them anew when less is left
        or more than asked for. Changed in place.
    type: str
  preferred_lft:
    description:
      - Seconds until the kernel chooses the address no longer for new connections (C(deprecated)), or V(forever). V(0)
        is at once. Compared as O(valid_lft) is; not longer than that. An IPv4 address without a O(valid_lft) is
        preferred forever or not at all.
      - Left out where O(valid_lft) is given, it is at most that. Changed in place.
    type: str
  noprefixroute:
    description:
      - Make no route to the address's prefix.
      - Changing it makes the address anew.
    type: bool
  nodad:
    description:
      - Skip duplicate address detection (IPv6).
      - Changing it makes the address anew.
    type: bool
  home:
    description:
      - Home address of mobile IPv6.
      - Changing it makes the address anew.
    type: bool
  mngtmpaddr:
    description:
      - Make temporary addresses from it (IPv6).
      - Changing it makes the address anew.
    type: bool
  autojoin:
    description:
      - Join the multicast group that the address is.
      - Changing it makes the address anew.
    type: bool
  optimistic:
    description:
      - Use an IPv6 address before duplicate address detection is done (RFC 4429). A new address can be so. The kernel
        takes the mark away when it is done, so this says nothing of an address that is there. Excludes O(nodad).
      - Without the sysctl C(optimistic_dad) of the link, or of C(all), the kernel pays no heed to it.
    type: bool
  state:
    description:
      - V(present) makes the address where there is none, and changes what is given here and differs. V(absent) removes
        it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.ip_route
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: An address on a bridge
  netloom.overlay.ip_address:
    dev: br0
    address: 10.20.1.1/24

- name: An address in a namespace, without the route to its prefix
  netloom.overlay.ip_address:
    dev: eth0
    netns: client1
    address: 10.20.1.11/24
    noprefixroute: true

- name: An address with a broadcast address, for the next hour; a play that runs each half hour keeps it
  netloom.overlay.ip_address:
    dev: br0
    address: 10.20.2.1/24
    broadcast: +
    valid_lft: 3600
    preferred_lft: 3600

- name: Use an address for no new connections
  netloom.overlay.ip_address:
    dev: br0
    address: 10.20.1.1/24
    preferred_lft: 0

- name: Remove it
  netloom.overlay.ip_address:
    dev: br0
    address: 10.20.1.1/24
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip addr add 10.20.1.1/24 dev br0
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("address")


if __name__ == "__main__":
    main()
