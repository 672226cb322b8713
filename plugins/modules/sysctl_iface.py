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
  - A sysctl is there as long as its link is. A link that the same run makes gets it before it is set up.
  - Of many sysctls the kernel makes one value out of that of C(all) and that of the link. RV(effective) tells what is
    in effect, and by which rule. A warning tells where that is not O(value), on every run.
options:
  dev:
    description:
      - The link. C(all) and C(default) are the kernel's names for all links and for those to come. Left out, the link
        in O(name), or C(all).
      - Neighbor and MPLS sysctls know no C(all). Names that begin with V(bridge.) are of no link.
    type: str
  name:
    description:
      - V(ipv4.NAME), V(ipv6.NAME) or V(mpls.NAME) for C(/proc/sys/net/FAMILY/conf/DEV/NAME), V(ipv4.neigh.NAME) or
        V(ipv6.neigh.NAME) for C(neigh) instead of C(conf).
      - V(bridge.NAME) for C(/proc/sys/net/bridge/NAME).
      - The name that sysctl(8) uses is taken too, as V(net.ipv4.conf.eth0.NAME) or, best for a link with a dot in its
        name, V(net/ipv4/conf/eth0.100/NAME). It must agree with O(dev) where both are given.
    type: str
    required: true
  value:
    description:
      - The value, one number or word. V(true) is 1 and V(false) is 0. As in the kernel, V(0x10) is 16.
      - Times that the kernel rounds to its clock are compared as it keeps them. With 250 Hz, 1001 ms are 1004 ms.
      - A C(stable_secret) can be set and replaced, but not taken away. Use C(no_log) on such a task.
    type: str
    required: true
  persist:
    description:
      - Whether C(/etc/sysctl.d/90-netloom-overlay.conf) holds the sysctl with this value, to set it again at boot. Left
        out, the file is not looked at.
      - C(systemd-sysctl) reads it at boot, for the links that are there by then and for C(all) and C(default). For a
        link that comes later, the udev rule C(99-systemd.rules) has C(systemd-sysctl) read it again for this link.
        Hosts without systemd and udev need C(sysctl --system) when the link is there.
      - Only for the namespace of the host itself. Nothing sets sysctls of other namespaces at boot.
    type: bool
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

- name: Loose source validation, after a reboot too
  netloom.overlay.sysctl_iface:
    name: net/ipv4/conf/eth0.100/rp_filter
    value: 2
    persist: true

- name: Set it for this boot only from now on
  netloom.overlay.sysctl_iface:
    name: net/ipv4/conf/eth0.100/rp_filter
    value: 2
    persist: false
"""

RETURN = r"""
commands:
  description: The equivalent command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - sysctl -w net/ipv4/conf/w-client1/proxy_arp=1
effective:
  description:
    - What is in effect of the sysctl. In check mode, what would be.
  returned: success
  type: list
  elements: dict
  contains:
    dev:
      description: The link, C(all) or C(default). Not there for names that begin with V(bridge.).
      returned: when there is one
      type: str
    netns:
      description: The namespace.
      returned: when it is not the module's own
      type: str
    name:
      description: The name in full.
      returned: always
      type: str
    value:
      description: What the kernel holds.
      returned: always
      type: str
    effective:
      description:
        - What the kernel goes by. V(null) for a sysctl of C(all) that no link goes by, and where the rule is not known.
      returned: always
      type: str
    rule:
      description: How the kernel comes to it, with the values that it used.
      returned: always
      type: str
  sample:
    - dev: eth0
      name: ipv4.conf.rp_filter
      value: "0"
      effective: "2"
      rule: the larger of all (2) and eth0 (0)
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("sysctl")


if __name__ == "__main__":
    main()
