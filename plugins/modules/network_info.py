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
  - Reads the current state from the kernel, in the form of M(netloom.overlay.network_state).
  - Omits objects that the kernel makes or learns. The module changes nothing. The module needs no pyroute2, and no root
    for its own namespace.
options:
  netns:
    description:
      - The namespaces to read, each in a form of the option C(netns) of the link modules. V(host) is the module's own
        namespace.
      - The default is the module's own namespace and all named namespaces, with the section C(netns).
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
    - The current state in the form of O(netloom.overlay.network_state#module:config). Applied to the same host, the
      current state changes nothing. Sysctls are not included.
  returned: success
  type: dict
  sample: {"links": [{"name": "blue", "kind": "bridge", "mtu": 1450, "up": true, "addresses": ["10.20.1.1/24"]}]}
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
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_info


def main() -> None:
    """Run the module."""
    run_info()


if __name__ == "__main__":
    main()
