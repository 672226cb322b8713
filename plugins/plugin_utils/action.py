# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take an action's arguments as Ansible does, and refuse in one sentence what ends there in a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from .text import one_line


class Action(ActionBase):
    """An action on the controller: ``arguments`` is its specification, ``act`` does it."""

    TRANSFERS_FILES = False
    _requires_connection = False
    arguments: Mapping[str, Mapping[str, Any]] = {}

    def act(self, given: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Do it and return the result; raise AnsibleActionFail with the reason."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task; raise AnsibleActionFail, with one sentence."""
        result = super().run(tmp, task_vars)
        try:
            return dict(result, **self.act(self._given(), task_vars or {}))
        except AnsibleError as error:
            text = str(error)
            if len(text.splitlines()) < 2:
                raise
            raise AnsibleActionFail(one_line(text)) from None

    def _given(self) -> dict[str, Any]:
        """Return the arguments in the types that the specification says."""
        given = dict(self._task.args)
        for name, value in list(given.items()):
            if not isinstance(name, str):
                raise AnsibleActionFail("unknown option %r, known are %s" % (name, ", ".join(sorted(self.arguments))))
            # Ansible 2.19 makes it a decimal number, and fails to make that a whole one (check_type_int()).
            if (
                self.arguments.get(name, {}).get("type") == "int"
                and str(value).strip().lower().lstrip("+-") in _ENDLESS
            ):
                raise AnsibleActionFail("%s: %r is not a whole number" % (name, str(value)))
        self._task.args = given
        _spec, arguments = self.validate_argument_spec(argument_spec=dict(self.arguments))
        return dict(arguments)


_ENDLESS = ("inf", "infinity")
