#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell what a host can do."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capabilities
short_description: Tell whether a host can do what the inventory asks of it
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Looks for pyroute2, for programs, for the link kinds that the host needs, and for the underlay.
  - Says in one sentence each what is missing. The role P(netloom.overlay.prepare#role) mends it.
  - Changes nothing. A kernel that has a link kind as a module loads it when it is asked for it.
options:
  kinds:
    description: Link kinds that the host needs.
    type: list
    elements: str
    default: []
  tools:
    description: Programs that the host needs.
    type: list
    elements: str
    default: []
  underlay:
    description: The host's C(netloom_overlay.underlay), with C(address), C(device) and C(mtu).
    type: dict
    default: {}
  boot:
    description: Work out which kernel modules are to be loaded at boot too.
    type: bool
    default: false
attributes:
  check_mode:
    description: Does the same, as it changes nothing.
    support: full
  diff_mode:
    description: Has no differences to show.
    support: none
"""

EXAMPLES = r"""
- name: See whether the host has Geneve and fping
  netloom.overlay.capabilities:
    kinds: [geneve, bridge]
    tools: [fping]
  register: found
"""

RETURN = r"""
missing:
  description: A sentence for each thing that is missing.
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
  description: The link kinds that the kernel does not have.
  returned: always
  type: list
  elements: str
boot_file:
  description: The file that names kernel modules to load at boot.
  returned: always
  type: str
  sample: /etc/modules-load.d/netloom.overlay.conf
boot_content:
  description: What it should hold, empty where no module has to be loaded.
  returned: always
  type: str
boot_differs:
  description: Whether it holds something else now.
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
