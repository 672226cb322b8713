# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show who reaches whom, from what all hosts of the play have registered."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ..module_utils._verify.host_view import HostView
from ..module_utils._verify.report import Verdict, verdict
from ..plugin_utils.action import Action
from ..plugin_utils.text import one_line

display = Display()

ARGUMENTS = {"path": {"type": "path"}, "quiet": {"type": "bool", "default": False}}


class ActionModule(Action):
    """Write the report from what all hosts of the play have registered."""

    arguments = ARGUMENTS

    def act(self, given: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Show the report; fail with the causes where something is wrong."""
        if variables.get("netloom_overlay_error"):
            return {
                "failed": True,
                "msg": one_line("the inventory was refused: %s" % variables["netloom_overlay_error"]),
            }
        report = _report(variables)
        if not given["quiet"]:
            display.display("\n%s\n" % report.text)
        if given["path"]:
            _write(given["path"], report.text)
        result = {
            "changed": False,
            "text": report.text,
            "causes": list(report.causes),
            "pairs": report.tried,
            "failed_pairs": report.failed,
        }
        if report.causes:
            head = "%d of %d pairs fail" % (report.failed, report.tried)
            del result["text"]  # Ansible would show it again, on one line
            result.update(failed=True, msg=one_line("%s. %s" % (head, ". ".join(report.causes))))
        return result


def _write(path: str, text: str) -> None:
    """Write the report to a file. Raises AnsibleActionFail."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write("%s\n" % text)
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        reason = getattr(error, "strerror", None) or error
        raise AnsibleActionFail("the report could not be written to %s: %s" % (path, reason)) from None


def _report(variables: dict[str, Any]) -> Verdict:
    """Make the report; raise AnsibleActionFail where a host's variables are not what the collection gives them."""
    try:
        views, silent = _views(variables)
        return verdict(views, silent)
    except _OF_SHAPE as error:
        raise AnsibleActionFail(
            "what the hosts of the play have told cannot be read (%s: %s): their netloom_overlay must be what the"
            " inventory plugin gives, verify_probe and verify_state what the module verify_probe returns"
            % (type(error).__name__, error)
        ) from None


#: What comes of a variable that has another shape than it should: somebody has set it by hand.
_OF_SHAPE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _views(variables: dict[str, Any]) -> tuple[dict[str, HostView], list[str]]:
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
        views[name] = HostView(name, intent, reach, state.get("state") or {})
    return views, silent
