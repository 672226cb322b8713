# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn names of users and groups into numbers, by this host's own databases."""

from __future__ import annotations

import grp
import pwd
from typing import Any

from ...state.model import Entry, Refused, State, table_of
from ...tables.types.accounts import Account
from ...tables.types.simple import NONE


def numbered(state: State) -> State:
    """Return a wished state with the numbers that the names of users and groups have on this host.

    Raise Refused for a name that this host does not know. Namespaces make no difference: the names are those of the
    host that the module runs on, as in ``ip tuntap``.
    """
    return {ident: _numbered(entry) for ident, entry in state.items()}


def _numbered(entry: Entry) -> Entry:
    if not entry.present:
        return entry
    found: dict[str, Any] = {}
    for row in table_of(entry).of_accounts:
        name = entry.options.get(row.name, NONE)
        if isinstance(row.type, Account) and isinstance(name, str) and name != NONE:
            try:
                found[row.name] = _number(row.type.database, name)
            except KeyError:
                raise Refused(f"{entry}: {row.name}: this host has no {row.type.database} {name}") from None
    return entry.having({**entry.options, **found}) if found else entry


def _number(database: str, name: str) -> int:
    return pwd.getpwnam(name).pw_uid if database == "user" else grp.getgrnam(name).gr_gid
