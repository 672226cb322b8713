#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set the sysctls of a link."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl_iface
short_description: Set the sysctls of a link
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Sets a sysctl of one link, or one of C(net.bridge), in any namespace.
  - A sysctl is there as long as its link is. Nothing is written to files such as C(/etc/sysctl.conf).
options:
  dev:
    description:
      - The link. C(all) and C(default) are the kernel's names for all links and for those to come. Left out, C(all).
        Not used for C(bridge.) names.
    type: str
  name:
    description:
      - V(ipv4.NAME) or V(ipv6.NAME) for C(/proc/sys/net/FAMILY/conf/DEV/NAME), V(ipv4.neigh.NAME) or
        V(ipv6.neigh.NAME) for C(neigh) instead of C(conf).
      - V(bridge.NAME) for C(/proc/sys/net/bridge/NAME). A leading C(net.) may stand before each.
    type: str
    required: true
  value:
    description:
      - The value. Numbers and words as the kernel prints them; V(true) is 1 and V(false) is 0.
    type: str
    required: true
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.veth_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Answer ARP for what is behind the host
  netloom.overlay.sysctl_iface:
    dev: w-client1
    name: ipv4.proxy_arp
    value: 1

- name: In a namespace, on a link whose name has a dot
  netloom.overlay.sysctl_iface:
    dev: eth0.7
    netns: client1
    name: ipv4.rp_filter
    value: 2

- name: Keep bridged frames away from iptables
  netloom.overlay.sysctl_iface:
    name: bridge.bridge-nf-call-iptables
    value: 0
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - sysctl -w net/ipv4/conf/w-client1/proxy_arp=1
"""

from ansible_collections.netloom.overlay.plugins.module_utils.module import run_object


def main() -> None:
    """Run the module."""
    run_object("sysctl")


if __name__ == "__main__":
    main()
