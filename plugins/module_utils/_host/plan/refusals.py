# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse changes that this kernel, or another object of the host, makes impossible. Pure."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from ..state.claims import unique_claim
from ..state.entries import Rows, given, link_of, made_in, names_links, names_others, nexthops_named
from ..state.model import HOST, Change, Entry, State
from ..tables.failure import Refused
from ..tables.objects.encap import Consent
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.types.simple import NONE, Type


def release(text: str) -> tuple[int, int]:
    """Return major and minor of a kernel release such as ``6.1.0-13-amd64``."""
    major, _dot, rest = text.partition(".")
    minor = "".join(char for char in rest.split(".")[0].split("-")[0] if char.isdigit())
    return (int(major), int(minor or 0)) if major.isdigit() else (0, 0)


def is_known(since: str, kernel: str) -> bool:
    """Tell whether a release of Linux is not older than another one; also true for an unknown release."""
    return not since or not kernel or release(kernel) >= release(since)


def check_unique(observed: State, changes: list[Change]) -> None:
    """Refuse a new link whose unique options another link has, a new one or one that stays."""
    new = [change for change in changes if change.verb in ("create", "recreate") and change.entry.type == "link"]
    if not any(change.entry.kind and KINDS[change.entry.kind].unique for change in new):
        return
    gone = {change.entry.ident for change in changes if change.verb in ("delete", "recreate")}
    taken: dict[tuple[Any, ...], Entry] = {}
    for there in observed.values():
        if there.type == "link" and there.ident not in gone:
            claim = unique_claim(there)
            if claim is not None:
                taken[claim] = there
    for change in new:
        claim = unique_claim(_after(change))
        other = taken.setdefault(claim, change.entry) if claim is not None else change.entry
        if other.ident != change.entry.ident:
            names = KINDS[other.kind].unique
            shared = ", ".join(f"{name} {value}" for name, value in zip(names, claim[2] if claim else ()))
            raise Refused(
                object=change.entry,
                option=names[0],
                reason=f"{other} has the same {shared} already",
                advice="Give another value",
            )


def check_open(observed: State, changes: list[Change]) -> None:
    """Refuse to set a link up while another one with other receive options uses the same socket."""
    changed = {change.entry.ident: change for change in changes if change.entry.type == "link"}
    new = {ident: change for ident, change in changed.items() if _opens(change)}
    if not new:
        return
    links = [entry for ident, entry in observed.items() if entry.type == "link" and ident not in changed]
    links += [_after(one) for ident, one in changed.items() if ident not in new and one.verb != "delete"]
    # Links that are up come first, so the message names the link that is to be set up.
    links += map(_after, new.values())
    named = {link.key: link for link in links}
    opened: dict[tuple[Any, ...], tuple[Entry, str]] = {}
    for link in links:
        kind = KINDS.get(link.kind)
        if kind is None or "listens" not in kind.hooks or not link.options.get("up"):
            continue
        sockets, how = kind.listens(link.options) or ([], "")
        for family, port, dev in sockets:
            # A socket is bound to the VRF that is the master of the lower device.
            beneath = named.get((made_in(link), dev)) if dev != NONE else None
            bound = dev if beneath is not None and beneath.options.get("master", NONE) != NONE else NONE
            other, its = opened.setdefault((made_in(link), family, port, bound), (link, how))
            if its != how:
                differ = ", ".join(sorted({*how.split()} ^ {*its.split()}))
                raise Refused(
                    object=link,
                    option="up",
                    reason=f"{other} is up on UDP port {port} too, and one of them alone has {differ}: "
                    "such links cannot share the port",
                    advice="Set up: false or another dstport for one of them",
                )


def _opens(change: Change) -> bool:
    """Tell whether a link becomes up, and is of a kind that then opens a socket."""
    kind = KINDS.get(change.entry.kind or (change.observed.kind if change.observed is not None else ""))
    goes_up = change.verb in ("create", "recreate") or (change.verb == "modify" and "up" in change.fields)
    return goes_up and kind is not None and "listens" in kind.hooks


def _after(change: Change) -> Entry:
    """Return a link with its options after the change."""
    there = change.observed
    if there is None or (change.entry.kind and there.kind != change.entry.kind):
        return change.entry
    return replace(change.entry, kind=there.kind, options={**there.options, **change.entry.options})


#: Types of objects with an option whose value no two objects share.
_OF_UNIQUE_VALUES = {name for name, object_type in OBJECT_TYPES.items() if "unique_value" in object_type.hooks}


def check_values(observed: State, changes: list[Change]) -> None:
    """Refuse a value that another object of the type has. The kernel refuses duplicates that are not seen here."""
    new = [change.entry for change in changes if change.entry.type in _OF_UNIQUE_VALUES and change.verb != "delete"]
    if not new:
        return
    there = (entry for entry in observed.values() if entry.type in _OF_UNIQUE_VALUES)
    taken = {(entry.type, entry.options[name]): entry for entry in there for name, _called in _unique_value(entry)}
    for entry in new:
        for name, called in _unique_value(entry):
            other = taken.setdefault((entry.type, entry.options[name]), entry)
            if other.ident != entry.ident:
                raise Refused(
                    object=entry,
                    option=name,
                    reason=f"{entry.options[name]} is {called} of {other} already",
                    advice="Give another value",
                )


def _unique_value(entry: Entry) -> list[tuple[str, str]]:
    found = OBJECT_TYPES[entry.type].unique_value(entry.options)
    return [] if found is None else [found]


def check_release(change: Change, has: Rows, kernel: str) -> None:
    """Refuse an option or value that this release of Linux does not know. ``has``: the object's options afterwards."""
    if not kernel:
        return
    for row in has.of_a_release:
        if change.fields and row.name not in change.fields:
            continue
        value = change.entry.options.get(row.name)
        needed_release = row.needed_release(value)
        if not is_known(needed_release, kernel):
            what = f"{value}: " if needed_release != row.since else ""
            raise Refused(
                object=change.entry,
                option=row.name,
                reason=f"{what}needs Linux {needed_release}, this kernel is {kernel}",
                advice="Leave the option out",
            )
    _check_chosen(change.entry, kernel)
    for row in has.of_an_objection:
        # A change of a route sends all options, not only the different ones.
        daring = any(isinstance(other.type, Consent) and change.entry.options[other.name] for other in has.all)
        reason = row.type.objection(change.entry.options[row.name], release(kernel), daring)
        if reason:
            raise Refused(object=change.entry, option=row.name, reason=f"{reason} (this kernel is {kernel})")


#: The rows of keys that not every kernel knows, or with values that some kernels must not get.
_OF_A_RELEASE = {
    name: rows
    for name, object_type in OBJECT_TYPES.items()
    for rows in [tuple(row for row in object_type.keys if row.since or type(row.type).objection is not Type.objection)]
    if rows
}


def _check_chosen(entry: Entry, kernel: str) -> None:
    """Refuse a key that this release of Linux does not know."""
    if entry.type not in _OF_A_RELEASE:
        return
    chosen = OBJECT_TYPES[entry.type].chosen(entry.key)
    for row in _OF_A_RELEASE[entry.type]:
        if row.name not in chosen:
            continue
        if not is_known(row.since, kernel):
            raise Refused(
                object=entry,
                option=row.name,
                reason=f"needs Linux {row.since}, this kernel is {kernel}",
                advice="Leave the option out",
            )
        reason = row.type.objection(chosen[row.name], release(kernel), daring=False)
        if reason:
            raise Refused(object=entry, option=row.name, reason=f"{reason} (this kernel is {kernel})")


def check_takes(change: Change, has: Rows) -> None:
    """Refuse a value that a link may have, but that cannot be requested. ``has``: the link's options afterwards."""
    names = change.fields if change.verb == "modify" else change.entry.options
    for row in has.of_a_refusal:
        if row.name in names and change.entry.options[row.name] in row.refused:
            value = change.entry.options[row.name]
            raise Refused(
                object=change.entry,
                option=row.name,
                reason=f"{value} cannot be requested: {row.refused[value]}",
                advice="Give another value, or leave the option out",
            )


def check_moot(entry: Entry, there: Mapping[str, Any]) -> None:
    """Refuse options that do not apply to a link, such as IPv6 header options of a link that sends by IPv4."""
    rows = given(entry).at_times_moot if entry.kind else ()
    if not rows:
        return
    # Current options are decoded when they are read, and few are read.
    link: Mapping[str, Any] = ChainMap(dict(entry.options), cast("dict[str, Any]", there))
    case = KINDS[entry.kind].case(link)
    for row in rows:
        moot, value = row.moot.get(case), entry.options[row.name]
        if moot is not None and value not in (*moot.taken, *moot.idle):
            raise Refused(
                object=entry, option=row.name, reason=moot.why.format_map(link), advice="Leave the option out"
            )


def check_kind(change: Change) -> None:
    """Refuse options of a link that its other options exclude. The kernel has no message for these."""
    kind = KINDS.get(change.entry.kind)
    if kind is None:
        return
    wished = change.entry.options
    there = change.observed
    living = there.options if there is not None and there.kind == change.entry.kind else {}

    def has(name: str) -> Any:
        row = kind.option(name)
        return {**living, **wished}.get(name, row.parsed_default if row is not None else None)

    fault = kind.fault(wished, has)
    if fault is not None:
        raise fault.of(change.entry)


def check_references(desired: State, observed: State, changes: list[Change]) -> None:
    """Refuse the name of a link, namespace or nexthop that does not exist and is not created."""
    gone = {change.entry.ident for change in changes if change.verb == "delete"}

    def there(type_name: str, netns: str, name: str) -> bool:
        ident = (type_name, (netns, name))
        wished = desired.get(ident)
        if wished is not None:
            return wished.present
        of_new_netns = (type_name, name) == ("link", "lo") and there("netns", HOST, netns)
        return of_new_netns or (ident in observed and ident not in gone)

    fine: set[tuple[str, str]] = set()  # thousands of objects are on a few links
    for change in changes:
        if change.verb == "delete":
            continue
        link = link_of(change.entry)
        named = [("dev", *link)] if link is not None and link not in fine else []
        for option, netns, name in (*named, *names_links(change.entry)) if names_others(change.entry) else named:
            if not there("link", netns, name):
                raise Refused(
                    object=change.entry,
                    option=option,
                    reason=f"there is no link {name}{_where(netns)}",
                    advice="Create the link in the same configuration, or correct the name",
                )
            fine.add((netns, name))
        for option, number in nexthops_named(change.entry):
            if not there("nexthop", change.entry.netns, number):
                raise Refused(
                    object=change.entry,
                    option=option,
                    reason=f"there is no nexthop {number}{_where(change.entry.netns)}",
                    advice="Create the nexthop in the same configuration, or correct the number",
                )
        if change.entry.type in OBJECT_TYPES and OBJECT_TYPES[change.entry.type].with_master:
            _check_port(change.entry, desired, observed)


#: Types with objects that the kernel does not accept on every link.
_OF_PLACES = {name: object_type for name, object_type in OBJECT_TYPES.items() if "fault_on_link" in object_type.hooks}


def check_places(desired: State, observed: State, changes: list[Change]) -> None:
    """Refuse objects that the kernel does not accept on their links (ObjectType.fault_on_link)."""
    placed = [change for change in changes if change.entry.type in _OF_PLACES]
    if not placed:
        return
    new = {change.entry.ident: change.entry for change in changes if change.verb in ("create", "recreate")}
    gone = {change.entry.ident for change in changes if change.verb == "delete"}
    for change in placed:
        entry, removed = change.entry, change.verb == "delete"
        on = (entry.name, *OBJECT_TYPES[entry.type].links_in(entry.key))
        if removed and any(("link", (entry.netns, name)) in gone for name in on):
            continue  # the kernel removes the object with its link
        states: tuple[State, ...] = (observed,) if removed else (observed, new, desired)
        fault = _OF_PLACES[entry.type].fault_on_link(entry.key, entry.options, partial(_link_in, states, entry.netns))
        if fault is not None:
            raise fault.of(entry)


def _link_in(states: Iterable[State], netns: str, name: str) -> Mapping[str, Any]:
    """Return the options of a link in several states, the later before the earlier, and its kind."""
    found: dict[str, Any] = {}
    for state in states:
        link = state.get(("link", (netns, name)))
        if link is not None:
            found.update(link.options)
            found["kind"] = link.kind or found.get("kind", "")
    return found


def _check_port(entry: Entry, desired: State, observed: State) -> None:
    """Refuse options of a port where the link neither has nor gets a bridge as its master."""

    def known(name: str) -> list[Entry]:
        ident = ("link", (entry.netns, name))
        return [state[ident] for state in (desired, observed) if ident in state]

    masters = [link.options["master"] for link in known(entry.name) if "master" in link.options]
    if not masters or masters[0] == NONE:
        raise Refused(
            object=entry,
            option="dev",
            reason=f"{entry.name} is no port: it has no master",
            advice="Set its master to a bridge",
        )
    kinds = [link.kind for link in known(masters[0]) if link.kind]
    if kinds and kinds[0] in KINDS and not KINDS[kinds[0]].switches:
        raise Refused(
            object=entry,
            option="dev",
            reason=f"{entry.name} is no port of a bridge: its master {masters[0]} is a {kinds[0]}",
            advice="Set its master to a bridge",
        )


def _where(netns: str) -> str:
    return "" if netns == HOST else f" in netns {netns}"
