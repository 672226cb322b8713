#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell what a host can do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capabilities
short_description: Check whether a host has the requirements of the inventory
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Checks pyroute2, programs, the required kinds of links, and the underlay.
  - Returns one sentence for each missing requirement. The role P(netloom.overlay.prepare#role) installs missing
    requirements.
  - Changes nothing. The kernel may load the kernel module of a kind during the check.
options:
  kinds:
    description: Required kinds of links.
    type: list
    elements: str
    default: []
  tools:
    description: Required programs.
    type: list
    elements: str
    default: []
  underlay:
    description: The host's C(netloom_overlay.underlay), with C(address), C(device) and C(mtu).
    type: dict
    default: {}
  boot:
    description: Also return the kernel modules to load at boot.
    type: bool
    default: false
attributes:
  check_mode:
    description: Runs in the same way, because nothing changes.
    support: full
  diff_mode:
    description: There are no differences to show.
    support: none
"""

EXAMPLES = r"""
- name: Check for Geneve and fping
  netloom.overlay.capabilities:
    kinds: [geneve, bridge]
    tools: [fping]
  register: found
"""

RETURN = r"""
missing:
  description: One sentence for each missing requirement.
  returned: always
  type: list
  elements: str
  sample: ["the program fping is missing"]
missing_pyroute2:
  description: Whether pyroute2 is missing or too old for the Python that runs modules on the host.
  returned: always
  type: bool
missing_tools:
  description: The programs that are missing.
  returned: always
  type: list
  elements: str
missing_kinds:
  description: The kinds of links that the kernel lacks.
  returned: always
  type: list
  elements: str
boot_file:
  description: The file with the kernel modules to load at boot.
  returned: always
  type: str
  sample: /etc/modules-load.d/netloom.overlay.conf
boot_content:
  description: The required content of RV(boot_file). Empty if no kernel module must be loaded.
  returned: always
  type: str
boot_differs:
  description: Whether RV(boot_file) has other content now.
  returned: always
  type: bool
"""


from ..module_utils._ansible.arguments import Module
from ..module_utils._verify.capabilities import look


def main() -> None:
    module = Module(
        argument_spec={
            "kinds": {"type": "list", "elements": "str", "default": []},
            "tools": {"type": "list", "elements": "str", "default": []},
            "underlay": {"type": "dict", "default": {}},
            "boot": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    found = look(params["kinds"], params["tools"], params["underlay"], params["boot"])
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
