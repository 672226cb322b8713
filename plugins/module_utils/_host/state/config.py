# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a configuration (the option ``config`` of network_state) as desired state. gathered.py writes one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any, Callable, NamedTuple

from ..tables.failure import Refused
from ..tables.objects.netns import ATTACH
from ..tables.objects.object_type import ObjectType
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.table import Kind, canonical, nearest
from ..tables.types.named_numbers import Account
from ..tables.types.simple import NONE, UNSET, Look, any_name, own_ifname
from .claims import check
from .entries import peer_key, rows
from .model import HOST, Entry, State

Canonical = Callable[[str], str]
Attach = Callable[[str, str], str]

#: In the order in which they are read: names of namespaces are known before the links in the namespaces.
SECTIONS = (
    *(object_type.plural for object_type in OBJECT_TYPES.values() if object_type.of_host),
    "links",
    *(object_type.plural for object_type in OBJECT_TYPES.values() if not object_type.of_host),
)
#: Options of a link that hold objects.
_WITHIN = [object_type for object_type in OBJECT_TYPES.values() if object_type.nested]
_NESTED = frozenset((*(object_type.nested for object_type in _WITHIN), "peer"))
_GENERAL = ("name", "kind", "netns", "from_netns", "state", "recreate")


class Reader:
    """Read one configuration.

    :param canonical: returns the one name of a namespace for any of its names.
    :param attach: gives a name to the namespace of a process or container; returns the name of the process or runtime.
    :param look: returns the number of a name in one of the host's databases.
    :param link: returns a link of the host by its name.
    """

    def __init__(
        self,
        canonical: Canonical,
        attach: Attach | None = None,
        look: Look = lambda _database, _name: None,
        link: Callable[[str, str], Entry | None] = lambda _netns, _name: None,
    ) -> None:
        self.canonical = canonical
        self.attach = attach
        self.look = look
        self.link = link
        self.state: State = {}

    def read(self, config: Mapping[str, Any]) -> State:
        """Return the desired state; raise Refused for the first fault."""
        if not isinstance(config, Mapping):
            raise Refused(
                object="config",
                reason=f"{config!r} is not a dict",
                advice="Write the sections of the configuration as keys of a dict",
            )
        _known("config", config, frozenset(SECTIONS))
        for section in SECTIONS:
            for item in _items(section, config.get(section)):
                if section == "links":
                    self._link(item)
                else:
                    self._object(_sort_of(section), item)
        self._pair()
        check(self.state)
        return self.state

    def _pair(self) -> None:
        """Find pairs that are two links of the configuration, as in gathered state. The first creates the other."""
        for entry in list(self.state.values()):
            peer = peer_key(entry) if entry.kind else None
            other = self.state.get(("link", peer)) if peer is not None else None
            alone = other is not None and other.made_with is None and self.state[entry.ident].made_with is None
            if other is not None and alone and other.ident != entry.ident:
                self.state[other.ident] = replace(other, made_with=entry.key)

    def _add(self, entry: Entry) -> None:
        if entry.ident in self.state:
            raise Refused(object=entry, reason="is in the desired state twice", advice="Remove one of the two")
        self.state[entry.ident] = entry

    def _netns(self, where: str, item: Mapping[str, Any], option: str = "netns") -> str:
        value = item.get(option)
        if value in (None, "", "host"):
            return HOST
        try:
            return self.canonical(str(value))
        except ValueError as why:
            raise Refused(object=where, option=option, reason=why) from None

    def _link(self, item: Any) -> None:
        item = _item("links", item)
        if item.get("name") in (None, ""):
            raise Refused(object="links", option="name", reason="a link needs a name", advice="Set name")
        netns = self._netns(str(item["name"]), item)
        name = self._name(f"links: {item['name']}", netns, item["name"])
        kind = KINDS.get(str(item.get("kind") or ""))
        if kind is None and item.get("kind"):
            raise Refused(
                object=name,
                option="kind",
                reason=f"unknown kind {item['kind']!r}, {nearest(str(item['kind']), KINDS)}",
                advice="Correct the kind",
            )
        entry = self._link_entry(name, netns, kind, item)
        peer = item.get("peer")
        if peer is not None:
            entry = self._peered(entry, kind, _item(f"{name}: peer", peer))
        self._add(entry)
        self._nested(entry, item)

    def _name(self, where: str, netns: str, name: Any) -> str:
        """Return the name of a link. An invalid name may be an alternative name of an existing link."""
        try:
            return own_ifname(name)
        except ValueError as why:
            if self.link(netns, str(name)) is None:
                raise Refused(object=where, option="name", reason=why) from None
            return str(name)

    def _link_entry(self, name: str, netns: str, kind: Kind | None, item: Mapping[str, Any]) -> Entry:
        table = rows("link", kind.name if kind else "")
        item = canonical(name, item, table.aliases)
        shape = _shaped(name, item, "link", kind.name if kind else "")
        if not table.by_names.isdisjoint(item):
            names = [option for option in table.by_names if item.get(option) is not None]
            item = {**item, **{option: table.named[option].type.numbered(item[option], self.look) for option in names}}
        options = _parsed(name, shape.options, item)
        if kind is not None:
            kind.settle(options, lambda: self._there(netns, name), self.look)
        present = _present(name, item)
        for row in table.of_accounts if present else ():
            account = options.get(row.name, NONE)
            if isinstance(row.type, Account) and isinstance(account, str) and account != NONE:
                raise Refused(
                    object=name,
                    option=row.name,
                    reason=f"this host has no {row.type.database} {account}",
                    advice="Create the account first, or give a number",
                )
        for option in table.naming_netns:
            if option in options:
                options[option] = self._netns(f"{name}: {option}", {"netns": options[option]})
        if kind and kind.peer and kind.peer[0] in options:
            options.setdefault(kind.peer[1], netns)
        return Entry(
            "link",
            (netns, name),
            options,
            present,
            bool(item.get("recreate")),
            kind=kind.name if kind else "",
            from_netns=self._netns(name, item, "from_netns") if item.get("from_netns") is not None else None,
        )

    def _there(self, netns: str, name: str) -> Mapping[str, Any]:
        """Return the current options of a link, none where the host has no such link."""
        found = self.link(netns, name)
        return {} if found is None else found.options

    def _peered(self, entry: Entry, kind: Kind | None, peer: Mapping[str, Any]) -> Entry:
        """Add the peer of a pair as a link of its own."""
        if kind is None or not kind.peered:
            raise Refused(
                object=entry.name,
                option="peer",
                reason=f"a {entry.kind or 'link without kind'} has no peer",
                advice="Leave peer out",
            )
        where = f"{entry.name}: peer"
        if peer.get("name") in (None, ""):
            raise Refused(object=where, option="name", reason="a peer needs a name", advice="Set name")
        netns = self._netns(where, peer) if "netns" in peer else entry.netns
        name = self._name(where, netns, peer["name"])
        item = {option: value for option, value in peer.items() if option not in ("name", "netns")}
        other = self._link_entry(name, netns, kind, {**item, "name": name})
        options = {**other.options, **dict(zip(kind.peer, reversed(entry.key)))}
        other = replace(
            other, options=options, present=entry.present, recreate=entry.recreate, kind=kind.name, made_with=entry.key
        )
        self._add(other)
        self._nested(other, peer)
        return entry.having({**entry.options, **dict(zip(kind.peer, reversed(other.key)))})

    def _nested(self, entry: Entry, item: Mapping[str, Any]) -> None:
        """Read the addresses, FDB entries and port options within a link."""
        if _NESTED.isdisjoint(item):
            return
        here = {"dev": entry.name, "netns": item.get("netns") if entry.netns else None}
        for object_type in _WITHIN:
            given = item.get(object_type.nested)
            if not object_type.listed and given is not None:
                self._object(object_type, {**_item(f"{entry.name}: {object_type.nested}", given), **here}, entry.netns)
            for one in _items(f"{entry.name}: {object_type.nested}", given) if object_type.listed else ():
                nested = _item(f"{entry.name}: {object_type.nested}", object_type.expanded(one))
                self._object(object_type, {**nested, **here}, entry.netns)

    def _object(self, object_type: ObjectType, item: Any, netns: str | None = None) -> None:
        item = canonical(object_type.plural, _item(object_type.plural, item), rows(object_type.name).aliases)
        called = item.get(object_type.telling_key) or item.get(object_type.keys[0].name) or ""
        what = f"{object_type.name} {called}".strip()
        shape = _shaped(what, item, object_type.name)
        if netns is None:
            netns = HOST if object_type.of_host else self._netns(what, item)
        if not object_type.may_be_names.isdisjoint(item):
            item = self._numbered(object_type, what, netns, item)
            shape = _shape(object_type.name, "", tuple(item))
        options = _parsed(what, shape.options, item)
        parts = {**object_type.usual_keys, **_parsed(what, shape.keys, item)}
        for name, value in parts.items():
            if value is UNSET:
                raise Refused(object=what, option=name, reason="is needed", advice=f"Set {name}")
        # A lasting object is never absent. The "state" of a port is that of the spanning tree.
        present = object_type.lasting or _present(what, item)
        for name in object_type.required if present else ():
            if name not in options:
                raise Refused(object=what, option=name, reason="is needed", advice=f"Set {name}")
        if present and self.attach is not None and ATTACH.name in options:
            attached = partial(self.attach, parts[object_type.telling_key])
            options[ATTACH.name] = _parse(what, ATTACH.name, attached, options[ATTACH.name])
        key = (netns, *object_type.settle(parts, options))
        self._add(Entry(object_type.name, key, options, present, bool(item.get("recreate"))))

    def _numbered(self, object_type: ObjectType, what: str, netns: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an item with the host's names for numbers replaced by the numbers."""
        found = {
            row.name: row.type.numbered(item[row.name], self.look) for row in object_type.by_names if row.name in item
        }
        for option, (gives, kind, its) in object_type.link_options.items():
            name = item.get(option)
            if name is None:
                continue
            if item.get(gives) is not None:
                raise Refused(
                    object=what,
                    option=option,
                    reason=f"{option} and {gives} exclude each other",
                    advice="Give one of them",
                )
            ident = ("link", (netns, _parse(what, option, any_name, name)))
            links = [one for one in (self.state.get(ident), self.link(netns, str(name))) if one is not None]
            value = next((one.options[its] for one in links if one.kind == kind and its in one.options), None)
            if value is None:
                raise Refused(
                    object=what,
                    option=option,
                    reason=f"there is no {kind} {name}{f' in netns {netns}' if netns else ''}",
                    advice="Create the link first, or correct the name",
                )
            found[gives] = value
        return {**{name: value for name, value in item.items() if name not in object_type.link_options}, **found}


def _parse(where: str, option: str, parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except ValueError as why:
        raise Refused(object=where, option=option, reason=why) from None


class _Shape(NamedTuple):
    """The readers of an item's values, by the names in the item. Thousands of items have the same names."""

    options: tuple[tuple[str, Callable[[Any], Any]], ...]  # in the item's order, each with its reader
    keys: tuple[tuple[str, Callable[[Any], Any]], ...]
    unknown: tuple[Any, ...]  # anything that YAML accepts as a key, such as null


@lru_cache(maxsize=1024)
def _shape(type_name: str, kind: str, names: tuple[Any, ...]) -> _Shape:
    table = rows(type_name, kind)
    keys = () if type_name == "link" else OBJECT_TYPES[type_name].keys
    return _Shape(
        tuple((name, table.named[name].type.parse) for name in names if name in table.named),
        tuple((row.name, row.type.parse) for row in keys if row.name in names),
        tuple(name for name in names if name not in _names_in(type_name, kind)),
    )


def _shaped(where: str, item: Mapping[str, Any], type_name: str, kind: str = "") -> _Shape:
    """Return the readers for the names in an item; raise Refused for unknown names."""
    shape = _shape(type_name, kind, tuple(item))
    if shape.unknown:
        name = shape.unknown[0]
        raise Refused(
            object=where,
            option=name,
            reason=f"unknown option {name!r}, {nearest(str(name), _names_in(type_name, kind))}",
            named=True,
        )
    return shape


def _parsed(where: str, wanted: Iterable[tuple[str, Callable[[Any], Any]]], item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical values of an item."""
    found: dict[str, Any] = {}
    name = ""
    try:
        for name, parse in wanted:
            value = item[name]
            if value is not None:
                found[name] = parse(value)
    except ValueError as why:
        raise Refused(object=where, option=name, reason=why) from None
    return found


@cache
def _names_in(type_name: str, kind: str = "") -> frozenset[str]:
    """Return the names that an item of a section may have."""
    if type_name == "link":
        return frozenset((*rows(type_name, kind).named, *_GENERAL, *_NESTED))
    table = OBJECT_TYPES[type_name]
    general = [] if table.of_host else ["netns"]
    general += ([] if table.lasting else ["state"]) + (["recreate"] if table.recreated else [])
    return frozenset((*(row.name for row in (*table.keys, *table.options)), *table.link_options, *general))


def _known(where: str, item: Mapping[str, Any], known: frozenset[str]) -> None:
    if not known.issuperset(item):
        name = next(name for name in item if name not in known)
        raise Refused(
            object=where, option=name, reason=f"unknown option {name!r}, {nearest(str(name), known)}", named=True
        )


def _items(section: str, items: Any) -> list[Any]:
    if items is None:
        return []
    if not isinstance(items, (list, tuple)):
        raise Refused(object=section, reason=f"{items!r} is not a list", advice="Write a list")
    return list(items)


def _item(section: str, item: Any) -> Mapping[str, Any]:
    # Nearly all items are dicts. The check of the abstract class takes ten times as long.
    if not isinstance(item, dict) and not isinstance(item, Mapping):
        raise Refused(object=section, reason=f"{item!r} is not a dict", advice="Write a dict of options")
    return item


def _present(where: str, item: Mapping[str, Any]) -> bool:
    state = item.get("state") or "present"
    if state not in ("present", "absent"):
        raise Refused(
            object=where,
            option="state",
            reason=f"{state!r} is neither present nor absent",
            advice="Write present or absent",
        )
    return bool(state == "present")


@cache
def _sort_of(section: str) -> ObjectType:
    return next(object_type for object_type in OBJECT_TYPES.values() if object_type.plural == section)
