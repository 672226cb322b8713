# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks, docs/inventory.md and the JSON Schema know the same keys; checks and schema refuse the same mistakes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._fleet import source as tables
from ansible_collections.netloom.overlay.plugins.module_utils._fleet.schema import schema
from ansible_collections.netloom.overlay.plugins.module_utils._fleet.values import FabricError

CHECKOUT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((CHECKOUT / "docs" / "schema" / "90-fabric.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

#: The heading of each table of keys in docs/inventory.md, and the keys that the checks accept.
SECTIONS = {
    "## Keys of the source": {"plugin", *(key.name for key in tables._FABRIC)},
    "### underlay": {key.name for key in tables.UNDERLAY},
    "### networks.NAME": {key.name for key in tables._NETWORK},
    "### networks.NAME.members.HOST": {key.name for key in tables._MEMBER},
    "### workloads.NAME": {key.name for key in tables._WORKLOAD},
}


def schema_keys(heading: str) -> set[str]:
    """Return the keys that the file of the schema has for a section."""
    whole = SCHEMA["properties"]

    def inner(key: dict[str, Any]) -> Any:
        return key["anyOf"][0]

    network = inner(whole["networks"])["additionalProperties"]
    member = inner(network["properties"]["members"])["additionalProperties"]
    found = {
        "## Keys of the source": SCHEMA,
        "### underlay": inner(whole["underlay"]),
        "### networks.NAME": network,
        "### networks.NAME.members.HOST": member,
        "### workloads.NAME": inner(whole["workloads"])["additionalProperties"],
    }
    return set(found[heading]["properties"])


def page_keys(heading: str) -> set[str]:
    """Return the keys in the first table below a heading of docs/inventory.md."""
    page = (CHECKOUT / "docs" / "inventory.md").read_text()
    below = page.partition(f"\n{heading}\n")[2]
    return set(
        re.findall(r"^\| `([a-z_]+)` \|", re.split(r"^##", below, maxsplit=1, flags=re.MULTILINE)[0], re.MULTILINE)
    )


def test_the_file_is_that_of_the_tables() -> None:
    """`make docs` writes the file."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert schema() == SCHEMA


@pytest.mark.parametrize("heading", SECTIONS)
def test_all_three_know_the_same_keys(heading: str) -> None:
    assert schema_keys(heading) == SECTIONS[heading]
    assert page_keys(heading) == SECTIONS[heading]


def examples() -> Iterator[Any]:
    """Give each source of the repository: the lab's, those of the pages, and the golden cases."""
    lab = CHECKOUT / "playbooks" / "lab" / "inventory" / "90-fabric.yml"
    yield pytest.param(yaml.safe_load(lab.read_text()), id="lab")
    for page in (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)):
            if "plugin: netloom.overlay.fabric" in block:
                yield pytest.param(yaml.safe_load(block), id=f"{page.name}-{number}")
    cases = CHECKOUT / "tests" / "unit" / "plugins" / "module_utils" / "golden" / "fabric"
    for case in sorted(cases.glob("*/intent.yml")):
        whole = yaml.safe_load(case.read_text())["source"]
        yield pytest.param({"plugin": "netloom.overlay.fabric", **whole}, id=case.parent.name)


EXAMPLES = list(examples())


@pytest.mark.parametrize("source", EXAMPLES)
def test_each_source_is_valid(source: dict[str, Any]) -> None:
    tables.read_fabric(source)
    assert list(VALIDATOR.iter_errors(source)) == []


def test_there_are_sources() -> None:
    assert {"lab", "README.md-1", "ring"} <= {str(one.id) for one in EXAMPLES}


SOURCE: dict[str, Any] = {
    "plugin": "netloom.overlay.fabric",
    "underlay": {"mtu": 1500},
    "networks": {"blue": {"encap": "geneve", "hosts": "all", "members": {"node1": {"routes": [{"dst": "default"}]}}}},
    "workloads": {"web": {"host": "node1", "network": "blue", "resolver": {"search": ["example.org"]}}},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fabrik", "x"),
        ("vni_range", [1]),
        ("vni_range", [1, "2"]),
        ("hosts", []),
        ("underlay", "eth0"),
        ("underlay.mtu", "1500"),
        ("underlay.mtu", 67),
        ("networks", ["blue"]),
        ("networks.blue", None),
        ("networks.blue.topolgy", "mesh"),
        ("networks.blue.topology", "star"),
        ("networks.blue.encap", "gre"),
        ("networks.blue.vni", True),
        ("networks.blue.vni", 1 << 24),
        ("networks.blue.dstport", 0),
        ("networks.blue.bridge", "yes"),
        ("networks.blue.ttl", "some"),
        ("networks.blue.geneve_options", 3),
        ("networks.blue.hosts", 5),
        ("networks.blue.members.node1.subnet", 10),
        ("networks.blue.members.node1.routes", [{"via": "10.0.0.1"}]),
        ("networks.blue.members.node1.routes", [{"dst": "default", "metrics": 1}]),
        ("workloads.web.host", 1),
        ("workloads.web.attach", "bridge"),
        ("workloads.web.vlan", 4095),
        ("workloads.web.resolver", ["x"]),
        ("workloads.web.resolver.servers", []),
        ("workloads.web.addresses", "10.0.0.1/24"),
    ],
)
def test_a_mistake_is_refused_by_both(path: str, value: Any) -> None:
    source = copy.deepcopy(SOURCE)
    tables.read_fabric(source)
    assert VALIDATOR.is_valid(source)
    *parents, last = path.split(".")
    row = source
    for name in parents:
        row = row[name]
    row[last] = value
    with pytest.raises(FabricError):
        tables.read_fabric(source)
    assert not VALIDATOR.is_valid(source)
