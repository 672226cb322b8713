# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find siblings: objects that change along because the kernel stores a value once for all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Optional

from ..state.entries import SHARING, lower_key, one_of
from ..state.model import Change, Entry, Ident, Key, State
from ..tables.failure import Refused
from ..tables.registry import KINDS, OBJECT_TYPES


def with_siblings(changes: list[Change], desired: State, observed: State) -> list[Change]:
    """Return changes with those of the siblings that change along. New objects get their siblings' shared values."""
    changes = _of_one(changes, desired, observed)
    changes = [_joined(change, observed) for change in changes]
    return [*changes, *_siblings(observed, changes)]


def _joined(change: Change, observed: State) -> Change:
    """Give a new link the shared options of its siblings, where they are unmanaged.

    The kernel would otherwise set its default, and change the siblings.
    """
    kind = KINDS.get(change.entry.kind)
    if change.verb != "create" or kind is None or not kind.shared:
        return change
    lower = lower_key(change.entry)
    if lower is None:
        return change
    for there in observed.values():
        if there.type == "link" and lower_key(there) == lower:
            shared = {name: there.options[name] for name in kind.shared if name in there.options}
            return replace(change, entry=change.entry.having({**shared, **change.entry.options}))
    return change


def _siblings(observed: State, changes: list[Change]) -> Iterator[Change]:
    """Yield the links that change along because the kernel stores the option once for all links of a lower device."""
    told = {change.entry.ident for change in changes}
    for change in changes:
        kind = KINDS.get(change.entry.kind)
        if kind is None or not kind.shared or change.verb == "delete":
            continue
        lower = lower_key(change.entry) or lower_key(change.observed or change.entry)
        if lower is None:
            continue
        wished = {name: change.entry.options[name] for name in kind.shared if name in change.entry.options}
        for there in observed.values():
            if there.type != "link" or there.ident in told or lower_key(there) != lower:
                continue
            fields = {n: (there.options[n], v) for n, v in wished.items() if there.options.get(n, v) != v}
            if fields:
                told.add(there.ident)
                yield Change("modify", there.having({name: pair[1] for name, pair in fields.items()}), there, fields)


def check_alone(observed: State, changes: list[Change]) -> None:
    """Refuse links beside one that must be alone on its lower device. The kernel has no message for that."""
    concerned = {change.entry.ident: change for change in changes if _alone(change.entry)[0]}
    if not concerned:
        return
    gone = {change.entry.ident for change in changes if change.verb == "delete"}
    beneath: dict[Optional[Key], list[tuple[Entry, bool]]] = {}
    for entry in observed.values():
        if _alone(entry)[0] and entry.ident not in concerned and entry.ident not in gone:
            beneath.setdefault(lower_key(entry), []).append((entry, _is_alone(entry)))
    for change in concerned.values():
        if change.verb == "delete":
            continue
        link = change.entry if change.verb != "modify" or _alone(change.entry)[0] in change.fields else change.there
        lower, alone = lower_key(change.entry) or lower_key(change.observed or link), _is_alone(link)
        others = beneath.setdefault(lower, [])
        other = next((entry for entry, must in others if alone or must), None)
        if lower is not None and other is not None:
            option, value = _alone(link if alone else other)
            beside = f"must be alone on {lower[1]}"
            what = f"{value} {beside}, and {other} is there" if alone else f"{other} is {value}, which {beside}"
            raise Refused(
                object=change.entry,
                option=option,
                reason=what,
                advice="Give one of them another value or another lower device",
            )
        others.append((link, alone))


def _is_alone(link: Entry) -> bool:
    option, value = _alone(link)
    return bool(link.options.get(option) == value)


def _alone(entry: Entry) -> tuple[str, Any]:
    """Return the option and value with which a link must be alone on its lower device, none for most."""
    kind = KINDS.get(entry.kind) if entry.type == "link" else None
    return kind.alone if kind is not None else ("", None)


def _of_one(changes: list[Change], desired: State, observed: State) -> list[Change]:
    """Give objects that the kernel stores as one entry the desired values of any of them, else the current ones.

    Each object is sent with all shared options, and the last one decides.
    """
    new = [change for change in changes if change.entry.type in SHARING and change.verb != "delete"]
    # A run may create thousands of entries without shared options.
    if not new or not (_any_sharing(observed) or any(_asked(entry) for entry in desired.values() if entry.present)):
        return changes
    touched = {one_of(change.entry) for change in new} - {None}
    gone = {change.entry.ident for change in changes if change.verb == "delete"}
    there: dict[Ident, list[Entry]] = {}
    for entry in observed.values():
        one = one_of(entry) if entry.type in SHARING else None
        if one in touched and one is not None and entry.ident not in gone:
            there.setdefault(one, []).append(entry)
    shared: dict[Ident, dict[str, Any]] = {one: _shared(entries[0]) for one, entries in there.items()}
    for entry in desired.values():
        one = one_of(entry) if entry.type in SHARING and entry.present else None
        if one in touched and one is not None:
            shared.setdefault(one, {}).update(_asked(entry))
    _check_lasting(new, there, shared)
    told = {change.entry.ident for change in new}
    alike = [_like(change, shared) if change in new else change for change in changes]
    for one, entries in there.items():
        for entry in entries:
            fields = _differing(entry, shared[one])
            if fields and entry.ident not in told:
                alike.append(Change("modify", entry.having(shared[one]), entry, fields))
    return alike


def _any_sharing(state: State) -> bool:
    return any(entry.type in SHARING and one_of(entry) is not None for entry in state.values())


def _shared(entry: Entry) -> dict[str, Any]:
    return {name: entry.options[name] for name in OBJECT_TYPES[entry.type].shared if name in entry.options}


def _asked(entry: Entry) -> Mapping[str, Any]:
    """Return the desired shared options of an object."""
    return _shared(entry) if entry.type in SHARING and not SHARING[entry.type].isdisjoint(entry.options) else {}


def _differing(entry: Entry, shared: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (entry.options[name], value) for name, value in shared.items() if entry.options.get(name) != value}


def _like(change: Change, shared: Mapping[Ident, Mapping[str, Any]]) -> Change:
    """Return a change with the shared options added."""
    one = one_of(change.entry)
    if one is None or one not in shared:
        return change
    fields = change.fields
    if change.observed is not None and change.verb == "modify":
        fields = {**fields, **_differing(change.observed, shared[one])}
    return replace(change, entry=change.entry.having({**change.entry.options, **shared[one]}), fields=fields)


def _check_lasting(new: list[Change], there: Mapping[Ident, list[Entry]], shared: Mapping[Ident, Any]) -> None:
    """Refuse options that only a new entry can get, where the kernel has the entry for another object already."""
    for change in new:
        one = one_of(change.entry)
        if one is None or one not in there:
            continue
        for name in OBJECT_TYPES[change.entry.type].shared_for_good:
            others = [entry for entry in there[one] if not entry.options.get(name)]
            alone = others == [change.observed] and sum(one_of(other.entry) == one for other in new) == 1
            if shared[one].get(name) and others and not alone:
                other = next((entry for entry in others if entry.ident != change.entry.ident), others[0])
                raise Refused(
                    object=change.entry,
                    option=name,
                    reason=f"{other} was put there without it, and the kernel stores both as one entry",
                    advice=f"Remove {other} first",
                )
