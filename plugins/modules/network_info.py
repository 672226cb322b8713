#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read links, addresses, routes, FDB, MDB and neighbor entries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Read links, addresses, routes, FDB, MDB and neighbor entries
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Reads what the kernel holds, as C(ip) and C(bridge) would show it, in the shape that
    M(netloom.overlay.network_state) takes.
  - What the kernel makes and learns by itself is left out. Changes nothing, and needs neither root for the module's
    own namespace nor pyroute2.
options:
  netns:
    description:
      - The namespaces to read, each in a form that the link modules take for C(netns). V(host) is the module's own.
      - Left out, the module's own and all named ones, with the section C(netns).
    type: list
    elements: str
extends_documentation_fragment:
  - netloom.overlay.changes.reading
seealso:
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Read the host and all its named namespaces
  netloom.overlay.network_info:
  register: host

- name: Read one namespace and that of a process
  netloom.overlay.network_info:
    netns: [client1, "pidfile:/run/box1.pid", "container:web"]
  register: clients

- name: Show the VNIs
  ansible.builtin.debug:
    msg: "{{ host.config.links | selectattr('vni', 'defined') | map(attribute='vni') }}"
"""

RETURN = r"""
config:
  description:
    - What the kernel holds, in the shape that O(netloom.overlay.network_state#module:config) takes.
      Given back to it, it changes nothing.
  returned: success
  type: dict
  sample: {"links": [{"name": "blue", "kind": "bridge", "mtu": 1450, "up": true, "addresses": ["10.20.1.1/24"]}]}
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_info


def main() -> None:
    """Run the module."""
    run_info()


if __name__ == "__main__":
    main()
