# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take a module's parameters as Ansible does, but refuse in a sentence what ends there in a traceback."""

from __future__ import annotations

# First: it keeps the bytecode of all modules that are imported behind it.
from . import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split

import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

_HEXADECIMAL = re.compile(r"\s*0[xX][0-9a-fA-F]+\s*")


class Module(AnsibleModule):
    """An AnsibleModule whose options that are dicts may be given anything.

    ansible-core looks for keys in whatever it got for an option with options of its own, and for a number raises
    TypeError (2.17 to 2.19, module_utils/common/parameters.py: set_fallbacks()). A string it refuses by name.
    """

    def _load_params(self) -> None:
        super()._load_params()
        for option, row in self.argument_spec.items():
            value = self.params.get(option)
            if row.get("type") == "dict" and not _may_be_dict(value):
                self.params[option] = str(value)
            elif row.get("elements") == "dict" and value is not None:
                self.params[option] = _dicts(value, row.get("options") or {})
            elif row.get("type") == "int" and isinstance(value, str) and _HEXADECIMAL.fullmatch(value):
                # iproute2 tells masks and labels so; check_type_int() takes a number in YAML alone.
                self.params[option] = int(value, 16)
            elif row.get("type") == "int" and str(value).strip().lower().lstrip("+-") in ("inf", "infinity"):
                # check_type_int() makes it a decimal number, and fails to make that a whole one (2.19).
                self.params[option] = repr(str(value))


def _dicts(value: Any, options: Mapping[str, Any]) -> Any:
    """Return a list of dicts in which an item that is its one needed key may stand alone: ``[10, 20-29]``."""
    key = next((name for name, option in options.items() if option.get("required")), "")
    if key and _is_alone(value):
        value = str(value).split(",")
    if not isinstance(value, (list, tuple)):
        return value
    items = [{key: item} if key and _is_alone(item) else item for item in value]
    return [item if _may_be_dict(item) else str(item) for item in items]


def _is_alone(value: Any) -> bool:
    """Tell whether something is a number or a text, and not a dict in one of the ways that Ansible has for that."""
    text = isinstance(value, str) and bool(value.strip()) and not set(value) & set("={")
    return text or (isinstance(value, int) and not isinstance(value, bool))


def _may_be_dict(value: Any) -> bool:
    return isinstance(value, (Mapping, str, type(None)))
