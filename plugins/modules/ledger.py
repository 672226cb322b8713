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
  - Records in the ledger what the inventory plugin P(netloom.overlay.fabric#inventory) proposed, or gives something up.
  - Runs on the controller, where the ledger is. No connection to a host is made.
  - The ledger is changed under a lock and replaced at once. Where another controller has meanwhile recorded something
    that the proposal contradicts, nothing is written and the task fails. Run the playbook again then,
    as the inventory is read anew.
  - What stands in the ledger never moves. Only O(state=released) takes it away.
options:
  state:
    description:
      - V(recorded) adds what was proposed.
      - V(released) gives up what O(network), O(host) and O(workload) name. What the ledger does not hold is no error.
    type: str
    choices: [recorded, released]
    default: recorded
  path:
    description:
      - The ledger's file on the controller.
        Left out, the one that the inventory names (C(netloom_overlay_ledger.path)).
    type: path
  proposed:
    description:
      - What to record, by network, with the keys C(vni), C(hosts), C(workloads) and C(subnets).
        Left out, what the inventory proposed (C(netloom_overlay_ledger.proposed)).
      - With O(state=recorded) only.
    type: dict
  network:
    description: Give up what this network holds. With O(host) or O(workload), only what these hold in it.
    type: str
  host:
    description: Give up the addresses and subnets of this host.
    type: str
  workload:
    description: Give up the addresses of this workload.
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
    description: Shows what would change and writes nothing.
    support: full
  diff_mode:
    description: Shows the ledger before and after.
    support: full
seealso:
  - plugin: netloom.overlay.fabric
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Record what the inventory proposed
  netloom.overlay.ledger:
  run_once: true

- name: Give up the VNI and the addresses of a network
  netloom.overlay.ledger:
    state: released
    network: red
  run_once: true

- name: Give up what a host that is gone held in all networks
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
  description: What the ledger holds now (in check mode, would hold), by network.
  returned: success
  type: dict
  sample: {red: {vni: 10000, hosts: {node1: 10.20.2.1}}}
"""
