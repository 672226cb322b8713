# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses: each option, created, repeated, changed; ``ip -j -d address`` is the witness."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .raw import heard

BASE = "links: [{name: b, kind: bridge, addrgenmode: none, mac: '02:00:00:00:00:01'}]"
FOREVER = 2**32 - 1
V4, V6 = "10.1.0.1/24", "2001:db8::1/64"
#: What changes by itself: duplicate address detection, and the seconds of a lifetime.
_BY_ITSELF = ("tentative", "dadfailed", "protocol", "valid_life_time", "preferred_life_time")


@pytest.fixture
def base(apply: Any) -> None:
    apply(BASE)


def wish(address: str = V4, **options: Any) -> dict[str, Any]:
    return {"addresses": [{"dev": "b", "address": address, **options}]}


def addresses(tell: Any) -> list[dict[str, Any]]:
    return [info for link in tell("ip -j -d addr show dev b") for info in link["addr_info"]]


#: Options of an address, and what ip tells of it (None: nothing): what is created, and what it is changed to.
ROUNDS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "scope": (V4, {"scope": "link"}, {"scope": "link"}, {"scope": "host"}, {"scope": "host"}),
    "label": (V4, {"label": "b:1"}, {"label": "b:1"}, {"label": "b"}, {"label": "b"}),
    "metric": (V4, {"metric": 7}, {"metric": 7}, {"metric": 8}, {"metric": 8}),
    "no metric": (V4, {"metric": 7}, {"metric": 7}, {"metric": 0}, {"metric": None}),
    "no metric of IPv6": (V6, {"metric": 0}, {"metric": None}, {"metric": "8"}, {"metric": 8}),
    "no metric again, of IPv6": (V6, {"metric": 7}, {"metric": 7}, {"metric": 0}, {"metric": None}),
    "metric of IPv6": (V6, {"metric": 7}, {"metric": 7}, {"metric": 8}, {"metric": 8}),
    "peer": (V4, {"peer": "10.1.0.2"}, {"address": "10.1.0.2"}, {"peer": "10.1.0.3"}, {"address": "10.1.0.3"}),
    "peer of IPv6": ("2001:db8::1/128", {"peer": "2001:db8::2"}, {"address": "2001:db8::2"},
                     {"peer": "2001:DB8::3"}, {"address": "2001:db8::3"}),
    "broadcast": (V4, {"broadcast": "10.1.0.77"}, {"broadcast": "10.1.0.77"},
                  {"broadcast": "none"}, {"broadcast": None}),
    "broadcast, ones and zeros": (V4, {"broadcast": "+"}, {"broadcast": "10.1.0.255"},
                                  {"broadcast": "-"}, {"broadcast": "10.1.0.0"}),
    "noprefixroute": (V4, {"noprefixroute": True}, {"noprefixroute": True},
                      {"noprefixroute": False}, {"noprefixroute": None}),
    "noprefixroute of IPv6": (V6, {"noprefixroute": True}, {"noprefixroute": True},
                              {"noprefixroute": False}, {"noprefixroute": None}),
    "nodad": (V6, {"nodad": True}, {"nodad": True}, {"nodad": False}, {"nodad": None}),
    "home": (V6, {"home": True}, {"home": True}, {"home": False}, {"home": None}),
    "mngtmpaddr": (V6, {"mngtmpaddr": True}, {"mngtmpaddr": True}, {"mngtmpaddr": False}, {"mngtmpaddr": None}),
    "autojoin": ("239.1.1.1/32", {"autojoin": True}, {"autojoin": True}, {"autojoin": False}, {"autojoin": None}),
    "deprecated": (V4, {"preferred_lft": 0}, {"deprecated": True, "valid_life_time": FOREVER},
                   {"preferred_lft": "forever"}, {"deprecated": None, "preferred_life_time": FOREVER}),
    "deprecated IPv6": (V6, {"valid_lft": "forever", "preferred_lft": 0}, {"deprecated": True},
                        {"preferred_lft": "forever"}, {"deprecated": None, "preferred_life_time": FOREVER}),
}  # fmt: skip


@pytest.mark.parametrize("length", [0, 1, 48, 127, 128])
def test_an_ipv6_address_is_on_a_link_once_whatever_its_prefix_length(
    length: int, base: None, apply: Any, tell: Any
) -> None:
    """The kernel refuses it beside one of another length, and with ``replace`` keeps the old length without a word."""
    other = wish("2001:db8::1/64")["addresses"][0]
    assert apply({"addresses": [other]}).changed
    wished = wish(f"2001:db8::1/{length}")
    foretold = apply(wished, check=True)
    report = apply(wished)
    assert (report.changed, report.commands) == (True, foretold.commands)
    assert [(info["local"], info["prefixlen"]) for info in addresses(tell)] == [("2001:db8::1", length)]
    assert apply(wished).commands == []
    apply({"addresses": [{**wished["addresses"][0], "state": "absent"}, other]})
    whole = {**yaml.safe_load(BASE), **wished}
    assert len(apply(whole, overridden=True).commands) == 2, "one goes, one comes"
    assert apply(whole, overridden=True).commands == []
    with pytest.raises(
        Refused, match=r"2001:db8::1/\d+ on b is in the desired state too, and a link has an IPv6 address once"
    ):
        apply({"addresses": [other, *wished["addresses"]]})
    assert apply({"addresses": [{**wished["addresses"][0], "state": "absent"}, other]}).changed
    assert [info["prefixlen"] for info in addresses(tell)] == [64]


def test_ipv4_addresses_with_two_prefix_lengths_are_two(base: None, apply: Any, tell: Any) -> None:
    both = {"addresses": [{"dev": "b", "address": f"10.1.0.1/{length}"} for length in (16, 24)]}
    assert apply(both).changed
    assert sorted(info["prefixlen"] for info in addresses(tell)) == [16, 24]
    assert apply(both).commands == []


def test_other_prefix_length_keeps_the_options_and_is_taken_back(base: None, apply: Any, tell: Any) -> None:
    apply(wish("2001:db8::1/64", nodad=True, valid_lft=3000, preferred_lft=1000))
    failing = {**wish("2001:db8::1/48"), "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "b"}]}
    with pytest.raises(Failed, match="rolled back"):
        apply(failing)
    for length in (64, 48):
        (info,) = addresses(tell)
        assert (info["prefixlen"], info["nodad"]) == (length, True)
        assert 2900 < info["valid_life_time"] <= 3000
        apply(wish("2001:db8::1/48"))


def test_what_the_kernel_gave_a_link_may_be_wished_for(apply: Any, gather: Any, tell: Any) -> None:
    """An address of lo, and the one that each link has: as it is, with another length, and not at all."""

    def found(dev: str) -> list[str]:
        infos = [info for link in tell(f"ip -j -6 addr show dev {dev}") for info in link["addr_info"] if info]
        return [f"{info['local']}/{info['prefixlen']}" for info in infos]

    apply("links: [{name: v, kind: veth, peer: {name: w}}]")
    (link_local,) = found("v")
    assert found("lo") == ["::1/128"], "the positive control: the kernel put it there"
    for dev, there, other in (("lo", "::1/128", "::1/0"), ("v", link_local, link_local.replace("/64", "/10"))):
        as_it_is = {"addresses": [{"dev": dev, "address": there}]}
        assert apply(as_it_is).commands == []
        assert apply({"addresses": [{"dev": dev, "address": other}]}).changed
        assert found(dev) == [other]
        assert apply({"addresses": [{"dev": dev, "address": other}]}).commands == []
        assert apply(gather()).commands == []
        assert apply({"addresses": [{"dev": dev, "address": other, "state": "absent"}]}).changed
        assert found(dev) == []


@pytest.mark.parametrize("name", ROUNDS)
def test_option_is_what_ip_says_and_the_second_run_sends_nothing(name: str, base: None, apply: Any, tell: Any) -> None:
    address, first, told_first, second, told_second = ROUNDS[name]
    for options, told in ((first, told_first), (second, told_second)):
        config = wish(address, **options)
        foretold = apply(config, check=True)
        report = apply(config)
        assert (report.changed, report.commands) == (True, foretold.commands)
        (info,) = addresses(tell)
        assert {key: info.get(key) for key in told} == told
        time.sleep(0.05)  # what the kernel announces of its own, such as the end of duplicate address detection
        with heard() as announced:
            assert apply(config).commands == []
        assert [kind for kind in announced if kind == 20] == [], "RTM_NEWADDR"


def left(tell: Any) -> tuple[int, int]:
    (info,) = addresses(tell)
    return info["valid_life_time"], info["preferred_life_time"]


@pytest.mark.parametrize("address", [V4, V6])
def test_lifetime_is_set_anew_when_less_than_half_of_it_is_left(
    address: str, base: None, apply: Any, tell: Any
) -> None:
    config = wish(address, valid_lft=3600, preferred_lft=1800)
    assert apply(config).changed
    assert 3590 <= left(tell)[0] <= 3600
    assert 1790 <= left(tell)[1] <= 1800
    time.sleep(1.1)
    assert not apply(config).changed, "they count down, and more than half is left"
    for valid, preferred, changed in ((2000, 1000, False), (1700, 1000, True), (2000, 800, True), (2000, 0, True)):
        apply(wish(address, valid_lft=valid, preferred_lft=preferred))
        assert left(tell)[0] <= valid, "the positive control"
        assert apply(config).changed == changed
        if changed:
            assert 3590 <= left(tell)[0] <= 3600
    assert apply(wish(address, valid_lft=600)).changed, "a longer one than wished for is cut"
    assert left(tell)[0] <= 600
    assert left(tell)[1] <= 600
    assert not apply(wish(address)).changed
    assert left(tell)[0] <= 600, "left out is not managed"
    assert apply(wish(address, valid_lft="forever", preferred_lft="forever")).changed
    assert left(tell) == (FOREVER, FOREVER)


def test_another_option_that_changes_leaves_the_lifetimes_alone(base: None, apply: Any, tell: Any) -> None:
    apply(wish(valid_lft=3600, preferred_lft=1800, broadcast="+"))
    assert apply(wish(metric=9)).changed
    assert 3500 < left(tell)[0] <= 3600
    assert 1700 < left(tell)[1] <= 1800
    assert apply(wish(scope="link")).changed, "made anew"
    assert 3500 < left(tell)[0] <= 3600
    assert addresses(tell)[0]["broadcast"] == "10.1.0.255"


OBJECTS = """
addresses:
  - {dev: b, address: 10.1.0.1/24, broadcast: +, valid_lft: 3600, preferred_lft: 1800}
  - {dev: b, address: 10.1.0.2/24, preferred_lft: 0, label: "b:x", metric: 7}
  - {dev: b, address: 10.2.0.1/32, peer: 10.2.0.2, scope: link, noprefixroute: true}
  - {dev: b, address: "2001:db8::1/64", nodad: true, valid_lft: 7200, preferred_lft: 0}
"""


def steadily(tell: Any) -> list[dict[str, Any]]:
    found = [{key: value for key, value in info.items() if key not in _BY_ITSELF} for info in addresses(tell)]
    return sorted(found, key=lambda info: str(info["local"]))


def test_all_are_back_after_a_recreation_and_gathered(base: None, apply: Any, gather: Any, tell: Any) -> None:
    apply(OBJECTS)
    before = steadily(tell)
    assert [info.get("deprecated", False) for info in before] == [False, True, False, True]
    config = yaml.safe_load(yaml.safe_dump(gather()))
    (link,) = [link for link in config["links"] if link["name"] == "b"]
    found = {item["address"]: item for item in link["addresses"]}
    assert found["10.1.0.1/24"]["broadcast"] == "10.1.0.255"
    assert 3500 < found["10.1.0.1/24"]["valid_lft"] <= 3600
    assert found["10.1.0.2/24"]["preferred_lft"] == 0
    assert "valid_lft" not in found["10.1.0.2/24"], "forever goes without saying"
    assert apply(config).commands == []
    apply({}, overridden=True)
    assert tell("ip -j link show type bridge") == []
    apply({**config, "links": [link for link in config["links"] if link["name"] != "lo"]})
    assert steadily(tell) == before
    with pytest.raises(Failed):
        # A link that is made anew and then fails is brought back, with all of it.
        apply("links: [{name: b, kind: vxlan, vni: 1, dstport: 4789, recreate: true}]\n"
              "routes: [{dst: 10.77.0.0/16, via: 203.0.113.1, dev: lo}]")  # fmt: skip
    assert steadily(tell) == before


@pytest.mark.parametrize(
    ("address", "options", "sentence"),
    [
        (V4, {"valid_lft": 0}, "address 10.1.0.1/24: valid_lft: 0 is not within 1..4294967294 (seconds)"),
        (V4, {"valid_lft": "ever"},
         "address 10.1.0.1/24: valid_lft: 'ever' is neither a number of seconds nor forever"),
        (V4, {"preferred_lft": 60}, "address 10.1.0.1/24 on b: preferred_lft: 60 seconds need a valid_lft"),
        (V4, {"valid_lft": 60, "preferred_lft": 61},
         "address 10.1.0.1/24 on b: preferred_lft: 61 is longer than valid_lft 60"),
        (V4, {"valid_lft": 60, "preferred_lft": "forever"},
         "address 10.1.0.1/24 on b: preferred_lft: forever is longer than valid_lft 60"),
        (V4, {"broadcast": "2001:db8::1"}, "address 10.1.0.1/24: broadcast: 2001:db8::1 is no IPv4 address"),
        (V6, {"broadcast": "+"}, "address 2001:db8::1/64 on b: broadcast: IPv6 has none"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(
    address: str, options: dict[str, Any], sentence: str, base: None, apply: Any, tell: Any
) -> None:
    with pytest.raises(Refused) as refusal:
        apply(wish(address, **options))
    assert str(refusal.value).startswith(sentence)
    assert addresses(tell) == []


PORT = """
links:
  - {name: b, kind: bridge, addresses: [10.3.0.1/24]}
  - {name: p0, kind: veth, peer: {name: p1, addresses: [10.3.0.2/24]}, master: %s%s}
"""
SENTENCE = "address 10.3.0.9/24 on p0: p0 is a port of b, which takes all that comes in: put it there"


def test_address_on_a_port_is_warned_of_in_each_run(apply: Any) -> None:
    assert apply(PORT % ("b", "")).warnings == []
    wish = PORT % ("b", ", addresses: [10.3.0.9/24]")
    for check in (True, False, False):
        assert apply(wish, check=check).warnings == [SENTENCE]
    assert apply(PORT % ("b", "")).warnings == [SENTENCE], "it is there, though it is not wished for"
    assert apply("links: [{name: b, mtu: 1400}]").warnings == [], "the port is no part of this wish"
    assert apply(PORT % ("b", ""), overridden=True).warnings == [], "it goes"
    assert apply(PORT % ("none", ", addresses: [10.3.0.9/24]")).warnings == [], "no port any more"
    assert apply("links: [{name: p0, master: b}]").warnings == [SENTENCE], "a link with an address becomes a port"


ROUTE = "p0 is a port of b, which takes all answers: lead it there"


def test_route_through_a_port_is_warned_of_in_each_run(apply: Any) -> None:
    links = (PORT % ("b", "")).strip()
    apply(links)
    route = "routes: [{dst: 10.4.0.1/32, dev: %s}]"
    for check in (True, False, False):
        assert apply(route % "p0", check=check).warnings == [f"route 10.4.0.1/32: dev: {ROUTE}"]
    assert apply(route % "b").warnings == []
    assert apply(links).warnings == []
    hops = "routes: [{dst: 10.5.0.0/24, nexthops: [{dev: b}, {dev: p0}]}]"
    assert apply(hops).warnings == [f"route 10.5.0.0/24: nexthops: {ROUTE}"]
    assert apply("routes: [{dst: 10.5.0.0/24, state: absent}]").warnings == []
    assert apply("nexthops: [{id: 7, dev: b}]").warnings == []
    assert apply("nexthops: [{id: 8, dev: p0}]").warnings == [f"nexthop 8: dev: {ROUTE}"]
    # One that becomes a port with the route.
    assert apply("links: [{name: p0, master: none}]\n" + route % "p0").warnings == []
    assert apply("links: [{name: p0, master: b}]\n" + route % "p0").warnings == [f"route 10.4.0.1/32: dev: {ROUTE}"]
