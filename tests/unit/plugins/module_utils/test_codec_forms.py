# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hold patched messages to what pyroute2 encodes: any struct, any attributes, any values."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink import codec
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.codec import LINK_FIELDS, Form, parts
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink.message import Message, Tree
from ansible_collections.netloom.overlay.plugins.module_utils._host.tables.types.simple import WIRE

BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "be16": 16, "be32": 32}
AF_MPLS = 28
FIELDS = {shape: [f for f in codec.fields_of(shape) if not f[1].endswith("x")] for shape in codec.MESSAGES}


def number(fmt: str) -> st.SearchStrategy[int]:
    """Draw what a struct format holds."""
    bits = 8 * struct.calcsize("=" + fmt)
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if fmt == "i" else st.integers(0, 2**bits - 1)


def headers(fields: Any) -> st.SearchStrategy[Any]:
    """Draw some of a struct's fields, each with its format in place of a value."""
    return st.lists(st.sampled_from(list(fields)), unique=True, max_size=4).map(dict)


# A form is drawn first, with a wire type or length in place of each value; then values for it, as often as is needed.
leaves = st.one_of(
    st.tuples(st.integers(0, 70), st.sampled_from([*BITS, "s32", "flag"]), st.none()),
    st.tuples(st.integers(0, 70), st.sampled_from(["raw", "str"]), st.integers(0, 40)),
)
trees = st.recursive(
    st.lists(leaves, max_size=5),
    lambda inner: st.lists(
        st.one_of(
            leaves,
            st.tuples(st.integers(0, 70), st.sampled_from(["nest", "nested"]), inner),
            st.tuples(
                st.integers(0, 70), st.just("message"), st.tuples(headers([LINK_FIELDS[0], *LINK_FIELDS[2:]]), inner)
            ),
        ),
        max_size=4,
    ),
    max_leaves=12,
)


@st.composite
def forms(draw: Any) -> Message:
    """Draw a form."""
    shape = draw(st.sampled_from(list(codec.MESSAGES)))
    kind, flags = draw(st.integers(16, 120)), draw(st.sampled_from([0, 0x400, 0x600, 0x500, 0xC00]))
    return Message("", shape, kind, flags, draw(headers(FIELDS[shape])), draw(trees))


def valued(draw: Any, form: Message) -> Message:
    """Draw a message of a form."""
    header = {name: draw(number(str(fmt))) for name, fmt in form.header.items()}
    # pyroute2 refuses routes of AF_MPLS with attributes that it does not know by their names; we have none of those.
    assume(header.get("family") != AF_MPLS)
    return form._replace(header=header, tree=filled(draw, form.tree))


def filled(draw: Any, tree: Tree) -> Tree:
    """Draw the values of a tree."""
    found: list[Any] = []
    for attr, wire, value in tree:
        if wire in ("nest", "nested"):
            drawn: Any = filled(draw, value)
        elif wire == "message":
            drawn = ({name: draw(number(fmt)) for name, fmt in value[0].items()}, filled(draw, value[1]))
        elif wire == "raw":
            drawn = draw(st.binary(min_size=value, max_size=value))
        elif wire == "str":
            drawn = draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=value, max_size=value))
        elif wire == "flag":
            drawn = b""
        else:
            drawn = draw(number("i") if wire == "s32" else st.integers(0, 2 ** BITS[wire] - 1))
        found.append((attr, wire, drawn))
    return found


def test_the_drawn_wire_types_are_all_there_are() -> None:
    assert {*BITS, "s32", "flag", "raw", "str"} == set(WIRE)


@settings(deadline=None, max_examples=300)
@given(forms(), st.data())
def test_patched_messages_are_what_pyroute2_encodes(form: Message, data: Any) -> None:
    codec._forms.clear()
    for _each in range(3):
        message = valued(data.draw, form)
        assert codec.encode(message) == codec.encode_anew(message)


def test_the_second_message_of_a_form_is_patched_and_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def message(index: int, name: str, vni: int) -> Message:
        info = [(1, "str", "vxlan"), (2, "nested", [(1, "u32", vni), (15, "be16", 4789), (4, "raw", b"\x7f\0\0\1")])]
        return Message("", "link", 16, 0x600, {"index": index}, [(3, "str", name), (18, "nested", info)])

    codec._forms.clear()
    codec.encode(message(7, "vx1", 1))
    wanted = codec.encode_anew(message(8, "vx2", 0xABCDEF))
    monkeypatch.setattr(codec, "encode_anew", None)
    assert codec.encode(message(8, "vx2", 0xABCDEF)) == wanted
    with pytest.raises(TypeError):  # a name of another length is of another form
        codec.encode(message(8, "vx10", 2))


def test_bytes_that_are_not_of_the_message_are_refused() -> None:
    message = Message("", "neighbor", 28, 0x500, {"ifindex": 5}, [(1, "raw", b"abcd"), (2, "raw", b"\2\0\0\0\0\1")])
    fields = codec.fields_of("neighbor")
    encoded = bytes(codec.encode_anew(message))
    assert Form(encoded, message, fields).fill(parts(message)[1]) == encoded
    swapped = message._replace(tree=list(reversed(message.tree)))
    with pytest.raises(ValueError, match="wrote attribute 1 where 2"):
        Form(encoded, swapped, fields)
    with pytest.raises(ValueError, match="not what pyroute2 encodes"):
        Form(encoded, message._replace(header={"ifindex": 6}), fields)


def test_a_number_too_large_for_its_attribute_is_refused() -> None:
    def message(value: int) -> Message:
        return Message("", "link", 16, 0, {"index": 2}, [(4, "u8", value)])

    codec._forms.clear()
    codec.encode(message(255))
    with pytest.raises(ValueError, match="256"):
        codec.encode(message(256))
