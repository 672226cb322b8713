#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove rules of policy routing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_rule
short_description: Make, change and remove rules of policy routing
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one rule that chooses the routing table, as C(ip rule) does.
  - Priority, family and what the rule selects tell one rule from another. The kernel takes any number of rules with one
    priority. So a task with another selection makes another rule beside the first. A task with O(state=absent) removes
    that, and so does M(netloom.overlay.network_state) with O(netloom.overlay.network_state#module:state=overridden).
  - The kernel changes no rule in place. Where what becomes of the packets differs, the new rule is made before the old
    one is removed. A rule without the collection's mark is left alone then, and a second one is made beside it.
    O(state=absent) leaves it alone too.
  - A new rule carries protocol 110 as its mark. The kernel's own rules (priorities 0, 32766 and 32767, and 1000 for
    VRFs) are never touched.
options:
  priority:
    description:
      - Priority of the rule, the lower the earlier. It must be given, for the kernel would choose another one each
        time.
    type: int
    required: true
    aliases: [preference, order, pref]
  family:
    description:
      - Address family of the packets. Left out, that of O(from) or O(to), V(ipv6) with O(flowlabel), else V(ipv4).
        iproute2's V(inet) and V(inet6) are the same two.
    type: str
    choices: [ipv4, ipv6, inet, inet6]
  not:
    description:
      - Take all packets that the rest does not select.
    type: bool
  from:
    description:
      - Source, a prefix or an address; V(all) selects nothing.
    type: str
  to:
    description:
      - Destination, likewise.
    type: str
  tos:
    description:
      - TOS (dsfield), a number whose two lowest bits are 0, or a name such as V(CS6), or one in the host's
        C(rt_dsfield). IPv4 rules take 0 to 0x1c; for larger ones there is O(dscp).
      - A number is decimal, or hexadecimal with V(0x). C(ip rule) reads it as hexadecimal in any case.
    type: str
    aliases: [dsfield]
  fwmark:
    description:
      - Firewall mark, V(0x10) or with a mask V(0x10/0xff). Quote it.
    type: str
  iif:
    description:
      - Name of the link that packets come from; V(lo) is for those that this host sends. The link need not be there.
    type: str
    aliases: [dev]
  oif:
    description:
      - Name of the link that a socket is bound to.
    type: str
  uidrange:
    description:
      - Users whose sockets send the packets, V(1000-1999), or one user by number or name.
    type: str
  ipproto:
    description:
      - IP protocol, a number or a name such as V(tcp), or one in the host's C(/etc/protocols).
    type: str
  sport:
    description:
      - Source port or ports, V(1000-2000), within 1 to 65534, or some bits of a port, V(1000/0xfff8). A mask needs
        Linux 6.15.
    type: str
  dport:
    description:
      - Destination port or ports, likewise.
    type: str
  tun_id:
    description:
      - Tunnel id (VNI) of packets from a link in external mode.
    type: int
  dscp:
    description:
      - DSCP of the packets, 0 to 63, or a name such as V(EF), or some of its bits, V(8/0x38). Excludes O(tos). Needs
        Linux 6.13, a mask 6.15.
    type: str
  flowlabel:
    description:
      - Flow label of IPv6 packets, 20 bits, or some of them, V(0x345/0xfff). Needs Linux 6.14.
    type: str
  action:
    description:
      - What becomes of the packets. V(lookup) looks into O(table), V(goto) goes on at another rule, V(nop) goes on with
        the next one, the others drop. Left out, V(goto) with O(goto), else V(lookup).
    type: str
    choices: [lookup, goto, nop, blackhole, unreachable, prohibit]
  table:
    description:
      - Routing table, a number, V(main), V(default) or V(local), or a name in the host's C(rt_tables). A new rule looks
        into V(main).
    type: str
    aliases: [lookup]
  l3mdev:
    description:
      - Take packets of VRFs only. Those that are looked up are in the table of their VRF. With O(action=unreachable)
        and the like none of them goes on to the rules behind.
    type: bool
  goto:
    description:
      - Priority of the rule to go on at, which must be larger.
    type: int
  realms:
    description:
      - Realms that packets of an IPv4 rule are accounted to, V(7) or V(3/7), as in M(netloom.overlay.ip_route); V(none)
        is none.
    type: str
  suppress_prefixlength:
    description:
      - Do not take a route whose prefix is that long or shorter; V(-1) takes all.
    type: int
    aliases: [sup_pl]
  suppress_ifgroup:
    description:
      - Do not take a route through a link of this group, a number or its name in the host's C(/etc/iproute2/group);
        V(-1) takes all.
    type: str
    aliases: [sup_group]
  state:
    description:
      - V(present) makes the rule where there is none, and changes what is given here and differs. V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.ip_route
  - module: netloom.overlay.vrf_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A routing table of their own for packets of one subnet
  netloom.overlay.ip_rule:
    priority: 100
    from: 10.20.1.0/24
    table: 100

- name: Another table for them
  netloom.overlay.ip_rule:
    priority: 100
    from: 10.20.1.0/24
    table: 101

- name: What is marked and not local is dropped
  netloom.overlay.ip_rule:
    priority: 200
    fwmark: "0x10/0xff"
    action: blackhole

- name: Remove the first
  netloom.overlay.ip_rule:
    priority: 100
    from: 10.20.1.0/24
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip rule add priority 100 from 10.20.1.0/24 lookup 100
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("rule")


if __name__ == "__main__":
    main()
