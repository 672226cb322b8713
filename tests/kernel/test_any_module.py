# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Call every module with anything: it works twice, or there is one sentence and an unchanged host. Never a traceback.

Names and types of parameters come from the modules' own argument specifications, values from anywhere; the modules run
in this process, so that a traceback is one here. As in test_any_input.py the same inputs are drawn each time, and
``NETLOOM_EXAMPLES=200 pytest`` draws others, as many for each module. The same values are never drawn as there.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .test_any_input import BASE, EXAMPLES, NUMBERS, TEXTS, settled

PACKAGE = "ansible_collections.netloom.overlay.plugins.modules"
FOLDER = Path(__file__).resolve().parents[2] / "plugins" / "modules"
#: Modules that only document an action plugin, which runs on the controller.
ACTIONS = {"ledger", "verify_report"}

#: Parameters with which each module works on the host that BASE makes; others are drawn on top of them.
BASES: dict[str, list[dict[str, Any]]] = {
    "bridge_link": [{"name": "br0"}, {"name": "br1"}],
    "vxlan_link": [{"name": "vx0"}, {"name": "vx1", "vni": 2, "dstport": 4791}],
    "veth_link": [{"name": "w0"}, {"name": "w2", "peer": {"name": "w3"}}],
    "macvlan_link": [{"name": "mv0", "link": "w1"}, {"name": "mv1", "link": "br0", "mode": "bridge"}],
    "macvtap_link": [{"name": "mt0", "link": "w1"}, {"name": "mt1", "link": "br0", "mode": "bridge"}],
    "ipvtap_link": [{"name": "it0", "link": "w1"}, {"name": "it1", "link": "w1", "mode": "l3"}],
    "tuntap_link": [{"name": "tap0"}, {"name": "tap1", "mode": "tap"}, {"name": "tun1", "mode": "tun"}],
    "geneve_link": [{"name": "g0", "vni": 5, "remote": "192.0.2.2"}, {"name": "g1", "external": True}],
    "ipvlan_link": [{"name": "iv0", "link": "w1"}, {"name": "iv1", "link": "w1", "mode": "l3"}],
    "vlan_link": [{"name": "w1.5", "link": "w1", "id": 5}],
    "dummy_link": [{"name": "d0"}],
    "vrf_link": [{"name": "vrf0", "table": 100}],
    "bridge_port": [{"dev": "w0"}],
    "bridge_fdb": [{"dev": "vx0", "mac": "02:00:00:00:00:08", "dst": "192.0.2.3"}],
    "bridge_mdb": [{"dev": "br0", "port": "w0", "grp": "239.1.1.1"}, {"dev": "br0", "grp": "01:00:00:00:00:08"}],
    "ip_address": [{"dev": "br0", "address": "10.2.0.1/24"}, {"dev": "br0", "address": "2001:db8::1/64"}],
    "ip_neighbor": [{"dev": "br0", "dst": "10.1.0.9", "mac": "02:00:00:00:00:09"}],
    "ip_route": [{"dst": "10.9.0.0/16", "via": "10.1.0.7", "dev": "br0"}, {"dst": "10.8.0.0/16", "type": "blackhole"}],
    "ip_nexthop": [{"id": 5, "via": "10.1.0.7", "dev": "br0"}, {"id": 6, "blackhole": True}],
    "ip_rule": [{"priority": 100, "from": "10.8.0.0/16", "table": 100}, {"priority": 101, "action": "blackhole"}],
    "netns": [{"name": "client"}, {"name": "client", "resolver": {"nameservers": ["192.0.2.53"]}}],
    "sysctl_iface": [{"dev": "w0", "name": "ipv4.proxy_arp", "value": 1}],
    "network_state": [{"config": {"links": [{"name": "br2", "kind": "bridge"}]}}, {"state": "gathered"}],
    "network_info": [{}],
    "capabilities": [{}, {"kinds": ["bridge"], "tools": ["ip"], "underlay": {"address": "192.0.2.1"}}],
    "verify_probe": [{"host": "node1", "intent": {}}, {"host": "node1", "intent": {}, "collect": "state"}],
}
#: The kinds without which a module cannot work; the modules of these kinds then run in the lab kernel.
NEEDS = {f"{kind}_link": kind for kind in ("geneve", "ipvlan", "vlan", "dummy", "vrf", "vxlan", "macvlan")}
NEEDS.update(ipvtap_link="ipvlan", macvtap_link="macvlan", tuntap_link="tun")

WORDS = st.one_of(TEXTS.filter(lambda text: text.isprintable()), NUMBERS, st.booleans())
ANYTHING = st.one_of(
    st.none(),
    WORDS,
    st.floats(allow_nan=False, width=32),
    st.lists(WORDS, max_size=2),
    st.dictionaries(st.sampled_from(["name", "dst", "mac", "type", "0"]), WORDS, max_size=2),
)


BRIDGE_WITH_PORT = [
    {"name": "lower", "kind": "bridge", "vlan_filtering": True},
    {"name": "t0", "kind": "veth", "master": "lower", "peer": {"name": "t1"}},
]


class Seen(Exception):
    """Carry a module's argument specification out of its first line."""


def spec_of(name: str) -> dict[str, Any]:
    """Return a module's argument specification."""

    def tell(_self: Any, argument_spec: dict[str, Any], **_rest: Any) -> None:
        raise Seen(argument_spec)

    with mock.patch.object(basic.AnsibleModule, "__init__", tell), pytest.raises(Seen) as seen:
        importlib.import_module(f"{PACKAGE}.{name}").main()
    spec: dict[str, Any] = seen.value.args[0]
    return spec


def call(name: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Run a module as Ansible does; return its exit status and its result."""
    printed = io.StringIO()
    with patch_module_args(params), contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as end:
        importlib.import_module(f"{PACKAGE}.{name}").main()
    result: dict[str, Any] = json.loads(printed.getvalue())
    return int(end.value.code or 0), result


def value_of(option: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Draw a value for a parameter: of its choices, of its type, or anything."""
    near: list[st.SearchStrategy[Any]] = [ANYTHING]
    if option.get("choices"):
        near += [st.sampled_from(option["choices"])] * 2
    if option["type"] == "bool":
        near += [st.booleans()] * 2
    if option["type"] == "int":
        near += [NUMBERS] * 2
    if option["type"] == "list":
        near.append(st.lists(ANYTHING, max_size=3))
    if option["type"] == "dict":
        keys = option.get("options") or {"name": {"type": "str"}}
        near.append(st.fixed_dictionaries({}, optional={key: value_of(inner) for key, inner in keys.items()}))
    return st.one_of(near)


@st.composite
def parameters(draw: Any, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Draw parameters of a module: one to three drawn ones over what it needs."""
    given_ = dict(draw(st.sampled_from(BASES[name])))
    for _number in range(draw(st.integers(0, 3))):
        option = draw(st.sampled_from(sorted(spec)))
        given_[option] = draw(value_of(spec[option]))
    if not draw(st.integers(0, 9)):
        given_["unknown"] = draw(ANYTHING)
    return given_


def marked(names: list[str]) -> list[Any]:
    """Give the modules with the kinds that they need."""
    return [
        pytest.param(name, marks=[pytest.mark.needs_kind(NEEDS[name])] if name in NEEDS else [], id=name)
        for name in names
    ]


def test_every_module_is_drawn() -> None:
    modules = {path.stem for path in FOLDER.glob("[!_]*.py")} - ACTIONS - {"lab_hosts"}
    assert modules == set(BASES)


@pytest.mark.parametrize("name", marked(sorted(BASES)))
def test_module_with_anything(name: str, apply: Any, monkeypatch: Any) -> None:
    """Hold each module to what the title says. What BASES has of it must work, some of the rest must not."""
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda *_args: None)
    spec = spec_of(name)
    outcomes = [0, 0]  # worked, refused

    def hold(params: dict[str, Any]) -> None:
        apply({}, overridden=True)
        apply(BASE)
        before = settled()
        tried_status, tried = call(name, {**params, "_ansible_check_mode": True})
        assert settled(before) == before, "check mode changed something"
        status, result = call(name, params)
        outcomes[status] += 1
        if not status:
            # What the kernel itself refuses check mode cannot know; what it tells must be what is then done.
            assert (tried_status, tried.get("commands")) == (0, result.get("commands"))
        if status:
            assert result["failed"]
            assert result["msg"]
            assert result["msg"].splitlines() == [result["msg"]]
            assert settled(before) == before, result["msg"]
            return
        again_status, again = call(name, params)
        assert (again_status, again["changed"], again.get("commands", [])) == (0, False, [])

    for params in BASES[name]:
        hold(params)
    assert outcomes == [len(BASES[name]), 0]
    settings(
        max_examples=EXAMPLES or 12,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )(given(params=parameters(name, spec))(hold))()
    assert outcomes[1] >= 1


def test_lab_hosts_with_anything(tmp_path: Path) -> None:
    """Hold lab_hosts to it in check mode, with a folder of its own: what it makes is tried in tests/lab."""
    spec = {name: option for name, option in spec_of("lab_hosts").items() if name != "path"}
    hosts, underlay = [{"name": "node1", "address": "10.0.0.1"}], {"subnet": "10.0.0.0/24"}
    base = {"path": str(tmp_path / "lab"), "hosts": hosts, "underlay": underlay, "_ansible_check_mode": True}
    outcomes = [0, 0]

    @settings(max_examples=EXAMPLES or 30, derandomize=not EXAMPLES, database=None, deadline=None)
    @given(drawn=st.dictionaries(st.sampled_from(sorted(spec)), st.none(), max_size=3), data=st.data())
    def hold(drawn: dict[str, Any], data: Any) -> None:
        params = {**base, **{name: data.draw(value_of(spec[name])) for name in drawn}}
        status, result = call("lab_hosts", params)
        outcomes[status] += 1
        if status:
            assert result["msg"].splitlines() == [result["msg"]]
        assert not (tmp_path / "lab").exists()

    hold()
    assert min(outcomes) >= 1, outcomes


@pytest.mark.needs_kind("geneve")  # the native kernel has no VLANs in bridges either
def test_items_alone_in_modules(apply: Any, tell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a module's list of dicts takes as a number or a text is what the dict says."""
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda *_args: None)
    apply({"links": BRIDGE_WITH_PORT})
    whole = [{"vid": 1, "pvid": True, "untagged": True}, {"vid": 10}, {"vid": "20-21"}]
    for listed, changes in (
        ("1 pvid untagged,10,20-21", True),
        (["1 pvid untagged", 10, "20-21"], False),
        (whole, False),
    ):
        status, result = call("bridge_port", {"dev": "t0", "vlans": listed})
        assert (status, result["changed"]) == (0, changes)
        (port,) = tell("bridge -j vlan show dev t0")
        assert [one["vlan"] for one in port["vlans"]] == [1, 10, 20, 21]
        assert port["vlans"][0]["flags"] == ["PVID", "Egress Untagged"]
    status, result = call("bridge_link", {"name": "lower", "vlans": "10", "priority": "0x1000"})
    assert (status, result["changed"]) == (0, True)
    assert [one["vlan"] for one in tell("bridge -j vlan show dev lower")[0]["vlans"]] == [10]
    assert tell("ip -j -d link show lower")[0]["linkinfo"]["info_data"]["priority"] == 0x1000
    status, result = call("bridge_port", {"dev": "t0", "vlans": ["10 tagged"]})
    assert (status, "vlans: '10 tagged' is not a whole number" in result["msg"]) == (1, True)
