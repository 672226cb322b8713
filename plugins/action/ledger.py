# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record or release in the ledger, on the controller."""

from __future__ import annotations

import os
from typing import Any, Callable

import yaml
from ansible.errors import AnsibleActionFail

from ..module_utils._fleet.ledger import Ledger, LedgerError, merge, parse, release
from ..plugin_utils.action import Action
from ..plugin_utils.ledger_file import change

ARGUMENTS = {
    "state": {"type": "str", "choices": ["recorded", "released"], "default": "recorded"},
    "path": {"type": "path"},
    "proposed": {"type": "dict"},
    "network": {"type": "str"},
    "host": {"type": "str"},
    "workload": {"type": "str"},
    "timeout": {"type": "int", "default": 60},
}


class ActionModule(Action):
    """Record or release in the ledger, on the controller."""

    arguments = ARGUMENTS

    def act(self, given: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Edit the ledger; raise AnsibleActionFail with its own reason."""
        path, edit = self._wish(given, variables)
        try:
            before, after = change(path, edit, write=not self._task.check_mode, timeout=given["timeout"])
        except LedgerError as error:
            raise AnsibleActionFail("%s" % error) from None
        result = {"changed": before != after, "path": path, "networks": yaml.safe_load(after)["networks"]}
        if before != after:
            result["diff"] = {"before_header": path, "after_header": path, "before": before, "after": after}
        return result

    def _wish(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> tuple[str, Callable[[Ledger], Ledger]]:
        """Return the ledger's path and the edit that the task asks for."""
        names = {name: arguments[name] for name in ("network", "host", "workload")}
        proposed = arguments["proposed"]
        if arguments["state"] == "recorded" and any(names.values()):
            raise AnsibleActionFail("network, host and workload go with state released only")
        from_inventory: dict[str, Any] = {}
        if not arguments["path"] or (arguments["state"] == "recorded" and proposed is None):
            from_inventory = self._from_inventory(task_vars)
        path = os.path.abspath(arguments["path"] or str(from_inventory["path"]))
        if arguments["state"] == "released":
            if proposed is not None:
                raise AnsibleActionFail("proposed goes with state recorded only")
            return path, lambda ledger: release(ledger, **names)
        if proposed is None:
            proposed = from_inventory.get("proposed") or {}
        return path, _record(proposed)

    def _from_inventory(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return what the inventory plugin left for this action; say why where it left nothing."""
        value = task_vars.get("netloom_overlay_ledger")
        if task_vars.get("netloom_overlay_error"):
            raise AnsibleActionFail("the inventory was refused: %s" % task_vars["netloom_overlay_error"])
        if value is None:
            raise AnsibleActionFail(
                "the inventory has no source of the plugin netloom.overlay.fabric; give path, and proposed to record"
            )
        value = self._templar.template(value)
        if not isinstance(value, dict) or not isinstance(value.get("path"), str) or not value["path"]:
            raise AnsibleActionFail(
                "netloom_overlay_ledger must be a mapping with path and proposed, not %r" % (value,)
            )
        return value


def _record(proposed: dict[str, Any]) -> Callable[[Ledger], Ledger]:
    """Make the edit that adds a proposal to the ledger as it is when the edit runs, under the lock."""
    addition = _parse(proposed)

    def edit(ledger: Ledger) -> Ledger:
        try:
            return merge(ledger, addition)
        except LedgerError as error:
            raise LedgerError(
                "%s. The ledger was changed after the inventory was read, and nothing was recorded now:"
                " run the playbook again, it proposes anew from the ledger as it is" % error
            ) from None

    return edit


def _parse(proposed: dict[str, Any]) -> Ledger:
    try:
        return parse({"networks": proposed})
    except LedgerError as error:
        raise AnsibleActionFail("proposed: %s" % error) from None
