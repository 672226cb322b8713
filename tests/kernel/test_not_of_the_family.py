# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that do not apply to a link as it sends: of IPv6 by IPv4 and the other way about, and on external links.

Each pair of an option and a value is tried on each sort of link, by ``ip link add`` in one namespace and by the engine
in another. What the engine grants must look the same to iproute2 as what ``ip`` made of the same words; all else is
refused before anything is sent.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.registry import KINDS

from .conftest import enter_new_network

GENEVE: dict[str, dict[str, Any]] = {
    "IPv4": {"vni": 5, "remote": "192.0.2.1"},
    "IPv6": {"vni": 5, "remote": "2001:db8::1"},
    "external": {"external": True},
}
VXLAN: dict[str, dict[str, Any]] = {
    "no address": {"vni": 5, "dstport": 4789},
    "IPv4": {"vni": 5, "dstport": 4789, "remote": "192.0.2.1"},
    "IPv6": {"vni": 5, "dstport": 4789, "remote": "2001:db8::1"},
    "local IPv6": {"vni": 5, "dstport": 4789, "local": "2001:db8::1"},
    "external": {"external": True, "dstport": 4789},
}
WORDS = {"vni": "id"}
#: Options with the values to try, for both kinds.
TRIED: list[tuple[str, Any]] = [
    *(("ttl", value) for value in ("auto", 5, "inherit")),
    *(("tos", value) for value in (0, 0x10, "inherit")),
    *(("df", value) for value in ("unset", "set", "inherit")),
    *(("flowlabel", value) for value in (0, 7)),
    *((name, value) for name in ("udpcsum", "udp6zerocsumtx", "udp6zerocsumrx") for value in (True, False)),
]
#: What is refused, with the sentence; everything else is granted. ``ip`` refuses those with a star too.
OF_PACKETS = "an external link has none: the header of each packet says it"
NOT_IPV4, NOT_IPV6 = (
    "is for an IPv4 remote, and 2001:db8::1 is not one",
    "is for an IPv6 remote, and 192.0.2.1 is not one",
)
NO_IPV6 = "is for IPv6, and neither remote, group nor local is"
REFUSED: dict[tuple[str, str, str, Any], str] = {
    ("geneve", "IPv4", "flowlabel", 7): "*" + NOT_IPV6,
    ("geneve", "IPv4", "udp6zerocsumtx", True): NOT_IPV6,  # ip: noudpcsum
    ("geneve", "IPv6", "udpcsum", True): NOT_IPV4,  # ip: nothing, as without it
    ("geneve", "external", "ttl", 5): "*" + OF_PACKETS,
    ("geneve", "external", "tos", 0x10): "*" + OF_PACKETS,
    ("geneve", "external", "tos", "inherit"): "*" + OF_PACKETS,
    ("geneve", "external", "flowlabel", 7): "*" + OF_PACKETS,
    ("geneve", "external", "udpcsum", True): "*" + OF_PACKETS,
    ("geneve", "external", "udp6zerocsumtx", True): OF_PACKETS,  # ip: nothing
    ("geneve", "external", "udp6zerocsumrx", False): "an external link takes packets without a checksum always",
    ("vxlan", "no address", "flowlabel", 7): "*" + NO_IPV6,
    ("vxlan", "IPv4", "flowlabel", 7): "*" + NO_IPV6,
    ("vxlan", "external", "flowlabel", 7): "*" + NO_IPV6,
}
PAIRS = [
    pytest.param(kind, sends, option, value, id=f"{kind}-{sends}-{option}-{value}", marks=pytest.mark.needs_kind(kind))
    for kind, links in (("geneve", GENEVE), ("vxlan", VXLAN))
    for sends in links
    for option, value in TRIED
]


def base(kind: str, sends: str) -> dict[str, Any]:
    return (GENEVE if kind == "geneve" else VXLAN)[sends]


def wish(kind: str, options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"links": [{"name": "t0", "kind": kind, **options, **more}]}


def command(kind: str, options: dict[str, Any]) -> list[str]:
    """Return ``ip link add`` with the same options, in iproute2's words."""
    words = ["ip", "link", "add", "name", "t0", "type", kind]
    for name, value in options.items():
        if isinstance(value, bool):
            words.append(name if value else f"no{name}")
        else:
            words += [WORDS.get(name, name), hex(value) if name == "tos" and isinstance(value, int) else str(value)]
    return words


def data(tell: Any) -> dict[str, Any]:
    found: dict[str, Any] = tell("ip -j -d link show dev t0")[0]["linkinfo"]["info_data"]
    return found


def links(tell: Any) -> list[str]:
    return [link["ifname"] for link in tell("ip -j link")]


@pytest.mark.parametrize(("kind", "sends", "option", "value"), PAIRS)
def test_as_ip_or_refused_before(kind: str, sends: str, option: str, value: Any, apply: Any, tell: Any) -> None:
    options = {**base(kind, sends), option: value}
    by_ip = subprocess.run(command(kind, options), capture_output=True, text=True, check=False, timeout=20)
    told = data(tell) if by_ip.returncode == 0 else None
    enter_new_network()
    reason = REFUSED.get((kind, sends, option, value))
    if reason is not None:
        assert (by_ip.returncode != 0) == reason.startswith("*"), by_ip.stderr
        with pytest.raises(Refused) as refusal:
            apply(wish(kind, options))
        assert str(refusal.value) == f"t0: {option}: {reason.lstrip('*')}. Leave the option out"
        assert links(tell) == ["lo"]
        assert apply(wish(kind, base(kind, sends))).changed, "the link without the option can be had"
        before = data(tell)
        with pytest.raises(Refused, match=rf"^t0: {option}: "):
            apply(wish(kind, {option: value}))
        assert data(tell) == before
        return
    assert told is not None, by_ip.stderr
    assert apply(wish(kind, options)).changed
    assert data(tell) == told
    assert not apply(wish(kind, options)).changed
    assert not apply(wish(kind, {option: value})).changed, "the link that is there says by what it sends"


def test_what_is_refused_was_tried() -> None:
    assert {key[2] for key in REFUSED} <= {option for option, _value in TRIED}
    tried = {(param.values[0], param.values[1], param.values[2], param.values[3]) for param in PAIRS}
    assert set(REFUSED) <= tried
    for kind in ("geneve", "vxlan"):
        at_times = {row.name for row in KINDS[kind].at_times_moot} - {"vni", "remote"}
        assert at_times <= {key[2] for key in REFUSED if key[0] == kind} | {option for option, _value in TRIED}


@pytest.mark.needs_kind("geneve")
@pytest.mark.parametrize("named", [{"vni": 5}, {"remote": "192.0.2.1"}])
def test_an_external_link_has_neither_vni_nor_remote(named: dict[str, Any], apply: Any, tell: Any) -> None:
    with pytest.raises(Refused, match=f"^t0: {next(iter(named))}: an external link has none"):
        apply(wish("geneve", named, external=True))
    assert links(tell) == ["lo"]
    assert apply(wish("geneve", {"vni": 0}, external=True)).changed, "VNI 0 is what the kernel tells of one"
    assert data(tell)["external"]


OLD = {"vni": 5, "ttl": 9, "tos": 16, "df": "set"}


@pytest.mark.needs_kind("geneve")
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            {**OLD, "remote": "2001:db8::1", "flowlabel": 7, "udp6zerocsumtx": True, "udp6zerocsumrx": False},
            {"remote": "192.0.2.1"},
            {"remote": "192.0.2.1", "ttl": 9, "tos": "0x10", "df": "set", "udp_csum": False, "udp_zero_csum6_rx": True},
        ),
        (
            {**OLD, "remote": "192.0.2.1", "udpcsum": True},
            {"remote": "2001:db8::1"},
            {"remote6": "2001:db8::1", "ttl": 9, "udp_zero_csum6_tx": False},
        ),
        (
            {**OLD, "remote": "192.0.2.1", "udpcsum": True},
            {"external": True},
            {"external": True, "id": 0, "ttl": 0, "df": "set", "udp_zero_csum6_rx": True},
        ),
    ],
)
def test_a_link_made_anew_gives_up_what_it_cannot_keep(
    old: dict[str, Any], new: dict[str, Any], told: dict[str, Any], apply: Any, tell: Any
) -> None:
    apply(wish("geneve", old))
    index = tell("ip -j link show dev t0")[0]["ifindex"]
    assert apply(wish("geneve", new, recreate=True)).changed
    assert tell("ip -j link show dev t0")[0]["ifindex"] != index
    assert {key: data(tell).get(key) for key in told} == told
    assert not apply(wish("geneve", new)).changed


@pytest.mark.needs_kind("geneve")
@pytest.mark.parametrize("sends", GENEVE)
def test_what_is_gathered_is_granted_again(sends: str, apply: Any, gather: Any) -> None:
    apply(wish("geneve", base("geneve", sends)))
    assert not apply(gather(), overridden=True).changed


@pytest.mark.needs_linux("6.8")
def test_a_label_of_the_inner_packet_is_for_ipv6_too(apply: Any, tell: Any) -> None:
    """``flowlabel inherit``: younger than the iproute2 at hand."""
    with pytest.raises(Refused, match=r"^t0: flowlabel: is for IPv6"):
        apply(wish("vxlan", VXLAN["IPv4"], flowlabel="inherit"))
    assert links(tell) == ["lo"]
    assert apply(wish("vxlan", VXLAN["IPv6"], flowlabel="inherit")).changed
    assert not apply(wish("vxlan", VXLAN["IPv6"], flowlabel="inherit")).changed
