# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Multicast database entries of bridges: created, repeated, changed, removed; ``bridge -j -d mdb`` is the witness."""

from __future__ import annotations

import subprocess
from typing import Any
from unittest import mock

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.channel import Channel
from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .conftest import enter_new_network
from .look import run
from .multicast import BASE, GROUP, MODE, RELEASE, RTM_GETMDB, announced, database, joined, quiet, wish


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


@pytest.fixture
def base(apply: Any) -> None:
    """Make a bridge with two ports."""
    apply(BASE)


V3 = {"links": [{"name": "br0", "kind": "bridge", "mcast_igmp_version": 3, "mcast_mld_version": 2}]}
NEWER = pytest.mark.needs_linux("6.3")

#: What is wished for, one after the other, and what bridge then tells.
ROUNDS: dict[str, list[tuple[dict[str, Any], list[str]]]] = {
    "IPv4": [(wish({"port": "t0", "grp": GROUP}), [f"br0 t0 {GROUP} permanent static"])],
    "IPv6": [(wish({"port": "t0", "grp": "FF0E::0:1"}), ["br0 t0 ff0e::1 permanent static"])],
    "Ethernet": [
        (wish({"port": "t0", "grp": "01:02:03:04:05:06"}), ["br0 t0 01:02:03:04:05:06 permanent static"]),
        (wish({"port": "t0", "grp": "1-2-3-4-5-6", "state": "absent"}), []),
    ],
    "an Ethernet group of the bridge itself": [
        (wish({"grp": "01:02:03:04:05:06"}), ["br0 br0 01:02:03:04:05:06 permanent"]),
        (wish({"grp": "01:02:03:04:05:06", "state": "absent"}), []),
    ],
    "a group of the bridge itself": [
        (wish({"grp": GROUP}), [f"br0 br0 {GROUP} temp"]),
        (wish({"grp": GROUP, "port": "br0", "permanent": False}), [f"br0 br0 {GROUP} temp"]),
        (wish({"grp": GROUP, "port": "br0", "state": "absent"}), []),
    ],
    "temporary, then permanent and back": [
        (wish({"port": "t0", "grp": GROUP, "permanent": False}), [f"br0 t0 {GROUP} temp static"]),
        (wish({"port": "t0", "grp": GROUP}), [f"br0 t0 {GROUP} permanent static"]),
        (wish({"port": "t0", "grp": GROUP, "permanent": False}), [f"br0 t0 {GROUP} temp static"]),
        (wish({"port": "t0", "grp": GROUP, "permanent": False, "state": "absent"}), []),
    ],
    "several ports and sources": [
        (
            wish(
                *({"port": port, "grp": GROUP, "src": src} for port in ("t0", "u0") for src in ("10.0.0.1", "10.0.0.2"))
            ),
            [f"br0 {port} {GROUP} {src} permanent static" for port in ("t0", "u0") for src in ("10.0.0.1", "10.0.0.2")],
        ),
        (
            wish({"port": "t0", "grp": GROUP, "src": "10.0.0.1", "state": "absent"}, {"port": "t0", "grp": GROUP}),
            [
                f"br0 t0 {GROUP} 10.0.0.2 permanent static",
                f"br0 t0 {GROUP} permanent static",
                f"br0 u0 {GROUP} 10.0.0.1 permanent static",
                f"br0 u0 {GROUP} 10.0.0.2 permanent static",
            ],
        ),
    ],
    "VLANs": [
        (
            wish({"port": "t0", "grp": GROUP, "vid": 10}, {"port": "t0", "grp": GROUP, "vid": 4094}),
            [f"br0 t0 {GROUP} 10 permanent static", f"br0 t0 {GROUP} 4094 permanent static"],
        ),
        (wish({"port": "t0", "grp": GROUP, "vid": 10, "state": "absent"}), [f"br0 t0 {GROUP} 4094 permanent static"]),
    ],
}
NEWER_ROUNDS: dict[str, list[tuple[dict[str, Any], list[str]]]] = {
    "proto": [
        (wish({**MODE, "proto": "zebra"}, **V3), [f"br0 t0 {GROUP} permanent exclude zebra"]),
        (wish({**MODE, "proto": 186}), [f"br0 t0 {GROUP} permanent exclude bgp"]),
        (wish({**MODE}), [f"br0 t0 {GROUP} permanent exclude bgp"]),
        (wish({**MODE, "proto": "static"}), [f"br0 t0 {GROUP} permanent exclude static"]),
    ],
    "include, more and fewer sources, exclude": [
        (wish({**MODE, "filter_mode": "include", "source_list": ["10.0.0.2", "10.0.0.1"]}, **V3),
         [f"br0 t0 {GROUP} 10.0.0.1 permanent include static", f"br0 t0 {GROUP} 10.0.0.2 permanent include static",
          f"br0 t0 {GROUP} permanent include 10.0.0.1,10.0.0.2 static"]),
        (wish({**MODE, "source_list": "10.0.0.3,10.0.0.1"}),
         [f"br0 t0 {GROUP} 10.0.0.1 permanent include static", f"br0 t0 {GROUP} 10.0.0.3 permanent include static",
          f"br0 t0 {GROUP} permanent include 10.0.0.1,10.0.0.3 static"]),
        (wish({**MODE, "filter_mode": "exclude", "source_list": ["10.0.0.3"]}),
         [f"br0 t0 {GROUP} 10.0.0.3 permanent include static", f"br0 t0 {GROUP} permanent exclude 10.0.0.3 static"]),
        (wish({**MODE, "source_list": []}), [f"br0 t0 {GROUP} permanent exclude static"]),
        (wish({**MODE, "state": "absent"}), []),
    ],
    "IPv6 sources": [
        (wish({"port": "t0", "grp": "ff0e::1", "source_list": ["2001:db8::1"]}, **V3),
         ["br0 t0 ff0e::1 2001:db8::1 permanent include static",
          "br0 t0 ff0e::1 permanent exclude 2001:db8::1 static"]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", [*ROUNDS, *(pytest.param(name, marks=NEWER) for name in NEWER_ROUNDS)])
def test_entry(name: str, base: None, apply: Any, gather: Any) -> None:
    """Check mode foretells, a run does it, a second one sends nothing, what is gathered changes nothing."""
    for config, expected in {**ROUNDS, **NEWER_ROUNDS}[name]:
        before = database()
        foretold = apply(config, check=True)
        assert database() == before
        assert foretold.diff.get("prepared", "") == "".join(f"{line}\n" for line in foretold.commands)
        with announced() as heard:
            report = apply(config)
        assert report.commands == foretold.commands
        assert database() == sorted(expected)
        assert report.changed == bool(report.commands) == (before != database())
        assert heard or not any("permanent" in line for line in {*database()} - {*before}), "the positive control"
        with announced() as heard:
            assert apply(config).commands == []
        assert heard == []
        assert apply(gather()).commands == []
        assert apply(gather(), overridden=True).commands == []
        assert database() == sorted(expected)


def test_commands_make_the_same_elsewhere(apply: Any) -> None:
    """The lines that are told make the same in a new namespace; so does what is gathered."""
    items = {
        entry: item
        for name in ROUNDS
        for config, found in ROUNDS[name][:1]
        for entry, item in zip(found, config["mdb"])
    }
    del items[f"br0 t0 {GROUP} temp static"]
    config = {**yaml.safe_load(BASE), "mdb": list(items.values())}
    lines = apply(config).commands
    found = database()
    assert len(found) == len(config["mdb"]), found
    enter_new_network()
    quiet()
    for line in lines:
        subprocess.run(["sh", "-c", line], check=True, timeout=20)
    assert database() == found


def test_what_is_gathered_makes_the_same_elsewhere(apply: Any, gather: Any) -> None:
    newer = [item for name in NEWER_ROUNDS for item in NEWER_ROUNDS[name][0][0]["mdb"]] if RELEASE >= (6, 3) else []
    items = [
        {"dev": "br0", "port": "t0", "grp": "01:02:03:04:05:06"},
        {"dev": "br0", "port": "u0", "grp": GROUP},
        *newer,
    ]
    apply({**yaml.safe_load(BASE)})
    apply({**V3, "mdb": list({item["grp"]: item for item in items}.values())})
    found, config = database(), gather()
    assert found
    enter_new_network()
    quiet()
    apply(config)
    assert database() == found
    assert apply(config).commands == []


def test_learned_entries_are_the_kernels(base: None, apply: Any, gather: Any) -> None:
    """They are not told, not removed, not asked for again; a permanent wish takes their place."""
    with joined("t1", GROUP):
        learned = [f"br0 t0 {GROUP} temp kernel"]
        assert database() == learned
        assert "mdb" not in gather()
        assert [link for link in gather()["links"] if "mdb" in link] == []
        assert apply(wish({**MODE, "state": "absent"})).commands == []
        assert apply(wish({**MODE, "permanent": False})).commands == []
        assert apply(BASE, overridden=True).commands == []
        assert apply({**yaml.safe_load(BASE), **wish({**MODE, "state": "absent"})}, overridden=True).commands == []
        assert database() == learned
        lines = apply(wish(MODE)).commands
        assert database() == [f"br0 t0 {GROUP} permanent static"]
        new = f"dev br0 port t0 grp {GROUP} permanent"
        old = [f"bridge mdb del dev br0 port t0 grp {GROUP}", f"bridge mdb add {new}"]
        assert lines == ([f"bridge mdb replace {new}"] if RELEASE >= (6, 3) else old)
        assert apply(wish(MODE)).commands == []


def test_learned_entries_are_gone_when_asked_for_as_such(base: None, apply: Any) -> None:
    with joined("t1", GROUP):
        gone = {**MODE, "permanent": False, "state": "absent"}
        assert apply(wish(gone)).commands == [f"bridge mdb del dev br0 port t0 grp {GROUP}"]
        assert database() == []


OTHERS = [
    "br0 port t0 grp 239.9.9.1 permanent",
    "br0 port u0 grp 01:09:09:09:09:09 permanent",
    "br0 port t0 grp 239.9.9.2 src 10.0.0.9 permanent vid 7",
    "br0 port br0 grp 01:09:09:09:09:08 permanent",
]


@pytest.mark.parametrize(
    "anew",
    [
        {"name": "br0", "kind": "bridge", "numtxqueues": 3},
        {"name": "t0", "kind": "veth", "numtxqueues": 3},
        {"name": "u1", "kind": "veth", "numtxqueues": 3},
    ],
    ids=["bridge", "port", "other end of a port"],
)
def test_permanent_entries_are_back_on_a_link_made_anew(
    anew: dict[str, Any], base: None, apply: Any, tell: Any
) -> None:
    """Those of others too. What was learned, and what is temporary, is not."""
    apply(wish(MODE, {"port": "u0", "grp": "ff0e::1"}, {"port": "t0", "grp": "239.1.1.9", "permanent": False}))
    for line in OTHERS:
        run(f"bridge mdb add dev {line}")
    before = [line for line in database() if " temp" not in line]
    assert len(before) == 6
    index = tell(f"ip -j link show {anew['name']}")[0]["ifindex"]
    assert apply({"links": [{**anew, "recreate": True}]}).changed
    assert tell(f"ip -j link show {anew['name']}")[0]["ifindex"] != index, "the positive control"
    assert [line for line in database() if " temp" not in line] == before


def test_a_change_is_made_on_a_link_made_anew(base: None, apply: Any) -> None:
    apply(wish(MODE, {"port": "u0", "grp": "ff0e::1"}))
    anew = [{"name": "br0", "kind": "bridge", "numtxqueues": 3, "recreate": True}]
    apply(wish({**MODE, "state": "absent"}, {"port": "u0", "grp": "239.1.1.8"}, links=anew))
    assert database() == ["br0 u0 239.1.1.8 permanent static", "br0 u0 ff0e::1 permanent static"]


def test_a_bridge_and_its_port_are_made_anew_in_one_run(base: None, apply: Any) -> None:
    """An entry that is on both is put back once, behind both; so it is when the run fails."""
    apply(wish(MODE, {"port": "u0", "grp": "ff0e::1"}, {"grp": "01:00:00:00:00:07"}))
    before = database()
    anew = [{"name": "br0", "kind": "bridge", "numtxqueues": 3, "recreate": True},
            {"name": "t0", "kind": "veth", "numtxqueues": 3, "recreate": True}]  # fmt: skip
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({"links": anew, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert database() == before
    assert len([line for line in apply({"links": anew}).commands if "mdb" in line]) == len(before)
    assert database() == before
    absent = [{"name": name, "state": "absent"} for name in ("br0", "t0")]
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({"links": absent, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert database() == before


@pytest.mark.parametrize("gone", ["t0", "br0"])
def test_entries_go_with_their_links_and_come_back_with_them(gone: str, base: None, apply: Any) -> None:
    """A failed run makes the link anew with its entries; those of a link that is gone need no removal of their own."""
    apply(wish(MODE, {"port": "u0", "grp": GROUP}, {"port": "t0", "grp": "239.1.1.2", "src": "10.0.0.1"}))
    before = database()
    absent = {"links": [{"name": gone, "state": "absent"}]}
    with pytest.raises(Failed, match="invalid gateway"):
        apply({**absent, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert database() == before
    lines = apply({**absent, **wish({**MODE, "state": "absent"})}).commands
    assert not any("mdb" in line for line in lines)
    assert database() == ([] if gone == "br0" else [f"br0 u0 {GROUP} permanent static"])
    assert apply(wish({**MODE, "state": "absent"})).commands == []


def test_failed_run_is_taken_back(base: None, apply: Any) -> None:
    apply(wish(MODE, {"port": "t0", "grp": "239.1.1.2", "permanent": False}))
    before = database()
    changed = wish({**MODE, "state": "absent"}, {"port": "t0", "grp": "239.1.1.2"}, {"port": "u0", "grp": GROUP})
    with pytest.raises(Failed, match="invalid gateway"):
        apply({**changed, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert database() == before
    apply(changed)
    assert database() == ["br0 t0 239.1.1.2 permanent static", f"br0 u0 {GROUP} permanent static"]


def test_purge_takes_what_is_the_collections(base: None, apply: Any) -> None:
    """As with FDB entries: those on links of ours. On a bridge of others nothing is taken."""
    run("ip link add other type bridge")
    run("ip link set other up")
    run("bridge mdb add dev other port other grp 01:09:09:09:09:08 permanent")
    apply(wish(MODE, {"port": "u0", "grp": GROUP}))
    run("bridge mdb add dev br0 port t0 grp 239.9.9.1 permanent")
    kept = {**yaml.safe_load(BASE), **wish({"port": "u0", "grp": GROUP})}
    gone = [f"bridge mdb del dev br0 port t0 grp {grp}" for grp in (GROUP, "239.9.9.1")]
    assert sorted(apply(kept, overridden=True).commands) == gone
    assert database() == [f"br0 u0 {GROUP} permanent static", "other other 01:09:09:09:09:08 permanent"]
    assert apply(kept, overridden=True).commands == []


@NEWER
def test_purge_leaves_what_a_daemon_says_is_its_own(base: None, apply: Any) -> None:
    apply(wish({**MODE, "proto": "zebra"}, {"port": "u0", "grp": GROUP}))
    apply(BASE, overridden=True)
    assert database() == [f"br0 t0 {GROUP} permanent zebra"]


def test_a_port_by_an_alternative_name(base: None, apply: Any) -> None:
    assert apply(wish({"port": "uplink-of-the-bridge", "grp": GROUP})).commands == [
        f"bridge mdb add dev br0 port u0 grp {GROUP} permanent"
    ]
    assert apply(wish({"port": "uplink-of-the-bridge", "grp": GROUP})).commands == []
    assert apply(wish({"port": "uplink-of-the-bridge", "grp": GROUP, "state": "absent"})).changed
    assert database() == []


def test_other_words(base: None, apply: Any) -> None:
    """FDB entries have ``vlan``, and bridge tells ``protocol``."""
    assert apply(wish({"port": "t0", "group": GROUP, "vlan": 7})).changed
    assert apply(wish({"port": "t0", "grp": GROUP, "vid": 7})).commands == []
    with pytest.raises(Refused, match="mdb: vlan: is another name of vid, and both are given"):
        apply(wish({"port": "t0", "grp": GROUP, "vid": 7, "vlan": 8}))
    with pytest.raises(Refused, match=f"mdb {GROUP}: protocol: |mdb {GROUP}: proto: "):
        apply(wish({"port": "t0", "grp": GROUP, "protocol": 3}))


def test_a_port_that_moves_and_comes_back_has_its_entries(base: None, apply: Any) -> None:
    """A bridge forgets the entries of a port that goes to another namespace; a failed run puts them there again."""
    apply(wish(MODE, {"port": "t0", "grp": "239.1.1.2", "src": "10.0.0.1"}))
    run("bridge mdb add dev br0 port t0 grp 239.9.9.1 permanent vid 7")
    before = database()
    run("ip netns add client")
    moved = {"links": [{"name": "t0", "netns": "client", "from_netns": "host"}]}
    with pytest.raises(Failed, match=r"invalid gateway.* Nothing was changed"):
        apply({**moved, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}]})
    assert database() == before
    apply(moved)
    assert database() == [], "the positive control"


def test_within_a_bridge(apply: Any) -> None:
    config = yaml.safe_load(BASE)
    config["links"][0]["mdb"] = [{"port": "t0", "grp": GROUP}, {"grp": "01:02:03:04:05:06"}]
    config["links"][0]["mcast_snooping"] = True
    assert apply(config).changed
    assert database() == ["br0 br0 01:02:03:04:05:06 permanent", f"br0 t0 {GROUP} permanent static"]
    assert apply(config).commands == []


def test_the_database_is_read_where_it_is_asked_for(base: None, apply: Any) -> None:
    """A run that wishes for no entry, and takes no link away, does not read it: a bridge may have many entries."""
    seen: list[int] = []
    dump = Channel.dump

    def noted(self: Channel, kind: int, payload: bytes) -> list[bytes]:
        seen.append(kind)
        return dump(self, kind, payload)

    with mock.patch.object(Channel, "dump", noted):
        apply(BASE)
        apply({"links": [{"name": "br1", "kind": "bridge"}, {"name": "br0", "kind": "bridge", "ageing_time": 20000}]})
        assert RTM_GETMDB not in seen
        apply(wish(MODE))
        assert RTM_GETMDB in seen, "the positive control"
        seen.clear()
        apply({"links": [{"name": "br0", "kind": "bridge", "numtxqueues": 3, "recreate": True}]})
        assert RTM_GETMDB in seen
    assert database() == [f"br0 t0 {GROUP} permanent static"]


def test_many_entries(base: None, apply: Any) -> None:
    """More than one part of a dump, and more than one send."""
    groups = [{"port": port, "grp": f"239.2.{n >> 8}.{n & 255}"} for n in range(700) for port in ("t0", "u0")]
    big = {"links": [{"name": "br0", "kind": "bridge", "mcast_hash_max": 8192}]}
    assert len(apply(wish(*groups, **big)).commands) == 1400 + 1
    assert len(database()) == 1400
    assert apply(wish(*groups)).commands == []
    assert len(apply(BASE, overridden=True).commands) == 1400
    assert database() == []


def test_entries_of_a_bridge_that_is_down_stay(base: None, apply: Any, gather: Any) -> None:
    """Nobody can remove them, nor put them back: they are not purged, and not told."""
    apply(wish(MODE))
    run("ip link set br0 down")
    with pytest.raises(Refused, match="dev: br0 is down"):
        apply(wish({**MODE, "state": "absent"}))
    config = yaml.safe_load(BASE)
    config["links"][0]["up"] = False
    assert apply(config, overridden=True).commands == []
    assert apply(gather(), overridden=True).commands == []
    run("ip link set br0 up")
    assert database() == [f"br0 t0 {GROUP} permanent static"]
