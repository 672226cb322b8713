# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwarding database entries of bridges and VXLAN links (uapi/linux/neighbour.h; man bridge, "bridge fdb").

A unicast MAC has one entry, and in a VXLAN link one destination (vxlan_fdb_update_existing(): what is appended to it is
dropped without a word) or one nexthop group; the all-zero MAC (VXLAN's default entry) and group MACs have one entry for
each remote: destination, port, VNI and link. In external mode all this holds for each VNI (``src_vni``).

Not here: ``use``, which is no state but what a packet does (the entry is as fresh as if one had come), and ``offload``,
which a driver says of an entry and nobody can ask for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, ClassVar

from ..failure import Refused
from ..table import Option
from ..types.addresses import Address, Mac
from ..types.named_numbers import NexthopId
from ..types.simple import NONE, Bool, Choice, Int, LinkName, Look, Names
from .object_type import Key, ObjectType, Options

#: iproute2's words: permanent is NUD_PERMANENT ("local" on a bridge), static is NUD_NOARP (with NUD_REACHABLE, without
#: which vxlan_fdb_add() refuses it), dynamic is NUD_REACHABLE: it ages as what was learned does, and nothing tells the
#: two apart.
STATES = {"permanent": 0x80, "static": 0x42, "dynamic": 0x02}

#: Options that are bits of ndm_flags (NTF_*).
FLAGS = {"extern_learn": 0x10, "sticky": 0x40, "router": 0x80}

#: Options that a nexthop group replaces.
_OF_ONE_REMOTE = ("dst", "port", "vni", "via")
_BESIDE_DST = _OF_ONE_REMOTE[1:]


@dataclass(frozen=True)
class Notify(Bool):
    """A bit of the extended attributes of a bridge's entry (NDA_FDB_EXT_ATTRS, NFEA_ACTIVITY_NOTIFY)."""

    style: str = "flag"
    false_when_absent: bool = True

    bit: int = 1  # FDB_NOTIFY_BIT

    @property
    def wires(self) -> tuple[str, ...]:
        return ("raw",)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        return [(attrs[0], "nested", [(1, "u8", self.bit if value else 0)])]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        # The one attribute in the nest that the kernel tells: behind its header of 4 bytes.
        nest = found.get(attrs[0], b"")
        return len(nest) > 4 and bool(nest[4] & self.bit)


@dataclass(frozen=True)
class Silent(Notify):
    """FDB_NOTIFY_INACTIVE_BIT: an entry is made with it, and loses it with the first frame from its address."""

    bit: int = 2

    def same(self, wanted: Any, found: Any) -> bool:
        return True


@dataclass(frozen=True)
class Unrefreshed(Bool):
    """NFEA_DONT_REFRESH: a word on how an entry is changed, of which the kernel keeps nothing."""

    style: str = "flag"
    false_when_absent: bool = True

    @property
    def wires(self) -> tuple[str, ...]:
        return ("raw",)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        return [(attrs[0], "nested", [(2, "flag", b"")])] if value else []

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return False

    def same(self, wanted: Any, found: Any) -> bool:
        return True


@dataclass(frozen=True)
class UdpPort(Int):
    """A UDP port by number, or by the name that it has in the host's services."""

    wire: str = "be16"
    high: int = 65535
    ansible: str = "str"

    @property
    def takes(self) -> str:
        return f"{super().takes} or the name of a service"

    def numbered(self, value: Any, look: Look) -> Any:
        if not isinstance(value, str) or not value or value[:1].isdigit():
            return value
        number = look("services", value)
        return value if number is None else number

    def parse(self, value: Any) -> int:
        try:
            return super().parse(value)
        except ValueError as why:
            raise ValueError(f"{why}, nor a name in this host's services" if "whole" in str(why) else why) from None


def is_listed(mac: str) -> bool:
    """Tell whether the kernel keeps several destinations for a MAC (vxlan_fdb_update(): zero or multicast)."""
    return mac == "00:00:00:00:00:00" or mac[1] in "13579bdf"


def remote_text(remote: Mapping[str, Any]) -> str:
    """Return a remote in iproute2's words, ``192.0.2.1 port 4790 vni 7 via eth0``; empty without a destination.

    That is what tells one of several (vxlan_fdb_find_rdst()). A port of 0 is the link's, as none is.
    """
    beside = (f" {name} {remote[name]}" for name in _BESIDE_DST if remote.get(name) not in (None, NONE))
    return "".join((remote["dst"], *beside)) if remote.get("dst") else ""


def remote_of(text: str) -> dict[str, Any]:
    """Return the options that remote_text() made its text of."""
    if not text:
        return {}
    dst, *words = text.split()
    pairs = zip(words[::2], words[1::2])
    return {"dst": dst, **{name: value if name == "via" else int(value) for name, value in pairs}}


def _of_link(key: Key) -> bool:
    """Tell whether an entry is the link's own, and not its bridge's."""
    return key[4] == "self"


class Fdb(ObjectType):
    """Hooks and traits of FDB entries."""

    shared = ("nud", *FLAGS)
    shared_for_good = ("extern_learn",)
    implied: ClassVar[Mapping[str, str]] = {"port": "dstport", "vni": "vni", "via": "dev"}
    # vxlan_xmit_one() takes the link's own for it.
    as_of_link: ClassVar[Options] = {"port": 0}

    def chosen(self, key: Key) -> Options:
        return remote_of(key[-1])

    def is_of_port(self, key: Key) -> bool:
        return not _of_link(key)

    def moves_with_link(self, key: Key) -> bool:
        return _of_link(key)

    def renamed(self, key: Key, name: Callable[[str], str]) -> Key:
        remote = remote_of(key[-1])
        remote.update({option: name(link) for option, link in remote.items() if option == "via"})
        return (*key[:-1], remote_text(remote))

    def key_on_link(self, key: Key, of_link: Callable[[], Mapping[str, Any]]) -> Key:
        """Return the key without the parts of the remote that the link has too (vxlan_fdb_info())."""
        if " " not in key[-1]:
            return key
        link = of_link()
        own = {"vni": link.get("vni", 0), "port": link.get("dstport")}
        remote = {name: value for name, value in remote_of(key[-1]).items() if own.get(name) != value}
        return (*key[:-1], remote_text(remote))

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Add the remote to the key of a MAC that has several; raise Refused."""
        for name in _OF_ONE_REMOTE if "nhid" in options else ():
            if name in options:
                raise Refused(
                    object=f"FDB entry {parts['mac']} on {parts['dev']}",
                    option="nhid",
                    reason=f"excludes {name}",
                    advice="Give one of them",
                )
        if options.get("inactive") and not options.setdefault("activity_notify", True):
            raise Refused(
                object=f"FDB entry {parts['mac']} on {parts['dev']}",
                option="inactive",
                reason="needs activity_notify: true",
                advice="Set activity_notify: true",
            )
        if not is_listed(parts["mac"]) or not options.get("dst"):
            return (*map(str, parts.values()), "")
        remote = {name: options.pop(name) for name in _OF_ONE_REMOTE if name in options}
        return (*map(str, parts.values()), remote_text({**remote, "port": remote.get("port") or None}))

    def is_remade(self, key: Key, option: str, value: Any) -> bool:
        """Tell whether an option needs a new entry (vxlan_fdb_update_existing()).

        Unicast entries alone are replaced, and what a user put there does not become a control plane's.
        """
        return (option == "nhid" and is_listed(key[2])) or (option == "extern_learn" and value and key[4] == "self")

    def one_of(self, key: Key) -> Key | None:
        """Return the key of a MAC without its remotes: struct vxlan_fdb has one state, and one set of flags."""
        return key[:-1] if key[-1] else None

    def refusal(self, key: Key) -> tuple[str, str]:
        """Return the reason for which __br_fdb_add() refuses an entry of a port."""
        _netns, dev, _mac, vlan, target, *_rest = key
        return ("vlan", f"{dev} has no VLAN {vlan}") if vlan != "0" and target == "master" else ("", "")

    def brought_by(self, key: Key) -> Key | None:
        """Return the entry without a VLAN: it creates one for each VLAN of its port, for VLAN 1 where there is none.

        net/bridge/br_fdb.c: br_fdb_add() and br_fdb_delete().
        """
        return (*key[:3], "0", *key[4:]) if key[3] != "0" else None

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        item.update(remote_of(key[-1]))


FDB = Fdb(
    name="fdb",
    plural="fdb",
    label="FDB entry {2} on {1}",
    label_of_last="FDB entry {2} dst {6} on {1}",
    passing={"nud": ("dynamic",)},
    on_create={"nud": "permanent"},
    nested="fdb",
    keys=(
        Option(name="dev", type=LinkName()),
        Option(name="mac", type=Mac()),
        Option(name="vlan", attr=5, type=Int(wire="u16", high=4094, rule="a VLAN id"), default=0),
        Option(name="target", type=Choice(table={"self": 0x02, "master": 0x04}), default="self"),
        # The kernel does not distinguish an entry of VNI 0 from one without a VNI (vxlan_fdb_info()).
        Option(name="src_vni", attr=11, type=Int(high=2**24 - 1, rule="24 bits"), default=0),
    ),
    options=(
        Option(name="dst", type=Address(), ousts=("nhid",)),
        Option(
            name="nud",
            type=Choice(table=STATES, aliases={"local": "permanent", "temp": "static"}),
            default="permanent",
        ),
        Option(name="vni", attr=7, type=Int(high=2**24 - 1, rule="24 bits"), ousts=("nhid",)),
        Option(name="port", attr=6, type=UdpPort(), ousts=("nhid",)),
        Option(name="via", attr=8, type=LinkName(), ousts=("nhid",)),
        Option(name="nhid", attr=13, type=NexthopId(), since="5.8", ousts=_OF_ONE_REMOTE, several=True),
        Option(name="extern_learn", type=Bool(style="flag"), default=False),
        Option(name="sticky", type=Bool(style="flag"), default=False),
        Option(name="router", type=Bool(style="flag"), default=False),
        Option(name="inactive", attr=14, type=Silent(), since="5.9", default=False, gathered=False),
        Option(name="activity_notify", attr=14, type=Notify(), since="5.9", default=False),
        Option(name="norefresh", attr=14, type=Unrefreshed(), since="5.9", default=False, gathered=False),
    ),
)
