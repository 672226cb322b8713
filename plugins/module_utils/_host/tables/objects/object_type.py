# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe the types of objects that a host has besides links, and by what each is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, Optional

from ..option import Option
from ..types.simple import NONE, UNSET, Type

Key = tuple[str, ...]
Settle = Callable[[dict[str, Any], dict[str, Any]], Key]
Options = Mapping[str, Any]


def _as_it_is(parts: dict[str, Any], _options: dict[str, Any]) -> Key:
    return tuple(str(part) for part in parts.values())


def _wish_over_what_is_there(there: Options, wished: Options) -> dict[str, Any]:
    return {**there, **wished}


def _nothing_to_correct(_key: Key, _item: dict[str, Any]) -> None:
    return None


def _never(_key: Key, _option: str, _value: Any) -> bool:
    return False


def _none(_key: Key) -> Optional[Key]:
    return None


def _nothing_chosen(_key: Key) -> Options:
    return {}


def _nothing_unsaid(_key: Key) -> tuple[str, str]:
    return "", ""


def _always(_options: Options) -> bool:
    return True


def _none_learned(_options: Options) -> bool:
    return False


def _not_at_all(_key: Key) -> bool:
    return False


def _needs_them(_key: Key, _options: Options) -> bool:
    return False


@dataclass(frozen=True)
class ObjectType:
    """One type of object: the options that tell one from another (``keys``) and those that describe it.

    A key that has a default, or is among ``may_lack``, can be left out. ``settle`` makes the key of an object from its
    parsed keys and options, and may take from the options; ``tell`` is its way back: it corrects the item that gathered
    state gives for a key.
    """

    name: str
    plural: str
    label: str  # how an object is called in a sentence: {0} is its namespace, {1} and on are its key
    keys: tuple[Option, ...]
    options: tuple[Option, ...]
    label_of_none: str = ""  # the same for one that is on no link
    label_of_last: str = ""  # the same for one whose key's last part says something, where it can be empty

    # In a config, and in what is gathered.
    settle: Settle = _as_it_is
    tell: Callable[[Key, dict[str, Any]], None] = _nothing_to_correct
    may_lack: tuple[str, ...] = ()
    #: Options that name a link whose own option is the value of another: (that other one, the link's kind, its option).
    by_link: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    nested: str = ""  # where such objects may stand within a link of a config
    short: bool = False  # there its most telling key may stand alone in the place of a dict
    of_host: bool = False  # is in no namespace
    of_no_link: tuple[str, ...] = ()  # what may stand in the place of the link that it is on
    needs: tuple[str, ...] = ()  # options without which the object says nothing
    tells_defaults: bool = False  # gathered state has options with their defaults too
    askable: Callable[[Options], bool] = _always  # what cannot be asked for is not gathered

    # When it is compared with what is there.
    implied: Mapping[str, str] = field(default_factory=dict)  # option -> the link's own that the kernel takes it for
    #: Values of those that stand for the link's own, and are told as little.
    as_of_link: Options = field(default_factory=dict)
    #: Option -> values that the kernel changes into each other by itself: any of them is as good.
    passing: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    #: Gives a key that names links (behind the one that the object is on) with other names for them.
    renamed: Optional[Callable[[Key, Callable[[str], str]], Key]] = None
    #: Gives the key by which the kernel tells an object, for which it can ask for the options of its link. It is asked
    #: where the key's last part says something.
    told_on: Optional[Callable[[Key, Callable[[], Options]], Key]] = None
    #: What an object has for itself alone, though others with another key may claim it: one takes the other's place.
    place: Callable[[Key], Optional[Key]] = _none
    #: Options that the kernel keeps once for several objects, those that none is given while another is there
    #: without, and what such objects are together: None for one that shares nothing.
    shared: tuple[str, ...] = ()
    shared_for_good: tuple[str, ...] = ()
    one_of: Callable[[Key], Optional[Key]] = _none
    #: The key of the object that brings such a one with it and takes it away again.
    brought_by: Callable[[Key], Optional[Key]] = _none
    beside: bool = False  # the kernel takes two that differ in their options only: another's is left beside ours
    chosen: Callable[[Key], Options] = _nothing_chosen  # the values of keys that not every kernel knows
    #: Option -> a value that any number may have, and what another value is called: no two may agree in that.
    unique: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    #: What is wrong with options that are wished for, beside those that are there: ``option: reason``.
    amiss: Optional[Callable[[Options, Options], str]] = None
    #: What is wrong with such an object on its link: ``option: reason``. The last gives what a link, by its name, has
    #: or is going to have, and its ``kind``.
    misplaced: Optional[Callable[[Key, Options, Callable[[str], Options]], str]] = None
    #: Tells by its options of an object that it is what the kernel learns: one that is there is removed only by a wish
    #: that says the same.
    learned: Callable[[Options], bool] = _none_learned
    #: What the kernel may refuse such an object for without a word: the option and the reason, both empty for nothing.
    unsaid: Callable[[Key], tuple[str, str]] = _nothing_unsaid

    # What a new one is made with.
    on_create: Options = field(default_factory=dict)  # what a new one gets where the user says nothing of it
    unasked: Callable[[Key], Options] = _nothing_chosen  # what a new one gets by its key, as iproute2 has it
    bare: Callable[[Key, Options], bool] = _needs_them  # such an object needs no options, and gets none by default
    new_needs: tuple[str, ...] = ()  # options without which none is made
    new_needs_one_of: tuple[str, ...] = ()
    lasting: bool = False  # comes and goes with something else: it can be set, but neither made nor removed
    with_master: bool = False  # comes to be when its link gets a master, with the kernel's defaults

    # How it is changed.
    #: What a changed object keeps of what it was, beneath what is wished for: not what that excludes.
    merge: Callable[[Options, Options], dict[str, Any]] = _wish_over_what_is_there
    piecewise: bool = False  # an option is set without the others; else the kernel wants the whole object again
    #: Tells of a key, an option and its new value whether that is had only by making such an object anew.
    remade: Callable[[Key, str, Any], bool] = _never
    recreated: bool = False  # what is not changed in place is made anew only where the user allows it
    kept_anew: Optional[tuple[str, ...]] = None  # options that one made anew keeps, where those are not all
    #: Tells of two (key, options) whether the kernel takes the second for the first, which it is to remove.
    finds: Optional[Callable[[tuple[Key, Options], tuple[Key, Options]], bool]] = None

    # What goes with it, and what it goes with.
    ip: int = 0  # where in its key an IP address or prefix stands, 0 for nowhere
    #: With an IPv4 one the kernel removes those of its network, and with a link's last what has ``ip`` on that link.
    primary: bool = False
    goes_with_mac: bool = False  # the kernel forgets it when its link gets another MAC address (neigh_changeaddr())
    ways: bool = False  # leads to links or nexthops, and goes with the last of them
    bears: bool = False  # others lead to it, and go with it
    #: Such an object is of its link (or of one that its key names) as a port, and goes when that leaves its master.
    with_port: Callable[[Key], bool] = _not_at_all
    moves_with: Callable[[Key], bool] = _not_at_all  # such an object moves with its link to another namespace

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
        """Give the options that may ask for more than what the dump of such objects tells."""
        return frozenset(("nhid", *self.passing))

    @cached_property
    def may_be_names(self) -> frozenset[str]:
        """Give the options whose values may be names that only the host knows."""
        return frozenset((*(row.name for row in self.by_names), *self.by_link))

    @cached_property
    def telling_key(self) -> str:
        """Give the key that tells most of an object: the last one that must be given."""
        return [name for name, value in self.usual_keys.items() if value is UNSET][-1]

    @cached_property
    def usual_keys(self) -> Options:
        """Give what an object has for each key that is left out: UNSET where none can be."""
        optional = {row.name for row in self.keys if row.default is not None or row.name in self.may_lack}
        return {row.name: row.parsed_default if row.name in optional else UNSET for row in self.keys}

    def called(self, key: Key) -> str:
        """Return how an object is called in a sentence, its namespace not told."""
        if self.label_of_none and key[1] == NONE:
            return self.label_of_none.format(*key)
        return (self.label_of_last if self.label_of_last and key[-1] else self.label).format(*key)

    def row(self, name: str) -> Option | None:
        """Find a row by name."""
        for option in (*self.keys, *self.options):
            if option.name == name:
                return option
        return None
