# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold the table of docs/architecture.md: who may import whom, read from the source and not by importing it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.netloom.overlay."
UTILS = "plugins.module_utils."

# What a pure part may take from Python itself: nothing that reads or writes anything.
PURE = frozenset(
    {
        "__future__",
        "base64",
        "collections",
        "dataclasses",
        "difflib",
        "enum",
        "errno",
        "fractions",
        "functools",
        "hashlib",
        "ipaddress",
    }
    | {"itertools", "json", "math", "operator", "re", "struct", "textwrap", "types", "typing"}
)


@dataclass(frozen=True)
class Layer:
    """A part of the code: its modules (a name, or a package with all in it) and what these may import.

    ``python``: the only packages from outside the collection, or None for all but those of ``banned``.
    """

    name: str
    modules: tuple[str, ...]
    may_import: tuple[str, ...]
    python: frozenset[str] | None = None
    banned: tuple[str, ...] = ()

    def holds(self, module: str) -> bool:
        """Tell whether the module is part of this layer."""
        return any(module == name or module.startswith(name + ".") for name in self.modules)


def utils(*names: str) -> tuple[str, ...]:
    """Give the full names of parts of module_utils."""
    return tuple(UTILS + name for name in names)


MAKES_ANSIBLE_MODULE = "ansible.module_utils.basic"

LAYERS = (
    Layer("tables", utils("_host.tables"), ("tables",), PURE),
    Layer("state", utils("_host.state"), ("state", "tables"), PURE),
    Layer("plan", utils("_host.plan"), ("plan", "state", "tables"), PURE),
    Layer("fleet", utils("_fleet"), ("fleet", "tables"), PURE),
    Layer("containers", utils("_host.kernel.host.containers"), ("tables",), banned=("ansible", "yaml", "pyroute2")),
    Layer("kernel", utils("_host.kernel"), ("kernel", "containers", "state", "tables"), banned=("ansible", "yaml")),
    Layer("engine", utils("_host.run"), ("kernel", "plan", "state", "tables"), banned=("ansible", "yaml", "pyroute2")),
    Layer(
        "arguments",
        utils("_ansible.arguments", "_ansible.bytecode"),
        ("arguments",),
        banned=("yaml", "pyroute2"),
    ),
    Layer("module", utils("_ansible"), ("module", "arguments", "engine", "tables"), banned=("yaml", "pyroute2")),
    Layer("lab", utils("_lab"), ("lab",), banned=("ansible", "yaml", "pyroute2")),
    Layer("verify", utils("_verify"), ("verify", "containers"), banned=("ansible", "yaml", "pyroute2")),
    # These come before the other modules: they work on the machine or send probes, and have no link to describe.
    Layer("lab module", ("plugins.modules.lab_hosts",), ("lab", "arguments"), banned=("yaml", "pyroute2")),
    Layer(
        "verify modules",
        ("plugins.modules.verify_probe", "plugins.modules.capabilities"),
        ("verify", "arguments"),
        banned=("yaml", "pyroute2"),
    ),
    Layer("modules", ("plugins.modules",), ("module", "tables"), banned=("yaml", "pyroute2", MAKES_ANSIBLE_MODULE)),
    Layer(
        "controller",
        tuple(f"plugins.{part}" for part in ("inventory", "action", "connection", "become", "plugin_utils")),
        ("controller", "fleet", "tables", "lab", "verify"),
        banned=("pyroute2", MAKES_ANSIBLE_MODULE),
    ),
    Layer("documentation", ("plugins.doc_fragments",), (), frozenset({"__future__"})),
)


def layer_of(module: str) -> Layer | None:
    """Give the layer of a module of the collection."""
    return next((layer for layer in LAYERS if layer.holds(module)), None)


def module_name(path: Path) -> str:
    """Give the dotted name, from the collection's root, of a source file."""
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Give the dotted names that a source imports, anywhere in it; those of the collection from its root."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(COLLECTION) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *(node.module or "").split(".")]).rstrip(".").removeprefix(COLLECTION)
            # `from . import derive` names a module, `from .derive import mac` an object in one: both must be allowed.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """List what a source imports and may not."""
    layer = layer_of(module)
    if layer is None:
        return [f"{module}: belongs to no layer; give it one here and in docs/architecture.md"]
    found = []
    for name in imported(source, module, is_package):
        root = name.partition(".")[0]
        if root == "plugins":
            target = layer_of(name)
            allowed = target is not None and target.name in layer.may_import
        elif layer.python is not None:
            allowed = root in layer.python
        else:
            allowed = not any(name == banned or name.startswith(banned + ".") for banned in layer.banned)
        if not allowed:
            found.append(f"{module} ({layer.name}) imports {name}")
    return found


#: A package whose ``__init__.py`` is a docstring belongs to no layer itself.
SOURCES = sorted(path for path in CHECKOUT.glob("plugins/**/*.py") if len(ast.parse(path.read_text()).body) > 1)


#: The longest chain of files that import each other, from a module of ours to a file that imports none.
DEEPEST = 14


def is_for_types(node: ast.AST) -> bool:
    """Tell whether a statement is for type checkers alone: nothing in it is imported at run time."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def for_run_time(tree: ast.Module) -> str:
    """Return a source without the imports that are for type checkers alone."""
    return ast.unparse(ast.Module([node for node in tree.body if not is_for_types(node)], []))


def import_graph() -> dict[str, set[str]]:
    """Return by module the modules of the collection that it imports at run time, anywhere in it."""
    names = {module_name(path) for path in SOURCES}
    graph = {}
    for path in SOURCES:
        module, source = module_name(path), for_run_time(ast.parse(path.read_text()))
        found = imported(source, module, path.name == "__init__.py")
        graph[module] = {name if name in names else name.rpartition(".")[0] for name in found} & names - {module}
    return graph


def longest_chain(graph: dict[str, set[str]]) -> list[str]:
    """Return the longest chain of modules in which each imports the next; raise RecursionError for a circle."""

    @cache
    def below(module: str) -> tuple[str, ...]:
        return (module, *max((below(name) for name in graph[module]), key=len, default=()))

    return list(max(map(below, graph), key=len))


def test_depth() -> None:
    """Count files, the first and the last included; imports within functions count, those for types alone do not."""
    chain = longest_chain(import_graph())
    assert len(chain) <= DEEPEST, "\n".join(chain)


def test_each_file_name_occurs_once() -> None:
    """Find no two files of module_utils with one name; the docstrings of packages apart."""
    names = Counter(path.name for path in SOURCES if "module_utils" in path.parts)
    assert {name: number for name, number in names.items() if number > 1} == {}


#: A file below is read in no time, and a file above has more than one purpose.
FEWEST_LINES, MOST_LINES = 60, 400
#: A kind, a topology and an attachment have files of their own;
#: the registry grows by a line for each kind; the module class is a layer of its own.
SHORT = (
    "/_host/tables/links/",
    "/_host/tables/registry.py",
    "/_fleet/topologies/",
    "/_fleet/attaches/",
    "/_ansible/arguments.py",
)


def test_lengths() -> None:
    """Find no file of module_utils that is too short to stand alone, or too long for one purpose."""
    utils = {path.as_posix(): len(path.read_text().splitlines()) for path in SOURCES if "module_utils" in path.parts}
    short = {path for path in utils if any(part in path for part in SHORT)}
    wrong = {p: n for p, n in utils.items() if n > MOST_LINES or (n < FEWEST_LINES and p not in short)}
    assert wrong == {}


@pytest.mark.parametrize("path", [pytest.param(path, id=module_name(path)) for path in SOURCES])
def test_imports(path: Path) -> None:
    """Find no import that its layer does not allow."""
    assert violations(path.read_text(), module_name(path), path.name == "__init__.py") == []


def test_layers_have_sources() -> None:
    """Find each layer that must be there: a table of names that match nothing would hold nothing."""
    found = {layer.name for path in SOURCES if (layer := layer_of(module_name(path)))}
    assert {"tables", "state", "plan", "fleet", "kernel", "engine", "module", "lab", "modules", "controller"} <= found


def told_layers() -> dict[str, set[str]]:
    """Give the layers of docs/architecture.md with their modules, as the page tells them."""
    found = {}
    for line in (CHECKOUT / "docs" / "architecture.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        words = re.findall(r"`([a-z_/]+)`", cells[1]) if line.startswith("| ") and len(cells) == 4 else []
        if words:
            below = words.pop(0) if words[0] == "module_utils/" else ""
            found[cells[0]] = {f"plugins/{below}{word}".strip("/").replace("/", ".") for word in words}
    return found


def test_the_page_tells_the_same() -> None:
    """Find no layer that docs/architecture.md does not tell of, nor one that it tells otherwise."""
    assert told_layers() == {layer.name: set(layer.modules) for layer in LAYERS}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (UTILS + "_host.plan.diff", "import pyroute2"),
        (UTILS + "_host.plan.diff", "from ansible.module_utils.basic import AnsibleModule"),
        (UTILS + "_host.plan.planner", "def late():\n    import socket"),
        (UTILS + "_host.state.model", "from ..plan.planner import plan"),
        (UTILS + "_host.tables.links.geneve", "import os.path"),
        (UTILS + "_host.tables.links.geneve", "from ...kernel.netlink import codec"),
        (UTILS + "_host.tables.links.geneve", "from ... import run"),
        (UTILS + "_host.tables.objects.route", f"from {COLLECTION}{UTILS}_host.kernel.netlink.codec import encode"),
        (UTILS + "_fleet.resolve", "import ctypes"),
        (UTILS + "_fleet.resolve", "from .._host.kernel.host.lock import locked"),
        (UTILS + "_host.run", "from pyroute2.netlink import nla"),
        (UTILS + "_host.run", "from .._ansible.module import run"),
        (UTILS + "_host.kernel.apply", "from ansible.module_utils.basic import AnsibleModule"),
        (UTILS + "_host.kernel.apply", "from ..run import Engine"),
        ("plugins.modules.netns", "from ansible.module_utils.basic import AnsibleModule"),
        ("plugins.modules.netns", "from ..module_utils._host.run import Engine"),
        ("plugins.inventory.fabric", "from ..module_utils._host.kernel.netlink.codec import encode"),
        (UTILS + "newcomer", ""),
    ],
)
def test_violation_is_found(module: str, source: str) -> None:
    """Show that each rule finds a source that breaks it."""
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (UTILS + "_host.plan.diff", "from ..tables.table import Option\nimport ipaddress"),
        (UTILS + "_host.tables.links.geneve", "from ..table import Kind"),
        (
            UTILS + "_host.kernel.netlink.codec",
            "from pyroute2.netlink import nla\nimport socket\nfrom . import constants",
        ),
        (
            UTILS + "_ansible.module",
            "from ansible.module_utils.basic import AnsibleModule\nfrom .._host.run import Engine",
        ),
        ("plugins.modules.netns", "from ..module_utils._ansible.module import run"),
        ("plugins.modules.lab_hosts", "from ansible.module_utils.basic import AnsibleModule"),
    ],
)
def test_allowed_is_allowed(module: str, source: str) -> None:
    """Show that what the table allows is not found."""
    assert violations(source, module) == []
