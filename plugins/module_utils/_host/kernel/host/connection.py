# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the connection of this run. sshd writes it to SSH_CONNECTION, which sudo removes from its child."""

from __future__ import annotations

import ipaddress
import os
import struct
from typing import TYPE_CHECKING, Optional

from ...state.model import HOST, Connection
from ...tables.types.addresses import packed_ip
from ..netlink import constants as c
from ..netlink.channel import KernelError
from ..netlink.walk import attributes

if TYPE_CHECKING:
    from ..observe import Observer


VARIABLE = "SSH_CONNECTION"  # man ssh: client address and port, server address and port


def connection(observer: Observer) -> Connection | None:
    """Return the SSH connection above this process, or None where there is none (local, lab, console)."""
    ends = _ends()
    if ends is None:
        return None
    client, server = ends
    version = ipaddress.ip_address(client).version
    family, bits = (c.AF_INET, 32) if version == 4 else (c.AF_INET6, 128)
    packed = packed_ip(client)
    payload = struct.pack("=BBBBBBBBI", family, bits, 0, 0, 0, 0, 0, 0, 0)
    payload += struct.pack("=HH", 4 + len(packed), c.RTA_DST) + packed
    try:
        found = attributes(observer.channel(HOST).ask(c.RTM_GETROUTE, payload), 12)
    except KernelError:
        return None  # no route to the client: nothing here can cut the path
    device = observer.view(HOST).name(int(struct.unpack("=I", found[c.RTA_OIF])[0]))
    return Connection(client, server, device)


def _ends() -> Optional[tuple[str, str]]:
    """Look for the variable in this process and its parents."""
    value = os.environ.get(VARIABLE, "")
    process = os.getppid()
    while not value and process > 1:
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                pairs = file.read().split(b"\0")
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
                # man 5 proc: the name stands in parentheses and may hold anything; state and parent follow.
                process = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None
        value = next((pair.decode().partition("=")[2] for pair in pairs if pair.startswith(b"SSH_CONNECTION=")), "")
    parts = value.split()
    if len(parts) != 4:
        return None
    try:
        client, server = (str(ipaddress.ip_address(part.partition("%")[0])) for part in (parts[0], parts[2]))
    except ValueError:
        return None
    return client, server
