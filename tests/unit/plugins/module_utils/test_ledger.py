# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger: what it refuses, what merging and releasing keep, and its file under many writers."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netloom.overlay.plugins.module_utils._fleet.ledger import (
    Ledger,
    LedgerError,
    dump,
    merge,
    parse,
    release,
)
from ansible_collections.netloom.overlay.plugins.plugin_utils import ledger_file

GOOD: dict[str, Any] = {
    "plugin": "netloom.overlay.ledger",
    "version": 1,
    "networks": {
        "red": {"vni": 10000, "hosts": {"node2": "10.20.2.2", "node10": "10.20.2.3"}, "workloads": {"db": "10.20.2.9"}},
        "pods": {"vni": 10001, "subnets": {"node1": "10.40.0.0/24", "node2": "10.40.1.0/24"}},
    },
}


def with_networks(**networks: Any) -> dict[str, Any]:
    """Return the good ledger with some networks replaced."""
    return {**GOOD, "networks": {**GOOD["networks"], **networks}}


def test_a_good_ledger_is_read_and_written_back() -> None:
    assert parse(dump(parse(GOOD))) == parse(GOOD)
    assert list(dump(parse(GOOD))["networks"]["red"]["hosts"]) == ["node2", "node10"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (with_networks(x={"vni": 10000}), r"networks\.x\.vni: 10000 is networks\.red\.vni already"),
        (
            with_networks(x={"hosts": {"a": "10.0.0.1", "b": "10.0.0.1"}}),
            r"networks\.x\.hosts\.b: .* held by .*hosts\.a",
        ),
        (
            with_networks(x={"hosts": {"a": "10.0.0.1"}, "workloads": {"w": "10.0.0.1"}}),
            r"workloads\.w: 10\.0\.0\.1 is held",
        ),
        (with_networks(x={"subnets": {"a": "10.0.0.0/16", "b": "10.0.3.0/24"}}), r"subnets\.b: .* overlaps .* of a"),
        (with_networks(x={"vni": 1 << 24}), r"networks\.x\.vni: 16777216 is no VNI"),
        (with_networks(x={"vni": "7"}), r"networks\.x\.vni: '7' is no VNI"),
        (with_networks(x={"hosts": {"a": "10.0.0.256"}}), r"hosts\.a: '10\.0\.0\.256' is no IP address"),
        (with_networks(x={"hosts": ["a"]}), r"networks\.x\.hosts: must be a mapping"),
        (with_networks(x={"hots": {}}), r"networks\.x\.hots: unknown key"),
        ({**GOOD, "version": 2}, r"version: 2 is not known"),
        ({**GOOD, "vnis": {}}, r"vnis: unknown key"),
        ([], r"ledger: must be a mapping"),
        ({"networks": {1: {}}}, r"networks: the name 1 must be a string"),
    ],
)
def test_a_ledger_that_cannot_be_is_refused(data: Any, says: str) -> None:
    parse(GOOD)
    with pytest.raises(LedgerError, match=says):
        parse(data)


def test_merging_moves_nothing() -> None:
    standing = parse(GOOD)
    merged = merge(standing, parse({"networks": {"red": {"hosts": {"node3": "10.20.2.4"}}, "new": {"vni": 10002}}}))
    assert merged.entry("red").vni == 10000
    assert {**standing.entry("red").hosts}.items() <= {**merged.entry("red").hosts}.items()
    assert merged.entry("new").vni == 10002
    assert merge(merged, merged) == merged


@pytest.mark.parametrize(
    ("proposed", "says"),
    [
        ({"red": {"vni": 10005}}, r"networks\.red\.vni: the ledger says 10000, not 10005"),
        ({"red": {"hosts": {"node2": "10.20.2.7"}}}, r"networks\.red\.hosts\.node2: the ledger says 10\.20\.2\.2, not"),
        ({"new": {"vni": 10001}}, r"10001 is networks\.pods\.vni already|networks\.pods\.vni: .* networks\.new"),
        ({"red": {"hosts": {"node3": "10.20.2.2"}}}, r"10\.20\.2\.2 is held by"),
    ],
)
def test_a_merge_that_contradicts_is_refused(proposed: dict[str, Any], says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        merge(parse(GOOD), parse({"networks": proposed}))


def test_only_what_is_named_is_released() -> None:
    ledger = parse(GOOD)
    assert set(release(ledger, network="red").networks) == {"pods"}
    without = release(ledger, host="node2")
    assert dump(without)["networks"] == {
        "pods": {"vni": 10001, "subnets": {"node1": "10.40.0.0/24"}},
        "red": {"vni": 10000, "hosts": {"node10": "10.20.2.3"}, "workloads": {"db": "10.20.2.9"}},
    }
    assert release(ledger, network="red", host="node1") == ledger
    assert "node2" in release(ledger, network="pods", host="node10").entry("red").hosts
    assert not release(ledger, workload="db").entry("red").workloads
    with pytest.raises(LedgerError, match="say network, host or workload"):
        release(ledger)


_VALUES = st.dictionaries(st.text("abc019", min_size=1, max_size=4), st.integers(0, (1 << 24) - 1), max_size=6).filter(
    lambda values: len(set(values.values())) == len(values)
)


@given(_VALUES)
def test_the_text_is_the_same_whatever_the_order(vnis: dict[str, int]) -> None:
    one = parse({"networks": {name: {"vni": vni} for name, vni in vnis.items()}})
    other = parse({"networks": {name: {"vni": vni} for name, vni in reversed(vnis.items())}})
    assert ledger_file.text(one) == ledger_file.text(other)
    assert parse(yaml.safe_load(ledger_file.text(one))) == one


def test_a_missing_file_is_empty_and_a_change_makes_it(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.yml")
    assert ledger_file.load(path) == Ledger()
    ledger_file.change(path, lambda ledger: merge(ledger, parse(GOOD)), write=True)
    assert ledger_file.load(path) == parse(GOOD)
    assert Path(path).stat().st_mode & 0o777 == 0o644


def test_check_mode_and_an_empty_change_write_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.yml")
    before, after = ledger_file.change(path, lambda ledger: merge(ledger, parse(GOOD)), write=False)
    assert before != after
    assert not list(tmp_path.iterdir())
    ledger_file.change(path, lambda ledger: ledger, write=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("networks:\n  red: {vni: 1}\n  red: {vni: 2}\n", r"line 3: red stands there twice"),
        ("networks: [", r"is no YAML"),
        ("networks: {red: {vni: 1}, blue: {vni: 1}}", r"1 is networks\.red\.vni already"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_left_alone(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "ledger.yml"
    path.write_text(content)
    with pytest.raises(LedgerError, match=says) as caught:
        ledger_file.change(str(path), lambda ledger: merge(ledger, parse(GOOD)), write=True)
    assert str(path) in str(caught.value)
    assert path.read_text() == content


def test_a_refused_edit_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.yml"
    ledger_file.change(str(path), lambda ledger: merge(ledger, parse(GOOD)), write=True)
    text = path.read_text()
    clash = parse({"networks": {"new": {"vni": 10000}}})
    with pytest.raises(LedgerError):
        ledger_file.change(str(path), lambda ledger: merge(ledger, clash), write=True)
    assert path.read_text() == text


def test_a_held_lock_is_waited_for_and_its_holder_named(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.yml")
    inside, leave = threading.Event(), threading.Event()

    def slow(ledger: Ledger) -> Ledger:
        if inside.is_set() or not threading.current_thread().name.startswith("slow"):
            return merge(ledger, parse(GOOD))
        if os.path.exists(ledger_file.lock_path(path)):
            inside.set()
            leave.wait(10)
        return merge(ledger, parse(GOOD))

    thread = threading.Thread(target=ledger_file.change, args=(path, slow, True), name="slow")
    thread.start()
    assert inside.wait(10)
    with pytest.raises(LedgerError, match=rf"process {os.getpid()} on .* has held the lock for 0 s"):
        ledger_file.change(path, lambda ledger: merge(ledger, parse(GOOD)), write=True, timeout=0.1)
    leave.set()
    thread.join()
    ledger_file.change(path, lambda ledger: release(ledger, network="red"), write=True)
    assert set(ledger_file.load(path).networks) == {"pods"}


def _controller(path: str, name: str, rounds: int, attempts: Any) -> None:
    """Act as a controller: read, propose the lowest free VNI, record; read anew when another was faster."""
    for n in range(rounds):
        while True:
            taken = {entry.vni for entry in ledger_file.load(path).networks.values()}
            vni = next(one for one in range(10000, 20000) if one not in taken)
            proposed = parse({"networks": {f"{name}-{n}": {"vni": vni}}})
            try:
                ledger_file.change(path, lambda ledger, new=proposed: merge(ledger, new), write=True)  # type: ignore[misc]
                break
            except LedgerError:
                with attempts.get_lock():
                    attempts.value += 1


def test_controllers_at_once_never_give_one_vni_twice(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.yml")
    context = multiprocessing.get_context("fork")
    refused = context.Value("i", 0)
    processes = [context.Process(target=_controller, args=(path, f"c{n}", 15, refused)) for n in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    vnis = [entry.vni for entry in ledger_file.load(path).networks.values()]  # load() also refuses a VNI given twice
    assert sorted(vnis) == list(range(10000, 10000 + 90))
    assert refused.value > 0, "the controllers never met, so the test shows nothing"
    assert sorted(one.name for one in tmp_path.iterdir()) == [".ledger.yml.lock", "ledger.yml"]
