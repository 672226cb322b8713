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
  - Sets one sysctl of a link, or of C(net.bridge), in any namespace.
  - A sysctl exists as long as its link. A link of the same run gets its sysctls before the link is set up.
  - For many sysctls the kernel combines the value of C(all) with that of the link. RV(effective) has the value in
    effect and the kernel's rule. Every run warns if the value in effect is not O(value).
options:
  dev:
    description:
      - The link. C(all) and C(default) are the kernel's names for all links and for new links. The default is the link
        in O(name), else C(all).
      - Neighbor and MPLS sysctls have no C(all). Names that begin with V(bridge.) have no link.
    type: str
  name:
    description:
      - V(ipv4.NAME), V(ipv6.NAME) or V(mpls.NAME) for C(/proc/sys/net/FAMILY/conf/DEV/NAME), V(ipv4.neigh.NAME) or
        V(ipv6.neigh.NAME) for C(neigh) instead of C(conf).
      - V(bridge.NAME) for C(/proc/sys/net/bridge/NAME).
      - The names of sysctl(8) are accepted too, such as V(net.ipv4.conf.eth0.NAME). For a link with a dot in its name
        use V(net/ipv4/conf/eth0.100/NAME). The link in the name and O(dev) must agree.
    type: str
    required: true
  value:
    description:
      - The value, one number or word. V(true) is 1, V(false) is 0, and V(0x10) is 16.
      - The kernel rounds times to its clock, and the module compares the rounded times. With 250 Hz, 1001 ms are 1004
        ms.
      - A C(stable_secret) can be set and replaced, but not removed. Use C(no_log) on such a task.
    type: str
    required: true
  persist:
    description:
      - Whether C(/etc/sysctl.d/90-netloom-overlay.conf) has the sysctl with this value, to set the sysctl at boot. If
        this option is left out, the file is unmanaged.
      - C(systemd-sysctl) reads the file at boot, for C(all), C(default) and the existing links. For a later link, the
        udev rule C(99-systemd.rules) runs C(systemd-sysctl) for this link. On hosts without systemd and udev, run
        C(sysctl --system) after the link is made.
      - Only for the namespace of the host itself, because no service sets sysctls of other namespaces at boot.
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.veth_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Answer ARP for addresses behind the host
  netloom.overlay.sysctl_iface:
    dev: w-client1
    name: ipv4.proxy_arp
    value: 1

- name: Set a sysctl in a namespace, of a link whose name has a dot
  netloom.overlay.sysctl_iface:
    dev: eth0.7
    netns: client1
    name: ipv4.rp_filter
    value: 2

- name: Keep bridged frames away from iptables
  netloom.overlay.sysctl_iface:
    name: bridge.bridge-nf-call-iptables
    value: 0

- name: Set loose source validation, also after a reboot
  netloom.overlay.sysctl_iface:
    name: net/ipv4/conf/eth0.100/rp_filter
    value: 2
    persist: true

- name: Stop setting the sysctl at boot
  netloom.overlay.sysctl_iface:
    name: net/ipv4/conf/eth0.100/rp_filter
    value: 2
    persist: false
"""

RETURN = r"""
commands:
  description:
    - The equivalent command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - sysctl -w net/ipv4/conf/w-client1/proxy_arp=1
effective:
  description:
    - The value in effect of the sysctl. In check mode, the planned value.
  returned: success
  type: list
  elements: dict
  contains:
    dev:
      description: The link, C(all) or C(default). Names that begin with V(bridge.) have no link.
      returned: when there is one
      type: str
    netns:
      description: The namespace.
      returned: when it is not the module's own
      type: str
    name:
      description: The full name.
      returned: always
      type: str
    value:
      description: The value in the kernel.
      returned: always
      type: str
    effective:
      description:
        - The value in effect. V(null) for a sysctl of C(all) without any effect on links, and if the rule is unknown.
      returned: always
      type: str
    rule:
      description: The kernel's rule, with the values that it combines.
      returned: always
      type: str
  sample:
    - dev: eth0
      name: ipv4.conf.rp_filter
      value: "0"
      effective: "2"
      rule: the larger of all (2) and eth0 (0)
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
    run_object("sysctl")


if __name__ == "__main__":
    main()
