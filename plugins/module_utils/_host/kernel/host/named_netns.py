# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, set and remove named namespaces: the file, the loopback link, the id, the resolver file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...state.model import HOST, Entry, Operation
from ...tables.failure import Impossible
from ...tables.links.any_link import MARK_GROUP
from ...tables.objects.netns import AUTO
from ..netlink.channel import KernelError
from ..netlink.codec import encode
from ..wires.link_wire import LINK
from .netns_files import write_resolver

if TYPE_CHECKING:
    from ..observe import Observer


def carry_out(observer: Observer, operation: Operation) -> None:
    """Make, set or remove a namespace; raise OSError, ValueError or KernelError. One that is half made is removed."""
    name = operation.entry.name
    if operation.verb == "del":
        observer.drop(name)
        observer.namespaces.remove(name)
        write_resolver(name, "")
        return
    try:
        _set(observer, operation)
    except (OSError, ValueError, KernelError):
        if operation.verb == "add" and observer.namespaces.has(name):
            observer.drop(name)
            observer.namespaces.remove(name)
        raise


def _set(observer: Observer, operation: Operation) -> None:
    entry = operation.entry
    name = entry.name
    if operation.verb == "add" and observer.namespaces.put_file_back(name):
        return
    made = operation.verb == "add" and not observer.namespaces.bind(name, entry.options.get("attach"))
    if made:
        observer.namespaces.create(name)
    if made or "loopback" in entry.options:
        _loopback(observer, name, mark=made, up=entry.options.get("loopback"))
    if made:
        observer.namespaces.publish(name)
    if "nsid" in entry.options:
        try:
            observer.relate(HOST, name, -1 if entry.options["nsid"] == AUTO else entry.options["nsid"])
        except KernelError as why:
            raise Impossible(option="nsid", reason=why) from None
    if "resolver" in entry.options:
        write_resolver(name, entry.options["resolver"])


def _loopback(observer: Observer, name: str, mark: bool, up: bool | None) -> None:
    """Set what lo has: the mark that says whose the namespace is, and whether it is up."""
    options: dict[str, Any] = {"group": MARK_GROUP} if mark else {}
    if up is not None:
        options["up"] = up
    message = encode(LINK.write(observer, Operation("set", Entry("link", (name, "lo"), options))))
    for error in observer.channel(name).batch([message]).values():
        raise OSError(error.number, str(error))
