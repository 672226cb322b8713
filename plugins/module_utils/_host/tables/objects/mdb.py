# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries of multicast databases of bridges and VXLAN links (uapi/linux/if_bridge.h, MDBE_ATTR_*; man bridge).

A bridge has one entry for each group, source, VLAN and port (struct net_bridge_port_group_sg_key), a VXLAN link one for
each group, source, source VNI and remote (vxlan_mdb_remote_lookup()). What IGMP and MLD reports told the kernel ages,
as what somebody puts there as temporary does.

Not here: ``get`` and ``flush``, which are no state; ``offload`` and ``fast_leave``, which a driver and a port's option
say of an entry and nobody can ask for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar

from ..failure import Fault
from ..table import Option
from ..types.addresses import Address, ip, is_group, is_unspecified, mac, packed_ip
from ..types.named_numbers import Named, number_of
from ..types.simple import Bool, Choice, Int, Leaf, LinkName, Names, Type
from .fdb import UdpPort
from .object_type import Key, ObjectType, Options

#: Who put an entry there, RTPROT_*: the kernel takes none below this (br_mdbe_attrs_pol), and this where none is said.
PROTOCOLS = {"static": 4}

MODES = {"exclude": 0, "include": 1}  # uapi/linux/in.h: MCAST_EXCLUDE, MCAST_INCLUDE

#: Of entries for all sources of a group; and of those of ports and remotes, which tell who put them there.
SOURCES = "source_list"
_OF_ALL_SOURCES = ("filter_mode", SOURCES)
_OF_VXLAN = ("dst_port", "vni", "via")


@dataclass(frozen=True)
class Group(Type):
    """An IPv4 or IPv6 multicast address, or an Ethernet one; ``0.0.0.0`` and ``::`` are all groups of a VXLAN link."""

    wire: str = "raw"
    takes = "A multicast address of IPv4, IPv6 or Ethernet; `0.0.0.0` or `::` for all groups of a VXLAN link"

    def parse(self, value: Any) -> str:
        try:
            group = ip(value)
        except ValueError:
            return self._ethernet(value)
        if group == "ff02::1" or ipaddress.ip_address(group) in _LOCAL:
            raise ValueError(f"{group} is of the link itself, and no bridge keeps it from any port")
        if not is_group(group) and not is_unspecified(group):
            raise ValueError(f"{group} is not a multicast address")
        return group

    @staticmethod
    def _ethernet(value: Any) -> str:
        try:
            group = mac(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither an IP address nor an Ethernet one") from None
        if not int(group[:2], 16) & 1:
            raise ValueError(f"{group} is not a multicast address")
        return group

    def objection(self, value: Any, kernel: tuple[int, int], daring: bool) -> str:
        return "an Ethernet address needs Linux 5.11" if is_ethernet(value) and kernel < (5, 11) else ""


_LOCAL = ipaddress.ip_network("224.0.0.0/24")


@dataclass(frozen=True)
class Source(Address):
    """The one address that a group's frames are taken from."""

    takes = "A unicast address"

    def parse(self, value: Any) -> str:
        address = super().parse(value)
        if is_group(address) or is_unspecified(address):
            raise ValueError(f"{address} is not the address of a sender")
        return address


@dataclass(frozen=True)
class Sources(Type):
    """Addresses of senders; any order is as good. iproute2 has them in one text, ``192.0.2.1,192.0.2.2``."""

    wire: str = "raw"
    ansible: str = "list"
    takes = "A list of unicast addresses"

    @property
    def nothing(self) -> Any:
        return ()

    def absent(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[str, ...]:
        items = [item for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        if not isinstance(items, (list, tuple)):
            raise ValueError(f"{value!r} is not a list of addresses")
        return tuple(sorted({Source().parse(item) for item in items}))

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        each = [(1, "nested", [(1, "raw", packed_ip(source))]) for source in value]
        return [(attrs[0], "nested", each)] if each else []

    def words(self, word: str, value: Any) -> list[str]:
        return [word, ",".join(value)] if value else []

    def plain(self, value: Any) -> Any:
        return list(value)


@dataclass(frozen=True)
class Lasting(Bool):
    """The option whether an entry stays until it is removed."""

    def words(self, word: str, value: Any) -> list[str]:
        return ["permanent" if value else "temp"]


@dataclass(frozen=True)
class Mode(Choice):
    """What a list of sources is: those that are taken alone, or those that are not."""

    table: Mapping[str, int] = field(default_factory=lambda: MODES)

    def absent(self) -> Any:
        return "exclude"  # br_mdb_config_attrs_init()


@dataclass(frozen=True)
class Protocol(Named):
    """Who put the entry there, by number or by a name in the host's rt_protos."""

    wire: str = "u8"
    table: Mapping[str, int] = field(default_factory=lambda: PROTOCOLS)
    low: int = PROTOCOLS["static"]
    database: str = "rt_protos"

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return number_of(self.table, value)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return next((word for word, number in self.table.items() if number == leaf), leaf)


def is_ethernet(group: str) -> bool:
    """Tell whether a group is an Ethernet address and no IP one."""
    return len(group) == 17 and group.count(":") == 5 and "::" not in group


def for_all_sources(key: Key) -> bool:
    """Tell whether an entry is for all sources of an IP group."""
    return not key[4] and not is_ethernet(key[3])


def said(options: Options) -> dict[str, Any]:
    """Return the options to send with an entry: always `permanent`, and none that older kernels do not know."""
    usual = {"filter_mode": "exclude", "proto": "static", SOURCES: ()}
    sources = options.get(SOURCES)
    return {
        "permanent": options.get("permanent", True),
        **{name: value for name, value in options.items() if value != usual.get(name)},
        **({"filter_mode": options.get("filter_mode", "exclude")} if sources else {}),
    }


def _is_of_host(key: Key) -> bool:
    """Tell whether an entry makes the bridge itself a member of a group."""
    return key[1] == key[2] and not key[-1]


def _first(rules: Iterable[tuple[bool, Fault]]) -> Fault | None:
    """Return the fault of the first rule that is broken, None where none is."""
    return next((fault for broken, fault in rules if broken), None)


def _of_vxlan(key: Key, options: Options) -> Fault | None:
    dev, port, grp, src, vid, _src_vni, _dst = key
    rules = (
        (
            port != dev,
            Fault("port", f"is {dev} itself where dst is given: a VXLAN link has no ports", "Leave the option out"),
        ),
        (is_ethernet(grp), Fault("grp", "a VXLAN link has entries of IP groups only", "Leave the option out")),
        (vid != "0", Fault("vid", "a VXLAN link has no VLANs", "Leave the option out")),
        (
            not options.get("permanent", True),
            Fault("permanent", "a VXLAN link has permanent entries only", "Leave the option out"),
        ),
        (
            bool(src) and _for_all_groups(grp),
            Fault("src", f"{grp} stands for all groups, and has no source", "Leave the option out"),
        ),
    )
    return _first(rules) or _of_sources(grp, src, options)


def _of_bridge(key: Key, options: Options) -> Fault | None:
    dev, port, grp, src, _vid, src_vni, _dst = key
    of_vxlan = next((name for name in _OF_VXLAN if name in options), "src_vni" if src_vni != "0" else "")
    of_ports = "src" if src else next((name for name in ("proto", *_OF_ALL_SOURCES) if options.get(name)), "")
    ethernet, for_ever = is_ethernet(grp), options.get("permanent")
    rules = (
        (bool(of_vxlan), Fault(of_vxlan, "is for an entry of a VXLAN link, which has a dst", "Leave the option out")),
        (
            _for_all_groups(grp),
            Fault("grp", f"{grp} stands for all groups of a VXLAN link, and needs a dst", "Leave the option out"),
        ),
        (
            ethernet and for_ever is False,
            Fault("permanent", "an Ethernet group is always permanent", "Leave the option out"),
        ),
        (
            dev == port and not ethernet and bool(for_ever),
            Fault(
                "permanent",
                f"{dev} itself is in a group for a time only (mcast_membership_interval)",
                "Leave the option out",
            ),
        ),
        (
            dev == port and bool(of_ports),
            Fault(of_ports, "is for a port, and not for the bridge itself", "Leave the option out"),
        ),
    )
    return _first(rules) or _of_sources(grp, src, options)


def _for_all_groups(group: str) -> bool:
    """Tell whether a group means all groups of a VXLAN link."""
    return not is_ethernet(group) and is_unspecified(group)


def _of_sources(grp: str, src: str, options: Options) -> Fault | None:
    """Return the fault of the sources of an entry, None for none."""
    if is_ethernet(grp):
        named = "src" if src else next((name for name in _OF_ALL_SOURCES if options.get(name)), "")
        return Fault(named, "an Ethernet group has no sources", "Leave the option out") if named else None
    for name, sources in (("src", (src,) if src else ()), (SOURCES, options.get(SOURCES, ()))):
        other = next((one for one in sources if (":" in one) != (":" in grp)), "")
        if other:
            return Fault(name, f"{other} is not of the address family of {grp}", "Give an address of that family")
    for name in _OF_ALL_SOURCES if src else ():
        if options.get(name):
            return Fault(name, "is for entries without src", "Leave the option out")
    return None


def _untold(grp: str, options: Options, bridge: Options) -> Fault | None:
    """Refuse sources where the bridge neither uses nor reports them (br_multicast_should_handle_mode())."""
    option, first, version = ("mcast_mld_version", 1, 2) if ":" in grp else ("mcast_igmp_version", 2, 3)
    given = next((name for name in (SOURCES, "filter_mode") if options.get(name) not in (None, (), "exclude")), "")
    if not given or bridge.get(option, first) >= version:
        return None
    return Fault(
        given, f"the bridge heeds sources with {option} {version} only", f"Set {option}: {version} on the bridge"
    )


class _Permanent(Option):
    in_place_since = "6.3"


class Mdb(ObjectType):
    """Hooks and traits of MDB entries."""

    implied: ClassVar[Mapping[str, str]] = {"dst_port": "dstport", "vni": "vni"}
    # vxlan_xmit_one() takes the link's own for it.
    as_of_link: ClassVar[Options] = {"dst_port": 0}

    def is_learned(self, options: Options) -> bool:
        return not options.get("permanent", True)

    def is_of_port(self, key: Key) -> bool:
        return key[1] != key[2]

    def moves_with_link(self, key: Key) -> bool:
        return bool(key[-1])

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Add options that may be left out; raise Refused for options that no entry has."""
        given = {name: "" if value is None else str(value) for name, value in parts.items()}
        given["port"] = given["port"] or given["dev"]
        key: Key = tuple(given.values())
        fault = _of_vxlan(key, options) if given["dst"] else _of_bridge(key, options)
        if fault is not None:
            raise fault.of(f"MDB entry {given['grp']} on {given['dev']}")
        # A host's IP group ages in any case (br_multicast_host_join()).
        options.setdefault("permanent", not _is_of_host(("", *key)) or is_ethernet(given["grp"]))
        return key

    def fault(self, desired: Options, current: Options) -> Fault | None:
        """Return the fault for which br_mdb_config_attrs_init() or vxlan_mdb_config_attrs_init() refuses an entry."""
        mode, sources = (desired.get(name, current.get(name)) for name in _OF_ALL_SOURCES)
        return (
            Fault("filter_mode", f"include needs a {SOURCES}", f"Set {SOURCES}")
            if mode == "include" and (not sources)
            else None
        )

    def fault_on_link(self, key: Key, options: Options, link: Callable[[str], Options]) -> Fault | None:
        """Return the fault for which the link refuses an entry, None where it takes the entry.

        br_mdb_config_init() and __br_mdb_choose_context() in net/bridge/br_mdb.c, vxlan_mdb_config_init().
        """
        _netns, dev, port, grp, _src, vid, src_vni, dst = key
        on = link(dev)
        if on.get("kind") == "vxlan":
            told = src_vni != "0" and not on.get("external")
            one = f"{dev} has one VNI, {on.get('vni')}: only a link in external mode has others"
            lacking = Fault("dst", "an entry of a VXLAN link needs it", "Set dst")
            return _first(((not dst, lacking), (told, Fault("src_vni", one, "Leave the option out"))))
        elsewhere = port != dev and link(port).get("master") != dev
        rules = (
            (
                on.get("kind") != "bridge",
                Fault("dev", f"{dev} is neither a bridge nor a VXLAN link", "Name a bridge or a VXLAN link"),
            ),
            (bool(dst), Fault("dst", f"is for a VXLAN link, and {dev} is a bridge", "Leave the option out")),
            (elsewhere, Fault("port", f"{port} is no port of {dev}", f"Set the master of {port} to {dev}")),
            (
                not on.get("mcast_snooping", True),
                Fault(
                    "dev",
                    f"{dev} has no multicast database while mcast_snooping is off",
                    f"Set mcast_snooping: true on {dev}",
                ),
            ),
            (
                not on.get("up"),
                Fault(
                    "dev",
                    f"{dev} is down, and the kernel changes the multicast database of a running bridge only",
                    f"Set {dev} up",
                ),
            ),
            (
                vid == "0" and bool(on.get("vlan_filtering")),
                Fault("vid", f"{dev} filters by VLAN, and each entry is of one", "Set vid"),
            ),
        )
        return _first(rules) or _untold(grp, options, on)

    def key_on_link(self, key: Key, of_link: Callable[[], Options]) -> Key:
        """Return the key without a source VNI that is the link's own, which the kernel does not report."""
        link = of_link()
        own = key[6] == str(link.get("vni")) and not link.get("external")
        return (*key[:6], "0", key[7]) if own else key

    def chosen(self, key: Key) -> Options:
        given = {"grp": key[3], "src": key[4], "dst": key[7]}
        return {name: value for name, value in given.items() if value}

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        if key[1] == key[2]:
            del item["port"]
        if _is_of_host(key) and not is_ethernet(key[3]):
            item.pop("permanent", None)
        for name in ("src", "dst"):
            if not item[name]:
                del item[name]


MDB = Mdb(
    name="mdb",
    plural="mdb",
    label="MDB entry {3} port {2} on {1}",
    label_of_last="MDB entry {3} dst {7} on {1}",
    may_lack=("port", "src", "dst"),
    passing={"permanent": (False,)},
    nested="mdb",
    keys=(
        Option(name="dev", type=LinkName()),
        Option(name="port", type=LinkName()),
        Option(name="grp", type=Group(), aliases=("group",)),
        Option(name="src", attr=1, type=Source(), since="5.10"),
        Option(name="vid", type=Int(high=4094, rule="a VLAN id"), default=0, aliases=("vlan",)),
        # The kernel does not distinguish VNI 0 from no VNI (vxlan_mdb_entry_info_fill()).
        Option(name="src_vni", attr=9, type=Int(high=2**24 - 1, rule="24 bits"), default=0),
        Option(name="dst", attr=5, type=Address(), since="6.4"),
    ),
    options=(
        _Permanent(name="permanent", type=Lasting(), default=True, after_carrier=(False,)),
        Option(name="filter_mode", attr=3, type=Mode(), since="6.3", default="exclude"),
        Option(name=SOURCES, attr=2, type=Sources(), since="6.3"),
        Option(name="proto", attr=4, type=Protocol(), since="6.3", default="static", aliases=("protocol",)),
        Option(name="dst_port", attr=6, type=UdpPort(wire="u16")),
        Option(name="vni", attr=7, type=Int(high=2**24 - 1, rule="24 bits")),
        Option(name="via", attr=8, type=LinkName()),
    ),
)
