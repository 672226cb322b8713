# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe the inventory source as a JSON Schema, from the same tables of keys that read it.

The schema knows types, words and keys. Rules between keys, and rules that need the hosts, stay with the parsers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

from . import source, values
from .keys import SHAPES, Key, Parse, parse_patterns

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}


def _numbers(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


#: The values of each parser that keys.py has not made. A parser without a row is an error of this table.
_VALUES: dict[Parse, dict[str, Any]] = {
    parse_patterns: {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]},
    source.parse_nameserver: _TEXT,
    source.parse_vni_range: {"type": "array", "items": _numbers(0, values.VNI_MAX), "minItems": 2, "maxItems": 2},
    values.parse_bool: {"type": "boolean"},
    values.parse_geneve_options: dict(_numbers(0, 252), multipleOf=4),
    values.parse_int: {"type": "integer"},
    values.parse_mtu: _numbers(68, 65535),
    values.parse_port: _numbers(1, 65535),
    values.parse_prefix: _numbers(1, 127),
    values.parse_ttl: {"anyOf": [_numbers(1, 255), {"enum": ["auto", "inherit"]}]},
    values.parse_vlan_id: _numbers(1, 4094),
    values.parse_vni: _numbers(0, values.VNI_MAX),
    **dict.fromkeys(
        (
            values.parse_address,
            values.parse_destination,
            values.parse_ifname,
            values.parse_interface,
            values.parse_mac,
            values.parse_netns,
            values.parse_source_address,
            values.parse_str,
            values.parse_subnet,
        ),
        _TEXT,
    ),
}


def schema() -> dict[str, Any]:
    """Return the schema of the inventory source."""
    whole = _of(source.read_fabric)
    whole["properties"]["plugin"] = {"const": "netloom.overlay.fabric"}
    whole["required"] = ["plugin"]
    whole["type"] = "object"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Inventory source of netloom.overlay.fabric",
        **whole,
    }


def _of(parse: Any) -> dict[str, Any]:
    """Describe what a parser accepts. Raises KeyError for a parser without a description."""
    if parse in _VALUES:
        return _VALUES[parse]
    shape: Mapping[str, Any] = SHAPES[parse]
    if "words" in shape:
        return {"enum": list(shape["words"])}
    if "item" in shape:
        return {"type": "array", "items": _of(shape["item"]), "uniqueItems": shape["unique"]}
    if "named" in shape:
        return {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _of(shape["named"])}
    return _mapping(shape["keys"])


def _mapping(keys: Sequence[Key]) -> dict[str, Any]:
    required = [key.name for key in keys if key.required]
    kind: Union[str, list[str]] = "object" if required else ["object", "null"]
    row: dict[str, Any] = {
        "type": kind,
        "properties": {key.name: _property(key) for key in keys},
        "additionalProperties": False,
    }
    return dict(row, required=required) if required else row


def _property(key: Key) -> dict[str, Any]:
    """Describe the value of a key. Nothing (null) means that the key is left out."""
    return _of(key.parse) if key.required else {"anyOf": [_of(key.parse), {"type": "null"}]}
