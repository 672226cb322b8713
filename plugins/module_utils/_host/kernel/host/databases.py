# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look up names in this host's databases: iproute2's (rt_tables and the like), those of protocols, services and users.

The parameters of a kernel module are such a database too.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
from collections.abc import Iterator
from typing import Callable, Optional

#: Where iproute2 looks, the first before the second (lib/rt_names.c); releases 6.5 and 6.6 had them in the third.
FOLDERS = ("/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2")


_OF_MODULE = "parameters of "
#: Databases that the C library reads. "etc/group" has groups of users; "group" is iproute2's, of links.
_OF_LIBC: dict[str, Callable[[str], int]] = {
    "protocols": socket.getprotobyname,
    "passwd": lambda name: pwd.getpwnam(name).pw_uid,
    "etc/group": lambda name: grp.getgrnam(name).gr_gid,
    "services": lambda name: socket.getservbyname(name, "udp"),
}


def number_of(database: str, name: str) -> Optional[int]:
    """Return the number that a name has, None where it has none.

    Namespaces make no difference: the names are those of the host that the module runs on, as in ``ip -n``.
    """
    try:
        if database in _OF_LIBC:
            return _OF_LIBC[database](name)
        if database.startswith(_OF_MODULE):
            with open(f"/sys/module/{database[len(_OF_MODULE) :]}/parameters/{name}", encoding="ascii") as file:
                return int(file.read())
    except (OSError, KeyError, ValueError):  # ValueError: a name with a NUL
        return None
    return dict(_named(database)).get(name)


def _named(database: str) -> Iterator[tuple[str, int]]:
    """Yield names and numbers; the last of a name counts."""
    for path in reversed(_files(database)):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.readlines()
        except OSError:
            continue
        for line in lines:
            words = line.split("#")[0].split()
            if len(words) == 2:
                try:
                    yield words[1], int(words[0], 0)
                except ValueError:
                    continue


def _files(database: str) -> list[str]:
    """Return the database's file, and those beside it (``rt_tables.d/*.conf``), the first to count first.

    One in a folder hides one of the same name in the folders after it.
    """
    found: dict[str, str] = {}
    for folder in FOLDERS:
        beside = os.path.join(folder, f"{database}.d")
        names = [os.path.join(f"{database}.d", one) for one in (os.listdir(beside) if os.path.isdir(beside) else ())]
        for name in (database, *sorted(one for one in names if one.endswith(".conf"))):
            if name not in found and os.path.isfile(os.path.join(folder, name)):
                found[name] = os.path.join(folder, name)
    return list(found.values())
