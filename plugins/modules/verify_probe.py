#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ping everyone that a host should reach."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_probe
short_description: Ping all stations that a host and its workloads should reach
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Pings all other members and workloads of each network with C(fping), from the host and from the namespace of each of
    its workloads. The targets come from the variable C(netloom_overlay) of the P(netloom.overlay.fabric#inventory)
    inventory plugin.
  - Each answering station gets two packets with DF set. A packet as large as the network's MTU must pass. A packet with
    one byte more must not pass.
  - Also pings the underlay addresses of all peers, with packets as large as the underlay's MTU.
  - With O(collect=state) the module sends no pings. The module then returns links, routes, neighbor and FDB entries, as
    iproute2 reports them. The M(netloom.overlay.verify_report) action derives the causes from this state.
  - Changes nothing.
options:
  host:
    description: Name of the host in the inventory.
    type: str
    required: true
  intent:
    description: The host's variable C(netloom_overlay).
    type: dict
    required: true
  collect:
    description: The result, answers to pings (V(reach)) or the state of the namespaces (V(state)).
    type: str
    choices: [reach, state]
    default: reach
  count:
    description: Number of small pings to each address.
    type: int
    default: 3
  timeout:
    description: Milliseconds to wait for an answer.
    type: int
    default: 1000
attributes:
  check_mode:
    description: Runs in the same way, because nothing changes.
    support: full
  diff_mode:
    description: There are no differences to show.
    support: none
requirements:
  - fping
  - iproute2
  - nsenter (util-linux)
"""

EXAMPLES = r"""
- name: Ping all members of all networks
  netloom.overlay.verify_probe:
    host: "{{ inventory_hostname }}"
    intent: "{{ netloom_overlay }}"
  register: verify_probe

- name: Collect the state for the causes
  netloom.overlay.verify_probe:
    host: "{{ inventory_hostname }}"
    intent: "{{ netloom_overlay }}"
    collect: state
  register: verify_state
"""

RETURN = r"""
pairs:
  description: One row for each source on this host and each address of a target.
  returned: when O(collect=reach)
  type: list
  elements: dict
  sample:
    - network: blue
      source: node1
      target: node2
      address: 10.20.1.2
      mtu: 1450
      sent: 3
      received: 3
      ms: 0.21
      full: true
      over: false
underlay:
  description:
    - For each peer, its underlay address, the number of answers, and whether a packet as large as the underlay's MTU
      passed.
  returned: when O(collect=reach)
  type: dict
  sample: {node2: {address: 10.0.0.2, received: 3, mtu: 1500, full: true}}
wrong:
  description: Number of failed pairs.
  returned: when O(collect=reach)
  type: int
  sample: 0
state:
  description:
    - Links, addresses, routes, neighbor and FDB entries of the host's namespace and of each workload's, and the
      firewall's FORWARD chain.
  returned: when O(collect=state)
  type: dict
"""

import shutil

from ..module_utils._ansible.arguments import Module
from ..module_utils._verify.probe import probe, wrong
from ..module_utils._verify.snapshot import collect


def main() -> None:
    module = Module(
        argument_spec={
            "host": {"type": "str", "required": True},
            "intent": {"type": "dict", "required": True},
            "collect": {"type": "str", "choices": ["reach", "state"], "default": "reach"},
            "count": {"type": "int", "default": 3},
            "timeout": {"type": "int", "default": 1000},
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["collect"] == "state":
        module.exit_json(changed=False, state=collect(params["intent"]))
    for tool, package in (("fping", "fping"), ("nsenter", "util-linux")):
        if shutil.which(tool) is None:
            module.fail_json(msg="%s is missing on %s: install the package %s" % (tool, params["host"], package))
    try:
        found = probe(params["host"], params["intent"], params["count"], params["timeout"])
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, wrong=sum(bool(wrong(row)) for row in found["pairs"]), **found)


if __name__ == "__main__":
    main()
