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
  - A new address has protocol 110, the mark of the collection (Linux 5.18 and later).
  - The module warns about an address on a port of a bridge. The bridge receives all frames of the port, so the address
    must be on the bridge.
options:
  dev:
    description:
      - The link.
    type: str
    required: true
  address:
    description:
      - The address with its prefix length, such as V(10.20.1.1/24). The default length is V(/32) or V(/128).
      - A link has an IPv6 address only once. An existing address with another prefix length is recreated with the new
        length, also an address of the kernel such as C(::1/128) on C(lo). A link can have an IPv4 address with several
        prefix lengths.
    type: str
    required: true
    aliases: [local]
  peer:
    description:
      - Address of the other end of a point-to-point link.
      - A prefix length of the peer is also that of O(address). O(address) must have no length or the same length.
      - A change recreates the address.
    type: str
  scope:
    description:
      - Scope of the address, V(global), V(site), V(link), V(host), V(nowhere), a number from 0 to 255, or a name in the
        host's C(rt_scopes). A new address has V(global). The kernel sets the scope of IPv6 addresses.
      - A change recreates the address.
    type: str
  label:
    description:
      - Label of an IPv4 address, at most 15 bytes. The label begins with the link's name.
      - A change recreates the address.
    type: str
  metric:
    description:
      - Metric of the route to the address's prefix. The default of a new address is 0, and the kernel chooses the
        metric.
      - This option changes in place, except to 0, which recreates the address.
    type: int
    aliases: [priority, preference]
  broadcast:
    description:
      - Broadcast address of an IPv4 address (C(brd)). V(+) sets all host bits, V(-) clears them, V(none) means no
        broadcast address. A new address has V(none).
      - A change recreates the address.
    type: str
    aliases: [brd]
  valid_lft:
    description:
      - Seconds until the kernel removes the address (V(3600) or V(3600sec)), or V(forever). A new address has
        V(forever). V(infinity) and V(infinite) are aliases.
      - The kernel counts the seconds down. The task resets them when less than half is left, or when more is left than
        given. This option changes in place.
    type: str
  preferred_lft:
    description:
      - Seconds until the kernel stops using the address for new connections (C(deprecated)), or V(forever). V(0)
        deprecates the address at once. The value is compared as O(valid_lft) and must not be longer. An IPv4 address
        without O(valid_lft) accepts only V(forever) and V(0).
      - The default with O(valid_lft) is at most O(valid_lft). This option changes in place.
    type: str
  noprefixroute:
    description:
      - Make no route to the address's prefix.
      - A change recreates the address.
    type: bool
  nodad:
    description:
      - Skip duplicate address detection (IPv6).
      - A change recreates the address.
    type: bool
  home:
    description:
      - Home address of mobile IPv6.
      - A change recreates the address.
    type: bool
  mngtmpaddr:
    description:
      - Create temporary addresses from this address (IPv6).
      - A change recreates the address.
    type: bool
  autojoin:
    description:
      - Join the multicast group of the address.
      - A change recreates the address.
    type: bool
  optimistic:
    description:
      - Use an IPv6 address before duplicate address detection has finished (RFC 4429). The kernel then clears the flag.
        So the option applies only to new addresses and is never a difference. Excludes O(nodad).
      - The kernel ignores the flag unless the sysctl C(optimistic_dad) of the link or of C(all) is set.
    type: bool
  state:
    description:
      - V(present) creates the address if it does not exist, and changes options that differ. V(absent) removes the
        address.
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
- name: Add an address to a bridge
  netloom.overlay.ip_address:
    dev: br0
    address: 10.20.1.1/24

- name: Add an address in a namespace, without the route to its prefix
  netloom.overlay.ip_address:
    dev: eth0
    netns: client1
    address: 10.20.1.11/24
    noprefixroute: true

- name: Add an address for one hour, which a play every half hour renews
  netloom.overlay.ip_address:
    dev: br0
    address: 10.20.2.1/24
    broadcast: +
    valid_lft: 3600
    preferred_lft: 3600

- name: Deprecate an address
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
  description:
    - The equivalent C(ip) and C(bridge) command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - ip addr add 10.20.1.1/24 dev br0
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

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("address")


if __name__ == "__main__":
    main()
