# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take a module's parameters as Ansible does, but refuse in a sentence what ends there in a traceback."""

from __future__ import annotations

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
            elif row.get("elements") == "dict" and isinstance(value, (list, tuple)):
                self.params[option] = [item if _may_be_dict(item) else str(item) for item in value]
            elif row.get("type") == "int" and isinstance(value, str) and _HEXADECIMAL.fullmatch(value):
                # iproute2 tells masks and labels so; check_type_int() takes a number in YAML alone.
                self.params[option] = int(value, 16)
            elif row.get("type") == "int" and str(value).strip().lower().lstrip("+-") in ("inf", "infinity"):
                # check_type_int() makes it a decimal number, and fails to make that a whole one (2.19).
                self.params[option] = repr(str(value))


def _may_be_dict(value: Any) -> bool:
    return isinstance(value, (Mapping, str, type(None)))
