# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens: the interface identifiers of links' IPv6 addresses. ``ip -j token`` is the witness."""

# ruff: noqa: S105, S106 - no password, whatever it is called

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import everything
from .test_tables import heard, run

PAIR = {"name": "t0", "kind": "veth", "peer": {"name": "t1"}}


def tokens(tell: Any, netns: str = "") -> dict[str, str]:
    """Return the tokens of the links that have one; ip tells ``::`` of the others."""
    found = tell(f"ip {f'-n {netns} ' if netns else ''}-j token show")
    return {link["ifname"]: link["token"] for link in found if link["token"] != "::"}


def link(**options: Any) -> dict[str, Any]:
    return {"links": [{**PAIR, **options}]}


def sysctl(name: str, value: int) -> dict[str, Any]:
    return {"dev": "t0", "name": f"ipv6.{name}", "value": value}


def test_token_is_given_changed_and_taken_away_in_place(apply: Any, gather: Any, tell: Any) -> None:
    index = None
    for wished, told in (("::5", "::5"), ("0:0::AA:1:2:3", "::aa:1:2:3"), ("none", None), ("::7", "::7"), ("::", None)):
        foretold = apply(link(token=wished), check=True)
        report = apply(link(token=wished))
        assert (report.changed, report.commands) == (True, foretold.commands)
        assert tokens(tell) == ({"t0": told} if told else {})
        assert index in (None, tell("ip -j link show dev t0")[0]["ifindex"])
        index = tell("ip -j link show dev t0")[0]["ifindex"]
        with heard() as announced:
            assert apply(link(token=wished)).commands == []
            assert apply(gather()).commands == []
        assert announced == []
    line = apply(link(token="::9"), check=True).commands
    run(*line)
    assert tokens(tell) == {"t0": "::9"}
    assert apply(link()).commands == [], "left out, it is not managed"
    assert tokens(tell) == {"t0": "::9"}


def test_both_ends_of_a_pair_have_their_own(apply: Any, tell: Any) -> None:
    config = {"links": [{**PAIR, "token": "::5", "peer": {"name": "t1", "token": "::6"}}]}
    assert apply(config).changed
    assert tokens(tell) == {"t0": "::5", "t1": "::6"}
    assert apply(config).commands == []


def test_sysctls_of_the_same_run_come_first(apply: Any, tell: Any) -> None:
    """A link that forwards takes a token with accept_ra 2 alone: the positive control is that 1 is refused."""
    forwards = {"dev": "all", "name": "ipv6.forwarding", "value": 1}
    with pytest.raises(Failed, match=r"t0: token: Invalid argument.*rolled back"):
        apply({**link(token="::5"), "sysctls": [forwards, sysctl("accept_ra", 1)]})
    assert tell("ip -j link show") == [one for one in tell("ip -j link show") if one["ifname"] == "lo"]
    assert apply({**link(token="::5"), "sysctls": [forwards, sysctl("accept_ra", 2)]}).changed
    assert tokens(tell) == {"t0": "::5"}


def test_token_is_back_after_a_recreation_and_a_move(apply: Any, tell: Any) -> None:
    """The kernel forgets it in both cases: iproute2's move is the control."""
    config = {"links": [{"name": "m0", "kind": "macvlan", "link": "t0", "token": "::5"}, PAIR]}
    apply(config)
    index = tell("ip -j link show dev m0")[0]["ifindex"]
    anew = {"links": [{"name": "m0", "kind": "macvlan", "mode": "passthru", "recreate": True, "link": "t1"}]}
    assert apply(anew).changed
    assert tell("ip -j link show dev m0")[0]["ifindex"] != index
    assert tokens(tell) == {"m0": "::5"}
    apply({"netns": [{"name": "side"}], "links": [{"name": "t0", "token": "::6"}]})
    run("ip link set dev t0 netns side")
    assert tokens(tell, "side") == {}
    run("ip -n side token set ::6 dev t0")
    moved = {"links": [{"name": "t0", "from_netns": "side"}]}
    assert apply(moved).changed
    assert tokens(tell) == {"m0": "::5", "t0": "::6"}
    assert apply(moved).commands == []


def test_failed_run_is_taken_back(apply: Any, tell: Any) -> None:
    apply(link(token="::5"))
    with pytest.raises(Failed, match="rolled back"):
        apply({**link(token="::6"), "routes": [{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "t0"}]})
    assert tokens(tell) == {"t0": "::5"}
    apply(link(token="::6"))
    assert tokens(tell) == {"t0": "::6"}, "the positive control"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (link(token="::5", arp=False),
         "token: Invalid argument - kernel: ipv6: Device does not do neighbour discovery"),
        ({**link(token="::5"), "sysctls": [sysctl("accept_ra", 0)]},
         "token: Invalid argument - kernel: ipv6: Router advertisement is disabled on device"),
        ({**link(token="::5"), "sysctls": [sysctl("router_solicitations", 0)]},
         "token: Invalid argument - kernel: Router solicitation is disabled on device"),
        (link(token="::5", mtu=1279), "t0 has no IPv6, as below an mtu of 1280"),
        ({"links": [{"name": "lo", "token": "::5"}]}, "lo: token: Invalid argument - kernel: ipv6: Device is loopback"),
    ],
)  # fmt: skip
def test_what_the_kernel_refuses_is_one_sentence(config: Any, reason: str, apply: Any) -> None:
    apply(link())
    before = everything()
    with pytest.raises(Failed) as failure:
        apply(config)
    assert reason in str(failure.value)
    assert everything() == before


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("2001:db8::5", "t0: token: 2001:db8::5 has more than the last 64 bits"),
        ("5", "t0: token: '5' is not an IPv6 address such as ::5"),
        (5, "t0: token: 5 is not an IPv6 address"),
        ("10.0.0.1", "t0: token: '10.0.0.1' is not an IPv6 address"),
        (["::5"], "t0: token:"),
    ],
)
def test_bad_token_is_refused(token: Any, sentence: str, apply: Any) -> None:
    with pytest.raises(Refused) as refusal:
        apply(link(token=token))
    assert str(refusal.value).startswith(sentence)
