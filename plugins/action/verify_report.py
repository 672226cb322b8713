# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show who reaches whom, from what all hosts of the play have registered."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.verify.report import verdict
from ..module_utils.verify.view import View

display = Display()

ARGUMENTS = {"path": {"type": "path"}, "quiet": {"type": "bool", "default": False}}


class ActionModule(ActionBase):
    """Write the report from what all hosts of the play have registered."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Show the report; fail with the causes where something is wrong."""
        result = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        variables = task_vars or {}
        if variables.get("netloom_overlay_error"):
            return dict(result, failed=True, msg="the inventory was refused: %s" % variables["netloom_overlay_error"])
        views, silent = _views(variables)
        report = verdict(views, silent)
        if not arguments["quiet"]:
            display.display("\n%s\n" % report.text)
        if arguments["path"]:
            _write(arguments["path"], report.text)
        result.update(
            changed=False, text=report.text, causes=list(report.causes), pairs=report.tried, failed_pairs=report.failed
        )
        if report.causes:
            head = "%d of %d pairs fail" % (report.failed, report.tried)
            del result["text"]  # Ansible would show it again, on one line
            result.update(failed=True, msg="%s. %s" % (head, ". ".join(report.causes)))
        return result


def _write(path: str, text: str) -> None:
    """Write the report to a file. Raises AnsibleActionFail."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("%s\n" % text)
    except OSError as error:
        raise AnsibleActionFail("the report could not be written to %s: %s" % (path, error.strerror)) from None


def _views(variables: dict[str, Any]) -> tuple[dict[str, View], list[str]]:
    """Return what each host of the play told, and the names of those that told nothing though they should have."""
    views, silent = {}, []
    for name in variables.get("ansible_play_hosts_all", []):
        host = variables["hostvars"][name]
        intent = host.get("netloom_overlay")
        if intent is None:
            continue
        reach, state = host.get("verify_probe") or {}, host.get("verify_state") or {}
        if "pairs" not in reach:
            silent.append(name)
        views[name] = View(name, intent, reach, state.get("state") or {})
    return views, silent
