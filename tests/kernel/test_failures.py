# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that the kernel refuses says what was carried out and rolled back. iproute2 says what is there."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from unittest import mock

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine, Failed, Refused

BEFORE = {"links": [{"name": "a", "kind": "bridge"}]}
GOOD: dict[str, Any] = {
    "links": [{"name": "b", "kind": "bridge", "up": True, "addresses": ["10.9.0.1/24"]}],
    "routes": [{"dst": "10.77.0.0/16", "via": "10.9.0.254", "dev": "b"}],
}
BAD = {**GOOD, "routes": [{"dst": "10.77.0.0/16", "via": "10.99.0.254", "dev": "b"}]}


def there() -> Any:
    """Return the links, addresses and routes, without numbers that change by themselves."""
    shown = []
    for command in ("ip -j -d addr show", "ip -j route show table all"):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=True, timeout=30)
        shown.append(json.loads(done.stdout or "[]"))
    links = [(link["ifname"], link["flags"], [a.get("local") for a in link["addr_info"]]) for link in shown[0]]
    return links, [(route["dst"], route.get("dev")) for route in shown[1]]


def test_operations_before_the_failure_are_rolled_back(apply: Any) -> None:
    apply(BEFORE)
    before = there()
    with pytest.raises(Failed) as failure:
        apply(BAD)
    why = failure.value
    assert (why.object, why.option) == ("route 10.77.0.0/16", "via")
    assert "Nexthop has invalid gateway" in str(why.reason)
    assert why.rolled_back is True
    assert any(line.startswith("ip link add b ") for line in why.commands)
    assert any("10.9.0.1/24" in line for line in why.commands)
    assert not any("10.77.0.0/16" in line for line in why.commands), "what the kernel refused was not carried out"
    assert there() == before
    assert apply(GOOD).changed, "the positive control"
    assert ("10.77.0.0/16", "b") in there()[1]


def test_first_operation_fails(apply: Any) -> None:
    apply({"links": GOOD["links"]})
    before = there()
    with pytest.raises(Failed) as failure:
        apply({"routes": BAD["routes"]})
    assert (failure.value.commands, failure.value.rolled_back) == ([], None)
    assert there() == before


def test_rollback_that_fails_is_said(apply: Any) -> None:
    """The rollback gets no operations, so the bridge stays; iproute2 shows the bridge."""
    broken = mock.patch("ansible_collections.netloom.overlay.plugins.module_utils._host.run.undo", side_effect=crippled)
    with broken, pytest.raises(Failed) as failure:
        apply(BAD)
    assert failure.value.rolled_back is False
    assert "The rollback failed too, at " in str(failure.value)
    assert "b" in [name for name, *_rest in there()[0]]


def crippled(done: Any) -> Any:
    """Return an undo whose first step is a removal of a link that the kernel refuses."""
    from ansible_collections.netloom.overlay.plugins.module_utils._host.plan.operations import undo

    steps = undo(done)
    addition = next(operation for operation in done if operation.verb == "add" and operation.entry.type == "link")
    return [addition, *steps]


def test_check_mode_carries_nothing_out() -> None:
    before, engine = there(), Engine()
    with pytest.raises(Refused) as refusal:
        engine.run({"links": [{"name": "b", "kind": "bridge", "master": "gone"}]}, check=True)
    assert (refusal.value.object, refusal.value.option) == ("b", "master")
    assert refusal.value.advice
    assert engine.carried_out == []
    assert there() == before
