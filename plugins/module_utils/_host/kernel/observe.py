# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the current state of the kernel: one dump per namespace and table, walked attribute by attribute.

pyroute2's decoder takes 0.7 ms a link; this walk takes 0.04 ms, and needs no import of pyroute2 (0.17 s) where nothing
changes. marked() and siblings() read the namespaces of processes (containers), which have no names.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Callable

from ..state.entries import PLACED, SHARING, lower_key, made_in, place_of, rows
from ..state.model import HOST, NAMELESS, Entry, Ident, Key, State
from ..tables.links.any_link import COMMON, FLAGS, INDEX, INET6, LINK_NETNS, MARK_GROUP
from ..tables.objects.netns_reference import called_by, name_of
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.table import Kind
from ..tables.types.simple import UNSET, Names
from .host.namespaces import Namespaces, inside, named
from .host.netns_files import is_left_over, read_resolver
from .netlink import constants as c
from .netlink.channel import Channel, KernelError
from .netlink.message import View
from .netlink.walk import LazyOptions, Nest, attributes
from .wires.link_wire import decode_slave
from .wires.requests import DUMPED, TABLES, WIRES

_IFINFO = struct.Struct("=BxHiII")
_RTNL_GENERIC = struct.pack("=Bxxx", 0)

_LINKS = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + struct.pack("=HHI", 8, c.IFLA_EXT_MASK, c.RTEXT_FILTER_SKIP_STATS)


class Links(dict[str, Entry]):
    """The links of a namespace, by name.

    ``sought``: the desired objects. Where they are given, a decoder may leave out all others.
    """

    sought: Collection[Ident] | None = None
    places: Collection[Ident] | None = None  # the places that desired objects claim (ObjectType.place)
    beyond: Callable[[str], Names] | None = None  # gives the names of another namespace

    @cached_property
    def beneath(self) -> frozenset[str]:
        """Return the names of the lower devices."""
        return frozenset(key[1] for entry in self.values() for key in [lower_key(entry)] if key)

    @cached_property
    def sought_macs(self) -> frozenset[bytes]:
        """Return the MAC addresses of the desired FDB entries."""
        macs = {key[2] for type_name, key in self.sought or () if type_name == "fdb"}
        return frozenset(bytes.fromhex(mac.replace(":", "")) for mac in macs)

    def names_beneath(self, link: Entry | None, own: Names) -> Names:
        """Return the names of the namespace of a link's socket, in which its remote devices are looked up."""
        if link is None or self.beyond is None or made_in(link) == link.netns:
            return own
        return self.beyond(made_in(link))

    @cached_property
    def sought_as_one(self) -> frozenset[Ident]:
        """Return the kernel's entries behind desired objects with shared options (ObjectType.one_of)."""
        together = (
            (type_name, OBJECT_TYPES[type_name].one_of(key))
            for type_name, key in self.sought or ()
            if type_name in SHARING
        )
        return frozenset((type_name, key) for type_name, key in together if key is not None)


class Observer:
    """Hold the open sockets, and the link names of each namespace."""

    def __init__(self, namespaces: Namespaces) -> None:
        self.namespaces = namespaces
        self.views: dict[str, View] = {}
        self._channels: dict[str, Channel] = {}
        self._nsids: dict[str, dict[int, str]] = {}
        self._places: frozenset[Ident] | None = None

    def close(self) -> None:
        """Close all sockets."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def channel(self, netns: str) -> Channel:
        """Return the socket for a namespace, opened at first use."""
        if netns not in self._channels:
            fd = self.namespaces.fd(netns)
            self._channels[netns] = Channel() if netns == HOST else inside(fd, Channel)
        return self._channels[netns]

    def view(self, netns: str) -> View:
        """Return the names of a namespace, dumped at first use."""
        if netns not in self.views:
            self.links(netns)
        return self.views[netns]

    def drop(self, netns: str) -> None:
        """Forget a removed namespace."""
        channel = self._channels.pop(netns, None)
        if channel is not None:
            channel.close()
        self.views.pop(netns, None)

    def observe(self, netnses: Iterable[str], type_names: Iterable[str], sought: State | None = None) -> State:
        """Return the current objects of these types in these namespaces. Ports come with links.

        :param type_names: types of objects, and names of tables (TABLES), which become options of links and ports.
            ``passing fdb`` and the like add learned objects of the type.
        :param sought: the desired state; the FDB, which may have ten thousands of entries, is read for it alone.
        """
        wanted = set(type_names)
        state: State = {}
        self._places = None if sought is None or "address" not in wanted else _places(sought)
        for netns in netnses:
            if not self.namespaces.has(netns):
                continue
            found = self.links(netns)
            state.update((entry.ident, entry) for entry in found)
            # FDB entries of a VNI's group or remote are not reported as entries of their own.
            also = {
                table for table, option in _asked_along(wanted) if any(entry.options.get(option) for entry in found)
            }
            for name in (wanted | also) & TABLES.keys():
                self._fill(netns, name, state, found)
            for type_name in DUMPED:
                if type_name in wanted:
                    self._dump(netns, type_name, state, f"passing {type_name}" in wanted, sought)
        if "netns" in wanted:
            state.update((entry.ident, entry) for entry in self.netns_entries())
        return state

    def _fill(self, netns: str, name: str, state: State, found: list[Entry]) -> None:
        """Add a table to the links and ports that have one; a kernel without such tables reports none."""
        table = TABLES[name]
        try:
            bodies = self.channel(netns).dump(*table.dump)
        except KernelError as error:
            if error.number != errno.EOPNOTSUPP:
                raise
            bodies = []
        filled = table.fill(bodies, self.view(netns), [state[entry.ident] for entry in found])
        state.update((entry.ident, entry) for entry in filled)

    def _dump(self, netns: str, type_name: str, state: State, passing: bool, sought: State | None) -> None:
        channel, view = self.channel(netns), self.view(netns)
        wire = WIRES[type_name]
        bodies: list[bytes] = []
        for request in wire.dumps:
            try:
                bodies += channel.dump(*request)
            except KernelError as error:
                if not wire.may_lack or error.number not in (errno.EOPNOTSUPP, errno.EAFNOSUPPORT):
                    raise
        found = (entry for entry in state.values() if entry.type == "link" and entry.netns == netns)
        links = Links((entry.name, entry) for entry in found)
        links.sought, links.places, links.beyond = sought, self._places, partial(_Elsewhere, self)
        decode = wire.decode_passing if passing else wire.decode
        told: Iterable[Entry | None] = ()
        if wire.decode_all is not None:
            told = wire.decode_all(netns, bodies, view, links)
        elif decode is not None:
            told = (decode(netns, body, view, links) for body in bodies)
        for entry in told:
            if entry is None:
                continue
            other = state.get(entry.ident)
            # A route of the kernel and ours may share a key. Ours is compared.
            if other is None or (entry.owned and not other.owned):
                state[entry.ident] = entry

    def links(self, netns: str) -> list[Entry]:
        """Dump the links of a namespace, with their port options."""
        view = View()
        parsed = []
        for body in self.channel(netns).dump(c.RTM_GETLINK, _LINKS):
            _family, _type, index, flags, _change = _IFINFO.unpack_from(body)
            found = attributes(body, 16)
            view.add(found[c.IFLA_IFNAME].rstrip(b"\0").decode(), index)
            parsed.append((index, flags, found))
        self.views[netns] = view
        entries: list[Entry] = []
        for index, flags, found in parsed:
            entries += self._link(netns, view.name(index), flags, found, view)
        return entries

    def _link(self, netns: str, name: str, flags: int, found: Mapping[int, bytes], view: View) -> list[Entry]:
        info = attributes(found.get(c.IFLA_LINKINFO, b""))
        kind_name = info.get(c.IFLA_INFO_KIND, b"").rstrip(b"\0").decode()
        kind = KINDS.get(kind_name)
        options = self._options(netns, kind, flags, found, Nest(info.get(c.IFLA_INFO_DATA, b"")), view.index(name))
        # lo has no kind. Its mark is the mark of its namespace.
        owned = options.get("group") == MARK_GROUP and bool(kind_name)
        key: Key = (netns, name)
        entries = [Entry("link", key, options, owned=owned, kind=kind.name if kind else "")]
        if info.get(c.IFLA_INFO_SLAVE_KIND, b"").rstrip(b"\0") == b"bridge":
            entries.append(decode_slave(key, Nest(info.get(c.IFLA_INFO_SLAVE_DATA, b"")), view))
        return entries

    def _options(
        self, netns: str, kind: Kind | None, flags: int, found: Mapping[int, bytes], data: Nest, number: int
    ) -> Mapping[str, Any]:
        """Return a link's options, and the namespace of its socket, lower device or peer."""
        lower_netns = self._lower_netns(netns, found) if kind is not None else netns
        names = self.views[netns] if lower_netns == netns else _Elsewhere(self, lower_netns)
        values: dict[str, Any] = {INDEX.name: number}
        if kind is not None and kind.peered:
            index = int.from_bytes(found.get(c.IFLA_LINK, b"\0\0\0\0"), _ORDER)
            values.update(zip(kind.peer, (names.name(index), lower_netns)))
        elif kind is not None and kind.tells_netns:
            values[LINK_NETNS.name] = lower_netns
        told = LazyOptions(
            rows("link", kind.name if kind else "").named,
            partial(_option, kind, flags, found, data, self.views[netns], names),
            values,
        )
        # Another namespace may be gone when an option is decoded.
        return told if lower_netns == netns else dict(told)

    def _lower_netns(self, netns: str, found: Mapping[int, bytes]) -> str:
        payload = found.get(c.IFLA_LINK_NETNSID)
        if payload is None:
            return netns
        return self._netns_of(netns, struct.unpack("=i", payload)[0])

    def _netns_of(self, netns: str, nsid: int) -> str:
        """Return the name of the namespace that has an id in another one (man ip-netns, "nsid")."""
        if netns not in self._nsids or nsid not in self._nsids[netns]:
            known: dict[int, str] = {}
            for other in self.namespaces.known():
                number = self.nsid(netns, other)
                if number >= 0:
                    known[number] = other
            self._nsids[netns] = known
        return self._nsids[netns].get(nsid, f"{NAMELESS}{nsid}")

    def nsid(self, netns: str, other: str) -> int:
        """Return the id that one namespace has for another, -1 where the two share no link."""
        ask = _RTNL_GENERIC + struct.pack("=HHI", 8, c.NETNSA_FD, self.namespaces.fd(other))
        answer = attributes(self.channel(netns).ask(c.RTM_GETNSID, ask), 4)
        number: int = struct.unpack("=i", answer[c.NETNSA_NSID])[0]
        return number

    def relate(self, netns: str, other: str, number: int = -1) -> None:
        """Give another namespace an id in this one, so that links there are found by the namespace of their creation.

        Newer kernels give none when a link is created in the other namespace directly. -1 is any free number; an
        existing id stays.
        """
        payload = _RTNL_GENERIC + struct.pack("=HHi", 8, c.NETNSA_NSID, number)
        payload += struct.pack("=HHI", 8, c.NETNSA_FD, self.namespaces.fd(other))
        try:
            self.channel(netns).request(c.RTM_NEWNSID, payload)
        except KernelError as error:
            if error.number != errno.EEXIST or number not in (-1, self.nsid(netns, other)):
                raise

    def netns_entries(self) -> list[Entry]:
        """Return the named namespaces with their loopback and resolver."""
        entries = []
        for name in map(called_by, named()):
            if not self.namespaces.has(name):
                continue
            loopback = next((entry for entry in self.links(name) if entry.name == "lo"), None)
            options: dict[str, Any] = {"resolver": read_resolver(name)}
            attached, number = self.namespaces.attached(name), self.nsid(HOST, name)
            if attached is not None:
                options["attach"] = attached
            # Where the name stands for another namespace, the desired one is open, so id and lo are not the name's.
            other = attached is not None and attached.startswith("net:[")
            if number >= 0 and not other:
                options["nsid"] = number
            if loopback is not None and not other:
                options["loopback"] = loopback.options["up"]
            owned = loopback is not None and loopback.options.get("group") == MARK_GROUP
            entries.append(Entry("netns", (HOST, name), options, owned=owned))
        return entries


def left_over(desired: State) -> State:
    """Return left-over files below /run/netns whose names are desired absent. A desired namespace takes such a file."""
    names = (entry for entry in desired.values() if entry.type == "netns" and not entry.present)
    return {
        entry.ident: Entry("netns", entry.key, {"resolver": read_resolver(entry.name)})
        for entry in names
        if is_left_over(name_of(entry.name))
    }


def _places(wished: State) -> frozenset[Ident]:
    """Return the places that desired objects claim (ObjectType.place)."""
    return frozenset(
        place for entry in wished.values() if entry.type in PLACED for place in [place_of(entry)] if place is not None
    )


def _asked_along(wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the tables that types need for decoding, each with the option of links that have one."""
    for name in wanted & _NEEDING:
        yield WIRES[name].needs


_NEEDING = {name for name, wire in WIRES.items() if wire.needs[0]}


class _Elsewhere:
    """The names of a namespace other than the link's own."""

    def __init__(self, observer: Observer, netns: str) -> None:
        self._observer, self._netns = observer, netns

    def name(self, index: int) -> str:
        """Return a name in the namespace, or ``if`` with the index where the namespace is unknown."""
        if not self._observer.namespaces.has(self._netns):
            return f"if{index}"
        return self._observer.view(self._netns).name(index)

    def index(self, name: str) -> int:
        """Return an index in the namespace."""
        return self._observer.view(self._netns).index(name)


def _option(
    kind: Kind | None, flags: int, found: Mapping[int, bytes], data: Nest, own: Names, lower: Names, name: str
) -> Any:
    """Decode one option of a link.

    :param own: the names of the link's namespace.
    :param lower: the names of the lower device's namespace.
    """
    row = kind.option(name) if kind is not None else None
    if row is not None:
        return row.decode(found if row.outer else data.found, lower) if row.attrs else UNSET
    if name in FLAGS:
        bit, inverted = FLAGS[name]
        return bool(flags & bit) != inverted
    if name in INET6:
        inet6 = attributes(attributes(found.get(c.IFLA_AF_SPEC, b"")).get(c.AF_INET6, b""))
        return INET6[name].decode(inet6, own)
    row = _COMMON.get(name)
    return UNSET if row is None else row.decode(found, own)


_COMMON = {row.name: row for row in COMMON}
_ORDER: Any = "little" if struct.pack("=H", 1) == b"\1\0" else "big"


__all__ = ["KernelError", "Observer"]


#: Options that name another namespace of a link than its own.
OTHER_NETNS = sorted({name for kind in KINDS for name in rows("link", kind).naming_netns})


def marked(namespaces: Namespaces, observer: Observer, seen: Container[str]) -> State:
    """Return owned links in the namespaces of processes whose socket or peer is on this host.

    Where the kernel does not report that (geneve), a namespace that shares a link with this host counts. So containers
    that run this collection for themselves are left alone.
    """
    found: State = {}
    for netns in list(namespaces.of_processes()):
        if netns in seen or observer.nsid(HOST, netns) < 0:
            continue
        for entry in observer.links(netns):
            other = next((entry.options[name] for name in OTHER_NETNS if name in entry.options), HOST)
            if entry.owned and other == HOST:
                found[entry.ident] = entry
    return found


def siblings(namespaces: Namespaces, observer: Observer, overridden: bool) -> State:
    """Return links in the namespaces of processes that change along with others on the same lower device.

    ``overridden``: leave owned links out, since marked() returns those to remove.
    """
    found: State = {}
    for netns in list(namespaces.of_processes()):
        if observer.nsid(netns, HOST) < 0:
            continue
        for entry in observer.links(netns):
            kind, lower = KINDS.get(entry.kind), lower_key(entry)
            on_ours = lower is not None and lower[0] != netns and namespaces.has(lower[0])
            if kind is not None and kind.shared and on_ours and not (overridden and entry.owned):
                found[entry.ident] = entry
    return found
