# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a dump tells is decoded when it is asked for, once, and is otherwise a mapping like any other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.walk import LazyOptions, Nest
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.types.simple import UNSET

KERNEL = {"mtu": 1450, "up": False, "alias": UNSET}


def told(asked: list[str]) -> LazyOptions:
    def decode(name: str) -> Any:
        asked.append(name)
        return KERNEL[name]

    return LazyOptions(dict.fromkeys(["mtu", "peer_name", "up", "alias"]), decode, {"peer_name": "eth0"})


def test_only_what_is_asked_for_is_decoded_and_only_once() -> None:
    asked: list[str] = []
    options = told(asked)
    assert asked == []
    assert [options["up"], options.get("up"), "up" in options] == [False, False, True]
    assert asked == ["up"]
    assert options["peer_name"] == "eth0"
    assert asked == ["up"]


def test_what_the_kernel_does_not_say_is_not_there() -> None:
    options = told([])
    for name in ("alias", "no_such_option"):
        assert name not in options
        assert options.get(name, "else") == "else"
        with pytest.raises(KeyError):
            options[name]


def test_it_is_the_dict_that_it_stands_for_in_order() -> None:
    options = told([])
    assert list(options.items()) == [("mtu", 1450), ("peer_name", "eth0"), ("up", False)]
    assert len(options) == 3
    assert options == {"up": False, "mtu": 1450, "peer_name": "eth0"}
    assert options == {"mtu": 1450, "peer_name": "eth0", "up": False}
    assert options != {"mtu": 1450}
    assert {**options, "mtu": 9000} == {"mtu": 9000, "peer_name": "eth0", "up": False}


def test_nest_is_walked_when_asked() -> None:
    assert Nest(b"\x05\x00\x07\x80\x2a\x00\x00\x00").found == {7: b"\x2a"}
    assert Nest(b"").found == {}
