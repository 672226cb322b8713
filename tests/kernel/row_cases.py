# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values for each row of the kinds' tables, what iproute2 says of them, and how it is asked."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest

from . import raw


class Begins(str):
    """The first bytes of an attribute, in hexadecimal. A mask that differs between kernels may follow."""

    __slots__ = ()


@dataclass(frozen=True)
class Case:
    """One option: two values, and what ``ip -j -d link`` or ``bridge -j -d link`` says for each (key, value).

    A key of a place and a number is that of an attribute, told in hex: for what iproute2 6.1 does not know (raw.py).
    """

    kind: str
    option: str
    values: tuple[Any, Any]
    key: str | tuple[str, int]
    told: tuple[Any, Any]
    base: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}-{self.option}"


GENEVE = {"vni": 1000, "remote": "192.0.2.2"}
GENEVE6 = {"vni": 1000, "remote": "2001:db8::2"}
VXLAN = {"vni": 42, "dstport": 4789, "local": "192.0.2.1"}
VXLAN6 = {"vni": 42, "dstport": 4789, "local": "2001:db8::1"}
DUMMY = {"name": "lower", "kind": "dummy"}
ON_DUMMY = {"link": "lower"}
ON_BRIDGE = {"link": "br"}
SWITCH = ((True, False), (True, False))
NUMBER = ((True, False), (1, 0))

CASES = [
    Case("geneve", "vni", (0, 2**24 - 1), "id", (0, 2**24 - 1), {"remote": "192.0.2.2"}),
    Case("geneve", "remote", ("192.0.2.3", "192.0.2.4"), "remote", ("192.0.2.3", "192.0.2.4"), {"vni": 1}),
    Case("geneve", "remote", ("2001:db8::3", "2001:DB8:0::4"), "remote6", ("2001:db8::3", "2001:db8::4"), {"vni": 1}),
    Case("geneve", "ttl", (64, 255), "ttl", (64, 255), GENEVE),
    Case("geneve", "tos", (16, "inherit"), "tos", ("0x10", "0x1"), GENEVE),
    Case("geneve", "df", ("set", "inherit"), "df", ("set", "inherit"), GENEVE),
    Case("geneve", "flowlabel", (0xABC, 0xFFFFF), "label", ("0xabc", "0xfffff"), GENEVE6),
    Case("geneve", "dstport", (6082, 65535), "port", (6082, 65535), GENEVE),
    Case("geneve", "udpcsum", *SWITCH[:1], "udp_csum", SWITCH[1], GENEVE),
    Case("geneve", "udp6zerocsumtx", *SWITCH[:1], "udp_zero_csum6_tx", SWITCH[1], GENEVE6),
    Case("geneve", "udp6zerocsumrx", *SWITCH[:1], "udp_zero_csum6_rx", SWITCH[1], GENEVE6),
    Case("geneve", "innerprotoinherit", (True, False), "inner_proto_inherit", (True, None), GENEVE),
    Case("vxlan", "vni", (0, 2**24 - 1), "id", (0, 2**24 - 1), {"dstport": 4789}),
    Case("vxlan", "remote", ("192.0.2.3", "192.0.2.4"), "remote", ("192.0.2.3", "192.0.2.4"), VXLAN),
    Case(
        "vxlan",
        "multicast_group",
        ("239.1.1.1", "239.1.1.2"),
        "group",
        ("239.1.1.1", "239.1.1.2"),
        VXLAN | {"dev": "lower"},
    ),
    Case(
        "vxlan", "local", ("192.0.2.3", "192.0.2.4"), "local", ("192.0.2.3", "192.0.2.4"), {"vni": 5, "dstport": 4789}
    ),
    Case(
        "vxlan",
        "local",
        ("2001:db8::3", "2001:db8::4"),
        "local6",
        ("2001:db8::3", "2001:db8::4"),
        {"vni": 5, "dstport": 4789},
    ),
    Case("vxlan", "dev", ("lower", "lo"), "link", ("lower", "lo"), VXLAN),
    Case("vxlan", "ttl", (64, "auto"), "ttl", (64, 0), VXLAN),
    Case("vxlan", "tos", (16, "inherit"), "tos", ("0x10", "0x1"), VXLAN),
    Case("vxlan", "df", ("set", "inherit"), "df", ("set", "inherit"), VXLAN),
    Case("vxlan", "flowlabel", (0xABC, 0xFFFFF), "label", ("0xabc", "0xfffff"), VXLAN6),
    Case("vxlan", "dstport", (4790, 8472), "port", (4790, 8472), {"vni": 5}),
    Case(
        "vxlan",
        "srcport",
        ("1000-2000", "3000-4000"),
        "port_range",
        ({"low": 1000, "high": 2000}, {"low": 3000, "high": 4000}),
        VXLAN,
    ),
    Case("vxlan", "learning", *SWITCH[:1], "learning", SWITCH[1], VXLAN),
    *(Case("vxlan", name, *SWITCH[:1], name, (True, None), VXLAN) for name in ("proxy", "rsc", "l2miss", "l3miss")),
    Case("vxlan", "udpcsum", *SWITCH[:1], "udp_csum", SWITCH[1], VXLAN),
    Case("vxlan", "udp6zerocsumtx", *SWITCH[:1], "udp_zero_csum6_tx", SWITCH[1], VXLAN6),
    Case("vxlan", "udp6zerocsumrx", *SWITCH[:1], "udp_zero_csum6_rx", SWITCH[1], VXLAN6),
    Case("vxlan", "remcsumtx", (True, False), "remcsum_tx", (True, None), VXLAN),
    Case("vxlan", "remcsumrx", (True, False), "remcsum_rx", (True, None), VXLAN),
    Case("vxlan", "ageing", (17, 600), "ageing", (17, 600), VXLAN),
    Case("vxlan", "maxaddress", (5, 50), "limit", (5, 50), VXLAN),
    Case("vxlan", "external", (True, False), "external", (True, None), {"dstport": 4789, "vni": 0}),
    Case("vxlan", "gbp", (True, False), "gbp", (True, None), VXLAN),
    # Where the old link's reserved bits are none for the new one.
    Case("vxlan", "gbp", (False, True), "gbp", (None, True), VXLAN),
    Case("vxlan", "gpe", (True, False), "gpe", (True, None), {"dstport": 4790, "external": True, "learning": False}),
    Case("bridge", "forward_delay", (400, 2000), "forward_delay", (400, 2000)),
    Case("bridge", "hello_time", (100, 500), "hello_time", (100, 500)),
    Case("bridge", "max_age", (900, 3000), "max_age", (900, 3000)),
    Case("bridge", "ageing_time", (0, 1000), "ageing_time", (0, 1000)),
    Case("bridge", "stp_state", *NUMBER[:1], "stp_state", NUMBER[1]),
    Case("bridge", "priority", (0, 4096), "priority", (0, 4096)),
    Case("bridge", "group_fwd_mask", (8, 0), "group_fwd_mask", ("0x8", "0")),
    Case(
        "bridge",
        "group_address",
        ("01:80:c2:00:00:0e", "01:80:C2:00:00:00"),
        "group_addr",
        ("01:80:c2:00:00:0e", "01:80:c2:00:00:00"),
    ),
    Case("bridge", "mcast_router", (2, 0), "mcast_router", (2, 0)),
    *(
        Case("bridge", name, *NUMBER[:1], name, NUMBER[1])
        for name in (
            "mcast_snooping",
            "mcast_query_use_ifaddr",
            "mcast_querier",
            "nf_call_iptables",
            "nf_call_ip6tables",
        )
    ),
    Case("bridge", "nf_call_arptables", *NUMBER[:1], "nf_call_arptables", NUMBER[1]),
    Case("bridge", "mcast_stats_enabled", *NUMBER[:1], "mcast_stats_enabled", NUMBER[1]),
    Case("bridge", "mcast_hash_max", (1024, 512), "mcast_hash_max", (1024, 512)),
    Case("bridge", "mcast_last_member_count", (3, 5), "mcast_last_member_cnt", (3, 5)),
    Case("bridge", "mcast_startup_query_count", (3, 5), "mcast_startup_query_cnt", (3, 5)),
    *(
        Case("bridge", f"mcast_{name}", (2000, 4000), f"mcast_{told}", (2000, 4000))
        for name, told in (
            ("last_member_interval", "last_member_intvl"),
            ("membership_interval", "membership_intvl"),
            ("querier_interval", "querier_intvl"),
            ("query_interval", "query_intvl"),
            ("query_response_interval", "query_response_intvl"),
            ("startup_query_interval", "startup_query_intvl"),
        )
    ),
    Case("bridge", "mcast_igmp_version", (3, 2), "mcast_igmp_version", (3, 2)),
    Case("bridge", "mcast_mld_version", (2, 1), "mcast_mld_version", (2, 1)),
    Case("bridge", "no_linklocal_learn", *NUMBER[:1], "no_linklocal_learn", NUMBER[1]),
]
#: What the native kernel has, and neither the lab kernel (6.1) nor iproute2 6.1 knows.
NEW_CASES = [
    Case("vxlan", "localbypass", (False, True), ("data", 31), ("00", "01"), VXLAN),
    Case("vxlan", "flowlabel", ("inherit", 0xABC), ("data", 32), ("01000000", "00000000"), VXLAN6),
    Case(
        "vxlan",
        "reserved_bits",
        ("0xf7ffffff000000fe", 0xF7FFFFFF00000000),
        ("data", 33),
        ("f7ffffff000000fe", "f7ffffff00000000"),
        VXLAN,
    ),
    Case(
        "bridge",
        "mdb_offload_fail_notification",
        (True, False),
        ("data", 46),
        (Begins("08000000"), Begins("00000000")),
    ),
    Case("bridge", "fdb_max_learned", (7, 0), ("data", 49), ("07000000", "00000000")),
    *(
        Case(kind, "bclim", (-1, 5), ("data", 9), ("ffffffff", "05000000"), ON_BRIDGE)
        for kind in ("macvlan", "macvtap")
    ),
]
TAP = {"mode": "tap"}
CASES += [
    Case("ipvlan", "mode", ("l2", "l3s"), "mode", ("l2", "l3s"), ON_DUMMY),
    Case("ipvtap", "mode", ("L2", "L3S"), "mode", ("l2", "l3s"), ON_DUMMY),
    *(
        Case(kind, option, values, key, shown, {**ON_DUMMY, **base})
        for kind in ("macvlan", "macvtap")
        for option, values, key, shown, base in (
            ("mode", ("bridge", "private"), "mode", ("bridge", "private"), {}),
            ("nopromisc", (True, False), "nopromisc", (True, None), {"mode": "passthru", "nodst": True}),
            ("nodst", (True, False), "nodst", (True, None), {"mode": "source", "nopromisc": True}),
            ("bcqueuelen", (500, 2000), "bcqueuelen", (500, 2000), {}),
        )
    ),
    Case("vlan", "id", (0, 4094), "id", (0, 4094), ON_DUMMY),
    Case("vlan", "protocol", ("802.1ad", "802.1Q"), "protocol", ("802.1ad", "802.1Q"), {**ON_DUMMY, "id": 5}),
    Case("tun", "mode", ("tap", "tun"), "type", ("tap", "tun")),
    # Numbers that nobody has: iproute2 prints the names of those that somebody has.
    Case("tun", "user", (54321, 2**32 - 2), "user", (54321, 2**32 - 2), TAP),
    Case("tun", "user_group", ("54321", 2**32 - 2), "group", (54321, 2**32 - 2), TAP),
    *(Case("tun", name, *SWITCH[:1], name, SWITCH[1], TAP) for name in ("pi", "vnet_hdr", "multi_queue")),
    Case("vrf", "table", (100, 2**32 - 1), "table", (100, 2**32 - 1)),
    Case("dummy", "carrier", (False, True), ("link", 33), ("00", "01"), {"up": True}),
    # Words that iproute2 has for numbers.
    Case("vxlan", "tos", ("af41", "EF"), "tos", ("0x88", "0xb8"), VXLAN),
    # The kernel takes 0, which iproute2 calls none, for its default.
    Case("vxlan", "ageing", (17, 0), "ageing", (17, 300), VXLAN),
    Case("vxlan", "ageing", ("18", "none"), "ageing", (18, 300), VXLAN),
    Case("vxlan", "maxaddress", ("50", "unlimited"), "limit", (50, None), VXLAN),
    Case("geneve", "tos", ("cs6", "default"), "tos", ("0xc0", None), GENEVE),
    Case("vlan", "protocol", ("802.1AD", "802.1q"), "protocol", ("802.1ad", "802.1Q"), {**ON_DUMMY, "id": 6}),
]
LAB_CASES = [
    Case("bridge", "vlan_filtering", *NUMBER[:1], "vlan_filtering", NUMBER[1]),
    Case("bridge", "vlan_protocol", ("802.1ad", "802.1Q"), "vlan_protocol", ("802.1ad", "802.1Q")),
    Case("bridge", "vlan_default_pvid", (100, 0), "vlan_default_pvid", (100, 0)),
    Case("bridge", "vlan_stats_enabled", *NUMBER[:1], "vlan_stats_enabled", NUMBER[1]),
    Case("bridge", "vlan_stats_per_port", *NUMBER[:1], "vlan_stats_per_port", NUMBER[1]),
    Case("bridge", "mcast_vlan_snooping", *NUMBER[:1], "mcast_vlan_snooping", NUMBER[1], {"vlan_filtering": True}),
    Case("bridge", "mst_enabled", (True, False), ("data", 46), (Begins("04000000"), Begins("00000000"))),
]


def kinds_of(case: Case) -> list[str]:
    """Give the kinds that a case needs; ipvtap comes with ipvlan."""
    kind = {"ipvtap": "ipvlan", "macvtap": "macvlan"}.get(case.kind, case.kind)
    return [kind, *(["dummy"] if case.base.get("link") == "lower" else [])]


def marked(cases: list[Case], *needed: str) -> list[Any]:
    """Give the cases with the kinds that they need."""
    return [
        pytest.param(case, id=str(case), marks=pytest.mark.needs_kind(*(needed or kinds_of(case)))) for case in cases
    ]


LOWER = {"name": "lower", "kind": "bridge"}


def links(case: Case, value: Any, **more: Any) -> dict[str, Any]:
    """Give a config with one link that has the case's option."""
    item = {"name": "t0", "kind": case.kind, **case.base, case.option: value, **more}
    lower = DUMMY if case.base.get("link") == "lower" else LOWER
    return {"links": [lower if case.base != ON_BRIDGE else {"name": "br", "kind": "bridge"}, item]}


def shown(tell: Any, case: Case, name: str = "t0") -> Any:
    """Return what ``ip -j -d link`` says under the case's key, wherever it stands, or an attribute's bytes."""
    if isinstance(case.key, tuple):
        place, number = case.key
        payload = raw.link(name)[place].get(number)
        return None if payload is None else payload.hex()
    (link,) = tell(f"ip -j -d link show dev {name}")
    info = link.get("linkinfo", {})
    for part in (info.get("info_data", {}), info.get("info_slave_data", {}), link):
        if case.key in part:
            return True if part[case.key] is None else part[case.key]
    return None


def agree(seen: Any, told: Any) -> bool:
    """Compare with what iproute2 6.1 says; newer ones say ``false`` where it says nothing, and gbp and gpe are null."""
    if isinstance(told, Begins):
        return isinstance(seen, str) and seen.startswith(told)
    return bool(seen == told) or (told is None and seen is False)


def ports(case: Case, value: Any, **_more: Any) -> dict[str, Any]:
    """Give a config with one port that has the case's option."""
    pair = {"kind": "veth", "master": "lower"}
    return {
        "links": [
            LOWER,
            {"name": "t0", **pair, "peer": {"name": "t1"}, "port": {**case.base, case.option: value}},
            {"name": "other", **pair, "peer": {"name": "other1"}},
        ]
    }


def run_lines(lines: list[str]) -> None:
    """Run command lines as a network engineer would."""
    for line in lines:
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{line}: {done.stderr}"
