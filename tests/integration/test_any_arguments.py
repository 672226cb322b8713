# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the roles anything for their options: they work, or there is one sentence. Never a traceback.

One play includes them all, each in a block of its own; what a value is at a place of an option, Ansible's templates
make of it. The underlay, links and processes that other tests look at are not asked for here.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .test_become import CALLBACK, ISOLATED

#: What stands at a place: plain values, and those that templates make.
VALUES: list[Any] = [
    None, True, 0, -1, 2**65, 1.5, float("inf"), float("nan"), "", "text", "a b", [], ["x"], [None], {}, {"x": 1},
    {1: 2}, "10", "{{ nothing_at_all }}", "{{ [1, nothing_at_all] }}", "{{ '10' }}", "{{ 10 }}", "{{ none }}",
    "{{ omit }}", "{{ 'text' | int(5) }}", "{{ [[1], {'a': none}] }}", "{{",
]  # fmt: skip
CONFIG: dict[str, Any] = {
    "links": [
        {"name": "br0", "kind": "bridge", "addresses": ["10.20.1.1/24"]},
        {"name": "w0", "kind": "veth", "master": "br0", "peer": {"name": "w1"}, "port": {"isolated": True}},
    ],
    "routes": [{"dst": "10.9.0.0/16", "dev": "br0"}],
}
OVERLAY: dict[str, Any] = {
    "config": CONFIG,
    "networks": {
        "red": {
            "device": "br0", "addresses": ["10.20.1.1/24"], "mtu": 1450, "encap": "vxlan", "topology": "mesh",
            "vni": 5, "dstport": 4789, "members": {}, "endpoints": {},
        }
    },
    "workloads": {"box": {"network": "red", "netns": "client", "attach": "veth", "interface": "eth0", "addresses": []}},
    "underlay": {"mtu": 1500},
}  # fmt: skip
#: What works: role, variables, the variable in which something is changed.
ROLES: list[tuple[str, dict[str, Any], str]] = [
    ("overlay", {"netloom_overlay": OVERLAY, "overlay_config": CONFIG}, "overlay_config"),
    ("overlay", {"netloom_overlay": OVERLAY}, "netloom_overlay"),
    ("workload", {"netloom_overlay": OVERLAY, "workload_timeout": 1}, "workload_timeout"),
    ("workload", {"netloom_overlay": OVERLAY, "workload_timeout": 1}, "netloom_overlay"),
    ("verify", {"verify_count": 1, "verify_timeout": 50}, "verify_count"),
    ("verify", {"verify_count": 1, "verify_timeout": 50}, "verify_timeout"),
    ("verify", {"verify_count": 1, "verify_timeout": 50, "verify_report": ""}, "verify_report"),
    *(
        ("prepare", {name: value}, name)
        for name, value in {
            "prepare_pyroute2": "none",
            "prepare_pyroute2_requirement": "pyroute2",
            "prepare_pyroute2_package": "python3-pyroute2",
            "prepare_packages": {"ip": "iproute2"},
            "prepare_boot": False,
        }.items()
    ),
]


#: Words of what nobody meant to say.
NEVER = ("Traceback", "Unexpected", "MODULE FAILURE", "Error:")


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to all places within a value."""
    yield ()
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from ((key, *rest) for rest in places(value[key]))


def changed(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """Put something at a place."""
    if not way:
        return new
    other = copy.copy(value)
    other[way[0]] = changed(value[way[0]], way[1:], new)
    return other


def cases() -> list[tuple[str, dict[str, Any]]]:
    """Give roles with their variables: first each as it works, then values in turn at each place."""
    found = [(role, variables) for role, variables, _name in ROLES]
    number = 0
    for role, variables, name in ROLES:
        ways = list(places(variables[name]))
        for way in ways if len(ways) > 1 else [()] * len(VALUES):
            found.append((role, {**variables, name: changed(variables[name], way, VALUES[number % len(VALUES)])}))
            number += 1
    return found


def said_by(folder: Path) -> list[str]:
    """Run all cases; return what each failed with, empty where it did not."""
    tasks: list[dict[str, Any]] = []
    for number, (role, variables) in enumerate(cases()):
        include = {"ansible.builtin.include_role": {"name": f"netloom.overlay.{role}"}, "vars": variables}
        told = {"name": f"case {number}", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
        tasks.append({"block": [include], "rescue": [told]})
    playbook, dump = folder / "play.yml", folder / "results.json"
    source = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": tasks,
    }
    playbook.write_text(yaml.safe_dump([source], sort_keys=False))
    (folder / "results.py").write_text(CALLBACK)
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_STDOUT_CALLBACK": "results",
        "ANSIBLE_CALLBACK_PLUGINS": str(folder),
        "RESULTS": str(dump),
    }
    command = [*ISOLATED, str(Path(sys.executable).with_name("ansible-playbook")), str(playbook)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=500, cwd=folder
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    results = dict(json.loads(line) for line in dump.read_text().splitlines())
    found = (str(results.get(f"case {number}", {}).get("msg", "")) for number in range(len(cases())))
    # Ansible puts this on a line of its own before what it finds wrong.
    return [text.removeprefix("Validation of arguments failed:\n") for text in found]


def test_roles_with_anything(tmp_path: Path) -> None:
    said = said_by(tmp_path)
    given = cases()
    assert said[: len(ROLES)] == [""] * len(ROLES), "the positive control: each works as it stands"
    bad = [
        f"{role}: {text}: {variables}"
        for (role, variables), text in zip(given, said)
        if len(text.splitlines()) > 1 or any(word in text for word in NEVER)
    ]
    assert bad == []
    assert sum(not text for text in said) > len(ROLES)
    assert sum(bool(text) for text in said) > len(given) / 4
