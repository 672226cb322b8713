# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define the tables: an option row, and a link kind with its hooks."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, ClassVar, Optional

from .failure import Fault, Refused
from .types.base import KeywordsOnly
from .types.simple import Attr, Int, LinkName, Look, Names, Type


@dataclass(frozen=True)
class Moot(metaclass=KeywordsOnly):
    """The values of an option where it does not apply, such as IPv6 checksums of a link that sends by IPv4."""

    why: str  # the reason, with ``{remote}`` and the like for the link's options
    taken: tuple[Any, ...] = ()  # values that the kernel accepts and reports all the same
    idle: tuple[Any, ...] = ()  # values that mean nothing there: neither sent nor compared


@dataclass(frozen=True)
class Meaning(metaclass=KeywordsOnly):
    """The meaning of a refusal of the kernel: its errno, a part of its message, and the reason.

    ``reason`` may have {value} of the option, {name} of the object's link and {on}, the link or nexthop it leads to.
    """

    errno: int
    sentence: str = ""  # empty where the kernel has no message
    reason: str = ""


@dataclass(frozen=True)
class Option(metaclass=KeywordsOnly):
    """One row: an option's name, netlink attributes and type, and how the kernel changes it."""

    name: str
    type: Type
    attr: int | tuple[int, ...] | None = None
    default: Any = None  # the kernel's default for a new link, which is not sent at creation
    in_place: bool = True  # the kernel changes it on an existing link; else the link is recreated
    fixed: tuple[Any, ...] = ()  # values that only a new link can take or give up
    only_new: tuple[Any, ...] = ()  # values that only a new link can take; an existing one can give them up
    means: tuple[Meaning, ...] = ()  # refusals of the kernel that are about this option
    after_carrier: tuple[Any, ...] = ()  # values that are lost if the kernel learns of the carrier later
    kept: bool = False  # a link keeps it when it is recreated as another kind
    moved: Any = None  # the value after a move to another namespace, where it changes
    several: bool = False  # multipath: the object survives the loss of one next hop
    at_create: bool = True  # the kernel reads it in the message that creates the link
    last: bool = False  # set after all others: it needs ports or sysctls
    since: str = ""  # first kernel release that knows it, where that is later than 5.4
    word: str = ""  # iproute2's keyword, where it is not the name
    aliases: tuple[str, ...] = ()  # other accepted names, such as iproute2's; never reported
    outer: bool = False  # its attribute is in the link message itself, not in the kind's nest
    gathered: bool = True  # part of gathered state; False for values of this host and time alone
    dump: str = ""  # the dump of a table of its own in the kernel
    ousts: tuple[str, ...] = ()  # options that it excludes: an object that has one is recreated
    moot: Mapping[str, Moot] = field(default_factory=dict)  # where it does not apply, by what Kind.case tells

    # Traits of few options: a subclass sets them.

    apart: ClassVar[bool] = False  # carried by requests of its own, beside those of its object (kernel/wires/)
    in_place_since: ClassVar[str] = ""  # the first release that changes it in place, where that is a later one
    newer: ClassVar[tuple[tuple[Any, str], ...]] = ()  # values that came later than the option, with their release
    refused: ClassVar[Mapping[Any, str]] = {}  # values that cannot be requested, with the reason
    capped: ClassVar[bool] = False  # at most the lower device's; the kernel has no message
    of_ipv6: ClassVar[bool] = False  # within IFLA_AF_SPEC, for AF_INET6: a link without IPv6 has none
    forgets: ClassVar[tuple[str, ...]] = ()  # common options that a link recreated for another value loses
    when_up: ClassVar[bool] = False  # the kernel takes it only while the link is up, and chooses it itself otherwise
    once: ClassVar[bool] = False  # can be set once and never changed

    @cached_property
    def called(self) -> str:
        """Return the name of the option in messages."""
        return self.name

    def unexplained(self, value: Any) -> str:
        """Return the reason for which the kernel may refuse a value without a message, empty for none."""
        return ""

    def changes_in_place(self, old: Any, new: Any) -> bool:
        """Tell whether the kernel changes the old value into the new one in place."""
        if self.once:
            return old is None
        return self.in_place and old not in self.fixed and new not in (*self.fixed, *self.only_new)

    @cached_property
    def attrs(self) -> tuple[int, ...]:
        """Give the attribute numbers."""
        if self.attr is None:
            return ()
        return self.attr if isinstance(self.attr, tuple) else (self.attr,)

    @cached_property
    def nothing(self) -> Any:
        """Return the canonical value that says "none"."""
        return self.type.nothing

    @cached_property
    def parsed_default(self) -> Any:
        """Give the default as parse() returns it, None where there is none."""
        return None if self.default is None else self.parse(self.default)

    def encode(self, value: Any, names: Names) -> list[Attr]:
        """Return the attributes for a canonical value."""
        return self.type.encode(self.attrs, value, names) if self.attrs else []

    def decode(self, found: Mapping[int, bytes], names: Names) -> Any:
        """Return the canonical value, or UNSET."""
        return self.type.decode(self.attrs, found, names)

    def parse(self, value: Any) -> Any:
        """Return the canonical value; raise ValueError."""
        return self.type.parse(value)

    def words(self, value: Any) -> list[str]:
        """Return iproute2's words."""
        return self.type.words(self.word or self.name, value)

    def spec(self) -> dict[str, Any]:
        """Return the option's entry in an Ansible argument specification."""
        entry: dict[str, Any] = {"type": self.type.ansible}
        if self.type.ansible == "list":
            entry["elements"] = getattr(self.type, "elements", "str")
            if entry["elements"] == "dict":
                entry["options"] = getattr(self.type, "options", {})
        if self.type.choices:
            entry["choices"] = self.type.choices
        if "token" in self.name:
            entry["no_log"] = False  # Ansible warns of such a name otherwise; no option here is a secret
        # ansible-test sanity accepts identifiers only. A configuration accepts names with a dash too.
        aliases = [alias for alias in self.aliases if alias.isidentifier()]
        if aliases:
            entry["aliases"] = aliases
        return entry

    def idle(self, value: Any) -> bool:
        """Tell whether a value means nothing where the option does not apply."""
        return any(value in moot.idle for moot in self.moot.values())

    def needed_release(self, value: Any) -> str:
        """Return the kernel release that a value needs; empty where every supported kernel knows it."""
        return dict(self.newer).get(value, self.since) if self.newer else self.since


Options = Mapping[str, Any]


@dataclass(frozen=True)
class Kind(metaclass=KeywordsOnly):
    """One link kind: its option rows, and columns that several kinds use.

    A subclass overrides the hooks and traits of the phase in which its links are unlike others.
    """

    name: str
    options: tuple[Option, ...]
    needs: tuple[str, ...] = ()  # options without which the kernel creates no such link
    lower: str = ""  # the option that names the lower device
    shared: tuple[str, ...] = ()  # options that the kernel keeps once for all links of one lower device
    only_with: Mapping[str, tuple[str, Any]] = field(default_factory=dict)  # option -> the option and value it needs

    # Phase "check": the desired state is refused.

    unique: ClassVar[tuple[str, ...]] = ()  # no two links of a namespace agree in all of these
    one_family: ClassVar[tuple[str, ...]] = ()  # addresses that must be of one family
    needs_one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()  # groups of options; a new link needs one of each group
    alone: ClassVar[tuple[str, Any]] = ("", None)  # an option and its value that only a single link of a lower has
    bound: ClassVar[bool] = False  # stays in its namespace (net_device: netns_immutable, NETIF_F_NETNS_LOCAL)

    def settle(self, options: dict[str, Any], there: Callable[[], Options], look: Look) -> None:
        """Correct the options that a user gave; ``there`` returns the options of the link on the host."""

    def assumed(self, options: Options) -> Options:
        """Return the values that the kernel assumes for unique options that are left out."""
        return {}

    def told_apart(self, options: Options) -> Optional[str]:
        """Return the difference that lets two links have equal unique options, None for a link without a claim."""
        return ""

    def listens(self, options: Options) -> Optional[tuple[list[tuple[str, int, str]], str]]:
        """Return the sockets of a link that is up, and the options that links on one socket must agree in.

        A socket is family, UDP port and lower device (or NONE).
        """
        return None

    def case(self, options: Options) -> str:
        """Return the case of a link for which options do not apply (Option.moot)."""
        return ""

    def fault(self, desired: Options, has: Callable[[str], Any]) -> Optional[Fault]:
        """Return the fault of desired options beside those that the link has, None for none."""
        for name, (other, value) in self.only_with.items():
            if desired.get(name) and has(other) != value:
                return Fault(name, f"needs {other} {value}, and that is {has(other)}", f"Set {other}: {value}")
        return None

    # Phase "order": how a link is created and changed, and on what it depends.

    switches: ClassVar[bool] = False  # receives all frames of its ports, so a port's address has no use
    peer: ClassVar[tuple[str, ...]] = ()  # created in pairs: the options with the name and namespace of the peer
    follows_socket: ClassVar[bool] = False  # the socket stays in the namespace of its creation (link-netns)
    tells_netns: ClassVar[bool] = True  # the kernel reports that namespace (rtnl_link_ops.get_link_net)
    goes_with_lower: ClassVar[bool] = False  # removed when the lower device moves to another namespace
    late: ClassVar[tuple[str, ...]] = ()  # common options that hold only when they are set on an existing link
    always_sent: ClassVar[tuple[str, ...]] = ()  # options that are sent even with their default value
    repeated: ClassVar[tuple[str, ...]] = ()  # options that iproute2 needs with each change
    module: ClassVar[str] = ""  # the kernel module, where it is not the name of the kind
    device: ClassVar[str] = ""  # the device file whose ioctls create and change the link, where rtnetlink does not
    trial: ClassVar[tuple[str, ...]] = ()  # words without which iproute2 adds no link, for the trial of a kernel

    def defaults_of_new(self, options: Options) -> Options:
        """Return options that iproute2 gives a new link by itself, against the kernel's default."""
        return {}

    def steps(self, options: Options) -> list[Options]:
        """Return the options of an existing link in the messages that set them, one after the other."""
        return [options]

    def sent_with(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the options to send again with a change of others."""
        return ()

    def trial_words(self, name: str, lower: str) -> tuple[str, ...]:
        """Return the words behind ``ip`` that add a link, to find out whether a kernel has the kind.

        ``lower`` is the device of a link that needs a lower device.
        """
        on = ("link", lower) if self.lower in self.needs else ()
        return ("link", "add", *on, "name", name, "type", self.name, *self.trial)

    @cached_property
    def hooks(self) -> frozenset[str]:
        """Return the names of the hooks and traits that this kind overrides."""
        return frozenset(name for name in vars(Kind) if getattr(type(self), name) is not vars(Kind)[name])

    @cached_property
    def named(self) -> Mapping[str, Option]:
        """Give the rows by name."""
        return {row.name: row for row in self.options}

    @property
    def made_from_elsewhere(self) -> bool:
        """Tell whether a link can be created from another namespace than its own, and found by that."""
        return self.follows_socket or (bool(self.lower) and self.tells_netns)

    @property
    def peered(self) -> bool:
        """Tell whether links are created in pairs."""
        return bool(self.peer)

    @cached_property
    def outer(self) -> frozenset[str]:
        """Return the names of the options in the link message itself."""
        return frozenset(row.name for row in self.options if row.outer)

    def option(self, name: str) -> Option | None:
        """Find a row by name."""
        return self.named.get(name)

    @cached_property
    def at_times_moot(self) -> tuple[Option, ...]:
        """Give the rows that do not apply to every link of the kind."""
        return tuple(row for row in self.options if row.moot)


def parent(name: str, means: tuple[Meaning, ...] = ()) -> Option:
    """Return the row for the lower device of a link (IFLA_LINK), which only a new link can change."""
    return Option(name=name, attr=5, type=LinkName(), in_place=False, outer=True, means=means)


#: netdev_rx_handler_register(): one link alone receives the frames of a lower device.
TAKEN = (
    Meaning(
        errno=errno.EBUSY, sentence="", reason="{value} is a port, or has links of another kind on it: macvlan, ipvlan"
    ),
)


def queues(default: int | None = 1) -> tuple[Option, ...]:
    """Return the rows for the numbers of queues, 1 to 4096, which rtnl_create_link() alone reads.

    ``default`` is None where a new link has one for each processor, so gathered state leaves the numbers out.
    """
    # Without CONFIG_RPS, as on one processor, the kernel has one receive queue and reports none.
    number = Int(low=1, high=4096, rule="rtnl_create_link()", if_absent=1)
    return tuple(
        Option(
            name=name, attr=attr, type=number, in_place=False, outer=True, gathered=default is not None, default=default
        )
        for name, attr in (("numtxqueues", 31), ("numrxqueues", 32))
    )


def canonical(where: str, item: Mapping[str, Any], aliases: Mapping[str, str]) -> Mapping[str, Any]:
    """Return an item with each option under its own name; raise Refused for an option under two names."""
    if aliases.keys().isdisjoint(item):
        return item
    given = dict(item)
    for alias in aliases.keys() & item.keys():
        name, value = aliases[alias], given.pop(alias)
        if value is None:
            continue
        if given.get(name) is not None:
            raise Refused(
                object=where,
                option=alias,
                reason=f"is another name of {name}, and both are given",
                advice="Give one of them",
            )
        given[name] = value
    return given


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``, did you mean X?`` for a word that is close to a known one, else the list of the known."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(names)}"
