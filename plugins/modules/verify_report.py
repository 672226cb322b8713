#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show who reaches whom."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Report the reachability of all pairs and likely causes of failures
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Reads the results of M(netloom.overlay.verify_probe) on all hosts of the play, registered as C(verify_probe) and
    C(verify_state). Shows the reachability of all pairs of each network, and the MTU.
  - For failed pairs, compares the state of both ends with the desired state and with each other. Then shows the likely
    causes, each with the pairs that the cause breaks, and fails.
  - Runs on the controller. The role P(netloom.overlay.verify#role) calls it.
options:
  path:
    description: File on the controller for a copy of the report.
    type: path
  quiet:
    description: Do not write the report to the screen.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Runs in the same way, because nothing changes.
    support: full
  diff_mode:
    description: There are no differences to show.
    support: none
seealso:
  - module: netloom.overlay.verify_probe
"""

EXAMPLES = r"""
- name: Show the reachability of all pairs
  netloom.overlay.verify_report:
  run_once: true
"""

RETURN = r"""
text:
  description: The whole report, one matrix for each network.
  returned: success
  type: str
causes:
  description: The likely causes, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["node3: link blue (blue) is down"]
pairs:
  description: Number of tried pairs.
  returned: always
  type: int
  sample: 24
failed_pairs:
  description: Number of failed pairs.
  returned: always
  type: int
  sample: 0
"""
