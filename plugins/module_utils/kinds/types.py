# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say what a value of an option looks like: as a user writes it, as the kernel holds it, as iproute2 prints it.

A type turns what a user wrote into one canonical form (``parse``), that form into netlink attributes (``encode``),
attributes back into it (``decode``), and into iproute2's words (``words``). Two values are the same exactly when their
canonical forms are equal, so that a second run finds nothing to do.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, NamedTuple, Protocol, Union

Leaf = Union[int, str, bytes]
Attr = tuple[int, str, Leaf]  # netlink attribute number, wire type, what the codec packs

#: The canonical value of an address, link or list of words that is not there.
NONE = "none"


class _Unset:
    """Stand for "the kernel did not report it", which is never the same as 0, false or none."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()


class Names(Protocol):
    """Translate link names to interface indexes and back, in one network namespace."""

    def index(self, name: str) -> int: ...

    def name(self, index: int) -> str: ...


class Format(NamedTuple):
    """One wire type: pyroute2's name for it and the struct format that unpacks it (None: bytes as they are)."""

    pyroute2: str
    struct: str | None


#: Wire types of leaf attributes. Byte order of be16/be32 is the network's (RFC 1700), of the others the host's.
WIRE: dict[str, Format] = {
    "u8": Format("uint8", "=B"),
    "u16": Format("uint16", "=H"),
    "u32": Format("uint32", "=I"),
    "s32": Format("int32", "=i"),
    "u64": Format("uint64", "=Q"),
    "be16": Format("be16", ">H"),
    "be32": Format("be32", ">I"),
    "str": Format("asciiz", None),
    "flag": Format("flag", None),
    "raw": Format("cdata", None),
}
_UNPACKERS: dict[str, Callable[[bytes], tuple[Any, ...]]] = {
    name: struct.Struct(fmt.struct).unpack_from for name, fmt in WIRE.items() if fmt.struct
}


def unpack(wire: str, payload: bytes) -> Leaf:
    """Return the value of one leaf attribute."""
    if wire == "str":
        return bytes(payload).split(b"\0", 1)[0].decode("utf-8", "replace")
    unpacker = _UNPACKERS.get(wire)
    if unpacker is None:
        return bytes(payload)
    number: int = unpacker(payload)[0]
    return number


def whole_number(value: Any) -> int:
    """Read an integer as YAML or the command line gives it (also ``0x..``); raise ValueError for anything else."""
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a whole number")
    if isinstance(value, int):
        return value
    try:
        return int(str(value).strip(), 0)
    except ValueError:
        raise ValueError(f"{value!r} is not a whole number") from None


@dataclass(frozen=True)
class Type:
    """The base of all types: one attribute, one leaf."""

    wire: str = "u32"
    ansible: str = "str"

    @property
    def choices(self) -> list[str] | None:
        """Give the words an option accepts, where it accepts nothing else."""
        return None

    @property
    def wires(self) -> tuple[str, ...]:
        """Give the wire type of each attribute that an option of this type uses."""
        return (self.wire,)

    @property
    def nothing(self) -> Any:
        """Give the canonical value that says that nothing is there, where an option can say so."""
        return None

    def parse(self, value: Any) -> Any:
        """Return the canonical form; raise ValueError with a reason."""
        return value

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        """Return what the codec packs."""
        leaf: Leaf = value
        return leaf

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        """Return the canonical form of an unpacked leaf."""
        return leaf

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        """Return the attributes that ask the kernel for a value."""
        return [(attrs[0], self.wire, self.to_leaf(value, names))]

    def encode_change(self, attrs: Sequence[int], old: Any, new: Any, names: Names) -> list[Attr]:
        """Return the attributes that turn an old value into a new one."""
        return self.encode(attrs, new, names)

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        """Return the canonical value among the attributes found, or UNSET."""
        payload = found.get(attrs[0])
        if payload is None:
            return self.absent()
        return self.from_leaf(unpack(self.wire, payload), names)

    def absent(self) -> Any:
        """Return what it means that the kernel reports nothing."""
        return UNSET

    def words(self, word: str, value: Any) -> list[str]:
        """Return the value in iproute2's words."""
        return [word, str(value)]


@dataclass(frozen=True)
class Int(Type):
    """A whole number between two bounds (both included), with a reason for the bounds."""

    low: int = 0
    high: int = 2**32 - 1
    rule: str = ""
    ansible: str = "int"
    zero_when_absent: bool = False

    def parse(self, value: Any) -> int:
        number = whole_number(value)
        if not self.low <= number <= self.high:
            reason = f" ({self.rule})" if self.rule else ""
            raise ValueError(f"{number} is not within {self.low}..{self.high}{reason}")
        return number

    def absent(self) -> Any:
        return 0 if self.zero_when_absent else UNSET


def truth(value: Any) -> bool:
    """Read a boolean as YAML and iproute2 write it; raise ValueError for anything else."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{value!r} is not a boolean")


@dataclass(frozen=True)
class Bool(Type):
    """A boolean in a number; printed ``word on``/``word off``, or ``word``/``noword`` where iproute2 does so."""

    wire: str = "u8"
    ansible: str = "bool"
    style: str = "onoff"
    inverted: bool = False  # the attribute says the opposite of the option
    false_when_absent: bool = False

    def parse(self, value: Any) -> bool:
        return truth(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return int(bool(value) != self.inverted)

    def from_leaf(self, leaf: Leaf, names: Names) -> bool:
        return bool(leaf) != self.inverted

    def absent(self) -> Any:
        return False if self.false_when_absent else UNSET

    def words(self, word: str, value: Any) -> list[str]:
        if self.style == "flag":
            return [word] if value else []
        if self.style == "no":
            return [word if value else f"no{word}"]
        if self.style == "number":
            return [word, str(int(value))]
        return [word, "on" if value else "off"]


@dataclass(frozen=True)
class Flag(Type):
    """A boolean whose attribute is empty: there or not. A false one cannot be sent, only left out."""

    wire: str = "flag"
    ansible: str = "bool"

    def parse(self, value: Any) -> bool:
        return truth(value)

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        return [(attrs[0], "flag", b"")] if value else []

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return attrs[0] in found

    def words(self, word: str, value: Any) -> list[str]:
        return [word] if value else []


@dataclass(frozen=True)
class Word(Type):
    """One word of a list, held by the kernel as a number."""

    table: Mapping[str, int] = field(default_factory=dict)
    wire: str = "u8"
    aliases: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False  # iproute2 writes the word alone, not behind the option's name

    @property
    def choices(self) -> list[str]:
        return list(self.table)

    def parse(self, value: Any) -> str:
        # YAML reads a bare on/off/no as a boolean: give such words back their meaning.
        word = {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        word = self.aliases.get(word, word)
        if word not in self.table:
            raise ValueError(f"{value!r} is not one of {', '.join(self.table)}")
        return word

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return self.table[value]

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        for word, number in self.table.items():
            if number == leaf:
                return word
        return str(leaf)

    def words(self, word: str, value: Any) -> list[str]:
        return [value] if self.bare and word == "flag" else [word, value]


@dataclass(frozen=True)
class IntOr(Type):
    """A number, or one of some words that stand for special numbers (``tos inherit`` is 1)."""

    table: Mapping[str, int] = field(default_factory=dict)
    low: int = 0
    high: int = 255
    base: int = 10
    zero_when_absent: bool = False

    def parse(self, value: Any) -> str | int:
        if str(value) in self.table:
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor {' nor '.join(self.table)}") from None
        if not self.low <= number <= self.high:
            raise ValueError(f"{number} is not within {self.low}..{self.high}")
        for word, special in self.table.items():
            if special == number:
                return word
        return number

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        leaf: Leaf = self.table.get(value, value)
        return leaf

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return self.parse(leaf)

    def absent(self) -> Any:
        return self.parse(0) if self.zero_when_absent else UNSET

    def words(self, word: str, value: Any) -> list[str]:
        return [word, hex(value) if self.base == 16 and isinstance(value, int) else str(value)]


@dataclass(frozen=True)
class Ttl(Type):
    """A TTL: a number, ``auto`` (0: the route decides) or ``inherit`` (an attribute of its own)."""

    inherit_wire: str = "u8"
    wire: str = "u8"

    @property
    def wires(self) -> tuple[str, ...]:
        return (self.wire, self.inherit_wire)

    def parse(self, value: Any) -> str | int:
        if str(value) in ("auto", "inherit"):
            return str(value)
        try:
            number = whole_number(value)
        except ValueError:
            raise ValueError(f"{value!r} is neither a number nor auto nor inherit") from None
        if not 0 <= number <= 255:
            raise ValueError(f"{number} is not within 0..255 (8 bits)")
        return number or "auto"

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        if value == "inherit":
            return [(attrs[1], self.inherit_wire, b"" if self.inherit_wire == "flag" else 1)]
        # Never both: geneve_nl2info() ignores the number as soon as the other attribute is there, whatever it says.
        return [(attrs[0], self.wire, 0 if value == "auto" else value)]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        flag = found.get(attrs[1])
        # vxlan takes an empty flag but reports a byte (vxlan_fill_info()).
        if flag is not None and (not flag or flag[0]):
            return "inherit"
        payload = found.get(attrs[0])
        return UNSET if payload is None else payload[0] or "auto"


@dataclass(frozen=True)
class Text(Type):
    """A string of at most so many bytes; the empty string takes it away."""

    wire: str = "str"
    most: int = 255

    @property
    def nothing(self) -> str:
        return ""

    def parse(self, value: Any) -> str:
        text = str(value)
        if len(text.encode()) > self.most:
            raise ValueError(f"{text!r} is longer than {self.most} bytes")
        if "\0" in text:
            raise ValueError("holds a NUL byte")
        return text

    def absent(self) -> Any:
        return ""

    def words(self, word: str, value: Any) -> list[str]:
        return [word, f'"{value}"' if not value or re.search(r"\s", value) else value]


IFNAME_LENGTH = 15  # linux/if.h: IFNAMSIZ 16 with the closing NUL


def ifname(value: Any) -> str:
    """Check a link name as the kernel's dev_valid_name() does; raise ValueError."""
    name = str(value)
    if not name or len(name.encode()) > IFNAME_LENGTH:
        raise ValueError(f"{name!r} is not 1 to {IFNAME_LENGTH} bytes long")
    if name in (".", "..") or re.search(r"[\s/:]", name) or not name.isprintable():
        raise ValueError(f"{name!r} holds a space, a slash or a colon, or is . or ..")
    return name


@dataclass(frozen=True)
class NetnsOf(Text):
    """The namespace of something; the empty text is the module's own and says as much as any other."""

    @property
    def nothing(self) -> Any:
        return None


@dataclass(frozen=True)
class LinkName(Type):
    """The name of another link in the same namespace; ``none`` stands for no link."""

    wire: str = "u32"

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str:
        return NONE if value in ("", NONE) else ifname(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return 0 if value == NONE else names.index(value)

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        return names.name(int(leaf)) if leaf else NONE

    def absent(self) -> Any:
        return NONE


_MAC = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}")


def mac(value: Any) -> str:
    """Return an Ethernet address in lower case with colons; raise ValueError."""
    text = str(value).strip().lower()
    if not _MAC.fullmatch(text):
        raise ValueError(f"{value!r} is not an Ethernet address (six pairs of hexadecimal digits, quoted in YAML)")
    return text.replace("-", ":")


@dataclass(frozen=True)
class Mac(Type):
    """An Ethernet address; ``unicast`` refuses group and all-zero addresses."""

    wire: str = "raw"
    unicast: bool = False

    @property
    def nothing(self) -> str:
        return NONE

    def parse(self, value: Any) -> str:
        address = mac(value)
        if self.unicast and (int(address[:2], 16) & 1 or address == "00:00:00:00:00:00"):
            raise ValueError(f"{address} is not a unicast address (IEEE 802: lowest bit of the first byte must be 0)")
        return address

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        return bytes.fromhex(value.replace(":", ""))

    def from_leaf(self, leaf: Leaf, names: Names) -> Any:
        if not isinstance(leaf, bytes) or (self.unicast and not any(leaf)):
            return NONE
        return leaf.hex(":")


def ip(value: Any) -> str:
    """Return an IPv4 or IPv6 address in its canonical text form (RFC 5952); raise ValueError."""
    try:
        return str(ipaddress.ip_address(str(value).strip()))
    except ValueError:
        raise ValueError(f"{value!r} is not an IPv4 or IPv6 address") from None


def packed_ip(value: str) -> bytes:
    """Return the 4 or 16 bytes of a canonical address."""
    return ipaddress.ip_address(value).packed


def ip_text(payload: bytes) -> str:
    """Return the canonical text of 4 or 16 bytes."""
    if len(payload) == 4:
        return "%d.%d.%d.%d" % tuple(payload)
    return str(ipaddress.IPv6Address(bytes(payload)))


@dataclass(frozen=True)
class Ip(Type):
    """An address whose families have an attribute each (IPv4 first), or share one; ``none`` where allowed."""

    wire: str = "raw"
    none: bool = True
    multicast: bool | None = None

    @property
    def nothing(self) -> str:
        return NONE

    @property
    def wires(self) -> tuple[str, ...]:
        return ("raw", "raw")

    def parse(self, value: Any) -> str:
        if self.none and value in ("", NONE, "any"):
            return NONE
        address = ip(value)
        parsed = ipaddress.ip_address(address)
        if self.none and parsed.is_unspecified:
            return NONE
        if self.multicast is not None and parsed.is_multicast != self.multicast:
            raise ValueError(f"{address} is {'not ' if self.multicast else ''}a multicast address")
        return address

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Attr]:
        if value == NONE:
            return [(attrs[0], "raw", bytes(4))]
        return [(attrs[-1] if ":" in value else attrs[0], "raw", packed_ip(value))]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        for attr in attrs:
            payload = found.get(attr)
            if payload is None or (self.none and not any(payload)):
                continue
            text = ip_text(payload)
            # A unicast and a multicast option may share one attribute: each sees only its own.
            if self.multicast is None or ipaddress.ip_address(text).is_multicast == self.multicast:
                return text
        return NONE if self.none else UNSET

    def words(self, word: str, value: Any) -> list[str]:
        return [word, "any" if value == NONE else value]


@dataclass(frozen=True)
class Listed(Type):
    """A list of strings, in the order given."""

    wire: str = ""
    ansible: str = "list"
    elements: str = "str"

    def parse(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise ValueError(f"{value!r} is not a list")
        return tuple(str(item) for item in value)


@dataclass(frozen=True)
class Bits(Type):
    """One bit of an attribute that options share: of a number, or of ``struct {u32 flags; u32 mask;}`` (raw)."""

    wire: str = "raw"
    ansible: str = "bool"
    bit: int = 1

    def parse(self, value: Any) -> bool:
        return truth(value)

    def to_leaf(self, value: Any, names: Names) -> Leaf:
        number = self.bit if value else 0
        return number if self.wire != "raw" else struct.pack("=II", number, self.bit)

    def from_leaf(self, leaf: Leaf, names: Names) -> bool:
        number = struct.unpack_from("=I", leaf)[0] if isinstance(leaf, bytes) else int(leaf)
        return bool(number & self.bit)

    def absent(self) -> Any:
        return False  # vlan_fill_info() leaves the attribute out when no bit is set

    def words(self, word: str, value: Any) -> list[str]:
        return [word, "on" if value else "off"]


def merged(attrs: Sequence[Attr]) -> list[Attr]:
    """Put attributes with one number together: options that are bits of the same one."""
    found: dict[int, Attr] = {}
    for attr in attrs:
        number, wire, leaf = attr
        other = found.get(number)
        if other is not None and isinstance(leaf, bytes) and isinstance(other[2], bytes):
            leaf = bytes(one | two for one, two in zip(leaf, other[2]))
        found[number] = (number, wire, leaf)
    return list(found.values())


def _listed(payload: bytes) -> Iterator[bytes]:
    """Yield the payloads of a nest whose attributes have all one number."""
    offset = 0
    while offset + 4 <= len(payload):
        length = struct.unpack_from("=H", payload, offset)[0]
        if length < 4:
            return
        yield payload[offset + 4 : offset + length]
        offset += (length + 3) & ~3


@dataclass(frozen=True)
class SourceMacs(Type):
    """The source MACs that a macvlan link in source mode takes (IFLA_MACVLAN_MACADDR_MODE set, _DATA)."""

    wire: str = "raw"
    ansible: str = "list"
    elements: str = "str"

    @property
    def nothing(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise ValueError(f"{value!r} is not a list of Ethernet addresses")
        return tuple(sorted({mac(item) for item in value}))

    def encode(self, attrs: Sequence[int], value: Any, names: Names) -> list[Any]:
        # enum macvlan_macaddr_mode: 3 is MACVLAN_MACADDR_SET; IFLA_MACVLAN_MACADDR is 4.
        entries = [(4, "raw", bytes.fromhex(item.replace(":", ""))) for item in value]
        return [(attrs[0], "u32", 3), (attrs[1], "nested", entries)]

    def decode(self, attrs: Sequence[int], found: Mapping[int, bytes], names: Names) -> Any:
        return tuple(sorted(item.hex(":") for item in _listed(found.get(attrs[1], b""))))

    def words(self, word: str, value: Any) -> list[str]:
        return [word, "set", *value] if value else [word, "flush"]


@dataclass(frozen=True)
class QosMap(Type):
    """A map of priorities, ``{from: to}`` or ``["from:to"]``; a pair to 0 is no pair (struct ifla_vlan_qos_mapping)."""

    wire: str = "raw"
    ansible: str = "list"
    elements: str = "str"
    keys: int = 7
    values: int = 7

    @property
    def nothing(self) -> Any:
        return ()

    def parse(self, value: Any) -> tuple[str, ...]:
        pairs = value.items() if isinstance(value, Mapping) else value
        if isinstance(pairs, (str, int)) or pairs is None:
            raise ValueError(f"{value!r} is not a list of from:to")
        found: dict[int, int] = {}
        for pair in pairs:
            parts = pair if isinstance(pair, tuple) else str(pair).split(":")
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

    def words(self, word: str, value: Any) -> list[str]:
        return [word, *value]


@dataclass(frozen=True)
class PortRange(Type):
    """A range of UDP ports ``low-high``: two big-endian 16-bit numbers (struct ifla_vxlan_port_range)."""

    wire: str = "raw"

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
