# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare the desired state with the current state. Pure: no kernel, no Ansible."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ..state.claims import needed
from ..state.entries import PLACED, SHARING, given, made_in, netns_named, ousted_by, place_of, rows_of, table_of
from ..state.model import HOST, Change, Entry, Ident, State
from ..tables.failure import Refused
from ..tables.links.any_link import INDEX, LINK_NETNS, ON_CREATE
from ..tables.objects.encap import Consent
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.table import Option
from ..tables.types.addresses import Ip
from ..tables.types.simple import NONE, NetnsOf
from .dependents import bringer
from .moves import after, moves, with_kept
from .refusals import (
    check_kind,
    check_moot,
    check_open,
    check_places,
    check_references,
    check_release,
    check_takes,
    check_unique,
    check_values,
    is_known,
)
from .siblings import check_alone, with_siblings

_MISSING = object()

#: Units of 1/100 s in which the kernel reports times (asm/param.h), where its timer frequency is unknown.
USER_HZ = 100


def diff(
    desired: State, observed: State, overridden: bool = False, kernel: str = "", hz: int = USER_HZ
) -> list[Change]:
    """Return the changes that turn observed into desired, in the order of desired.

    :param overridden: remove owned objects that are not desired.
    :param kernel: the release that must know the options.
    :param hz: the timer frequency; the kernel rounds times to its ticks.
    :raises Refused: when a desired option cannot be had.
    """
    moved = moves(desired, observed) if any(entry.from_netns is not None for entry in desired.values()) else []
    if moved:
        observed, desired = after(observed, moved), with_kept(desired, moved)
    changes = []
    for entry in desired.values():
        there = observed.get(entry.ident)
        if there is None and _comes_with_netns(entry, desired, observed):
            continue
        if there is not None and _moves(entry, desired, observed):
            there = None
        implied = _implied(entry, there, desired, observed) if there is not None else {}
        change = _compare(entry, there, implied, hz, kernel)
        if change is not None:
            if change.verb != "delete":
                has = given(change.entry)
                check_release(change, has, kernel)
                check_takes(change, has)
                check_kind(change)
            changes.append(change)
    changes = _in_place_of(changes, desired, observed)
    if overridden:
        replaced = {change.there.ident for change in changes if change.observed is not None}
        unwished = (entry for entry in _unwished(desired, observed) if entry.ident not in replaced)
        changes += [Change("delete", entry, entry) for entry in unwished]
    shared = any(_is_shared(change) for change in changes)
    if shared:
        changes = with_siblings(changes, desired, observed)
    check_references(desired, observed, changes)
    check_places(desired, observed, changes)
    check_unique(observed, changes)
    check_open(observed, changes)
    if shared:
        check_alone(observed, changes)
    check_values(observed, changes)
    _check_moved(moved, changes)
    return [*moved, *changes]


def _is_shared(change: Change) -> bool:
    """Tell whether the kernel keeps an option once for several objects of the kind or type."""
    kind = KINDS.get(change.entry.kind)
    return change.entry.type in SHARING or (kind is not None and (bool(kind.shared) or bool(kind.alone[0])))


def _in_place_of(changes: list[Change], desired: State, observed: State) -> list[Change]:
    """Turn a new object into a change of the one whose place it takes: an IPv6 address with another prefix length."""
    if not any(_new_place(change) for change in changes if change.entry.type in PLACED):
        return changes
    there = {place_of(entry): entry for entry in observed.values() if entry.ident not in desired}
    return [_taking_over(change, there.get(_new_place(change))) for change in changes]


def _new_place(change: Change) -> Ident | None:
    return place_of(change.entry) if change.verb == "create" and change.entry.type != "link" else None


def _taking_over(change: Change, there: Entry | None) -> Change:
    if there is None or _new_place(change) is None:
        return change
    option = OBJECT_TYPES[there.type].telling_key
    return Change("recreate", change.entry, there, {option: (there.key[-1], change.entry.key[-1])})


def _check_moved(moved: list[Change], changes: list[Change]) -> None:
    """Refuse to move and recreate a link in one run."""
    idents = {change.entry.ident for change in moved}
    for change in changes:
        if change.verb == "recreate" and change.entry.ident in idents:
            name, old, new = _fixed(change.fields, {row.name: row for row in rows_of(change.entry)})
            raise Refused(
                object=change.entry,
                option=name,
                reason=f"the kernel cannot change it on a living link ({old} -> {new}), "
                "and a link that is moved is not recreated",
                advice="Remove the link first",
            )


def _comes_with_netns(entry: Entry, desired: State, observed: State) -> bool:
    """Tell whether a link is the lo of a namespace that this run creates. Its differences are set after that."""
    if entry.type != "link" or entry.name != "lo" or entry.kind or not entry.present:
        return False
    ident = ("netns", (HOST, entry.netns))
    return ident in desired and desired[ident].present and ident not in observed


def _moves(entry: Entry, desired: State, observed: State) -> bool:
    """Tell whether a port gets another master. It is then a new port, with the defaults of one."""
    if entry.type not in OBJECT_TYPES or not OBJECT_TYPES[entry.type].with_master:
        return False
    ident = ("link", entry.key)
    if ident not in desired or ident not in observed or "master" not in desired[ident].options:
        return False
    return bool(desired[ident].options["master"] != observed[ident].options.get("master"))


def _unwished(desired: State, observed: State) -> list[Entry]:
    """Return owned objects that are not desired. An object that follows another one is not removed by itself."""
    doomed = [entry for ident, entry in observed.items() if entry.owned and ident not in desired]
    return [entry for entry in doomed if not any(bringer(entry) in state for state in (desired, observed))]


def _implied(entry: Entry, there: Entry, desired: State, observed: State) -> dict[str, Any]:
    """Return desired options that the kernel does not report because the object's link has the same values."""
    implied = OBJECT_TYPES[entry.type].implied if entry.type in OBJECT_TYPES else {}
    if implied.keys().isdisjoint(entry.options):
        return {}
    if not any(name in entry.options and name not in there.options for name in implied):
        return {}
    found: dict[str, Any] = {}
    for state in (observed, desired):
        link = state.get(("link", entry.key[:2]))
        own = link.options if link is not None else {}
        found.update({name: own[of_link] for name, of_link in implied.items() if of_link in own})
    zero = OBJECT_TYPES[entry.type].as_of_link
    return {name: zero[name] if entry.options.get(name) == zero.get(name, _MISSING) else found[name] for name in found}


def _compare(entry: Entry, there: Entry | None, implied: Mapping[str, Any], hz: int, kernel: str) -> Change | None:
    if there is None or not entry.present:
        gone = Change("delete", entry, there) if there is not None and not _stays(entry, there) else None
        return _new(entry) if entry.present else gone
    if entry.kind and entry.kind != there.kind:
        if not entry.recreate:
            raise Refused(
                object=entry,
                option="kind",
                reason=f"is {there.kind or 'a link of another kind'}, not {entry.kind}",
                advice="Set recreate: true to replace it",
            )
        needed(entry)
        check_moot(entry, {})
        return Change("recreate", entry, there, {"kind": (there.kind, entry.kind)})
    rows = table_of(entry).named
    check_moot(entry, there.options)
    _check_options(entry, there.options)
    told = {**implied, **there.options} if implied else there.options  # a link's options are decoded when asked for
    fields = _differing(entry, told, rows, hz)
    if not fields:
        return None
    if _beside(entry, there):
        return _new(entry)
    in_place = all(
        _in_place(rows[name], *fields[name]) and is_known(rows[name].in_place_since, kernel) for name in fields
    )
    if in_place and not _ousted(fields, there, rows) and not _turned(fields, there):
        return Change("modify", entry, there, {**fields, **_along(fields, entry, there)})
    return _anew(entry, there, fields, rows)


def _differing(
    entry: Entry, there: Mapping[str, Any], rows: Mapping[str, Option], hz: int
) -> dict[str, tuple[Any, Any]]:
    """Return the options that differ, with the current and the desired value."""
    fields = {}
    for name, wanted in entry.options.items():
        found = there.get(name, _MISSING)
        if found == wanted:
            continue
        if found is _MISSING and (_means_absent(rows[name], wanted) or _untold(entry, name)):
            continue
        of = rows[name].type
        same = found is not _MISSING and (of.same(wanted, found) or of.same(of.kept(wanted, hz), found))
        if not same and not (found is not _MISSING and _passes(entry, name, wanted, found)):
            fields[name] = (None if found is _MISSING else of.touched(wanted, found), wanted)
    return fields


def _beside(entry: Entry, there: Entry) -> bool:
    """Tell whether the current object is foreign and stays, and ours is created beside it."""
    return entry.type in OBJECT_TYPES and OBJECT_TYPES[entry.type].beside and not there.owned


def _stays(entry: Entry, there: Entry) -> bool:
    """Tell whether the current object is not the one to remove: a foreign one, or one that the kernel learned."""
    object_type = OBJECT_TYPES.get(entry.type)
    learned = (
        object_type is not None and object_type.is_learned(there.options) and not object_type.is_learned(entry.options)
    )
    return learned or _beside(entry, there)


def _passes(entry: Entry, name: str, wanted: Any, found: Any) -> bool:
    """Tell whether the kernel changes the current state into the desired one, and back, by itself."""
    passing = OBJECT_TYPES[entry.type].passing.get(name, ()) if entry.type in OBJECT_TYPES else ()
    return wanted in passing and found in passing


def _ousted(fields: Mapping[str, Any], there: Entry, rows: Mapping[str, Option]) -> bool:
    """Tell whether the current object cannot get these options, or has one that excludes them."""
    if there.type in OBJECT_TYPES and any(
        OBJECT_TYPES[there.type].is_remade(there.key, name, pair[1]) for name, pair in fields.items()
    ):
        return True
    given = [name for name, pair in fields.items() if pair[1] is not False]
    return any(there.options.get(other, False) is not False for name in given for other in rows[name].ousts)


def _turned(fields: Mapping[str, tuple[Any, Any]], there: Entry) -> dict[str, tuple[Any, Any]]:
    """Return the addresses that change the family of a tunnel's socket, which no kind does in place."""
    kind = KINDS.get(there.kind)
    names = kind.one_family if kind is not None else ()
    if fields.keys().isdisjoint(names):
        return {}
    old = [there.options.get(name, NONE) for name in names]
    new = [fields[name][1] if name in fields else there.options.get(name, NONE) for name in names]
    if any(":" in one for one in old) == any(":" in one for one in new):
        return {}
    return {name: pair for name, pair in fields.items() if name in names}


def _along(fields: Mapping[str, Any], entry: Entry, there: Entry) -> dict[str, tuple[Any, Any]]:
    """Return unchanged options that must be sent again: bits of one number, which the kernel sets all at once.

    The namespace of the link that a changed option names is sent too, where it is not the object's own.
    """
    bits = table_of(entry).of_bits
    numbers = {row.attr for row in bits if row.name in fields}
    kind = KINDS.get(there.kind)
    anew = kind.sent_with(fields) if kind is not None else ()
    again = {name: (there.options[name],) * 2 for name in anew if name not in fields and there.options[name] != NONE}
    again.update(
        {
            row.name: (there.options[row.name], entry.options.get(row.name, there.options[row.name]))
            for row in bits
            if row.attr in numbers and row.name in there.options and row.name not in fields
        }
    )
    if any(netns_named(there, name) != there.netns for name in table_of(entry).linking.intersection(fields)):
        again[LINK_NETNS.name] = (made_in(there), made_in(there))
    return again


def _anew(entry: Entry, there: Entry, fields: dict[str, tuple[Any, Any]], rows: Mapping[str, Option]) -> Change:
    """Recreate an object that the kernel does not change in place; links and namespaces only with recreate: true."""
    name, old, new = _fixed({**_turned(fields, there), **fields}, rows)
    for field, pair in fields.items():
        if rows[field].once and not _in_place(rows[field], *pair):
            raise Refused(
                object=entry,
                option=field,
                reason=f"is given once and then stays ({pair[0]} -> {pair[1]})",
                advice="Leave the option out, or remove the object first",
            )
    if entry.type in OBJECT_TYPES and OBJECT_TYPES[entry.type].recreated and not entry.recreate:
        raise Refused(
            object=entry,
            option=name,
            reason=f"the name stands for another namespace ({old} -> {new})",
            advice="Set recreate: true to take it away from that namespace",
        )
    if entry.type == "link" and not entry.recreate:
        raise Refused(
            object=entry,
            option=name,
            reason=f"the kernel cannot change it on a living link ({old} -> {new})",
            advice="Set recreate: true to recreate the link and to restore its dependent objects",
        )
    return Change("recreate", entry, there, fields)


def _fixed(fields: Mapping[str, tuple[Any, Any]], rows: Mapping[str, Option]) -> tuple[str, Any, Any]:
    """Return the name of the first option that cannot change in place, with its old and its new value."""
    name = next((name for name in fields if not _in_place(rows[name], *fields[name])), next(iter(fields)))
    old, new = (_called(rows[name], value) for value in fields[name])
    return rows[name].called, old, new


def _called(row: Option, value: Any) -> Any:
    return "host" if value == HOST and isinstance(row.type, NetnsOf) else value


def _in_place(row: Option, old: Any, new: Any) -> bool:
    return row.changes_in_place(old, new) and not (isinstance(row.type, Ip) and _other_family(old, new))


def _other_family(old: Any, new: Any) -> bool:
    """Tell whether an address changes its family, which no kind does in place."""
    try:
        return ipaddress.ip_address(old).version != ipaddress.ip_address(new).version
    except ValueError:
        return False


def _untold(entry: Entry, name: str) -> bool:
    """Tell whether the kernel never reports this option of this kind."""
    if isinstance(table_of(entry).named[name].type, Consent):
        return True
    return name == LINK_NETNS.name and not KINDS[entry.kind].tells_netns


def _means_absent(row: Option, wanted: Any) -> bool:
    """Tell whether an option that the kernel does not report has the desired value."""
    return bool(row.type.absent() == wanted) or wanted == NONE


def _check_options(entry: Entry, there: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other, or that exclude current ones."""
    object_type = OBJECT_TYPES.get(entry.type)
    fault = object_type.fault(entry.options, there) if object_type is not None else None
    if fault is not None:
        raise fault.of(entry)


def _defaults_of_new(entry: Entry) -> Mapping[str, Any]:
    """Return the defaults of a new object that differ from the kernel's own."""
    if entry.type in OBJECT_TYPES:
        return OBJECT_TYPES[entry.type].defaults_of_new(entry.key, entry.options)
    return {**ON_CREATE, **(KINDS[entry.kind].defaults_of_new(entry.options) if entry.kind else {})}


def _new(entry: Entry) -> Change | None:
    check_moot(entry, {})
    _check_options(entry, {})
    if entry.type == "link":
        if not entry.kind:
            raise Refused(
                object=entry,
                reason="there is no such link, and without kind none can be made",
                advice="Set kind, or correct the name",
            )
        if entry.made_with is None:
            needed(entry)
        else:
            once = [INDEX.name, *(row.name for row in KINDS[entry.kind].options if row.outer)]
            for name in [name for name in once if name in entry.options]:
                raise Refused(
                    object=entry,
                    option=name,
                    reason="a new pair has it for its first end alone",
                    advice="Leave the option out at the second end",
                )
    ousted = ousted_by(entry)
    object_type = OBJECT_TYPES.get(entry.type)
    lacking = object_type.missing_in_new(entry.key, entry.options, ousted) if object_type is not None else None
    if lacking is not None:
        raise lacking.of(entry)
    usual = _defaults_of_new(entry)
    if ousted:
        usual = {name: value for name, value in usual.items() if name not in ousted}
    options = {**usual, **entry.options}
    if object_type is not None and object_type.with_master:
        # There is nothing to create.
        defaults = {row.name: row.default for row in rows_of(entry) if row.default is not None}
        fields = {name: (None, value) for name, value in options.items() if defaults.get(name) != value}
        return Change("modify", entry, entry.having({}), fields) if fields else None
    return Change("create", entry.having(options))
