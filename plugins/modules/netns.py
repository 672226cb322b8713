#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove named network namespaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netns
short_description: Make, change and remove named network namespaces
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes and removes a network namespace with a name, as C(ip netns add) and C(ip netns del) do.
  - The namespace itself lives on as long as a process is in it. Links that end with it are removed by the kernel.
options:
  name:
    description:
      - Name of the namespace, a file name below C(/run/netns).
    type: str
    required: true
  loopback:
    description:
      - Whether its link C(lo) is up. In a new namespace it is set up when this is left out.
    type: bool
  resolver:
    description:
      - Content of C(/etc/netns/NAME/resolv.conf), which C(ip netns exec) shows as C(/etc/resolv.conf).
      - The keys are C(nameservers) (addresses), C(search) (domains) and C(options) (words), each a list. V({}) takes
        the file away.
    type: dict
  state:
    description:
      - V(present) makes the namespace where there is none, and changes what is given here and differs. V(absent)
        removes name and resolver file.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.veth_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A namespace with a resolver of its own
  netloom.overlay.netns:
    name: client1
    resolver:
      nameservers: [10.3.3.3]
      search: [lab.example]

- name: Change the resolver
  netloom.overlay.netns:
    name: client1
    resolver:
      nameservers: [10.3.3.4]

- name: Take the resolver file away
  netloom.overlay.netns:
    name: client1
    resolver: {}

- name: Remove it, with the links in it
  netloom.overlay.netns:
    name: client1
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip netns add client1 && ip -n client1 link set dev lo up && write /etc/netns/client1/resolv.conf
"""

from ansible_collections.netloom.overlay.plugins.module_utils.module import run_object


def main() -> None:
    """Run the module."""
    run_object("netns")


if __name__ == "__main__":
    main()
