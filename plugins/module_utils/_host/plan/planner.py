# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn changes into ordered operations that can be rolled back. Pure: no kernel, no Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..state.entries import peer_key, rows_given, table_of
from ..state.model import Change, Entry, Ident, Operation, State
from ..tables.links.any_link import ALL as LINK_OPTIONS
from ..tables.links.any_link import ALTNAMES, LINK_NETNS, MASTER
from ..tables.objects.sysctl import DISABLE, OF_NO_LINK
from ..tables.registry import KINDS, OBJECT_TYPES
from ..tables.types.simple import NONE, UNSET
from .dependents import Dependents, bringer
from .losses import going_with_addresses
from .moves import after, losses, lost_with
from .operations import (
    ADD_LINKS,
    FREE_NAMES,
    LINKS_UP,
    MOVE_LINKS,
    OF_ANY_KIND,
    PHASES,
    PORTS_UP,
    REMOVE_LINKS,
    REMOVE_OBJECTS,
    REMOVED_IN,
    SET_LINKS,
    SET_SYSCTLS,
    fitting,
    kept_anew,
    leaves_master,
    new_link,
    one_way,
    ordered,
    over,
    phase_of,
    settable,
    stands_alone,
)
from .sysctl_effects import changes_also, follows, spreads


def plan(changes: Iterable[Change], desired: State, observed: State) -> list[Operation]:
    """Return the operations in the order in which the kernel gets them."""
    return Planner(desired, observed).plan(list(changes))


class Planner:
    """Plan one run over one pair of states."""

    def __init__(self, desired: State, observed: State) -> None:
        self.desired = desired
        self.observed = observed
        self.operations: list[Operation] = []
        self.renewed: set[Ident] = set()  # recreated, or restored on a recreated object
        self.doomed: set[Ident] = set()  # removed links with their dependents
        self.removed: set[Ident] = set()  # links to be removed or recreated
        self.changed: set[Ident] = set()  # all objects with a change
        self.waiting = {entry.netns for entry in desired.values() if entry.type == "sysctl"}

    @cached_property
    def dependents(self) -> Dependents:
        """Return the dependents of each object, found at first use: most runs remove nothing."""
        return Dependents(self.observed)

    def plan(self, changes: list[Change]) -> list[Operation]:
        """Plan first the links whose removal removes their dependents, then all other changes."""
        # Another link may get the UDP port of one that is set down.
        self.waiting |= {one.entry.netns for one in changes if "up" in one.fields and not one.fields["up"][1]}
        self._move([change for change in changes if change.verb == "move"])
        removed = [one for one in changes if one.verb in ("delete", "recreate") and one.entry.type == "link"]
        self.removed = {change.entry.ident for change in removed}
        self.changed = {change.entry.ident for change in changes}
        for change in sorted(removed, key=lambda change: -self.dependents.depth(change.observed or change.entry)):
            if change.verb == "delete":
                self._remove_link(change)
            else:
                self._renew_link(change)
        for change in changes:
            if change.entry.type == "sysctl":
                self._set_sysctl(change)
            else:
                self._one(change)
        self._keep(changes)
        self._keep_sysctls(changes)
        return ordered(self.operations)

    def _move(self, moved: list[Change]) -> None:
        """Plan the moves of links. All other changes are planned for the state after the moves."""
        if not moved:
            return
        dependents = Dependents(self.observed)
        for change in moved:
            there = change.there
            back = Planner({}, self.observed)
            back._set_link(there.having(losses(there)), replace(change, fields=_asked(losses(there))))
            for entry in lost_with(there, dependents.of(there)):
                if entry.type == "link":
                    capped = {name: entry.options[name] for name in _CAPPED}
                    back._op("set", entry.having({"up": False, **capped}), None, SET_LINKS)
                    back._op("set", entry.having({"up": True}), None, LINKS_UP)
                else:
                    back._op("set", entry.having(settable(entry)), None, PHASES[entry.type])
            home = Operation("move", there, change.entry, MOVE_LINKS)
            restore = (home, *ordered(back.operations))
            self.operations.append(Operation("move", change.entry, there, MOVE_LINKS, restore=restore))
        self.observed = after(self.observed, moved)

    def _keep(self, changes: list[Change]) -> None:
        """Restore desired objects that the kernel removes along with an IPv4 address."""
        for entry, there in going_with_addresses(changes, self.desired, self.observed):
            if entry.ident not in self.renewed:
                self._op("set", over(entry, there.options), there, PHASES[entry.type])

    def _keep_sysctls(self, changes: list[Change]) -> None:
        """Set sysctls again that have the desired value but change along with another sysctl."""
        spreading = [one.entry for one in changes if one.entry.type == "sysctl" and spreads(one.entry)]
        if not spreading:
            return
        changed = self.changed | self.renewed
        for ident, entry in self.desired.items():
            there = self.observed.get(ident)
            if entry.type != "sysctl" or there is None or ident in changed or "value" not in there.options:
                continue
            if any(follows(one, entry) for one in spreading):
                same = there.having({"value": there.options["value"]})
                self._op("set", same, same, SET_SYSCTLS)

    def _set_sysctl(self, change: Change) -> None:
        """Set a sysctl. The rollback restores the sysctls that the kernel changes along with it."""
        entry, there = change.entry, change.observed
        link = ("link", entry.key[:2])
        if entry.ident in self.renewed:
            return
        on_new = link in self.renewed or (link not in self.observed and entry.key[1] not in OF_NO_LINK)
        if there is None or on_new:
            # A new link takes its sysctls with it when it is removed, but not the file for the next boot.
            self._op("add", entry.having({"value": entry.options["value"]}), None, phase_of(entry), not on_new)
            if "persist" in change.fields:
                old, new = ({"persist": value} for value in change.fields["persist"])
                self._op("set", entry.having(new), entry.having(old), SET_SYSCTLS)
            return
        every = self.observed.values() if entry.key[1] in OF_NO_LINK else ()
        devs = [one.name for one in every if one.type == "link" and one.netns == entry.netns]
        also = [self.observed[ident] for ident in changes_also(entry, devs) if ident in self.observed]
        new = {name: pair[1] for name, pair in change.fields.items()}
        old = {name: pair[0] for name, pair in change.fields.items() if pair[0] is not None}
        operation = Operation("set", entry.having(new), entry.having(old), phase_of(entry))
        back = [operation.inverse()]
        if "value" in new:
            back += [Operation("set", one, one, SET_SYSCTLS) for one in also]
        if entry.key[2] == DISABLE and "value" in change.fields:
            back += self._of_ipv6(entry, devs)
        self.operations.append(replace(operation, restore=tuple(back)))

    def _of_ipv6(self, entry: Entry, devs: list[str]) -> list[Operation]:
        """Return the operations that restore the IPv6 objects that are lost when IPv6 is switched off."""
        on = set(devs) if entry.key[1] == "all" else {entry.key[1]}
        inner = Planner({}, self.observed)
        for there in self.observed.values():
            at = OBJECT_TYPES[there.type].ip if there.type in OBJECT_TYPES else 0
            dev = there.options.get("dev") if at and OBJECT_TYPES[there.type].leads else there.name
            if at and ":" in there.key[at] and there.netns == entry.netns and dev in on and not there.by_kernel:
                inner._put_back(there, None)
        return [replace(operation, undoable=False) for operation in ordered(inner.operations)]

    def _op(self, verb: str, entry: Entry, before: Entry | None, phase: int, undoable: bool = True) -> None:
        self.operations.append(Operation(verb, entry, before, phase, undoable))

    def _one(self, change: Change) -> None:
        entry = change.entry
        if entry.ident in self.renewed or (change.verb == "delete" and entry.ident in self.doomed):
            return
        if entry.type == "link":
            self._one_link(change)
        else:
            self._one_object(change)

    def _one_link(self, change: Change) -> None:
        if change.verb == "create":
            self.operations += new_link(change.entry, stands_alone(change.entry, self.desired, self.waiting))
        elif change.verb == "modify":
            self._set_link(change.entry, change)

    def _one_object(self, change: Change) -> None:
        entry = change.entry
        phase = PHASES[entry.type]
        if change.verb == "create":
            on_new = OBJECT_TYPES[entry.type].on_link and ("link", entry.key[:2]) in self.renewed
            self._op("add", entry, None, phase, not on_new)
        elif OBJECT_TYPES[entry.type].bears and change.verb != "modify":
            self._remove_bearing(change)
        elif change.verb == "delete":
            self._spare(change.there)
            self._op("del", change.there, change.there, REMOVED_IN.get(entry.type, REMOVE_OBJECTS))
        elif change.verb == "recreate":
            self._anew(change, phase)
        elif OBJECT_TYPES[entry.type].piecewise:
            late = table_of(entry).late
            for names, when in ((set(change.fields) - late, phase), (late, PORTS_UP)):
                fields = {name: pair for name, pair in change.fields.items() if name in names}
                self._set_fields(entry, replace(change, fields=fields), when)
        else:
            self._op("set", over(entry, change.there.options), change.there, phase)

    def _spare(self, there: Entry) -> None:
        """Put objects that the kernel would find in place of the removed one behind it in the kernel's list."""
        object_type = OBJECT_TYPES[there.type]
        if "finds" not in object_type.hooks:
            return
        one, phase = (there.key, there.options), REMOVED_IN[there.type]
        for other in self.observed.values():
            found = other.type == there.type and other.ident not in self.changed and other.owned >= there.owned
            if found and object_type.finds(one, (other.key, other.options)):
                self._op("add", other, None, phase)
                self._op("del", other, other, phase)

    def _anew(self, change: Change, phase: int) -> None:
        """Recreate an object that the kernel does not change in place; create the new one first where both fit."""
        there, new = change.there, over(change.entry, kept_anew(change.there))
        if OBJECT_TYPES[change.entry.type].beside:
            self._op("add", new, None, phase)
            self._spare(there)
            self._op("del", there, there, REMOVED_IN.get(there.type, phase))
        else:
            self._op("del", there, there, phase)
            self._op("add", new, None, phase)

    def _remove_bearing(self, change: Change) -> None:
        """Remove an object that others lead to (a nexthop) behind them; recreate it at once where it changes its type.

        The routes and group members that the kernel removes with the object are restored, by the rollback too.
        """
        there, entry = change.there, change.entry
        hanging = [one for one in self.dependents.of(there, partly=True) if one.ident not in self.changed]
        before, after = Planner({}, self.observed), Planner(self.desired, self.observed)
        before._op("add", there, None, PHASES[there.type])
        for one in hanging:
            before._put_back(one, None)
            after._put_back(one, self.desired.get(one.ident))
        phase = (REMOVED_IN if change.verb == "delete" else PHASES)[there.type]
        self.operations.append(Operation("del", there, there, phase, restore=tuple(ordered(before.operations))))
        if change.verb == "recreate":
            self._op("add", over(entry, there.options), None, PHASES[there.type])
            self.operations += [replace(op, undoable=False) for op in after.operations]

    def _set_fields(self, entry: Entry, change: Change, phase: int) -> None:
        new = {name: pair[1] for name, pair in change.fields.items()}
        old = {name: pair[0] for name, pair in change.fields.items() if pair[0] not in (None, UNSET)}
        if new:
            undoable = ("link", entry.key[:2]) not in self.renewed and bool(old)
            self._op("set", entry.having(new), entry.having(old), phase, undoable)

    def _set_link(self, entry: Entry, change: Change) -> None:
        kind = KINDS.get(entry.kind)
        late = table_of(entry).late
        parts: dict[str, dict[str, tuple[Any, Any]]] = {"common": {}, "kind": {}, "up": {}, "late": {}}
        for name, pair in change.fields.items():
            own = kind is not None and (kind.option(name) is not None or name == LINK_NETNS.name)
            parts["up" if name == "up" else "late" if name in late else "kind" if own else "common"][name] = pair
        self._free_names(entry, change, parts["common"])
        # vxlan_changelink() refuses an MTU in the message that changes its own options.
        common = replace(change, fields=parts["common"])
        self._set_fields(entry, common, SET_LINKS)
        if leaves_master(common):
            self._come_back(change.there)
        self._set_fields(entry, replace(change, fields=parts["kind"]), SET_LINKS)
        if one_way(change):
            # Only a new link can have the old value, so the rollback recreates the link.
            there = change.there
            back = self._rebuilt(there, None, list(self.dependents.of(there)), {})
            gone = Operation("del", there, there, REMOVE_LINKS)
            self.operations[-1] = replace(self.operations[-1], restore=(gone, *back), undoable=True)
        self._set_fields(entry, replace(change, fields=parts["up"]), LINKS_UP if entry.options.get("up") else SET_LINKS)
        self._set_fields(entry, replace(change, fields=parts["late"]), PORTS_UP)

    def _come_back(self, port: Entry) -> None:
        """Let the rollback of the last operation, by which a port leaves its master, restore the port's options."""
        last, master = self.operations[-1], port.options[MASTER.name]
        back = last.inverse()
        if ("link", (port.netns, master)) in self.removed:
            # The operation that restores the master makes the link its port again.
            back = replace(back, entry=back.entry.having({**back.entry.options, MASTER.name: NONE}))
            self.operations[-1] = replace(last, restore=(back,))
            return
        inner = Planner({}, self.observed)
        for one in self.dependents.of_port(port):
            inner._put_back(one, None)
        self.operations[-1] = replace(last, restore=(back, *ordered(inner.operations)))

    def _free_names(self, entry: Entry, change: Change, fields: dict[str, tuple[Any, Any]]) -> None:
        """Remove alternative names before another link gets them; leave the new ones in the fields to set."""
        old, new = fields.get(ALTNAMES.name, ((), ()))
        kept = tuple(name for name in old if name in new)
        if kept != old:
            self._set_fields(entry, replace(change, fields={ALTNAMES.name: (old, kept)}), FREE_NAMES)
            fields[ALTNAMES.name] = (kept, new)
            if kept == new:
                del fields[ALTNAMES.name]

    def _remove_link(self, change: Change) -> None:
        there = change.there
        if there.ident in self.doomed:
            return
        back = self._rebuilt(there, None, self._hanging(there), {})
        self.doomed.update(entry.ident for entry in (there, *self.dependents.of(there)))
        self.operations.append(Operation("del", there, there, REMOVE_LINKS, restore=tuple(back)))

    def _renew_link(self, change: Change) -> None:
        """Recreate a link, then restore its dependents as desired or as they were."""
        there = change.there
        if there.ident in self.doomed:
            return
        hanging = self._hanging(there)
        back = self._rebuilt(there, None, hanging, {})
        self.operations.append(Operation("del", there, there, REMOVE_LINKS, restore=tuple(back)))
        gone = self._left_behind(there, change.entry)
        hanging = [entry for entry in hanging if entry.ident not in gone]
        self.doomed.update(gone)
        self.operations += self._rebuilt(there, change.entry, hanging, self.desired)
        self.renewed.update(entry.ident for entry in (there, *hanging))
        ports = self.dependents.ports(there)
        self.renewed.update(entry.ident for port in ports for entry in self.dependents.of_port(port))
        self.doomed.update(self.renewed)

    def _hanging(self, there: Entry) -> list[Entry]:
        """Return the dependents of a link that were not already removed with an earlier link."""
        return [entry for entry in self.dependents.of(there, partly=True) if entry.ident not in self.doomed]

    def _left_behind(self, there: Entry, wished: Entry) -> set[Ident]:
        """Return the objects that are not restored when a pair is recreated with another peer: the old peer's."""
        peer = peer_key(there)
        if peer is None or peer == peer_key(there.having({**there.options, **wished.options})):
            return set()
        old = self.observed.get(("link", peer))
        return {old.ident, *(entry.ident for entry in self.dependents.of(old, there))} if old is not None else set()

    def _rebuilt(self, there: Entry, wished: Entry | None, hanging: list[Entry], desired: State) -> list[Operation]:
        """Return the operations that recreate a removed link with its dependents and ports."""
        inner = Planner(desired, self.observed)
        kept = settable(there)
        if wished is not None and wished.kind != there.kind:
            kept = {name: value for name, value in kept.items() if name in OF_ANY_KIND}
        new = wished.options if wished is not None else {}
        for row in table_of(there).forgetful:
            if row.name in new and new[row.name] != there.options.get(row.name):
                kept = {name: value for name, value in kept.items() if name not in row.forgets}
        inner.operations += new_link(fitting((wished or there).having({**kept, **new}), new))
        put_back = {entry.ident for entry in hanging}
        for entry in hanging:
            inner._put_back(entry, desired.get(entry.ident))
        for port in self.dependents.ports(there):
            if port.ident in self.removed:
                continue  # the rollback of its own removal sets its master
            master = Change("modify", port, port, {"master": (None, there.name)})
            inner._set_fields(port, master, SET_LINKS)
            for one in self.dependents.of_port(port):
                if one.ident not in put_back:
                    inner._put_back(one, desired.get(one.ident))
        return [replace(op, undoable=op.verb == "add" and op.phase == ADD_LINKS) for op in ordered(inner.operations)]

    def _put_back(self, there: Entry, wished: Entry | None) -> None:
        if wished is not None and not wished.present:
            return
        brings = bringer(there) if wished is None else None
        if brings in self.desired and not self.desired[brings].present:
            return
        entry = over(wished or there.having({}), settable(there))
        if entry.type != "link":
            # A multipath object may have lost one next hop only.
            several = any(row.several and entry.options[row.name] for row in rows_given(entry))
            verb = "set" if OBJECT_TYPES[entry.type].lasting or several else "add"
            late = {name: entry.options[name] for name in table_of(entry).late if name in entry.options}
            early = {name: value for name, value in entry.options.items() if name not in late}
            if early or not late:
                self._op(verb, entry.having(early), entry.having({}), phase_of(entry))
            if late:
                self._op("set", entry.having(late), entry.having({}), PORTS_UP)
            return
        peer = peer_key(entry)
        self.operations += new_link(entry if peer is None else replace(entry, made_with=peer))


def _asked(options: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return options as the fields of a change."""
    return {name: (None, value) for name, value in options.items()}


#: Options whose value is at most that of the lower device. The link loses them when the lower device moves.
_CAPPED = [row.name for row in LINK_OPTIONS if row.capped]
