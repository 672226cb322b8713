# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the current state as a configuration that config.py reads. Pure."""

from __future__ import annotations

from typing import Any

from ..tables.links.any_link import LINK_NETNS, MARK_GROUP, MASTER
from ..tables.registry import KINDS, OBJECT_TYPES
from .entries import made_in, netns_named, peer_key, table_of, telling
from .model import NAMELESS, Entry, Ident, State


def write(state: State) -> dict[str, Any]:
    """Return a state as a configuration, in the form that Reader reads."""
    config: dict[str, Any] = {}
    links: dict[Ident, dict[str, Any]] = {}
    for entry in _ordered(_without_usual(state)):
        if entry.type == "link":
            item = _link_item(entry)
            if item is not None:
                links[entry.ident] = item
                config.setdefault("links", []).append(item)
            continue
        owner = links.get(("link", (entry.netns, entry.name)))
        if not OBJECT_TYPES[entry.type].can_be_requested(entry.options):
            continue
        item = _object_item(entry)
        if owner is not None and OBJECT_TYPES[entry.type].nested:
            _nest(owner, entry, item)
        else:
            config.setdefault(OBJECT_TYPES[entry.type].plural, []).append(item)
    return config


def _without_usual(state: State) -> State:
    """Leave out values that bridges give themselves and their ports."""
    found: State = {}
    for ident, entry in state.items():
        found[ident] = entry
        tables = [row for row in table_of(entry).of_a_dump if row.name in entry.options]
        if tables:
            link = state["link", entry.key]
            bridge = link if entry.type == "link" else state["link", (entry.netns, link.options[MASTER.name])]
            usual = {row.name for row in tables if row.type.usual(entry.options[row.name], bridge.options)}
            found[ident] = entry.having({name: value for name, value in entry.options.items() if name not in usual})
    return found


def _ordered(state: State) -> list[Entry]:
    order = [name for name, object_type in OBJECT_TYPES.items() if object_type.of_host]
    order += ["link", *(name for name in OBJECT_TYPES if name not in order)]
    return sorted(state.values(), key=lambda entry: (order.index(entry.type), entry.key))


def _link_item(entry: Entry) -> dict[str, Any] | None:
    named = table_of(entry).named
    options = {
        name: value
        for name, value in telling(entry).items()
        if named[name].gathered and not named[name].type.by_itself(value, entry.options)
    }
    item: dict[str, Any] = {"name": entry.name}
    if entry.kind:
        item["kind"] = entry.kind
    if entry.netns:
        item["netns"] = entry.netns
    if options.get("group") in (0, MARK_GROUP):
        del options["group"]
    if made_in(entry) == entry.netns:
        options.pop(LINK_NETNS.name, None)
    peer = peer_key(entry)
    if peer is not None:
        options[KINDS[entry.kind].peer[1]] = peer[0]
    options.update({name: options[name] or "host" for name in table_of(entry).naming_netns if name in options})
    options = {name: value for name, value in options.items() if not _beyond_names(entry, name)}
    item.update({name: named[name].type.plain(value) for name, value in options.items()})
    return item


def _beyond_names(entry: Entry, option: str) -> bool:
    """Tell whether an option is a namespace without a name, or a link in one, which no configuration can name."""
    rows = table_of(entry)
    if option in rows.naming_netns:
        return str(entry.options[option]).startswith(NAMELESS)
    return option in rows.linking and netns_named(entry, option).startswith(NAMELESS)


def _object_item(entry: Entry) -> dict[str, Any]:
    object_type = OBJECT_TYPES[entry.type]
    item: dict[str, Any] = dict(zip([row.name for row in object_type.keys], entry.key[1:]))
    for row in object_type.keys:
        if row.type.ansible == "int" and row.name in item:
            item[row.name] = int(item[row.name])
    if entry.netns:
        item["netns"] = entry.netns
    # Usual values are left out.
    quiet = object_type.quiet_defaults()
    # Values that the kernel chooses while a link is up (a port's spanning tree state) hold for this host alone.
    chosen = {row.name for row in object_type.options if row.when_up or not row.gathered}
    rows = {row.name: row for row in object_type.options}
    item.update(
        {
            name: rows[name].type.plain(value)
            for name, value in telling(entry).items()
            if value != quiet.get(name, _LOUD)
            and name not in chosen
            and not rows[name].type.by_itself(value, entry.options)
        }
    )
    object_type.correct_item(entry.key, item)
    for row in object_type.keys:
        if row.default is not None and item.get(row.name) == row.default:
            del item[row.name]
    return item


_LOUD = object()


def _nest(owner: dict[str, Any], entry: Entry, item: dict[str, Any]) -> None:
    object_type = OBJECT_TYPES[entry.type]
    item = {name: value for name, value in item.items() if name not in (object_type.keys[0].name, "netns")}
    if object_type.listed:
        owner.setdefault(object_type.nested, []).append(object_type.shortened(item))
    else:
        owner[object_type.nested] = item
