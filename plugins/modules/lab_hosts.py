#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make and end lab hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_hosts
short_description: Make and end lab hosts on one machine
version_added: 0.1.0
description:
  - A lab host is a group of namespaces (network, mount, UTS, IPC, PID) on the machine on which the module runs. A lab
    host reads the machine's files through its own overlay, so its writes do not change the machine.
  - The C(eth0) of each lab host is connected to the underlay, a bridge in a network namespace of its own. The machine's
    own network namespace does not change.
  - The lab has exactly the listed hosts. A running host with the desired addresses is kept. A host that has died, or
    has other addresses, is recreated. A host that is no longer listed is ended.
author:
  - The netloom.overlay contributors (@netloom)
options:
  name:
    description: Name of the lab.
    type: str
    default: default
  path:
    description:
      - Folder for the state of the lab. The folder is removed when the lab ends.
      - The default is C(/run/netloom-lab/) and O(name).
    type: path
  state:
    description:
      - V(present) creates or changes the lab.
      - V(absent) ends the hosts in O(hosts), or the whole lab if O(hosts) is empty.
    type: str
    choices: [present, absent]
    default: present
  hosts:
    description: The lab hosts.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name and hostname of the lab host.
        type: str
        required: true
      address:
        description: IPv4 address of its C(eth0), inside O(underlay.subnet).
        type: str
      address6:
        description: IPv6 address of its C(eth0), inside O(underlay.subnet6).
        type: str
      processes:
        description:
          - Processes in the lab host, each with its own network namespace, like a container.
          - The PID of each process in the lab host is in the lab host's C(/run/NAME.pid).
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the process.
            type: str
            required: true
  underlay:
    description: The network between the lab hosts.
    type: dict
    default: {}
    suboptions:
      subnet:
        description: IPv4 subnet of the underlay. Required if a host has an O(hosts[].address).
        type: str
      subnet6:
        description: IPv6 subnet of the underlay. Required if a host has an O(hosts[].address6).
        type: str
      mtu:
        description: MTU of each lab host's C(eth0), in bytes.
        type: int
        default: 1500
  share:
    description:
      - Folders below C(/tmp) or C(/run), or on another file system than C(/), that lab hosts also see. Each lab host
        sees its own writable copy.
      - Lab hosts always see folders on the root file system.
    type: list
    elements: path
    default: []
  size:
    description: Memory limit of one lab host's writes, in the form of the C(size) option of tmpfs.
    type: str
    default: 512m
attributes:
  check_mode:
    support: full
    description: Reports the hosts to create and end, and changes nothing.
  diff_mode:
    support: none
    description: The result lists the created, kept and ended hosts.
notes:
  - Needs root, C(ip), C(nsenter) and a kernel with overlay file systems.
"""

EXAMPLES = r"""
- name: Create two lab hosts
  netloom.overlay.lab_hosts:
    hosts:
      - {name: node1, address: 10.0.0.1}
      - {name: node2, address: 10.0.0.2, processes: [{name: box1}]}
    underlay: {subnet: 10.0.0.0/24, mtu: 1500}

- name: End one of them
  netloom.overlay.lab_hosts:
    hosts: [{name: node2}]
    state: absent

- name: End the lab
  netloom.overlay.lab_hosts:
    state: absent
"""

RETURN = r"""
hosts:
  description: The running lab hosts.
  returned: success
  type: list
  elements: dict
  sample: [{name: node1, pid: 4711, addresses: [10.0.0.1/24]}]
made:
  description: Names of the created lab hosts.
  returned: success
  type: list
  elements: str
started:
  description: Processes that were started in kept lab hosts, as HOST/NAME.
  returned: success
  type: list
  elements: str
ended:
  description: Names of the ended lab hosts, and C(underlay) if the underlay was ended.
  returned: success
  type: list
  elements: str
lab_path:
  description: Folder of the lab's state.
  returned: success
  type: str
"""

import os

from ..module_utils._ansible.arguments import Module
from ..module_utils._lab import lifecycle as lab_state
from ..module_utils._lab.spec import LabError, parse


def main():
    process = {"name": {"type": "str", "required": True}}
    host = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str"},
        "address6": {"type": "str"},
        "processes": {"type": "list", "elements": "dict", "default": [], "options": process},
    }
    underlay = {"subnet": {"type": "str"}, "subnet6": {"type": "str"}, "mtu": {"type": "int", "default": 1500}}
    module = Module(
        argument_spec={
            "name": {"type": "str", "default": "default"},
            "path": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "hosts": {"type": "list", "elements": "dict", "default": [], "options": host},
            "underlay": {"type": "dict", "default": {}, "options": underlay, "apply_defaults": True},
            "share": {"type": "list", "elements": "path", "default": []},
            "size": {"type": "str", "default": "512m"},
        },
        supports_check_mode=True,
    )
    options = dict(module.params, path=module.params["path"] or f"/run/netloom-lab/{module.params['name']}")
    if os.geteuid():
        module.fail_json(msg="lab_hosts needs root: namespaces and mounts are made")
    try:
        result = (ended if options["state"] == "absent" else made)(options, module.check_mode)
    except LabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(lab_path=options["path"], hosts=lab_state.running(options["path"]), **result)


def made(options, dry):
    """Make the lab and return what was done."""
    lab = parse(options)
    todo = lab_state.observe(lab) if dry else lab_state.present(lab)
    return {
        "changed": todo.changed,
        "made": [host.name for host in todo.make],
        "started": [f"{host}/{name}" for host, name in todo.start],
        "ended": sorted({item.host or "underlay" for item in todo.end}),
    }


def ended(options, dry):
    """End hosts or the whole lab and return what was done."""
    names = [host["name"] for host in options["hosts"]]
    gone = lab_state.absent(options["path"], names, dry)
    return {"changed": bool(gone), "made": [], "started": [], "ended": gone}


if __name__ == "__main__":
    main()
