#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show who reaches whom."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Show who reaches whom, and why not
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Reads what M(netloom.overlay.verify_probe) has registered on all hosts of the play, as C(verify_probe) and
    C(verify_state), and shows for each network who reaches whom, and the MTU.
  - Where something fails, compares the state of both ends with what the inventory wishes and with each other, shows the
    likely causes with the pairs that they break, and fails.
  - Runs on the controller. The role P(netloom.overlay.verify#role) calls it.
options:
  path:
    description: File on the controller that gets the text too.
    type: path
  quiet:
    description: Do not write the text to the screen.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Does the same, as it changes nothing.
    support: full
  diff_mode:
    description: Has no differences to show.
    support: none
seealso:
  - module: netloom.overlay.verify_probe
"""

EXAMPLES = r"""
- name: Show who reaches whom
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
  description: How many pairs were tried.
  returned: always
  type: int
  sample: 24
failed_pairs:
  description: How many of them fail.
  returned: always
  type: int
  sample: 0
"""
