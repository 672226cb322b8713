# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Join Ansible and the engine: argument specifications from the tables, one call for a module's whole run."""

from __future__ import annotations

# First: it keeps the bytecode of all modules that are imported behind it.
from . import bytecode  # noqa: F401  # pylint: disable=unused-import

# isort: split

import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Any, Callable, NoReturn

from .._host.run import Engine, KernelError, Report
from .._host.tables.failure import Failed, Failure
from .._host.tables.links.any_link import ALL as LINK_OPTIONS
from .._host.tables.links.any_link import ONCE
from .._host.tables.registry import KINDS, OBJECT_TYPES
from .._host.tables.table import nearest
from .._host.tables.types.simple import UNSET
from .arguments import Module

#: The oldest pyroute2 whose deletes work on current kernels (Debian 12 has it).
PYROUTE2 = (0, 7, 2)

_PROTECT = "protect_connection"
_GENERAL: dict[str, dict[str, Any]] = {
    "netns": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def link_spec(kind: str) -> dict[str, dict[str, Any]]:
    """Return the argument specification of a link module, from the kind's table and the common one."""
    table = KINDS[kind]
    spec: dict[str, dict[str, Any]] = {"name": {"type": "str", "required": True}, **_GENERAL}
    spec["recreate"] = {"type": "bool", "default": False}
    spec["from_netns"] = {"type": "str"}
    for row in (*LINK_OPTIONS, *table.options):
        if row.name == "link_netns" and not (table.follows_socket or table.lower):
            continue
        if not (table.peered and row.name.startswith("peer_")):
            spec[row.name] = row.spec()
    if table.peered:
        rows = {row.name: row.spec() for row in LINK_OPTIONS if row.name not in ONCE}
        spec["peer"] = {
            "type": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "netns": {"type": "str"},
                "from_netns": {"type": "str"},
                **rows,
            },
        }
    return spec


def object_spec(name: str) -> dict[str, dict[str, Any]]:
    """Return the argument specification of an object's module, from its table."""
    object_type = OBJECT_TYPES[name]
    spec: dict[str, dict[str, Any]] = {row.name: row.spec() for row in (*object_type.keys, *object_type.options)}
    spec.update({option: {"type": "str"} for option in object_type.link_options})
    if name != "netns":
        spec["netns"] = _GENERAL["netns"]
    if not object_type.lasting:
        spec["state"] = _GENERAL["state"]
    if object_type.recreated:
        spec["recreate"] = {"type": "bool", "default": False}
    for option in object_type.required:
        spec[option] = {**spec[option], "required": True}
    for row in object_type.keys:
        if object_type.usual_keys[row.name] is UNSET:
            spec[row.name] = {**spec[row.name], "required": True}
    return spec


def run_link(kind: str) -> None:
    """Run a link module."""
    module = _module(link_spec(kind))
    item = {**_given(module.params, module.argument_spec, module.given), "kind": kind}
    if item.get("peer"):
        item["peer"] = _given(item["peer"], module.argument_spec["peer"]["options"], module.given["peer"])
    _engine(module, lambda engine: engine.run({"links": [item]}, check=module.check_mode))


def run_object(name: str) -> None:
    """Run the module of another type of object."""
    module = _module(object_spec(name))
    config = {OBJECT_TYPES[name].plural: [_given(module.params, module.argument_spec, module.given)]}
    _engine(module, lambda engine: engine.run(config, check=module.check_mode))


def run_state() -> None:
    """Run network_state."""
    module = _module(
        {
            "state": {"type": "str", "choices": ["merged", "overridden", "gathered"], "default": "merged"},
            "config": {"type": "dict"},
        },
        required_if=[("state", "merged", ["config"]), ("state", "overridden", ["config"])],
    )
    state, config = module.params["state"], module.params["config"]
    if state == "gathered":
        _engine(module, lambda engine: Report(config=engine.gather()), writes=False)
    _engine(module, lambda engine: engine.run(config, overridden=state == "overridden", check=module.check_mode))


def run_info() -> None:
    """Run network_info."""
    module = _module({"netns": {"type": "list", "elements": "str"}}, writes=False)
    _engine(module, lambda engine: Report(config=engine.gather(module.params["netns"])), writes=False)


class _Module(Module):
    """Refuse bad options in the words of the engine: the object first, then the option, then the nearest known one."""

    def _load_params(self) -> None:
        super()._load_params()
        self.given = dict(self.params)  # under the names that the user chose

    def fail_json(self, msg: str, **rest: Any) -> NoReturn:
        result = getattr(self, "validation_result", None)
        if result is not None and result.error_messages:
            why = self._about(msg, sorted(result.unsupported_parameters, key=str))
            msg, rest = str(why), {**rest, "failure": why.parts}
        elif "failure" not in rest:
            rest["failure"] = Failure(object=None, reason=msg).parts
        super().fail_json(msg, **{"commands": [], "rolled_back": None, **rest})
        raise SystemExit(1)

    def _about(self, msg: str, unknown: list[Any]) -> Failure:
        """Return the failure of wrong options, by the specification: Ansible has one sentence for all its parts."""
        above: list[Any] = []
        name, reason = self._blamed(), msg
        if unknown:
            # ansible-core gives the path of an option within another one as a tuple.
            *above, name = unknown[0] if isinstance(unknown[0], tuple) else (unknown[0],)
            known = self.argument_spec
            for option in above:
                known = known[option]["options"]
            reason = f"{''.join(f'{option}: ' for option in above)}unknown option {name!r}, {nearest(name, known)}"
        for option, row in self.argument_spec.items():
            value = self.params.get(option)
            if row.get("type") == "dict" and value is not None and not isinstance(value, Mapping):
                name, reason = option, f"{option}: {value!r} is not a dict"
        subject = next((self.params[key] for key in _SUBJECTS if self.params.get(key)), None)
        option = ".".join(map(str, (*above, name))) if name is not None else None
        return Failure(object=subject, option=option, reason=reason, named=True)

    def _blamed(self) -> str | None:
        """Return the option that is missing or has none of its choices, None where another thing is wrong."""
        for option, row in self.argument_spec.items():
            value = self.params.get(option)
            if value is None and row.get("required"):
                return str(option)
            if value is not None and "choices" in row and not isinstance(value, list) and value not in row["choices"]:
                return str(option)
        return None


#: Options that name what a task is about, the most telling first.
_SUBJECTS = ("name", "address", "grp", "dst", "mac", "dev")


def _module(spec: dict[str, Any], writes: bool = True, **rules: Any) -> _Module:
    if writes:
        spec = {**spec, _PROTECT: {"type": "bool", "default": True}}
    return _Module(argument_spec=spec, supports_check_mode=True, **rules)


def _given(params: Mapping[str, Any], spec: Mapping[str, Any], given: Any) -> dict[str, Any]:
    """Return what the user gave: an option left out is not managed.

    Ansible tells an option that was asked for by another name under both. The other one is left for the engine to
    refuse only where the user gave both.
    """
    named = {alias: option for option, row in spec.items() for alias in row.get("aliases", ())}
    twice = {alias for alias, option in named.items() if isinstance(given, Mapping) and given.get(option) is not None}
    return {
        name: value
        for name, value in params.items()
        if value is not None and name != _PROTECT and (name not in named or name in twice)
    }


def _engine(module: Module, work: Callable[[Engine], Report], writes: bool = True) -> None:
    if writes:
        lacking = _lacking_pyroute2()
        if lacking is not None:
            module.fail_json(msg=str(lacking), failure=lacking.parts)
    waited: list[str] = []

    def say(sentence: str) -> None:
        module.log(sentence)
        waited.append(sentence)

    engine = Engine(protect_connection=module.params.get(_PROTECT, True), say=say)
    try:
        report = work(engine)
    except (Failure, KernelError, OSError) as why:
        module.fail_json(msg=str(why), **_failed(engine, why))
    result: dict[str, Any] = {"changed": report.changed, "commands": report.commands}
    if report.diff and module._diff:  # noqa: SLF001 - how modules learn of --diff
        result["diff"] = report.diff
    if report.effective:
        result["effective"] = report.effective
    for sentence in (*waited, *report.warnings):
        # Ansible tells a warning once for a whole play, and not from which host it came.
        module.warn(f"{os.uname().nodename}: {sentence}")
    if not writes:
        result["config"] = report.config
    module.exit_json(**result)


def _failed(engine: Engine, why: Exception) -> dict[str, Any]:
    """Return what a failed module returns besides msg."""
    failure = why if isinstance(why, Failure) else Failure(object=None, reason=why)
    if isinstance(why, Failed):
        return {"failure": failure.parts, "commands": why.commands, "rolled_back": why.rolled_back}
    carried = engine.carried_out
    return {"failure": failure.parts, "commands": carried, "rolled_back": False if carried else None}


def _lacking_pyroute2() -> Failure | None:
    """Return the failure for a pyroute2 that is missing or too old, without importing it (0.17 s)."""
    wanted = ".".join(map(str, PYROUTE2))
    mend = f"Install python3-pyroute2 (or pip install 'pyroute2>={wanted}'), or run role netloom.overlay.prepare"
    if importlib.util.find_spec("pyroute2") is None:
        reason = f"pyroute2 is missing for {sys.executable}"
        return Failure(object="this host", reason=reason, advice=mend)
    from importlib import metadata

    try:
        version = metadata.version("pyroute2")
    except metadata.PackageNotFoundError:
        return None
    numbers = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    reason = f"pyroute2 {version} is too old for {sys.executable}"
    return Failure(object="this host", reason=reason, advice=mend) if numbers < PYROUTE2 else None
