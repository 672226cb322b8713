#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, name, change and remove network namespaces."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netns
short_description: Make, name, change and remove network namespaces
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes and removes named network namespaces, as C(ip netns add) and C(ip netns del) do.
  - With O(attach) the module names the namespace of a process or container, as C(ip netns attach) does.
  - The namespace exists as long as a process is in it. The kernel removes the virtual links of a namespace that ends.
options:
  name:
    description:
      - Name of the namespace, a file name below C(/run/netns), or its path. A name that reads as another form (V(host),
        V(container:z)) needs its path (V(/run/netns/container:z)). Results use the path of such a name.
    type: str
    required: true
  attach:
    description:
      - The existing namespace to name. V(pid:N) is the namespace of process N, V(pidfile:PATH) of the process whose
        number is in a file, and V(container:NAME) of a container. V(docker:NAME), V(podman:NAME), V(nerdctl:NAME),
        V(crictl:ID), V(lxc:NAME) and V(machine:NAME) ask only one runtime.
      - A name of another namespace is refused, unless O(recreate=true). A restarted container has a new namespace, and
        the name keeps the old namespace.
      - An attached namespace is foreign and has no mark of the collection. So
        O(netloom.overlay.network_state#module:state=overridden) keeps the name.
    type: str
  nsid:
    description:
      - Id of the namespace in the module's namespace (C(ip netns set)), a number or V(auto) for any free number.
      - The kernel sets an id once and keeps it for the life of the namespace. Another number is refused. A rollback
        keeps the id.
    type: str
  loopback:
    description:
      - Whether the namespace's C(lo) is up. The default in a new namespace is V(true). In an attached namespace C(lo)
        is unmanaged by default.
    type: bool
  resolver:
    description:
      - Content of C(/etc/netns/NAME/resolv.conf), which C(ip netns exec) shows as C(/etc/resolv.conf).
      - The keys are C(nameservers) (addresses), C(search) (domains) and C(options) (words), each a list. V({}) removes
        the file.
    type: dict
  state:
    description:
      - V(present) creates the namespace if it does not exist, and changes options that differ. V(absent) removes the
        name and the resolver file. An attached namespace stays with its process.
    type: str
    choices: [present, absent]
    default: present
  recreate:
    description:
      - Allow the module to move the name from another namespace to the namespace of O(attach).
    type: bool
    default: false
extends_documentation_fragment:
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.veth_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a namespace with its own resolver
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

- name: Remove the resolver file
  netloom.overlay.netns:
    name: client1
    resolver: {}

- name: Name the namespace of a running container
  netloom.overlay.netns:
    name: web
    attach: container:web
    recreate: true

- name: Create a namespace with the id 7
  netloom.overlay.netns:
    name: client2
    nsid: 7

- name: Remove the namespace with its links
  netloom.overlay.netns:
    name: client1
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
    - ip netns add client1 && ip -n client1 link set dev lo up && write /etc/netns/client1/resolv.conf
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
    run_object("netns")


if __name__ == "__main__":
    main()
