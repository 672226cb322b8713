# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a host to the desired state: observe, diff, plan, apply, verify. Roll back when a step fails."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .kernel.host.connection import connection
from .kernel.host.databases import number_of
from .kernel.host.machine import clock_rate, collector_off, locked, require_privileges
from .kernel.host.namespaces import Namespaces
from .kernel.host.proc_sys import Sysctls
from .kernel.observe import OTHER_NETNS, KernelError, Observer, left_over, marked, siblings
from .kernel.wires.requests import DUMPED, TABLES
from .plan.advice import addresses_of_ports, of_bridges, routes_of_ports
from .plan.commands import commands
from .plan.diff import diff
from .plan.losses import LOSABLE, comes_again, going, links_with_losses, put_back, reaches_far, shares
from .plan.operations import undo
from .plan.planner import plan
from .plan.protect import may_cut, protect
from .plan.sysctl_effects import after, changes_also, in_effect, needed_of, settled
from .state.canonical import resolved
from .state.config import Reader
from .state.entries import nexthops_named, table_of
from .state.gathered import write
from .state.model import HOST, Change, Entry, Operation, State
from .tables.failure import Failed, Failure, Fault, Refused
from .tables.links.any_link import ALTNAMES
from .tables.registry import OBJECT_TYPES
from .tables.types.simple import NONE

#: Seconds to wait for another run on the same host.
LOCK_WAIT = 60.0
#: How often a run applies operations: the kernel may change one object along with another one.
ROUNDS = 2


@dataclass
class Report:
    """The result of a run, or of a run in check mode."""

    changed: bool = False
    commands: list[str] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)  # reported on every run, changed or not
    effective: list[dict[str, Any]] = field(default_factory=list)  # the values in effect of the desired sysctls


class Engine:
    """One run on one host."""

    def __init__(self, *, protect_connection: bool = True, say: Callable[[str], None] = lambda _sentence: None) -> None:
        self.protect_connection = protect_connection
        self.say = say
        self.before: State = {}  # the current state before the first operation
        self.done: list[Operation] = []  # operations that were carried out
        self._of: tuple[State, tuple[set[str], set[str]]] | None = None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[None]:
        """Open the namespaces for a run. A run calls this under the lock: the run before may create or remove some."""
        self.namespaces = Namespaces()
        self.observer = Observer(self.namespaces)
        try:
            yield
        finally:
            self.observer.close()
            self.namespaces.close()
            self.__dict__.pop("sysctls", None)

    @functools.cached_property
    def sysctls(self) -> Sysctls:
        """Return the reader of sysctls; most runs need none."""
        return Sysctls(self.namespaces)

    @property
    def carried_out(self) -> list[str]:
        """Return the command lines of the operations that were carried out."""
        return commands(self.done, self.before)

    def run(self, config: Mapping[str, Any], *, overridden: bool = False, check: bool = False) -> Report:
        """Bring the host to the desired state.

        :raises Refused: before the first operation.
        :raises Failed: after operations were sent, with the outcome of the rollback.
        """
        require_privileges()
        with contextlib.nullcontext() if check else locked(LOCK_WAIT, self.say), self._opened(), collector_off():
            return self._run(config, overridden=overridden, check=check)

    def _run(self, config: Mapping[str, Any], *, overridden: bool, check: bool) -> Report:
        wished = Reader(self.namespaces.canonical, self.namespaces.attach, number_of, self._link).read(config)
        desired, rounded = settled(wished, clock_rate()) if _sysctls(wished) else (wished, [])
        report = Report(warnings=rounded)
        self._check_namespaces(desired)
        desired, observed = self._resolved(desired, overridden)
        report.warnings += addresses_of_ports(desired, observed, overridden) + routes_of_ports(desired, observed)
        report.warnings += of_bridges(desired, observed)
        changes = diff(desired, observed, overridden, os.uname().release, clock_rate())
        if not changes:
            return self._in_effect(report, desired, observed, [])
        if any(reaches_far(change) for change in changes):
            observed = self._observe(desired, overridden, everything=True)
            if any(shares(change) for change in changes):
                observed = {**siblings(self.namespaces, self.observer, overridden), **observed}
            changes = diff(desired, observed, overridden, os.uname().release, clock_rate())
        self._check_kinds(changes)
        self._look_at_sysctls(changes, observed)
        self.before = observed
        operations = plan(changes, desired, observed)
        self._protect(operations)
        lines: list[str] = []
        if operations and not check:
            operations, lines = self._apply(operations, desired, overridden=overridden)
            observed = self._there_of_sysctls(desired)
        report.changed, report.commands = bool(operations), commands(operations, observed) if check else lines
        report.diff = {"prepared": "".join(f"{line}\n" for line in report.commands)}
        return self._in_effect(report, desired, observed, operations if check else [])

    def _resolved(self, wished: State, overridden: bool) -> tuple[State, State]:
        """Return the desired state with the links' real names, and the current state."""
        observed = self._observe(wished, overridden)
        desired = resolved(wished, observed)
        if desired is wished:
            return desired, observed
        self._check_namespaces(desired)
        return desired, self._observe(desired, overridden)

    def _link(self, netns: str, name: str) -> Entry | None:
        """Return a link of the host, None where there is none."""
        found = self.observer.links(netns) if self.namespaces.has(netns) else []
        links = [entry for entry in found if entry.type == "link"]
        named = (entry for entry in links if name in entry.options.get(ALTNAMES.name, ()))
        return next((entry for entry in links if entry.name == name), None) or next(named, None)

    def _in_effect(self, report: Report, desired: State, observed: State, operations: list[Operation]) -> Report:
        """Add to the report the values of desired sysctls that are in effect, or will be after the operations."""
        wished = _sysctls(desired)
        if wished:
            needed = self.sysctls.needed({ident for entry in wished for ident in needed_of(entry)} - observed.keys())
            report.effective, sentences = in_effect(desired, after({**needed, **observed}, operations))
            report.warnings += sentences
        return report

    def _there_of_sysctls(self, desired: State) -> State:
        """Return the current state of the sysctls in the desired state."""
        wished = _sysctls(desired)
        return self.sysctls.wished(wished) if wished else {}

    def _look_at_sysctls(self, changes: Iterable[Change], observed: State) -> None:
        """Refuse sysctls that do not exist. Read the sysctls that the kernel is going to change along with others."""
        found = [change for change in changes if change.entry.type == "sysctl"]
        if found:
            self.sysctls.refuse(found)
            links: dict[str, list[str]] = {}
            for entry in observed.values():
                if entry.type == "link":
                    links.setdefault(entry.netns, []).append(entry.name)
            also = {one for change in found for one in changes_also(change.entry, links.get(change.entry.netns, ()))}
            observed.update(self.sysctls.needed(also - observed.keys()))
        removed = going(changes, observed)
        if removed:
            observed.update({**self.sysctls.of_links(removed), **observed})

    def _protect(self, operations: list[Operation]) -> None:
        """Refuse operations that would cut the connection of this run."""
        if not self.protect_connection or not any(may_cut(operation) for operation in operations):
            return
        found = connection(self.observer)
        if found is not None:
            protect(operations, self.observer.observe([HOST], ["address", "nexthop", "route"]), found)

    def _check_namespaces(self, desired: State) -> None:
        """Refuse a namespace that does not exist and that the configuration does not create."""
        made = {entry.name: entry.present for entry in desired.values() if entry.type == "netns"}
        there: set[str] = {HOST}
        for entry in desired.values():
            if entry.type == "netns" or not entry.present or (entry.type in OBJECT_TYPES and entry.key[0] in there):
                continue
            needed = [entry.options[name] for name in OTHER_NETNS if name in entry.options]
            for netns in (entry.netns, *needed):
                if netns in there:
                    continue
                if made.get(netns, self.namespaces.has(netns)):
                    there.add(netns)
                else:
                    raise Refused(
                        object=entry,
                        option="netns",
                        reason=f"there is no namespace {netns}",
                        advice="Create the namespace in the same configuration, or correct the name",
                    )

    def _observe(self, desired: State, overridden: bool, everything: bool = False, first: bool = True) -> State:
        netnses, type_names = (set(part) for part in self._concerned(desired))
        if everything:
            type_names.update(TABLES)
        if overridden or everything:
            netnses.update(self.namespaces.known())
            type_names.update(DUMPED)
        if overridden:
            type_names.add("netns")
        if first and any(entry.options.get("master", NONE) != NONE for entry in desired.values()):
            type_names.add("address")  # a warning names addresses on bridge ports
        state = self.observer.observe(sorted(netnses), type_names, None if overridden or everything else desired)
        if overridden:
            state.update(marked(self.namespaces, self.observer, netnses))
        if "netns" in type_names:
            state.update(left_over(desired))
        state.update(self._there_of_sysctls(desired))
        # The rollback restores a desired object like any other, even where the kernel may have created the object.
        wished = [entry for ident, entry in state.items() if entry.by_kernel and ident in desired]
        state.update((entry.ident, replace(entry, by_kernel=False)) for entry in wished)
        return state

    def _concerned(self, desired: State) -> tuple[set[str], set[str]]:
        """Return the namespaces, types of objects and tables of the desired state; found once for a run."""
        if self._of is not None and self._of[0] is desired:
            return self._of[1]
        netnses, type_names = ({HOST} if desired else set()), set()
        for entry in desired.values():
            options = entry.options
            object_type = OBJECT_TYPES.get(entry.type)
            netnses.add(entry.key[0])
            type_names.add(entry.type)
            if object_type is None:
                netnses.update((entry.from_netns or HOST, *(options.get(name, HOST) for name in OTHER_NETNS)))
            elif not object_type.asking.isdisjoint(options):
                if nexthops_named(entry):
                    type_names.add("nexthop")
                for name, values in object_type.passing.items():
                    if options.get(name) in values:
                        type_names.add(f"passing {entry.type}")
            if not table_of(entry).apart.isdisjoint(options):
                type_names.update(row.dump for row in table_of(entry).of_a_dump if row.name in options)
        self._of = (desired, (netnses, type_names))
        return netnses, type_names

    def _check_kinds(self, changes: Iterable[Change]) -> None:
        from .kernel.apply import kinds_lacking  # imports pyroute2, so only before a write

        new = [c for c in changes if c.verb in ("create", "recreate") and c.entry.type == "link" and c.entry.kind]
        faults = kinds_lacking(self.observer, (change.entry.kind for change in new))
        for change in new:
            if change.entry.kind in faults:
                raise faults[change.entry.kind].of(change.entry)

    def _apply(
        self, operations: list[Operation], desired: State, *, overridden: bool
    ) -> tuple[list[Operation], list[str]]:
        """Carry operations out and verify. Return the operations that were carried out, and their command lines.

        Raise Failed after a rollback.
        """
        from .kernel.apply import apply

        done: list[Operation] = []
        lines: list[str] = []

        def told(operation: Operation) -> None:
            lines.extend(commands([operation], self.before))

        turn = 0
        while True:
            turn += 1
            outcome = apply(self.observer, operations, told)
            done += outcome.done
            self.done = done
            if outcome.failed is not None:
                raise self._roll_back(outcome.fault.of(outcome.failed.entry), done, outcome.failed)
            operations, left = self._left(desired, overridden=overridden)
            if left is None:
                return done, lines
            if not operations or turn == ROUNDS:
                raise self._roll_back(left, done)

    def _left(self, desired: State, *, overridden: bool) -> tuple[list[Operation], Failure | None]:
        """Return the operations that are left, and the failure that they stand for; none where all is as desired.

        A link may change with another one: a bridge's MTU follows its ports until it is set.
        """
        try:
            observed = self._observe(desired, overridden, first=False)
            changes = diff(desired, observed, overridden, hz=clock_rate())
            if changes:
                observed = self._observe(desired, overridden)
        except Refused as why:
            return [], Fault(why.option or "", f"after the change: {why.reason}", why.advice or "").of(why.object)
        if not changes:
            return [], None
        change = changes[0]
        fields = ", ".join(f"{name} is {old}, not {new}" for name, (old, new) in change.fields.items())
        reason = f"the kernel did not keep it ({change.verb}{': ' + fields if fields else ''})"
        advice = "Look for a program that changes the object too, such as NetworkManager or systemd-networkd"
        fault = Fault(", ".join(change.fields), reason, advice)
        again = plan(changes, desired, observed) if all(map(comes_again, changes)) else []
        return again, fault.of(change.entry)

    def _roll_back(self, why: Failure, done: list[Operation], failed: Operation | None = None) -> Failed:
        """Roll back the operations that were carried out; return the failure to raise."""
        from .kernel.apply import apply

        carried, back = commands(done, self.before), undo(done)
        self.observer.views.clear()
        half = failed is not None and failed.verb == "set" and failed.before is not None and failed.before.options
        if half and failed is not None:
            # The kernel may carry out a part of a request that it then refuses. If it did nothing, it may refuse this.
            apply(self.observer, [failed.inverse()])
        outcome = apply(self.observer, back)
        links = links_with_losses(self.before, done)
        if outcome.failed is None and links:
            now = self.observer.observe({netns for netns, _name in links}, LOSABLE)
            back = put_back(self.before, now, links)
            outcome = apply(self.observer, back)
        if outcome.failed is not None:
            after = f"The rollback failed too, at {outcome.fault.of(outcome.failed.entry)}"
            left = "; ".join(commands(back[len(outcome.done) :]))
            return Failed(why=why, after=f"{after}; not rolled back: {left}", commands=carried, rolled_back=False)
        differs = self._differs(failed) if half and failed is not None else ""
        if differs:
            after = f"The kernel did a part of it, which could not be rolled back: {differs}"
            return Failed(why=why, after=after, commands=carried, rolled_back=False)
        after = "Nothing was changed: what was done before was rolled back"
        return Failed(why=why, after=after, commands=carried, rolled_back=True if carried else None)

    def _differs(self, failed: Operation) -> str:
        """Return the options of the failed operation's object that differ from before the run; empty for none."""
        before = self.before.get(failed.entry.ident)
        if before is None or before.type == "sysctl":
            return ""
        there = self.observer.observe([before.netns], [before.type, *TABLES]).get(before.ident)
        pairs = [
            (name, before.options.get(name), there.options.get(name) if there is not None else None)
            for name in failed.entry.options
        ]
        return ", ".join(f"{name} is {found}, not {value}" for name, value, found in pairs if found != value)

    def gather(self, netnses: Iterable[str] | None = None) -> dict[str, Any]:
        """Return the current state as a configuration, by default of the host and all named namespaces."""
        with self._opened():
            return self._gather(netnses)

    def _gather(self, netnses: Iterable[str] | None) -> dict[str, Any]:
        if netnses is None:
            names = self.namespaces.known()
        else:
            try:
                names = [self.namespaces.canonical(name) for name in netnses]
            except ValueError as why:
                raise Refused(object=None, option="netns", reason=why, advice="Name an existing namespace") from None
            for name in names:
                if not self.namespaces.has(name):
                    raise Refused(
                        object=None,
                        option="netns",
                        reason=f"there is no namespace {name}",
                        advice="Name an existing namespace",
                    )
        type_names = {*DUMPED, *TABLES}
        if netnses is None:
            type_names.add("netns")
        state = self.observer.observe(names, type_names)
        return write({ident: entry for ident, entry in state.items() if not entry.by_kernel})


def _sysctls(state: State) -> list[Entry]:
    return [entry for entry in state.values() if entry.type == "sysctl"]


__all__ = ["Engine", "Failed", "KernelError", "Refused", "Report"]
