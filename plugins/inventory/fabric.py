# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn the fleet's overlay networks into each host's own configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric
short_description: Compute the desired state of each host from the fleet's overlay networks
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Reads the overlay networks of the whole fleet from one YAML file. Resolves VNIs, VTEP addresses, MACs, peers and MTU
    once for all hosts.
  - Sets the variable C(netloom_overlay) of each host. Its key C(config) is the desired state for
    M(netloom.overlay.network_state). The keys C(networks), C(workloads) and C(underlay) are for verification.
  - Sets the variable C(netloom_overlay_ledger) of the group C(all), with the ledger's path and the proposals that are
    not recorded yet. Reading an inventory writes nothing. The M(netloom.overlay.ledger) action records the proposals.
  - Refuses impossible networks with a message that names host and key. Ansible only warns about a failed source. So the
    message is also in the variable C(netloom_overlay_error) of the group C(all), and no host gets C(netloom_overlay).
  - The desired state of a host does not depend on C(--limit).
  - Ansible must read the file after the sources with the hosts. So the file's name must sort last in an inventory
    directory.
notes:
  - The host variable C(netloom_overlay_host) has settings of one host. Its keys are C(underlay) (C(address), C(device),
    C(mtu)) and C(networks) (by network, the keys of a member). The variable can be a host variable or a group variable.
  - The collection's docs/inventory.md describes every key of networks and workloads.
options:
  plugin:
    description: Marks the file as a source for this plugin.
    type: str
    required: true
    choices: [netloom.overlay.fabric]
  fabric:
    description: Name of the fabric. MACs depend on the name, so two fabrics in one building have different MACs.
    type: str
    default: netloom
  ledger:
    description: File with the assigned VNIs and addresses, relative to this file. The file need not exist yet.
    type: str
    default: ledger.yml
  vni_range:
    description: First and last VNI for networks without a VNI of their own.
    type: list
    elements: int
    default: [10000, 19999]
  hosts:
    description:
      - Host pattern (or a list) of the hosts that get C(netloom_overlay). A host without networks gets an empty desired
        state.
    type: raw
    default: all
  underlay:
    description:
      - Endpoints of the tunnels. C(address) is an address, the name of a host variable, or a template (default
        V(ansible_host)). C(device) is a link name or V(auto) (default). C(mtu) is in bytes (default 1500).
    type: dict
    default: {}
  networks:
    description: The overlay networks by name.
    type: dict
    default: {}
  workloads:
    description: The namespaces and containers to attach to networks, by name.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# inventory/90-fabric.yml, read after the sources that bring the hosts
plugin: netloom.overlay.fabric
ledger: ledger.yml
vni_range: [10000, 19999]
underlay: {address: ansible_host, device: auto, mtu: 1500}
networks:
  blue:
    encap: geneve
    topology: mesh
    hosts: tenant_blue
    vni: 1000
    subnet: 10.20.1.0/24
  red:
    encap: vxlan
    topology: mesh
    replication: static
    hosts: all
    subnet: 10.20.2.0/24
workloads:
  client1: {host: node1, network: blue, attach: veth, addresses: [10.20.1.11/24]}
"""

import os

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.manager import InventoryManager
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import Templar
from ansible.vars.manager import VariableManager

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every string is a template

    def trust_as_template(value):
        """Return the string."""
        return value


from ..module_utils._fleet.ledger import LedgerError
from ..module_utils._fleet.resolve import resolve
from ..module_utils._fleet.source import read_fabric
from ..module_utils._fleet.values import FabricError
from ..plugin_utils.ledger_file import load

VARIABLE = "netloom_overlay"
LEDGER_VARIABLE = "netloom_overlay_ledger"
ERROR_VARIABLE = "netloom_overlay_error"
HOST_VARIABLE = "netloom_overlay_host"


class InventoryModule(BaseInventoryPlugin):
    """Read the source, ask the inventory so far for hosts and variables, resolve, set the results."""

    NAME = "netloom.overlay.fabric"

    def verify_file(self, path):
        """Take YAML files; the plugin key decides."""
        return super().verify_file(path) and path.endswith(tuple(constants.YAML_FILENAME_EXTENSIONS))

    def parse(self, inventory, loader, path, cache=True):
        """Resolve the fleet's intent into host variables.

        Raises AnsibleParserError for a source that cannot work. Ansible makes a warning of it, so the reason is
        left in a variable.
        """
        super().parse(inventory, loader, path, cache)
        try:
            self._parse(inventory, loader, path)
        except (FabricError, LedgerError, AnsibleError) as error:
            reason = "%s: %s" % (os.path.basename(path), getattr(error, "message", None) or error)
            inventory.set_variable("all", ERROR_VARIABLE, _trusted(reason.replace("{{", "{ {").replace("{%", "{ %")))
            raise AnsibleParserError(reason) from None

    def _parse(self, inventory, loader, path):
        # The intent is read before Ansible casts it to DOCUMENTATION's types, which drops unknown keys.
        source = _plain(loader.load_from_file(path, cache="none"))
        read_fabric(source)
        self._read_config_data(path)
        if not inventory.hosts:
            raise AnsibleParserError(
                "there are no hosts yet: this source is read before the ones that bring them."
                " Name it so that it sorts after them (like 90-fabric.yml), or give it last with -i"
            )
        if LEDGER_VARIABLE in inventory.groups["all"].vars:
            raise AnsibleParserError("an inventory has one source of this plugin, and there is another")
        fleet = _Fleet(inventory, loader, path)
        ledger_path = os.path.join(os.path.dirname(os.path.abspath(path)), str(self.get_option("ledger")))
        underlay = source.get("underlay")
        address = underlay.get("address", "ansible_host") if isinstance(underlay, dict) else "ansible_host"
        variables = {name: fleet.say(name, address) for name in inventory.hosts}
        resolution = resolve(source, fleet.select, variables, load(ledger_path))
        for host, value in resolution.hosts.items():
            inventory.set_variable(host, VARIABLE, _trusted(value))
        ledger = {"path": ledger_path, "proposed": resolution.proposed_data()}
        inventory.set_variable("all", LEDGER_VARIABLE, _trusted(ledger))


class _Fleet:
    """Answer for the hosts of the inventory so far, with Ansible's own patterns, precedence and templates."""

    def __init__(self, inventory, loader, path):
        source = inventory.current_source
        inventory.reconcile_inventory()  # puts all hosts under all, as after the last source
        inventory.current_source = source
        self.loader = loader
        # Variable files beside this source count too, as they will when all sources have been read.
        sources = [one for one in inventory.processed_sources if one] + [path]
        self.manager = InventoryManager(loader=loader, sources=sources, parse=False)
        self.manager._inventory = inventory  # noqa: SLF001 (the one way to ask an inventory that is being read)
        self.variables = VariableManager(loader=loader, inventory=self.manager)

    def select(self, where, patterns):
        """Return the names of the hosts that patterns match, whatever the limit is."""
        try:
            hosts = self.manager.get_hosts(list(patterns), ignore_limits=True, ignore_restrictions=True)
        except AnsibleError as error:
            raise FabricError(where, "%s" % error) from None
        return [str(host.name) for host in hosts if not host.implicit]

    def say(self, name, address):
        """Return what a host says of itself, its underlay address resolved."""
        variables = self.variables.get_vars(host=self.manager.get_host(name), include_hostvars=False)
        templar = Templar(loader=self.loader, variables=variables)
        where = "%s of %s" % (HOST_VARIABLE, name)
        try:
            said = _plain(templar.template(variables.get(HOST_VARIABLE) or {}))
        except AnsibleError as error:
            raise FabricError(where, "%s" % error) from None
        if not isinstance(said, dict):
            raise FabricError(where, "must be a mapping, not %r" % (said,))
        own = said.get("underlay") or {}
        if not isinstance(own, dict):
            raise FabricError(where + ".underlay", "must be a mapping, not %r" % (own,))
        found = self._address(name, own.get("address", address), variables, templar)
        return dict(said, underlay=dict(own, address=found))

    def _address(self, name, address, variables, templar):
        """Resolve an address, a variable's name or a template; ansible_host falls back to the host's name."""
        if not isinstance(address, str):
            return address
        try:
            if "{{" in address:
                return str(templar.template(_trusted(address)))
            if address == "ansible_host":
                return str(templar.template(variables.get("ansible_host", name)))
            if address in variables:
                return str(templar.template(variables[address]))
        except AnsibleError as error:
            raise FabricError("underlay.address", "%s: %s" % (name, error)) from None
        return address


def _trusted(value):
    """Mark all strings as from the source, as ansible.builtin.yaml does.

    ansible-core 2.19 templates only what is trusted, and its ansible-inventory --list writes other strings as mappings.
    The attribute trusted_by_default does not serve: seen on 2.19, the first source's choice is kept for all others.
    """
    if isinstance(value, dict):
        return {key: _trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def _plain(value):
    """Return Ansible's tagged values as plain ones; keys stay as they are, so that a wrong type is seen."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
