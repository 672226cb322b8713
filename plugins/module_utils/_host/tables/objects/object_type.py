# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe a type of object: columns that several types use, and hooks for a type that is unlike others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, ClassVar, Optional

from ..failure import Fault
from ..table import Option
from ..types.base import KeywordsOnly
from ..types.simple import UNSET, Type

Key = tuple[str, ...]
Options = Mapping[str, Any]
#: Returns the options of a link by its name, as they are or are going to be, with its ``kind``.
LinkOptions = Callable[[str], Options]

_NO_OPTIONS: Options = {}


@dataclass(frozen=True)
class ObjectType(metaclass=KeywordsOnly):
    """One type of object: the options that identify an object (``keys``) and the options that describe it.

    A subclass overrides the hooks and traits of the phase in which its objects are unlike others.
    """

    name: str
    plural: str
    label: str  # for sentences: {0} is the namespace of an object, {1} and on are its key
    keys: tuple[Option, ...]
    options: tuple[Option, ...]
    label_of_last: str = ""  # the label where the last part of the key is not empty
    may_lack: tuple[str, ...] = ()  # keys without a default that can be left out
    nested: str = ""  # the option of a link in a configuration that holds such objects
    on_create: Options = field(default_factory=dict)  # options of a new object for which the user gives no value
    #: Option -> values that the kernel changes into each other by itself. Each of them meets any other desired one.
    passing: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    ip: int = 0  # the place of an IP address or prefix in the key, 0 for none

    # Phase "read": a configuration becomes desired state, and current state becomes a configuration.

    of_host: ClassVar[bool] = False  # objects are in no namespace
    required: ClassVar[tuple[str, ...]] = ()  # options that a configuration must give
    #: Options that name a link in place of another option: (that option, the kind of the link, the link's option).
    link_options: ClassVar[Mapping[str, tuple[str, str, str]]] = {}

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Return the key for parsed keys and options, and correct the options; raise Refused."""
        return tuple(str(part) for part in parts.values())

    def expanded(self, item: Any) -> Any:
        """Return an item of a list within a link, which may have a short form."""
        return item

    def shortened(self, item: dict[str, Any]) -> Any:
        """Return the short form of an item, or the item where there is none."""
        return item

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        """Correct the item that gathered state gives for a key: the way back of settle()."""

    def can_be_requested(self, options: Options) -> bool:
        """Tell whether a configuration can ask for such an object. Gathered state leaves out all others."""
        return True

    def quiet_defaults(self) -> Options:
        """Return the defaults that gathered state leaves out."""
        return {row.name: row.default for row in self.options if row.default is not None}

    # Phase "check": the desired state is refused, or warned of.

    def fault(self, desired: Options, current: Options) -> Optional[Fault]:
        """Return the fault of desired options beside current ones, None for none."""
        return None

    def fault_on_link(self, key: Key, options: Options, link: LinkOptions) -> Optional[Fault]:
        """Return the fault of an object on its link, None for none."""
        return None

    def missing_in_new(self, key: Key, options: Options, ousted: set[str]) -> Optional[Fault]:
        """Return the option that a new object lacks, None for none."""
        return None

    def unique_value(self, options: Options) -> Optional[tuple[str, str]]:
        """Return the option whose value no two objects share, and how a sentence calls the value; None for none."""
        return None

    def place(self, key: Key) -> Optional[Key]:
        """Return a claim that objects with different keys share, of which one at most exists; None for no claim."""
        return None

    def is_on_link(self, key: Key) -> bool:
        """Tell whether an object is on a link."""
        return self.on_link

    def chosen(self, key: Key) -> Options:
        """Return the options in a key that a kernel may not know, or that name links."""
        return _NO_OPTIONS

    # Phase "compare": desired state against current state.

    beside: ClassVar[bool] = False  # the kernel keeps two objects that differ in options only: foreign ones stay
    recreated: ClassVar[bool] = False  # objects are recreated only with recreate: true
    #: Options that the kernel does not report where the link has the same value: option -> option of the link.
    implied: ClassVar[Mapping[str, str]] = {}
    as_of_link: ClassVar[Options] = {}  # values of those that stand for the link's value
    #: Options that the kernel keeps once for several objects, and those that are set with the first of them only.
    shared: ClassVar[tuple[str, ...]] = ()
    shared_for_good: ClassVar[tuple[str, ...]] = ()

    def one_of(self, key: Key) -> Optional[Key]:
        """Return the key of the kernel's one entry behind several objects with shared options, None for none."""
        return None

    def renamed(self, key: Key, name: Callable[[str], str]) -> Key:
        """Return a key with the real names of the links that its last part names."""
        return key

    def key_on_link(self, key: Key, of_link: Callable[[], Options]) -> Key:
        """Return the key that the kernel reports, which leaves out values of the link."""
        return key

    def is_learned(self, options: Options) -> bool:
        """Tell whether an object may be learned by the kernel. Only a configuration that names it removes it."""
        return False

    def is_remade(self, key: Key, option: str, value: Any) -> bool:
        """Tell whether an option gets a value only with a new object."""
        return False

    # Phase "order": how an object is created and changed, and on what it depends.

    lasting: ClassVar[bool] = False  # objects come and go with others: they can be set, not created or removed
    with_master: ClassVar[bool] = False  # objects begin with the kernel's defaults when their link gets a master
    piecewise: ClassVar[bool] = False  # an option is set without the others; else the kernel wants the whole object
    leads: ClassVar[bool] = False  # objects lead to links or nexthops, and go with the last of these
    bears: ClassVar[bool] = False  # other objects lead to these, and go with them
    #: With an IPv4 object the kernel removes the others of its network, and the last one of a link takes all of ``ip``.
    primary: ClassVar[bool] = False
    goes_with_mac: ClassVar[bool] = False  # the kernel forgets objects when the link's MAC address changes

    def defaults_of_new(self, key: Key, options: Options) -> Options:
        """Return the options of a new object for which the user gives no value."""
        return self.on_create

    def brought_by(self, key: Key) -> Optional[Key]:
        """Return the key of the object that creates and removes this one, None for none."""
        return None

    def is_of_port(self, key: Key) -> bool:
        """Tell whether an object belongs to its link as a port. It is removed when the link leaves its master."""
        return False

    def moves_with_link(self, key: Key) -> bool:
        """Tell whether an object moves with its link to another namespace."""
        return False

    # Phase "restore": the options that an object keeps.

    def merge(self, current: Options, desired: Options) -> dict[str, Any]:
        """Return the options of a changed object."""
        return {**current, **desired}

    def kept_anew(self, options: Options) -> Options:
        """Return the options that a recreated object keeps."""
        return options

    def finds(self, one: tuple[Key, Options], other: tuple[Key, Options]) -> bool:
        """Tell of two (key, options) whether the kernel would remove the second in place of the first."""
        return False

    # Phase "apply": the kernel refuses.

    def refusal(self, key: Key) -> tuple[str, str]:
        """Return option and reason of a refusal for which the kernel has no sentence; both empty for none."""
        return "", ""

    # What follows from the columns.

    @cached_property
    def hooks(self) -> frozenset[str]:
        """Return the names of the hooks and traits that this type overrides."""
        return frozenset(name for name in vars(ObjectType) if getattr(type(self), name) is not vars(ObjectType)[name])

    @cached_property
    def listed(self) -> bool:
        """Tell whether a link may have several of such an object within it."""
        return self.nested == self.plural

    @cached_property
    def on_link(self) -> bool:
        """Tell whether such an object is on a link."""
        return self.keys[0].name == "dev"

    @cached_property
    def linking_keys(self) -> tuple[int, ...]:
        """Give the places in a key, the namespace counted, of links besides the one that the object is on."""
        return tuple(at + 1 for at, row in enumerate(self.keys) if at and type(row.type).links is not Type.links)

    def links_in(self, key: Key) -> tuple[str, ...]:
        """Return the links that a key names besides the one that the object is on."""
        return tuple(key[at] for at in self.linking_keys if key[at] != key[1]) if self.linking_keys else ()

    @cached_property
    def by_names(self) -> tuple[Option, ...]:
        """Give the rows whose numbers may be called by names that the host has for them."""
        return tuple(row for row in (*self.keys, *self.options) if type(row.type).numbered is not Type.numbered)

    @cached_property
    def asking(self) -> frozenset[str]:
        """Return the options that may need more than the dump of such objects."""
        return frozenset(("nhid", *self.passing))

    @cached_property
    def may_be_names(self) -> frozenset[str]:
        """Give the options whose values may be names that only the host knows."""
        return frozenset((*(row.name for row in self.by_names), *self.link_options))

    @cached_property
    def telling_key(self) -> str:
        """Return the most telling key of an object: the last required one."""
        return [name for name, value in self.usual_keys.items() if value is UNSET][-1]

    @cached_property
    def usual_keys(self) -> Options:
        """Return the value of each key that is left out: UNSET where a key must be given."""
        optional = {row.name for row in self.keys if row.default is not None or row.name in self.may_lack}
        return {row.name: row.parsed_default if row.name in optional else UNSET for row in self.keys}

    def called(self, key: Key) -> str:
        """Return the name of an object in messages, without its namespace."""
        return (self.label_of_last if self.label_of_last and key[-1] else self.label).format(*key)

    def row(self, name: str) -> Option | None:
        """Find a row by name."""
        for option in (*self.keys, *self.options):
            if option.name == name:
                return option
        return None
