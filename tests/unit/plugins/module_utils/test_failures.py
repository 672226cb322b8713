# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failures are data: each place that raises one gives its parts, and the message is composed of them."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.netloom.overlay.plugins.module_utils._ansible import module
from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.diff import diff
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.config import Reader
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Entry
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.failure import (
    Failed,
    Failure,
    Fault,
    Impossible,
    Refused,
)

UTILS = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
SOURCES = sorted([*(UTILS / "_host").rglob("*.py"), *(UTILS / "_ansible").rglob("*.py")])
NEEDED = {
    "Refused": {"object", "reason"},
    "Failure": {"object", "reason"},
    "Failed": {"why", "after", "commands", "rolled_back"},
    "Impossible": {"option", "reason"},
}


def faulty(source: str) -> list[str]:
    """Return the calls of a source that make a failure without its parts, or raise a bare Exception."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            if node.exc.func.id in ("Exception", "RuntimeError", "AssertionError"):
                found.append(ast.unparse(node))
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in NEEDED:
            continue
        given = {keyword.arg for keyword in node.keywords}
        if node.args or not NEEDED[node.func.id] <= given:
            found.append(ast.unparse(node))
    return found


def test_each_failure_has_its_parts() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCES}
    assert sum(text.count("Refused(") for text in texts.values()) > 80, "the sources are found"
    assert {path.name: calls for path, text in texts.items() if (calls := faulty(text))} == {}


@pytest.mark.parametrize(
    "source",
    ['raise Refused("x: y: z")', 'raise Refused(reason="z")', 'raise Exception("x")', 'Impossible(reason="z")'],
)
def test_a_bare_string_is_found(source: str) -> None:
    """The control of the test above."""
    assert faulty(source)
    assert not faulty('raise Refused(object="x", reason="z")')


def test_message_is_composed_of_the_parts() -> None:
    whole = Fault("mtu", "9 is not within 68..65535", "Give a value in this range").of("t0")
    assert str(whole) == "t0: mtu: 9 is not within 68..65535. Give a value in this range"
    assert str(Failure(object=None, reason="gone")) == "gone"
    assert str(Impossible(option="nsid", reason="used")) == "nsid: used"
    failed = Failed(why=whole, after="Nothing was changed", commands=["ip link add t0"], rolled_back=True)
    assert str(failed) == f"{whole}. Nothing was changed"
    assert (failed.parts, failed.commands, failed.rolled_back) == (whole.parts, ["ip link add t0"], True)


#: A configuration that is refused when it is read, planned, or checked against the kernel's release.
REFUSED: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "value": ({"links": [{"name": "t0", "kind": "veth", "mtu": "big"}]}, ("t0", "mtu", "'big' is not a whole number")),
    "unknown": ({"links": [{"name": "t0", "kind": "bridge", "vni": 1}]}, ("t0", "vni", "unknown option 'vni'")),
    "section": ({"bridges": []}, ("config", "bridges", "unknown option 'bridges'")),
    "table": (
        {"routes": [{"dst": "10.0.0.0/8", "pref": "low"}]},
        ("route 10.0.0.0/8", "pref", "is for IPv6 routes only"),
    ),
    "plan": (
        {"links": [{"name": "v", "kind": "vxlan", "vni": 6}]},
        ("v", "vni", "the kernel cannot change it on a living link (5 -> 6)"),
    ),
    "reference": ({"links": [{"name": "w", "kind": "bridge", "master": "b"}]}, ("w", "master", "there is no link b")),
    "new": ({"links": [{"name": "w", "kind": "vxlan"}]}, ("w", "vni", "a new vxlan link needs vni or external")),
    "neighbor": (
        {"neighbors": [{"dst": "10.0.0.8", "dev": "v"}]},
        ("neighbor 10.0.0.8 on v", "mac", "a new neighbor entry needs it"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_object_option_and_reason(case: str) -> None:
    config, (subject, option, reason) = REFUSED[case]
    there = Entry("link", ("", "v"), {"vni": 5, "dstport": 4789, "master": "none", "up": True}, kind="vxlan")
    with pytest.raises(Refused) as refusal:
        diff(Reader(lambda name: name).read(config), {there.ident: there}, False, "6.1.0")
    parts = refusal.value.parts
    assert (parts["object"], parts["option"]) == (subject, option)
    assert reason in str(parts["reason"])
    head = f"{subject}: {parts['reason']}" if "unknown option" in reason else f"{subject}: {option}: {parts['reason']}"
    assert str(refusal.value) == (f"{head}. {parts['advice']}" if parts["advice"] else head)


def failed(monkeypatch: pytest.MonkeyPatch, **params: Any) -> Any:
    """Return the result of a module that fails before it looks at the kernel."""
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda *_args: None)
    printed = io.StringIO()
    with patch_module_args(params), contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
        module.run_link("bridge")
    return json.loads(printed.getvalue())


@pytest.mark.parametrize(
    ("params", "subject", "option", "reason"),
    [
        ({"name": "b", "mtuu": 1}, "b", "mtuu", "unknown option 'mtuu'"),
        ({"name": "b", "state": "gone"}, "b", "state", "value of state must be one of"),
        ({"mtu": 1400}, None, "name", "missing required arguments: name"),
    ],
)
def test_wrong_option_of_a_module(
    params: dict[str, Any], subject: str, option: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = failed(monkeypatch, **params)
    failure = result["failure"]
    assert (failure["object"], failure["option"]) == (subject, option)
    assert reason in failure["reason"]
    assert reason in result["msg"]
    assert (result["commands"], result["rolled_back"]) == ([], None)
