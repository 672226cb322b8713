# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values for the rows of all links and of bridge ports, and where the rows that have none are tried."""

from __future__ import annotations

from .row_cases import SWITCH, VXLAN, Case

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
    ("geneve", "external"): "excludes vni, without which it cannot be false: a case of its own in test_network.py",
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
    ("port", "state"): "a case of its own in test_network.py: the kernel sets it too, when the carrier comes",
    ("link", "token"): "a case of its own in test_token.py: ip token tells it",
    ("link", "index"): "a case of its own in test_index.py",
    ("link", "link_netns"): "a case of its own in test_ownership.py",
    ("tun", "persistent"): "a case of its own in test_tuntap_programs.py: only one value can be asked for",
    ("veth", "peer_name"): "a case of its own in test_network.py",
    ("veth", "peer_netns"): "a case of its own in test_network.py",
}
