# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links asked for by an alternative name: found wherever iproute2 finds them, and told by their own name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything
from .test_tables import heard, run

LONG = "the-uplink-of-this-host:which-has-a-name-of-more-than-15-bytes"
BASE = (
    """
links:
  - {name: br0, kind: bridge, addrgenmode: none, altnames: [trunk]}
  - {name: up0, kind: veth, addrgenmode: none, altnames: [uplink, "%s"], peer: {name: up1, altnames: [far]},
     addresses: [10.0.0.1/24]}
"""
    % LONG
)


@pytest.fixture
def base(apply: Any) -> None:
    apply(BASE)


def named(tell: Any) -> dict[str, list[str]]:
    """Return the altnames of each link, as ip tells them."""
    return {link["ifname"]: sorted(link.get("altnames", ())) for link in tell("ip -j link show")}


#: A wish that names a link by an altname, and the same with its own name.
WISHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a link": ({"links": [{"name": "uplink", "mtu": 1400}]}, {"links": [{"name": "up0", "mtu": 1400}]}),
    "by a name that no link can have of its own": (
        {"links": [{"name": LONG, "alias": "x"}]}, {"links": [{"name": "up0", "alias": "x"}]},
    ),
    "of a kind, with its other end": (
        {"links": [{"name": "uplink", "kind": "veth", "alias": "x", "peer": {"name": "far", "alias": "y"}}]},
        {"links": [{"name": "up0", "kind": "veth", "alias": "x", "peer": {"name": "up1", "alias": "y"}}]},
    ),
    "master": (
        {"links": [{"name": "uplink", "master": "trunk", "port": {"isolated": True}}]},
        {"links": [{"name": "up0", "master": "br0", "port": {"isolated": True}}]},
    ),
    "lower link": (
        {"links": [{"name": "m0", "kind": "macvlan", "link": "uplink"}]},
        {"links": [{"name": "m0", "kind": "macvlan", "link": "up0"}]},
    ),
    "lower link of a tunnel": (
        {"links": [{"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 4789, "dev": LONG}]},
        {"links": [{"name": "vx", "kind": "vxlan", "vni": 5, "dstport": 4789, "dev": "up0"}]},
    ),
    "address": (
        {"addresses": [{"dev": "uplink", "address": "10.0.1.1/24"}]},
        {"addresses": [{"dev": "up0", "address": "10.0.1.1/24"}]},
    ),
    "nested in the link": (
        {"links": [{"name": "uplink", "addresses": ["10.0.1.1/24"]}]},
        {"addresses": [{"dev": "up0", "address": "10.0.1.1/24"}]},
    ),
    "route": ({"routes": [{"dst": "10.9.0.0/16", "dev": LONG}]}, {"routes": [{"dst": "10.9.0.0/16", "dev": "up0"}]}),
    "route with several next hops": (
        {"routes": [{"dst": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2", "dev": "uplink"}, {"via": "10.0.0.3"}]}]},
        {"routes": [{"dst": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2", "dev": "up0"}, {"via": "10.0.0.3"}]}]},
    ),
    "nexthop": (
        {"nexthops": [{"id": 7, "via": "10.0.0.2", "dev": "uplink"}]},
        {"nexthops": [{"id": 7, "via": "10.0.0.2", "dev": "up0"}]},
    ),
    "neighbor": (
        {"neighbors": [{"dev": "uplink", "dst": "10.0.0.2", "mac": "02:00:00:00:00:05"}]},
        {"neighbors": [{"dev": "up0", "dst": "10.0.0.2", "mac": "02:00:00:00:00:05"}]},
    ),
    "FDB entry": (
        {"fdb": [{"dev": "trunk", "mac": "02:00:00:00:00:05"}]}, {"fdb": [{"dev": "br0", "mac": "02:00:00:00:00:05"}]},
    ),
    "sysctl": (
        {"sysctls": [{"dev": "uplink", "name": "ipv4.proxy_arp", "value": 1}]},
        {"sysctls": [{"dev": "up0", "name": "ipv4.proxy_arp", "value": 1}]},
    ),
    "sysctl in full": (
        {"sysctls": [{"name": "net.ipv4.conf.uplink.proxy_arp", "value": 1}]},
        {"sysctls": [{"dev": "up0", "name": "ipv4.proxy_arp", "value": 1}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WISHES)
def test_an_altname_stands_for_its_link_wherever_one_is_named(name: str, base: None, apply: Any) -> None:
    """What is done is what the link's own name would do; a second run by either name sends nothing."""
    by_altname, by_name = WISHES[name]
    foretold = apply(by_name, check=True)
    assert foretold.changed
    assert apply(by_altname, check=True).commands == foretold.commands
    assert apply(by_altname).commands == foretold.commands
    with heard() as announced:
        assert apply(by_altname).commands == []
        assert apply(by_name).commands == []
    assert announced == []


def test_remote_of_an_fdb_entry_by_a_link_with_an_altname(base: None, apply: Any, tell: Any) -> None:
    apply("links: [{name: vx, kind: vxlan, vni: 5, dstport: 4789}]")
    for mac in ("00:00:00:00:00:00", "02:00:00:00:00:05"):
        wish = {"fdb": [{"dev": "vx", "mac": mac, "dst": "192.0.2.1", "via": "uplink"}]}
        assert apply(wish).changed
        assert [one["viaIf"] for one in tell("bridge -j fdb show dev vx") if one["mac"] == mac] == ["up0"]
        assert apply(wish).commands == []


@pytest.mark.parametrize("name", ["uplink", LONG])
def test_a_link_is_removed_by_its_altname(name: str, base: None, apply: Any, tell: Any) -> None:
    """As ``ip link del dev ALTNAME`` does, which is the control."""
    run("ip link add other type bridge")
    run("ip link property add dev other altname another")
    run("ip link del dev another")
    assert "other" not in named(tell)
    wish = {"links": [{"name": name, "state": "absent"}]}
    foretold = apply(wish, check=True)
    assert foretold.commands == ["ip link del up0"]
    assert apply(wish).commands == foretold.commands
    assert "up0" not in named(tell)
    if name == "uplink":
        assert apply(wish).commands == []


@pytest.mark.parametrize("section", ["addresses", "routes", "neighbors"])
def test_what_is_on_a_link_is_removed_by_its_altname(section: str, base: None, apply: Any) -> None:
    item = {
        "addresses": {"dev": "uplink", "address": "10.0.1.1/24"},
        "routes": {"dst": "10.9.0.0/16", "dev": "uplink"},
        "neighbors": {"dev": "uplink", "dst": "10.0.0.2", "mac": "02:00:00:00:00:05"},
    }[section]
    before = everything()
    assert apply({section: [item]}).changed
    assert everything() != before
    assert apply({section: [{**item, "state": "absent"}]}).changed
    assert everything() == before


def test_two_links_swap_an_altname_in_one_run(base: None, apply: Any, gather: Any, tell: Any) -> None:
    """And what is on the link of that name in the same run is on the one that gets it."""
    wish = {
        "links": [{"name": "br0", "altnames": ["uplink"]}, {"name": "up0", "altnames": ["trunk", LONG]}],
        "addresses": [{"dev": "trunk", "address": "10.0.7.1/24"}],
    }
    foretold = apply(wish, check=True)
    report = apply(wish)
    assert report.commands == foretold.commands
    assert named(tell) == {"lo": [], "br0": ["uplink"], "up0": [LONG, "trunk"], "up1": ["far"]}
    infos = [info["local"] for link in tell("ip -j -4 addr show dev up0") for info in link["addr_info"]]
    assert infos == ["10.0.0.1", "10.0.7.1"]
    assert apply(wish).commands == []
    assert apply(gather()).commands == []
    back = {"links": [{"name": "br0", "altnames": ["trunk"]}, {"name": "up0", "altnames": ["uplink"]}]}
    for line in apply(back, check=True).commands:
        run(line)
    assert named(tell) == {"lo": [], "br0": ["trunk"], "up0": ["uplink"], "up1": ["far"]}


def test_a_failed_swap_is_taken_back(base: None, apply: Any, tell: Any) -> None:
    before = named(tell)
    wish = {"links": [{"name": "br0", "altnames": ["uplink"]}, {"name": "up0", "altnames": ["trunk"]}]}
    with pytest.raises(Failed, match="rolled back"):
        apply({**wish, "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "br0"}]})
    assert named(tell) == before
    apply(wish)
    assert named(tell) != before, "the positive control"


def test_a_name_that_is_given_up_may_be_a_new_links_own(base: None, apply: Any, tell: Any) -> None:
    wish = {"links": [{"name": "uplink", "kind": "bridge"}, {"name": "up0", "altnames": [LONG]}]}
    assert apply(wish).changed
    assert named(tell) == {"lo": [], "br0": ["trunk"], "uplink": [], "up0": [LONG], "up1": ["far"]}
    assert apply(wish).commands == []


def test_an_altname_that_comes_in_this_run(apply: Any, tell: Any) -> None:
    wish = {
        "links": [
            {"name": "up0", "kind": "veth", "altnames": [LONG], "peer": {"name": "up1"}},
            {"name": "m0", "kind": "macvlan", "link": LONG, "addresses": ["10.0.1.1/24"]},
        ],
        "routes": [{"dst": "10.9.0.0/16", "dev": LONG}],
    }
    assert apply(wish).changed
    assert tell("ip -j link show dev m0")[0]["link"] == "up0"
    assert [route["dev"] for route in tell("ip -j route show 10.9.0.0/16")] == ["up0"]
    assert apply(wish).commands == []


def test_altnames_are_those_of_the_namespace(base: None, apply: Any, tell: Any) -> None:
    apply({"netns": [{"name": "side"}], "links": [{"name": "s0", "kind": "bridge", "netns": "side"}]})
    run("ip -n side link property add dev s0 altname uplink")
    wish = {"links": [{"name": "uplink", "netns": "side", "alias": "x"}]}
    assert apply(wish).commands == ["ip -n side link set dev s0 alias x"]
    assert apply(wish).commands == []
    moving = {"links": [{"name": "far", "netns": "side", "from_netns": "host", "alias": "moved"}]}
    assert apply(moving).changed
    assert tell("ip -n side -j link show dev up1")[0]["ifalias"] == "moved"
    assert apply(moving).commands == []


def test_a_rules_link_stays_as_it_is_asked_for(base: None, apply: Any, tell: Any) -> None:
    """The kernel keeps the name, and finds the link by any (net/core/fib_rules.c): it need not be there."""
    wish = {"rules": [{"priority": 7, "iif": "uplink", "table": 9}]}
    assert apply(wish).changed
    assert [(rule["iif"], rule.get("iif_detached")) for rule in tell("ip -j rule show pref 7")] == [("uplink", None)]
    assert apply(wish).commands == []


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (
            {"links": [{"name": "up0"}, {"name": "uplink"}]},
            r"^up0: is in the desired state twice\. Remove one",
        ),
        (
            {"addresses": [{"dev": "other", "address": "192.0.2.1/24"}]},
            r"dev: there is no link other\. Create",
        ),
        (
            {"routes": [{"dst": "10.9.0.0/16", "dev": LONG + "r"}]},
            r"dev: there is no link the-uplink.*bytesr\. Create",
        ),
        ({"links": [{"name": LONG + "r", "state": "absent"}]}, r"name: 'the-uplink.*bytesr' is not 1 to 15 bytes long"),
        ({"links": [{"name": "uplink", "kind": "bridge"}]}, r"^up0: kind: is veth, not bridge"),
        ({"addresses": [{"dev": "a b", "address": "192.0.2.1/24"}]}, r"dev: 'a b' holds a space"),
    ],
)
def test_a_name_that_means_no_one_link_is_refused(wish: Any, sentence: str, base: None, apply: Any) -> None:
    before = everything()
    with pytest.raises(Refused, match=sentence):
        apply(wish)
    assert everything() == before
