# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables of keys: one row per key of the intent, and the reader that checks a mapping against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .values import FabricError, nearest, type_word

Parse = Callable[[str, Any], Any]

#: What a parser made here accepts, for schema.py: its words, or the parser of its items, or its keys.
SHAPES: dict[Any, dict[str, Any]] = {}


@dataclass(frozen=True)
class Key:
    """One key of a mapping: its name, its parser, and what holds when it is left out."""

    name: str
    parse: Parse
    default: Any = None
    required: bool = False


def one_of(*words: str) -> Parse:
    """Make a parser that takes one of the given words."""

    def parse(where: str, value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            hint = nearest(value, words) if isinstance(value, str) else "valid are %s" % ", ".join(sorted(words))
            raise FabricError(where, "%r is not known; %s" % (value, hint))
        return str(value)

    SHAPES[parse] = {"words": words}
    return parse


def row_of(table: Mapping[str, Any]) -> Parse:
    """Make a parser that takes the name of a row and returns the row."""
    name = one_of(*table)

    def parse(where: str, value: Any) -> Any:
        return table[name(where, value)]

    SHAPES[parse] = {"words": tuple(table)}
    return parse


def list_of(parse_item: Parse, unique: bool = True) -> Parse:
    """Make a parser of lists; items are named by their position, and none may stand there twice."""

    def parse(where: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise FabricError(where, "must be a list, not %s (%r)" % (type_word(value), value))
        items: list[Any] = []
        for position, item in enumerate(value):
            parsed = parse_item("%s[%d]" % (where, position), item)
            if unique and parsed in items:
                raise FabricError("%s[%d]" % (where, position), "%s stands in the list already" % (parsed,))
            items.append(parsed)
        return tuple(items)

    SHAPES[parse] = {"item": parse_item, "unique": unique}
    return parse


def reads(keys: Sequence[Key], ignore: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Make a decorator that notes the keys of the mapping that a parser reads."""

    def note(parse: Any) -> Any:
        SHAPES[parse] = {"keys": keys, "ignore": ignore}
        return parse

    return note


def mapping_of(parse_item: Callable[[str, str, Any], Any]) -> Parse:
    """Make a parser of name -> item mappings; the item's parser is given path, name and value."""

    def parse(where: str, value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise FabricError(where, "must be a mapping, not %s (%r)" % (type_word(value), value))
        parsed: dict[str, Any] = {}
        for name, item in value.items():
            if not isinstance(name, str) or not name:
                raise FabricError(where, "the name %r must be a string (put it in quotes)" % (name,))
            parsed[str(name)] = parse_item("%s.%s" % (where, name), str(name), item)
        return parsed

    SHAPES[parse] = {"named": parse_item}
    return parse


def parse_patterns(where: str, value: Any) -> tuple[str, ...]:
    """Take a host pattern or a list of them."""
    if isinstance(value, str) and value:
        return (str(value),)
    if not isinstance(value, (list, tuple)) or not value:
        raise FabricError(where, "must be a host pattern or a list of them, not %s (%r)" % (type_word(value), value))
    for position, item in enumerate(value):
        if not isinstance(item, str) or not item:
            raise FabricError(
                "%s[%d]" % (where, position), "must be a host pattern, not %s (%r)" % (type_word(item), item)
            )
    return tuple(str(item) for item in value)


def read(where: str, value: Any, keys: Sequence[Key], ignore: Sequence[str] = ()) -> dict[str, Any]:
    """Check ``value`` against ``keys`` and return every key with its value or default.

    Raises FabricError for an unknown key (naming the nearest valid one), a missing one, or a value of the wrong type.
    """
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise FabricError(where or "the source", "must be a mapping, not %s (%r)" % (type_word(value), value))
    rows = {key.name: key for key in keys}
    for name in value:
        if name not in rows and name not in ignore:
            word = "%s" % (name,)
            raise FabricError(join(where, word), "unknown key; %s" % nearest(word, rows))
    result: dict[str, Any] = {}
    for key in keys:
        if value.get(key.name) is None:
            if key.required:
                raise FabricError(join(where, key.name), "must be given")
            result[key.name] = key.default
        else:
            result[key.name] = key.parse(join(where, key.name), value[key.name])
    return result


def join(where: str, name: str) -> str:
    """Append a name to a path."""
    return "%s.%s" % (where, name) if where else name


def given(value: Optional[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries of a mapping that carry a value, so that an option left out stays unmanaged."""
    return {name: item for name, item in (value or {}).items() if item is not None}
