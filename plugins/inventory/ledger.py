# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let a ledger file stand in an inventory directory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ledger
short_description: Allow a ledger file in an inventory directory
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - The ledger of the P(netloom.overlay.fabric#inventory) inventory plugin can be in the inventory directory, where
    Ansible reads every file as a source. This plugin reads and checks the ledger, and adds nothing to the inventory.
  - The M(netloom.overlay.ledger) action writes the ledger. Do not write the file by hand.
options:
  plugin:
    description: Marks the file as a ledger.
    type: str
    required: true
    choices: [netloom.overlay.ledger]
  version:
    description: The format of the file.
    type: int
    default: 1
  networks:
    description: The assigned values, by network.
    type: dict
    default: {}
"""

EXAMPLES = r"""
plugin: netloom.overlay.ledger
version: 1
networks:
  red:
    vni: 10000
    hosts:
      node1: 10.20.2.1
      node2: 10.20.2.2
"""

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from ..module_utils._fleet.ledger import LedgerError
from ..plugin_utils.ledger_file import load


class InventoryModule(BaseInventoryPlugin):
    """Check a ledger; add nothing."""

    NAME = "netloom.overlay.ledger"

    def verify_file(self, path):
        """Take YAML files; the plugin key decides."""
        return super().verify_file(path) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory, loader, path, cache=True):
        """Check the file."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            load(path)
        except LedgerError as error:
            raise AnsibleParserError(str(error)) from None
