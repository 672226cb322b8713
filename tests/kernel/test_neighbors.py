# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Neighbor entries: states, proxies, managed ones, flags; ``ip -j neighbor`` is the witness."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import run, unless_swept
from .raw import heard
from .test_fdb import steady

BASE = """
links:
  - {name: br0, kind: bridge, mac: "02:00:00:00:00:01", addrgenmode: none}
  - {name: t0, kind: veth, mac: "02:00:00:00:00:02", addrgenmode: none, up: false, peer: {name: t1, up: false}}
"""
MAC, OTHER = "02:00:00:00:00:98", "02:00:00:00:00:99"
ADDRESSES = ("10.1.0.9", "2001:db8::9")


@pytest.fixture
def base(apply: Any, tell: Any) -> None:
    """Make links, and wait until the kernel has seen that the bridge has no carrier: entries go with it."""
    apply(BASE)
    until = time.monotonic() + 5
    while tell("ip -j link show dev br0")[0]["operstate"] != "DOWN" and time.monotonic() < until:
        time.sleep(0.02)


def entries(tell: Any, dst: str, *, proxy: bool = False) -> list[dict[str, Any]]:
    """Return what ip says of an address, without its own mark and what counts up."""
    found = tell(f"ip -j -d {'-6' if ':' in dst else '-4'} neigh show {'proxy' if proxy else 'nud all'}")
    return [
        {name: value for name, value in entry.items() if name != "protocol"} for entry in found if entry["dst"] == dst
    ]


def told(dst: str, state: str = "PERMANENT", *flags: str, **more: Any) -> dict[str, Any]:
    states = {"state": [state]} if state else {}
    return {"dst": dst, "dev": "br0", **states, **dict.fromkeys(flags), **more}


def wish(dst: str, **options: Any) -> dict[str, Any]:
    return {"neighbors": [{"dst": dst, "dev": "br0", **options}]}


Round = list[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]]


def rounds(dst: str) -> dict[str, Round]:
    """Give wishes, each with the neighbors and the proxies that ip tells afterwards."""
    return {
        "permanent": [
            (wish(dst, mac=MAC), [told(dst, lladdr=MAC)], []),
            (wish(dst, mac=OTHER.upper()), [told(dst, lladdr=OTHER)], []),
            (wish(dst, state="absent"), [], []),
        ],
        "noarp": [
            (wish(dst, mac=MAC, nud="noarp"), [told(dst, "NOARP", lladdr=MAC)], []),
            (wish(dst, nud="permanent"), [told(dst, lladdr=MAC)], []),
        ],
        "reachable, and then for good": [
            (wish(dst, mac=MAC, nud="reachable"), [told(dst, "REACHABLE", lladdr=MAC)], []),
            (wish(dst, mac=MAC, nud="permanent"), [told(dst, lladdr=MAC)], []),
        ],
        "stale, of another MAC": [
            (wish(dst, mac=MAC, nud="stale"), [told(dst, "STALE", lladdr=MAC)], []),
            (wish(dst, mac=OTHER, nud="stale"), [told(dst, "STALE", lladdr=OTHER)], []),
        ],
        "router and extern_learn": [
            (wish(dst, mac=MAC, extern_learn=True), [told(dst, "PERMANENT", "extern_learn", lladdr=MAC)], []),
            (wish(dst, mac=MAC, extern_learn=False), [told(dst, lladdr=MAC)], []),
        ],
        "proxy": [
            (wish(dst, proxy=True), [], [told(dst, "", "proxy")]),
            (wish(dst, proxy=True, router=True), [], [told(dst, "", "proxy", "router")]),
            (wish(dst, mac=MAC), [told(dst, lladdr=MAC)], [told(dst, "", "proxy", "router")]),
            (wish(dst, proxy=True, state="absent"), [told(dst, lladdr=MAC)], []),
        ],
        "managed": [
            (wish(dst, managed=True), [told(dst, "INCOMPLETE", "managed")], []),
            (wish(dst, mac=MAC, managed=False), [told(dst, lladdr=MAC)], []),
            (wish(dst, managed=True), [told(dst, "INCOMPLETE", "managed")], []),
            (wish(dst, state="absent"), [], []),
        ],
    }


@pytest.mark.parametrize("dst", ADDRESSES)
@pytest.mark.parametrize("name", rounds(""))
def test_entry_is_what_ip_says_and_the_second_run_sends_nothing(
    name: str, dst: str, base: None, apply: Any, tell: Any
) -> None:
    def go() -> None:
        run("ip neigh flush dev br0 nud all")
        one_after_another(name, dst, apply, tell)

    unless_swept(go)


def one_after_another(name: str, dst: str, apply: Any, tell: Any) -> None:
    for config, neighbors, proxies in rounds(dst)[name]:
        foretold = apply(config, check=True)
        report = apply(config)
        assert (report.changed, report.commands) == (True, foretold.commands)
        found = entries(tell, dst)
        # A managed one is asked for: its state is a matter of moments.
        for entry in found:
            if "managed" in entry:
                assert entry["state"] in (["INCOMPLETE"], ["FAILED"], ["NONE"])
                entry["state"] = ["INCOMPLETE"]
        assert steady(found) == steady(neighbors)
        assert steady(entries(tell, dst, proxy=True)) == steady(proxies)
        with heard() as announced:
            assert apply(config).commands == []
        if name != "managed":
            assert announced == []


def test_router(base: None, apply: Any, tell: Any) -> None:
    """A flag of IPv6; the kernel does not keep it for IPv4 unless a router says so."""
    for router in (True, False):
        config = wish("2001:db8::9", mac=MAC, router=router)
        assert apply(config).changed
        assert ("router" in entries(tell, "2001:db8::9")[0]) == router
        assert not apply(config).changed


def test_state_that_passes_is_met_by_any_that_it_passes_into(base: None, apply: Any, tell: Any) -> None:
    config = wish("10.1.0.9", mac=MAC, nud="reachable")
    for state in ("stale", "reachable", "delay"):
        run(f"ip neigh replace 10.1.0.9 lladdr {MAC} dev br0 nud {state}")
        assert not apply(config).changed
    run(f"ip neigh replace 10.1.0.9 lladdr {OTHER} dev br0 nud stale")
    assert apply(config).changed, "another MAC is no such entry"
    assert entries(tell, "10.1.0.9") == [told("10.1.0.9", "REACHABLE", lladdr=MAC)]
    run("ip neigh del 10.1.0.9 dev br0")
    assert apply(config).changed, "one that is gone is made again"


def test_learned_entry_gives_way_and_is_not_gathered(base: None, apply: Any, gather: Any, tell: Any) -> None:
    run(f"ip neigh add 10.1.0.9 lladdr {OTHER} dev br0 nud stale")
    assert "neighbors" not in gather()
    apply({}, overridden=True)
    apply(BASE)
    run(f"ip neigh replace 10.1.0.9 lladdr {OTHER} dev br0 nud stale")
    assert apply(wish("10.1.0.9", mac=MAC)).changed
    assert entries(tell, "10.1.0.9") == [told("10.1.0.9", lladdr=MAC)]


OBJECTS = f"""
neighbors:
  - {{dst: 10.1.0.1, dev: t0, mac: "{MAC}"}}
  - {{dst: 10.1.0.2, dev: t0, mac: "{MAC}", nud: noarp, extern_learn: true}}
  - {{dst: 10.1.0.3, dev: t0, mac: "{MAC}", nud: stale}}
  - {{dst: 10.1.0.4, dev: t0, managed: true}}
  - {{dst: 10.1.0.5, dev: t0, proxy: true}}
  - {{dst: 10.1.0.5, dev: t0, mac: "{MAC}"}}
  - {{dst: "2001:db8::1", dev: t0, mac: "{MAC}", router: true}}
  - {{dst: "2001:db8::2", dev: t0, proxy: true, router: true}}
"""


def everything(tell: Any, dev: str) -> list[str]:
    found = [*tell(f"ip -j -d neigh show nud all dev {dev}"), *tell(f"ip -j -d neigh show proxy dev {dev}")]
    ours = [entry for entry in found if "protocol" in entry]  # the kernel has groups there by itself
    return steady([{k: v for k, v in entry.items() if not ("managed" in entry and k == "state")} for entry in ours])


def test_all_are_back_after_a_recreation_and_gathered(base: None, apply: Any, gather: Any, tell: Any) -> None:
    links = "links: [{name: t0, up: true}, {name: t1, up: true}]\n"
    apply(links + OBJECTS)
    before = everything(tell, "t0")
    assert len(before) == 8
    config = yaml.safe_load(yaml.safe_dump(gather()))
    assert {(item["dst"], item.get("proxy", False)) for item in config["neighbors"]} == {
        *((f"10.1.0.{number}", False) for number in range(1, 6)),
        ("2001:db8::1", False),
        ("10.1.0.5", True),
        ("2001:db8::2", True),
    }
    assert apply(config).commands == []
    apply({}, overridden=True)
    assert tell("ip -j neigh show proxy") == []
    apply({**config, "links": [link for link in config["links"] if link["name"] != "lo"]})
    assert everything(tell, "t0") == before
    assert apply({"links": [link for link in config["links"] if link["name"] != "lo"]}, overridden=True).changed
    assert everything(tell, "t0") == [], "overridden removes what carries the mark"


@pytest.mark.needs_kind("macvlan")
def test_recreated_link_has_its_entries_again(base: None, apply: Any, tell: Any) -> None:
    run("ip link set t0 up")
    run("ip link set t1 up")
    run("ip link add w0 type veth peer name w1")
    run("ip link set w0 up")
    run("ip link set w1 up")
    links = "links: [{name: mv, kind: macvlan, addrgenmode: none, link: %s, recreate: true}]\n"
    apply(links % "t0" + OBJECTS.replace("dev: t0", "dev: mv"))
    before, index = everything(tell, "mv"), tell("ip -j link show dev mv")[0]["ifindex"]
    apply(links % "w0")
    assert tell("ip -j link show dev mv")[0]["ifindex"] != index
    assert len(before) == 8
    assert everything(tell, "mv") == before


def test_proxy_outlives_the_carrier(base: None, apply: Any, tell: Any) -> None:
    run("ip link set t0 up")
    run("ip link set t1 up")
    apply({"neighbors": [{"dst": dst, "dev": "t0", "proxy": True} for dst in ADDRESSES]})
    apply({"neighbors": [{"dst": "10.1.0.10", "dev": "t0", "mac": MAC, "nud": "stale"}]})
    run("ip link set t1 down")
    until = time.monotonic() + 5
    while "LOWER_UP" in tell("ip -j link show dev t0")[0]["flags"] and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.2)
    assert entries(tell, "10.1.0.10") == [], "the positive control: what is not permanent goes"
    assert [len(entries(tell, dst, proxy=True)) for dst in ADDRESSES] == [1, 1]


def test_failed_run_is_taken_back(base: None, apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, up: true}, {name: t1, up: true}]\n" + OBJECTS)
    before = everything(tell, "t0")
    changed = OBJECTS.replace("managed: true", f'mac: "{OTHER}"').replace(
        "dst: 10.1.0.5, dev: t0, proxy", "dst: 10.1.0.6, dev: t0, proxy"
    )
    changed = changed.replace(f'dst: 10.1.0.1, dev: t0, mac: "{MAC}"', "dst: 10.1.0.1, dev: t0, managed: true")
    with pytest.raises(Failed, match="invalid gateway"):
        apply(changed + "routes: [{dst: 10.77.0.0/16, via: 203.0.113.1, dev: lo}]")
    assert everything(tell, "t0") == before
    apply(changed)
    assert everything(tell, "t0") != before, "the positive control"


@pytest.mark.parametrize("options", [{"mac": MAC, "nud": "noarp"}, {"mac": MAC, "nud": "reachable"}, {"managed": True}])
def test_entry_stays_on_a_new_link_without_a_carrier(options: dict[str, Any], apply: Any, tell: Any) -> None:
    """The kernel throws such entries away when it tells the link that it has none, up to a second after it is made."""
    links = [
        {"name": "b0", "kind": "bridge"},
        {"name": "p0", "kind": "veth", "master": "b0", "peer": {"name": "p1", "up": False}},
        {"name": "m0", "kind": "macvlan", "link": "b0", "mode": "bridge"},
    ]
    neighbors = [{"dev": "m0", "dst": "192.0.2.1", **options}]
    apply({"links": links, "neighbors": neighbors})
    time.sleep(1.2)
    assert "NO-CARRIER" in tell("ip -j link show m0")[0]["flags"]
    assert [entry["dst"] for entry in tell("ip -j neigh show nud all dev m0") if entry["dst"] == "192.0.2.1"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "neighbor 10.1.0.9 on br0: mac: a new neighbor entry needs it"),
        ({"proxy": True, "mac": MAC}, "neighbor 10.1.0.9 on br0: proxy: excludes mac"),
        ({"proxy": True, "managed": True}, "neighbor 10.1.0.9 on br0: proxy: excludes managed"),
        ({"managed": True, "nud": "permanent"}, "neighbor 10.1.0.9 on br0: managed: excludes nud"),
        ({"mac": MAC, "nud": "failed"}, "neighbor 10.1.0.9: nud: 'failed' is not one of permanent, noarp, reachable"),
    ],
)
def test_bad_entry_is_refused(options: dict[str, Any], sentence: str, base: None, apply: Any, tell: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply(wish("10.1.0.9", **options))
    assert str(refusal.value).startswith(sentence)
    assert entries(tell, "10.1.0.9") == []
