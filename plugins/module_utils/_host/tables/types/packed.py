# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Types whose attribute holds a structure, a list, or bits of several options."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .addresses import mac
from .simple import UNSET, Attr, Int, Leaf, Lines, Names, Type, altname, truth, whole_number


@dataclass(frozen=True)
class Bits(Type):
    """One bit of an attribute that options share: of a number, or of ``struct {u32 flags; u32 mask;}`` (raw)."""

    wire: str = "raw"
    ansible: str = "bool"
    bit: int = 1
    style: str = "onoff"
    takes = "`true`, `false`"

    @property
    def alone(self) -> bool:
        """Tell whether the kernel takes one bit without the others: a plain number has no mask."""
        return self.wire == "raw"

    def parse(self, value: Any) -> bool:
        return truth(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        number = self.bit if value else 0
        return number if self.wire != "raw" else struct.pack("=II", number, self.bit)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        number, known = struct.unpack_from("=II", leaf) if isinstance(leaf, bytes) else (int(leaf), self.bit)
        # The mask has the bits that this kernel knows (br_boolopt_multi_get(); all of them in vlan_fill_info()).
        return bool(number & self.bit) if known & self.bit else UNSET

    def absent(self) -> Any:
        return False  # vlan_fill_info() leaves the attribute out when no bit is set

    def words(self, word: str, value: Any) -> list[str]:
        if self.style == "flag":
            return [word] if value else []
        if self.style == "number":
            return [word, str(int(value))]
        return [word, "on" if value else "off"]


def merged(attrs: Sequence[Attr]) -> list[Attr]:
    """Put attributes with one number together: options that are bits of the same one."""
    found: dict[int, Attr] = {}
    for attr in attrs:
        number, wire, leaf = attr
        other = found.get(number)
        if other is not None and isinstance(leaf, bytes) and isinstance(other[2], bytes):
            leaf = bytes(one | two for one, two in zip(leaf, other[2]))
        elif other is not None and isinstance(leaf, int) and isinstance(other[2], int):
            leaf |= other[2]
        found[number] = (number, wire, leaf)
    return list(found.values())


def _listed(payload: bytes) -> Iterator[bytes]:
    """Yield the payloads of a nest whose attributes have all one number."""
    return (item for _number, item in _numbered(payload))


def _numbered(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and payload of a nest's attributes."""
    offset = 0
    while offset + 4 <= len(payload):
        length, number = struct.unpack_from("=HH", payload, offset)
        if length < 4:
            return
        yield number & 0x3FFF, payload[offset + 4 : offset + length]
        offset += (length + 3) & ~3


@dataclass(frozen=True)
class FlowLabel(Int):
    """A flow label, or ``inherit`` (a policy in an attribute of its own: IFLA_VXLAN_LABEL_POLICY)."""

    wire: str = "be32"
    high: int = 0xFFFFF
    rule: str = "20 bits, RFC 8200 section 3"
    ansible: str = "str"

    @property
    def takes(self) -> str:
        return f"`inherit` or {super().takes}"

    @property
    def wires(self) -> tuple[str, ...]:
        return (self.wire, "u32")

    def parse(self, value: Any) -> Any:
        return "inherit" if value == "inherit" else super().parse(value)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        return [(attrs[1], "u32", 1)] if value == "inherit" else [(attrs[0], self.wire, value)]

    def encode_change(self, attrs: Sequence[int], old: Any, new: Any, names: Names) -> list[Attr]:
        fixed: list[Attr] = [(attrs[1], "u32", 0)] if old == "inherit" else []
        return fixed + self.encode(attrs, new, names)

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return "inherit" if any(found.get(attrs[1], b"")) else super().decode(attrs, found, names)


@dataclass(frozen=True)
class Several(Type):
    """A list of items, each once and in order. The list is complete: other items are removed."""

    wire: str = "raw"
    ansible: str = "list"
    elements: str = "str"
    what: str = "items"

    @property
    def takes(self) -> str:
        return f"A list of {self.what}; items that are not listed are removed"

    @property
    def nothing(self) -> Any:
        return ()

    def item(self, value: Any) -> Any:
        """Return the canonical form of one item; raise ValueError."""
        raise NotImplementedError

    def parse(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{value!r} is not a list of {self.what}")
        return tuple(sorted({self.item(item) for item in value}))

    def absent(self) -> Any:
        return ()


@dataclass(frozen=True)
class SourceMacs(Several):
    """The source MACs that a macvlan link in source mode takes (IFLA_MACVLAN_MACADDR_MODE set, _DATA)."""

    what: str = "Ethernet addresses"

    def item(self, value: Any) -> str:
        return mac(value)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        # enum macvlan_macaddr_mode: 3 is MACVLAN_MACADDR_SET; IFLA_MACVLAN_MACADDR is 4.
        entries = [(4, "raw", bytes.fromhex(item.replace(":", ""))) for item in value]
        return [(attrs[0], "u32", 3), (attrs[1], "nested", entries)]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return tuple(sorted(item.hex(":") for item in _listed(found.get(attrs[1], b""))))

    def words(self, word: str, value: Any) -> list[str]:
        return [word, "set", *value] if value else [word, "flush"]


@dataclass(frozen=True)
class Apart(Several):
    """A list of items that requests of their own add and remove, and commands of their own (Option.apart)."""

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        return []

    def words(self, word: str, value: Any) -> list[str]:
        return []

    def commands(self, dev: str, items: list[Any], add: bool) -> list[list[str]]:
        """Return the words that add or remove items, of which there is one at least."""
        raise NotImplementedError

    def lines(self, dev: str, old: Any, new: Any) -> Lines:
        gone, added = (
            [one for one in items if one not in others] for items, others in ((old or (), new), (new, old or ()))
        )
        return self.commands(dev, gone, add=False) if gone else [], self.commands(dev, added, add=True) if added else []


@dataclass(frozen=True)
class AltNames(Apart):
    """Further names of the link, up to 127 bytes each (IFLA_PROP_LIST: IFLA_ALT_IFNAME)."""

    what: str = "names"

    def parse(self, value: Any) -> tuple[str, ...]:
        return super().parse([value] if isinstance(value, str) else value)

    def item(self, value: Any) -> str:
        return altname(value)

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        names_found = (item.rstrip(b"\0").decode("utf-8", "replace") for item in _listed(found.get(attrs[0], b"")))
        return tuple(sorted(names_found))

    def commands(self, dev: str, items: list[Any], add: bool) -> list[list[str]]:
        words = [word for name in items for word in ("altname", name)]
        return [["ip", "link", "property", "add" if add else "del", "dev", dev, *words]]


def _pairs(pairs: Iterable[Any]) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Yield what is a pair of priorities to a user, and its parts.

    ``1:2`` is iproute2's, ``1-2`` systemd's; both have several in one text. nmstate has dicts of from and to.
    """
    for pair in pairs:
        if isinstance(pair, Mapping) and pair.keys() == {"from", "to"}:
            yield pair, (pair["from"], pair["to"])
        elif isinstance(pair, tuple):
            yield pair, pair
        else:
            yield from ((one, re.split("[:-]", one)) for one in re.split(r"[\s,]+", str(pair).strip()))


@dataclass(frozen=True)
class QosMap(Type):
    """A map of priorities, ``{from: to}`` or ``["from:to"]``; a pair to 0 is no pair (struct ifla_vlan_qos_mapping)."""

    wire: str = "raw"
    ansible: str = "list"
    elements: str = "str"
    keys: int = 7
    values: int = 7

    @property
    def takes(self) -> str:
        return f"Pairs `from:to` of priorities, 0 to {self.keys} and 0 to {self.values}; a pair to 0 is no pair"

    @property
    def nothing(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[str, ...]:
        pairs = value.items() if isinstance(value, Mapping) else [value] if isinstance(value, str) else value
        if isinstance(pairs, int) or pairs is None:
            raise ValueError(f"{value!r} is not a list of from:to")
        found: dict[int, int] = {}
        for pair, parts in _pairs(pairs):
            if len(parts) != 2:
                raise ValueError(f"{pair!r} is not from:to")
            key, to = (whole_number(part) for part in parts)
            if not 0 <= key <= self.keys or not 0 <= to <= self.values:
                raise ValueError(f"{key}:{to} is not within 0..{self.keys}:0..{self.values}")
            found[key] = to
        return tuple(f"{key}:{found[key]}" for key in sorted(found) if found[key])

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        return self.encode_change(attrs, (), value, names)

    def encode_change(self, attrs: Sequence[int], old: Any, new: Any, names: Names) -> list[Any]:
        # A priority that is no longer there is taken from the map by mapping it to 0.
        pairs = {int(part.split(":")[0]): 0 for part in old or ()}
        pairs.update((int(part.split(":")[0]), int(part.split(":")[1])) for part in new)
        return [(attrs[0], "nested", [(1, "raw", struct.pack("=II", *pair)) for pair in sorted(pairs.items())])]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        pairs = (struct.unpack_from("=II", item) for item in _listed(found.get(attrs[0], b"")))
        return tuple(f"{key}:{to}" for key, to in sorted(pairs) if to)

    def change(self, old: Any, new: Any) -> Any:
        kept = {pair.partition(":")[0] for pair in new}
        return (*new, *(f"{key}:0" for key in (pair.partition(":")[0] for pair in old or ()) if key not in kept))

    def words(self, word: str, value: Any) -> list[str]:
        return [word, *value]


@dataclass(frozen=True)
class PortRange(Type):
    """A range of UDP ports ``low-high``: two big-endian 16-bit numbers (struct ifla_vxlan_port_range)."""

    wire: str = "raw"
    takes = "A range of UDP ports, `low-high`"

    def parse(self, value: Any) -> str:
        parts = value if isinstance(value, (list, tuple)) else re.split(r"[-\s]+", str(value).strip())
        if len(parts) != 2:
            raise ValueError(f"{value!r} is not a range of two ports, low-high")
        low, high = (whole_number(part) for part in parts)
        if not 0 <= low <= high <= 65535:
            raise ValueError(f"{value!r} is not a range low-high within 0..65535")
        return f"{low}-{high}"

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return struct.pack(">HH", *map(int, value.split("-")))

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return "%d-%d" % struct.unpack(">HH", bytes(leaf)[:4]) if isinstance(leaf, bytes) else str(leaf)

    def words(self, word: str, value: Any) -> list[str]:
        return [word, *value.split("-")]
