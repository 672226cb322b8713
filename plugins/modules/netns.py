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
  - Makes and removes a network namespace with a name, as C(ip netns add) and C(ip netns del) do.
  - With O(attach) it gives a name to the namespace of a process or container, as C(ip netns attach) does.
  - The namespace itself lives on as long as a process is in it. Links that end with it are removed by the kernel.
options:
  name:
    description:
      - Name of the namespace, a file name below C(/run/netns), or its path. One whose name says another namespace
        (V(host), V(container:z)) is called by its path (V(/run/netns/container:z)), and told by it.
    type: str
    required: true
  attach:
    description:
      - The namespace that gets the name, instead of a new one. V(pid:N) is that of process N, V(pidfile:PATH) that of
        the process whose number stands in a file, and V(container:NAME) that of a container. V(docker:NAME),
        V(podman:NAME), V(nerdctl:NAME), V(crictl:ID), V(lxc:NAME) and V(machine:NAME) ask one runtime alone.
      - A name that is another namespace's is left there, unless O(recreate=true). A container that is started again has
        a new namespace, and the name still keeps the old one.
      - What is attached does not carry the collection's mark. So
        O(netloom.overlay.network_state#module:state=overridden) leaves the name alone.
    type: str
  nsid:
    description:
      - The id that the module's namespace has for it (C(ip netns set)), a number or V(auto) for any that is free.
      - The kernel gives an id once and keeps it for the life of the namespace. Another number is refused. An id also
        stays when the run is taken back.
    type: str
  loopback:
    description:
      - Whether its link C(lo) is up. In a new namespace it is set up when this is left out, in an attached one it is
        left as it is.
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
        removes name and resolver file. An attached namespace lives on with its process.
    type: str
    choices: [present, absent]
    default: present
  recreate:
    description:
      - Allow to take the name away from another namespace than the one of O(attach).
    type: bool
    default: false
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

- name: Give a container's namespace a name, that of its present run
  netloom.overlay.netns:
    name: web
    attach: container:web
    recreate: true

- name: A namespace that this one knows by the id 7
  netloom.overlay.netns:
    name: client2
    nsid: 7

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

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("netns")


if __name__ == "__main__":
    main()
