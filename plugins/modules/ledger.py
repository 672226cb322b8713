#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document the ledger action; the action plugin does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger
short_description: Record or release assigned VNIs and addresses
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Records the proposals of the inventory plugin P(netloom.overlay.fabric#inventory) in the ledger, or releases
    recorded values.
  - Runs on the controller, where the ledger is, without a connection to a host.
  - The action takes a lock and replaces the ledger atomically. If another controller recorded a conflicting value in
    the meantime, the task fails and writes nothing. Run the playbook again, which reads the inventory again.
  - A recorded value never changes. Only O(state=released) removes it.
options:
  state:
    description:
      - V(recorded) adds the proposals.
      - V(released) removes the values of O(network), O(host) and O(workload). Values that are not in the ledger are
        ignored.
    type: str
    choices: [recorded, released]
    default: recorded
  path:
    description:
      - The ledger's file on the controller. The default is the inventory's ledger (C(netloom_overlay_ledger.path)).
    type: path
  proposed:
    description:
      - The values to record, by network, with the keys C(vni), C(hosts), C(workloads) and C(subnets). The default is
        the inventory's proposal (C(netloom_overlay_ledger.proposed)).
      - Only with O(state=recorded).
    type: dict
  network:
    description: Release the values of this network. With O(host) or O(workload), release only their values in this
      network.
    type: str
  host:
    description: Release the addresses and subnets of this host.
    type: str
  workload:
    description: Release the addresses of this workload.
    type: str
  timeout:
    description: Seconds to wait for another controller that holds the ledger's lock.
    type: int
    default: 60
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Shows the changes and writes nothing.
    support: full
  diff_mode:
    description: Shows the ledger before and after.
    support: full
seealso:
  - plugin: netloom.overlay.fabric
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Record the proposals of the inventory
  netloom.overlay.ledger:
  run_once: true

- name: Release the VNI and the addresses of a network
  netloom.overlay.ledger:
    state: released
    network: red
  run_once: true

- name: Release the values of a removed host in all networks
  netloom.overlay.ledger:
    state: released
    host: node7
  run_once: true
"""

RETURN = r"""
path:
  description: The ledger's file.
  returned: always
  type: str
  sample: /home/me/site/inventory/ledger.yml
networks:
  description: The values in the ledger after the task, by network. In check mode, the planned values.
  returned: success
  type: dict
  sample: {red: {vni: 10000, hosts: {node1: 10.20.2.1}}}
"""
