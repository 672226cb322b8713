# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set every row of the tables on a real kernel and let iproute2 say what it holds."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils import diff as diff_module
from ansible_collections.netloom.overlay.plugins.module_utils.engine import Failed
from ansible_collections.netloom.overlay.plugins.module_utils.kinds import KINDS
from ansible_collections.netloom.overlay.plugins.module_utils.kinds.link import ALL
from ansible_collections.netloom.overlay.plugins.module_utils.model import Refused
from ansible_collections.netloom.overlay.plugins.module_utils.objects.port import PORT
from ansible_collections.netloom.overlay.plugins.module_utils.refusals import release

from . import raw


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
        ("080000001f000000", "000000001f000000"),
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
PORT_CASES = [
    Case("port", "priority", (0, 63), "priority", (0, 63)),
    Case("port", "cost", (1, 65535), "cost", (1, 65535)),
    Case("port", "mcast_router", (2, 0), "multicast_router", (2, 0)),
    Case("port", "group_fwd_mask", (16, 0), "group_fwd_mask", ("0x10", "0")),
    Case("port", "backup_port", ("other", "none"), "backup_port", ("other", None)),
    *(
        Case("port", name, *SWITCH[:1], told, SWITCH[1])
        for name, told in (
            ("hairpin", "hairpin"),
            ("guard", "guard"),
            ("root_block", "root_block"),
            ("fastleave", "fastleave"),
            ("learning", "learning"),
            ("flood", "flood"),
            ("proxy_arp", "proxy_arp"),
            ("proxy_arp_wifi", "proxy_arp_wifi"),
            ("mcast_flood", "mcast_flood"),
            ("mcast_to_unicast", "mcast_to_unicast"),
            ("vlan_tunnel", "vlan_tunnel"),
            ("bcast_flood", "bcast_flood"),
            ("neigh_suppress", "neigh_suppress"),
            ("isolated", "isolated"),
            ("locked", "locked"),
        )
    ),
]
NEW_PORT_CASES = [
    Case("port", "mab", (True, False), ("slave", 40), ("01", "00"), {"locked": True, "learning": True}),
    Case("port", "mcast_max_groups", (5, 0), ("slave", 42), ("05000000", "00000000")),
    Case("port", "neigh_vlan_suppress", (True, False), ("slave", 43), ("01", "00")),
    Case("port", "backup_nhid", (7, 0), ("slave", 44), ("07000000", None)),
]
COMMON_CASES = [
    Case("veth", "group", ("default", "0x10"), "group", ("default", "16")),
    Case("veth", "mac", ("2:0:0:0:0:a", "02:00:00:00:00:0b"), "address", ("02:00:00:00:00:0a", "02:00:00:00:00:0b")),
    Case("veth", "mtu", (1400, 1300), "mtu", (1400, 1300)),
    Case(
        "veth", "mac", ("02:00:00:00:00:AA", "02-00-00-00-00-bb"), "address", ("02:00:00:00:00:aa", "02:00:00:00:00:bb")
    ),
    Case("veth", "alias", ("blue to node2", ""), "ifalias", ("blue to node2", None)),
    Case("veth", "txqueuelen", (500, 0), "txqlen", (500, None)),
    Case("veth", "master", ("lower", "none"), "master", ("lower", None)),
    Case("veth", "group", (7, 8), "group", ("7", "8")),
    Case("veth", "gso_max_size", (4096, 8192), "gso_max_size", (4096, 8192)),
    Case("veth", "gso_max_segs", (10, 20), "gso_max_segs", (10, 20)),
    Case("veth", "gro_max_size", (4096, 8192), "gro_max_size", (4096, 8192)),
    Case(
        "veth",
        "broadcast",
        ("02:00:00:00:00:AA", "ff:ff:ff:ff:ff:ff"),
        "broadcast",
        ("02:00:00:00:00:aa", "ff:ff:ff:ff:ff:ff"),
    ),
    Case("veth", "addrgenmode", ("none", "random"), "inet6_addr_gen_mode", ("none", "random")),
    Case("veth", "altnames", (["to-node2", "a" * 127], ["b:c"]), "altnames", (["a" * 127, "to-node2"], ["b:c"])),
    Case("veth", "altnames", (["to-node2"], []), "altnames", (["to-node2"], None)),
    Case("veth", "linkmode", ("dormant", "default"), "linkmode", ("DORMANT", "DEFAULT")),
]
#: The kernel takes these for some kinds alone, or is too old in the lab.
NEW_COMMON_CASES = [
    Case("vxlan", "protodown", (True, False), "proto_down", (True, None), VXLAN),
    Case("vxlan", "protodown_reason", ([0, 31], [5]), ("link", 55), ("0800020001000080", "0800020020000000"), VXLAN),
    Case("vxlan", "gso_ipv4_max_size", (4096, 8192), ("link", 63), ("00100000", "00200000"), VXLAN),
    Case("vxlan", "gro_ipv4_max_size", (4096, 8192), ("link", 64), ("00100000", "00200000"), VXLAN),
]
FLAG_CASES = {
    "up": "UP",
    "promiscuity": "PROMISC",
    "allmulticast": "ALLMULTI",
    "multicast": "MULTICAST",
    "arp": "NOARP",
    "dynamic": "DYNAMIC",
    "trailers": "NOTRAILERS",
}
#: Rows that no case here can show, each with its reason. What a newer iproute2 or kernel shows is tested there.
NOT_TOLD = {
    **{
        (kind, "link"): "a case of its own in test_lower.py"
        for kind in ("ipvlan", "ipvtap", "macvlan", "macvtap", "vlan")
    },
    **{(kind, "flag"): "a case of its own in test_lower.py: a key without a value" for kind in ("ipvlan", "ipvtap")},
    **{(kind, "macaddrs"): "a case of its own in test_lower.py" for kind in ("macvlan", "macvtap")},
    **{
        ("vlan", name): "a case of its own in test_lower.py: flags and maps are lists to iproute2"
        for name in (
            "reorder_hdr",
            "gvrp",
            "mvrp",
            "loose_binding",
            "bridge_binding",
            "ingress_qos_map",
            "egress_qos_map",
        )
    },
    **{
        (kind, "numrxqueues"): "the native kernel lacks the kind, and the lab kernel tells none without CONFIG_RPS"
        for kind in ("dummy", "geneve", "ipvlan", "ipvtap", "vlan", "vrf")
    },
    ("geneve", "external"): "excludes vni, without which it cannot be false: a case of its own in test_engine.py",
    ("geneve", "srcport"): "Linux 6.15, and the native kernel has no geneve",
    ("vxlan", "vnifilter"): "needs external: with its table of VNIs in test_tables.py",
    ("bridge", "vlans"): "a table: cases of its own in test_tables.py",
    ("port", "vlans"): "a table: cases of its own in test_tables.py",
    ("vxlan", "vnis"): "a table: cases of its own in test_tables.py",
    (
        "bridge",
        "fdb_local_vlan_0",
    ): "kernels before 7.1 may die of it, and are not asked: test_tables.py of the unit tests",
    ("bridge", "vlan_options"): "a table: cases of its own in test_vlan_options.py",
    ("bridge", "vlan_global"): "a table: cases of its own in test_vlan_options.py",
    ("port", "vlan_options"): "a table: cases of its own in test_vlan_options.py",
    ("port", "mst"): "a table: cases of its own in test_vlan_options.py",
    ("bridge", "mcast_hash_elasticity"): "the kernel ignores it since 5.0 and always says 16",
    ("port", "state"): "a case of its own in test_engine.py: the kernel sets it too, when the carrier comes",
    ("link", "index"): "a case of its own in test_index.py",
    ("link", "link_netns"): "a case of its own in test_engine.py",
    ("tun", "persistent"): "a case of its own in test_tuntap_programs.py: only one value can be asked for",
    ("veth", "peer_name"): "a case of its own in test_engine.py",
    ("veth", "peer_netns"): "a case of its own in test_engine.py",
}
LAB_CASES = [
    Case("bridge", "vlan_filtering", *NUMBER[:1], "vlan_filtering", NUMBER[1]),
    Case("bridge", "vlan_protocol", ("802.1ad", "802.1Q"), "vlan_protocol", ("802.1ad", "802.1Q")),
    Case("bridge", "vlan_default_pvid", (100, 0), "vlan_default_pvid", (100, 0)),
    Case("bridge", "vlan_stats_enabled", *NUMBER[:1], "vlan_stats_enabled", NUMBER[1]),
    Case("bridge", "vlan_stats_per_port", *NUMBER[:1], "vlan_stats_per_port", NUMBER[1]),
    Case("bridge", "mcast_vlan_snooping", *NUMBER[:1], "mcast_vlan_snooping", NUMBER[1], {"vlan_filtering": True}),
    Case("bridge", "mst_enabled", (True, False), ("data", 46), ("0400000007000000", "0000000007000000")),
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


def test_every_row_has_a_case_or_a_reason() -> None:
    told = {(case.kind, case.option) for case in (*CASES, *NEW_CASES, *PORT_CASES, *NEW_PORT_CASES, *LAB_CASES)}
    told |= {("link", case.option) for case in (*COMMON_CASES, *NEW_COMMON_CASES)}
    told |= {("link", name) for name in FLAG_CASES} | {(case.kind, case.option) for case in QUEUE_CASES}
    rows = {(kind.name, row.name) for kind in KINDS.values() for row in kind.options}
    rows |= {("port", row.name) for row in PORT.options} | {("link", row.name) for row in ALL}
    assert rows - told - set(NOT_TOLD) == set()
    assert told - rows == set(), "a case for an option that no table has"
    assert set(NOT_TOLD) - rows == set(), "a reason for an option that no table has"
    assert set(NOT_TOLD) & told == set(), "a reason for an option that a case shows"


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
    return bool(seen == told) or (told is None and seen is False)


def change_round(case: Case, apply: Any, tell: Any, make: Any, in_place: bool) -> None:
    """Create, repeat, change (in place, or refused and then anew), repeat: with iproute2 as the witness."""
    assert apply(make(case, case.values[0])).changed
    assert agree(shown(tell, case), case.told[0])
    index = tell("ip -j link show dev t0")[0]["ifindex"]
    assert not apply(make(case, case.values[0])).changed
    assert tell("ip -j link show dev t0")[0]["ifindex"] == index
    if in_place:
        assert apply(make(case, case.values[1])).changed
        assert tell("ip -j link show dev t0")[0]["ifindex"] == index, "changed in place, yet a new link"
    else:
        with pytest.raises(Refused, match=rf"t0: {case.option}: .*recreate: true"):
            apply(make(case, case.values[1]))
        assert agree(shown(tell, case), case.told[0]), "a refused change was made"
        with pytest.MonkeyPatch.context() as patch:
            # Not a guess: sent all the same, the kernel refuses it or keeps what it has.
            patch.setattr(diff_module, "_in_place", lambda *_pair: True)
            with pytest.raises(Failed):
                apply(make(case, case.values[1]))
        assert agree(shown(tell, case), case.told[0]), "the kernel does change it in place"
        assert apply(make(case, case.values[1], recreate=True)).changed
    assert agree(shown(tell, case), case.told[1])
    assert not apply(make(case, case.values[1], recreate=True)).changed


@pytest.mark.parametrize("case", [*marked(CASES), *marked(LAB_CASES, "geneve")])
def test_row_of_a_kind(case: Case, apply: Any, tell: Any) -> None:
    """Read every option of every kind back through iproute2."""
    row = KINDS[case.kind].option(case.option)
    assert row is not None
    change_round(case, apply, tell, links, row.in_place)


def newer(cases: list[Case]) -> list[Any]:
    """Give the cases with the Linux that they need: the newest that the table has for the option or a value of it."""
    found = []
    for case in cases:
        rows = PORT.options if case.kind == "port" else (*KINDS[case.kind].options, *ALL)
        row = next(one for one in rows if one.name == case.option)
        needed = [since for value in case.values if (since := row.needed_release(value))]
        marks = [pytest.mark.needs_linux(max(needed, key=release))] if needed else []
        found.append(pytest.param(case, id=str(case), marks=marks))
    return found


@pytest.mark.native
@pytest.mark.parametrize("case", newer([*NEW_CASES, *NEW_COMMON_CASES]))
def test_row_of_a_newer_kernel(case: Case, apply: Any, tell: Any) -> None:
    """Read what the lab kernel or iproute2 is too old for."""
    row = KINDS[case.kind].option(case.option)
    change_round(case, apply, tell, links, row is None or row.in_place)


@pytest.mark.parametrize("case", COMMON_CASES, ids=str)
def test_common_row(case: Case, apply: Any, tell: Any) -> None:
    """Read the options of any link back, on a veth."""

    def make(case: Case, value: Any, **more: Any) -> dict[str, Any]:
        return links(case, value, peer={"name": "t1"}, **more)

    change_round(case, apply, tell, make, in_place=True)


@pytest.mark.parametrize("option", FLAG_CASES)
def test_flag(option: str, apply: Any, tell: Any) -> None:
    """Set and clear the bits of ifi_flags."""
    for value in (True, False, True):
        config = {"links": [{"name": "t0", "kind": "veth", "peer": {"name": "t1"}, option: value}]}
        apply(config)
        flags = tell("ip -j link show dev t0")[0]["flags"]
        assert (FLAG_CASES[option] in flags) == (value != (option in ("arp", "trailers")))
        assert not apply(config).changed


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


@pytest.mark.parametrize("case", PORT_CASES, ids=str)
def test_port_row(case: Case, apply: Any, tell: Any) -> None:
    """Read the options of a bridge port back."""
    change_round(case, apply, tell, ports, in_place=True)


@pytest.mark.native
@pytest.mark.parametrize("case", newer(NEW_PORT_CASES))
def test_port_row_of_a_newer_kernel(case: Case, apply: Any, tell: Any) -> None:
    """Likewise, by their bytes."""
    change_round(case, apply, tell, ports, in_place=True)


#: What iproute2 wants said otherwise than the kernel: a group with dev each time, external without id, nopromisc in one
#: mode alone.
OTHERWISE = {("vxlan", name) for name in ("multicast_group", "external", "gpe")}
OTHERWISE |= {(kind, "nodst") for kind in ("macvlan", "macvtap")}
KNOWN = [case for case in CASES if (case.kind, case.option) not in OTHERWISE]
QUEUES = {
    "bridge": {},
    "dummy": {},
    "geneve": GENEVE,
    "vxlan": VXLAN,
    "macvlan": ON_BRIDGE,
    "macvtap": ON_BRIDGE,
    "ipvlan": ON_DUMMY,
    "ipvtap": ON_DUMMY,
    "vlan": {**ON_DUMMY, "id": 5},
    "vrf": {"table": 100},
    "veth": {"peer": {"name": "t1"}},
}
QUEUE_CASES = [
    Case(kind, option, (3, 5), told, (3, 5), base)
    for kind, base in QUEUES.items()
    for option, told in (("numtxqueues", "num_tx_queues"), ("numrxqueues", "num_rx_queues"))
    if (kind, option) not in NOT_TOLD
]


@pytest.mark.parametrize("case", marked(QUEUE_CASES))
def test_queues(case: Case, apply: Any, tell: Any, gather: Any) -> None:
    """Numbers of queues are for a new link alone."""
    change_round(case, apply, tell, links, in_place=False)
    run_lines(["ip link del dev t0"])
    run_lines(apply(links(case, 7), check=True).commands)
    assert shown(tell, case) == 7
    (told,) = [link for link in gather()["links"] if link["name"] == "t0"]
    assert (case.option in told) == (case.kind != "veth")


def test_other_end_of_a_pair_has_the_queues_that_the_kernel_gives_it(apply: Any) -> None:
    with pytest.raises(Refused, match="t1: numtxqueues: a new pair has it for its first end alone"):
        apply({"links": [{"name": "t0", "kind": "veth", "peer": {"name": "t1", "numtxqueues": 2}}]})


KNOWN_LAB = [case for case in LAB_CASES if isinstance(case.key, str)]


def run_lines(lines: list[str]) -> None:
    """Run command lines as a network engineer would."""
    for line in lines:
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.mark.parametrize("case", [*marked(KNOWN), *marked(KNOWN_LAB, "geneve")])
def test_commands_of_a_kind(case: Case, apply: Any, tell: Any) -> None:
    """Run the command lines that stand for a run: iproute2 knows their words, and they do the same."""
    for value, told in zip(case.values, case.told):
        run_lines(apply(links(case, value, recreate=True), check=True).commands)
        assert agree(shown(tell, case), told)
        if case.kind in ("geneve", "tun"):
            # For each change of a geneve link iproute2 wants id and remote said again, though the kernel does not. It
            # changes nothing of a tun link.
            run_lines(["ip link del dev t0"])


@pytest.mark.parametrize("case", COMMON_CASES, ids=str)
def test_commands_of_a_common_row(case: Case, apply: Any, tell: Any) -> None:
    """Likewise for the options of any link."""
    for value, told in zip(case.values, case.told):
        run_lines(apply(links(case, value, peer={"name": "t1"}), check=True).commands)
        assert agree(shown(tell, case), told)


@pytest.mark.parametrize("case", PORT_CASES, ids=str)
def test_commands_of_a_port(case: Case, apply: Any, tell: Any) -> None:
    """Likewise for bridge ports, which two tools set."""
    for value, told in zip(case.values, case.told):
        run_lines(apply(ports(case, value), check=True).commands)
        assert agree(shown(tell, case), told)
