# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links that share options with others on the same link, some of them in a container. iproute2 is the witness."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .moving import Apply, links, sh

#: A kind, an option that its siblings share, a value and another one. iproute2 6.1 has no word for bclim.
KINDS = [
    pytest.param("macvlan", "bclim", 5, 9, id="macvlan"),
    pytest.param("ipvlan", "mode", "l2", "l3", marks=pytest.mark.needs_kind("ipvlan"), id="ipvlan"),
]


@pytest.fixture(autouse=True)
def _underlay() -> None:
    sh("ip link add u0 type veth peer name u0p", "ip link set u0 up", "ip link set u0p up")


def told(name: str, option: str, pid: int = 0, netns: str = "") -> Any:
    """Return an option of a link: of this namespace, of a named one, or of one that a process keeps."""
    inside = ["nsenter", "-t", str(pid), "-n"] if pid else ["ip", "netns", "exec", netns] if netns else []
    command = [*inside, "ip", "-j", "-d", "link", "show", name]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)
    # What iproute2 6.1 has no word for is a matter of the commands alone.
    return found[0]["linkinfo"]["info_data"].get(option)


@pytest.mark.parametrize(("kind", "option", "old", "new"), KINDS)
@pytest.mark.parametrize("whose", ["ours", "another's"])
def test_sibling_in_a_container_is_told(
    apply: Apply, process: Any, x: str, kind: str, option: str, old: Any, new: Any, whose: str
) -> None:
    there = f"pid:{process.pid}"
    link = {"kind": kind, "link": "u0", option: old, "link_netns": "host"}
    if whose == "ours":
        apply({"links": [{**link, "name": "c0", "netns": there}]})
    else:
        sh(
            f"ip link add link u0 name c0 type {kind} {'mode l2' if kind == 'ipvlan' else ''}",
            f"ip link set c0 netns {process.pid}",
        )
    apply({"links": [{**link, "name": "i0", "netns": x}]})
    config = {"links": [{**link, "name": "i0", "netns": x, option: new}]}
    changed = f"nsenter -t {process.pid} -n ip link set dev c0 type {kind} {option} {new}"
    foretold = apply(config, check=True).commands
    assert foretold == [f"ip -n x link set dev i0 type {kind} {option} {new}", changed]
    assert apply(config).commands == foretold
    if kind == "ipvlan":
        assert (told("c0", option, pid=process.pid), told("i0", option, netns=x)) == (new, new)
    assert apply(config).commands == []


@pytest.mark.parametrize(("kind", "option", "old", "new"), KINDS)
def test_new_link_has_what_its_sibling_in_a_container_has(
    apply: Apply, process: Any, kind: str, option: str, old: Any, new: Any
) -> None:
    apply({"links": [{"name": "c0", "kind": kind, "link": "u0", option: old, "netns": f"pid:{process.pid}",
                      "link_netns": "host"}]})  # fmt: skip
    report = apply({"links": [{"name": "i0", "kind": kind, "link": "u0"}]})
    assert f"type {kind} {option} {old}" in report.commands[0]
    if kind == "ipvlan":
        assert (told("c0", option, pid=process.pid), told("i0", option)) == (old, old)
    # With a wish of its own it changes the other, and says so.
    report = apply({"links": [{"name": "i1", "kind": kind, "link": "u0", option: new}]})
    assert f"nsenter -t {process.pid} -n ip link set dev c0 type {kind} {option} {new}" in report.commands


@pytest.mark.parametrize(("kind", "option", "old", "new"), KINDS)
def test_siblings_of_others_are_not_removed(
    apply: Apply, process: Any, kind: str, option: str, old: Any, new: Any
) -> None:
    sh(
        f"ip link add link u0 name c0 type {kind} {'mode l2' if kind == 'ipvlan' else ''}",
        f"ip link set c0 netns {process.pid}",
    )
    apply({"links": [{"name": "i0", "kind": kind, "link": "u0", option: old}]}, overridden=True)
    assert apply({}, overridden=True).commands == ["ip link del i0"]
    assert told("c0", "mode", pid=process.pid) is not None
    assert "i0" not in links()


def test_passthru_beside_one_in_a_container(apply: Apply, process: Any) -> None:
    sh("ip link add link u0 name c0 type macvlan mode vepa", f"ip link set c0 netns {process.pid}")
    with pytest.raises(
        Refused, match=rf"^m0: mode: passthru must be alone on u0, and c0 in netns pid:{process.pid} is"
    ):
        apply("links: [{name: m0, kind: macvlan, link: u0, mode: passthru}]")
    apply("links: [{name: m0, kind: macvlan, link: u0, mode: bridge}]")
