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
  - Priority, family and selectors identify a rule. The kernel allows any number of rules with one priority. So a task
    with other selectors creates another rule, and the first rule stays. Remove the first rule with O(state=absent), or
    with M(netloom.overlay.network_state) and O(netloom.overlay.network_state#module:state=overridden).
  - The kernel cannot change a rule in place. When the action differs, the new rule is created before the old rule is
    removed. A foreign rule stays, and the new rule is created in addition. O(state=absent) does not remove a foreign
    rule.
  - A new rule has protocol 110, the mark of the collection. The kernel's own rules (priorities 0, 32766 and 32767, and
    1000 for VRFs) are never changed.
options:
  priority:
    description:
      - Priority of the rule. Rules with a lower value come first. The priority is required, because the kernel would
        choose a new priority on every run.
    type: int
    required: true
    aliases: [preference, order, pref]
  family:
    description:
      - Address family of the packets. The default is the family of O(from) or O(to), V(ipv6) with O(flowlabel), else
        V(ipv4). V(inet) and V(inet6) are iproute2's aliases.
    type: str
    choices: [ipv4, ipv6, inet, inet6]
  not:
    description:
      - Invert the selection. The rule matches all packets that its other selectors do not match.
    type: bool
  from:
    description:
      - Source, a prefix or an address. V(all) matches all sources.
    type: str
  to:
    description:
      - Destination, in the same form.
    type: str
  tos:
    description:
      - TOS (dsfield). The value is a number whose two lowest bits are 0, a name such as V(CS6), or a name in the host's
        C(rt_dsfield). IPv4 rules accept 0 to 0x1c. For larger values use O(dscp).
      - A number is decimal, or hexadecimal with V(0x). C(ip rule) always reads a number as hexadecimal.
    type: str
    aliases: [dsfield]
  fwmark:
    description:
      - Firewall mark such as V(0x10), or with a mask such as V(0x10/0xff). Quote the value in YAML.
    type: str
  iif:
    description:
      - Name of the input link. V(lo) matches packets of this host. The link need not exist.
    type: str
    aliases: [dev]
  oif:
    description:
      - Name of the link to which the socket is bound.
    type: str
  uidrange:
    description:
      - Users of the sending sockets, a range such as V(1000-1999), or one user by number or name.
    type: str
  ipproto:
    description:
      - IP protocol, a number, a name such as V(tcp), or a name in the host's C(/etc/protocols).
    type: str
  sport:
    description:
      - Source port from 1 to 65534, a range such as V(1000-2000), or a port with a mask such as V(1000/0xfff8). A mask
        needs Linux 6.15.
    type: str
  dport:
    description:
      - Destination port, in the same forms.
    type: str
  tun_id:
    description:
      - Tunnel id (VNI) of packets from a link in external mode.
    type: int
  dscp:
    description:
      - DSCP of the packets, 0 to 63, a name such as V(EF), or a value with a mask such as V(8/0x38). Excludes O(tos).
        Needs Linux 6.13. A mask needs Linux 6.15.
    type: str
  flowlabel:
    description:
      - Flow label of IPv6 packets, 20 bits, also with a mask such as V(0x345/0xfff). Needs Linux 6.14.
    type: str
  action:
    description:
      - Action on the packets. V(lookup) uses O(table), V(goto) continues at another rule, V(nop) continues with the
        next rule, and the others drop the packets. The default is V(goto) with O(goto), else V(lookup).
    type: str
    choices: [lookup, goto, nop, blackhole, unreachable, prohibit]
  table:
    description:
      - Routing table, a number, V(main), V(default) or V(local), or a name in the host's C(rt_tables). A new rule uses
        V(main).
    type: str
    aliases: [lookup]
  l3mdev:
    description:
      - Match only packets of VRFs. With O(action=lookup) the table is that of the packet's VRF. With
        O(action=unreachable) and similar actions, no packet of a VRF reaches the later rules.
    type: bool
  goto:
    description:
      - Priority of the rule at which to continue. The value must be larger than O(priority).
    type: int
  realms:
    description:
      - Realms for the accounting of an IPv4 rule, such as V(7) or V(3/7), as in M(netloom.overlay.ip_route). V(none)
        means no realm.
    type: str
  suppress_prefixlength:
    description:
      - Ignore routes whose prefix has this length or is shorter. V(-1) ignores no route.
    type: int
    aliases: [sup_pl]
  suppress_ifgroup:
    description:
      - Ignore routes through a link of this group. The group is a number or a name in the host's
        C(/etc/iproute2/group). V(-1) ignores no route.
    type: str
    aliases: [sup_group]
  state:
    description:
      - V(present) creates the rule if it does not exist, and changes options that differ. V(absent) removes the rule.
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
- name: Use a routing table for packets from one subnet
  netloom.overlay.ip_rule:
    priority: 100
    from: 10.20.1.0/24
    table: 100

- name: Change the table
  netloom.overlay.ip_rule:
    priority: 100
    from: 10.20.1.0/24
    table: 101

- name: Drop packets with a mark
  netloom.overlay.ip_rule:
    priority: 200
    fwmark: "0x10/0xff"
    action: blackhole

- name: Remove the first rule
  netloom.overlay.ip_rule:
    priority: 100
    from: 10.20.1.0/24
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
    - ip rule add priority 100 from 10.20.1.0/24 lookup 100
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
    run_object("rule")


if __name__ == "__main__":
    main()
