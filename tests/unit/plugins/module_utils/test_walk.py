# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Attributes of a form that was met before are the same as those of a walk."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.netlink import walk

ATTRIBUTES = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=9)), max_size=6)


def packed(attributes: list[tuple[int, bytes]]) -> bytes:
    """Return attributes as the kernel writes them."""
    return b"".join(
        struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4) for kind, payload in attributes
    )


@pytest.fixture(autouse=True)
def _no_form_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_forms", {})


@given(st.lists(ATTRIBUTES, max_size=30), st.integers(0, 12))
def test_any_payloads(payloads: list[list[tuple[int, bytes]]], offset: int) -> None:
    """However many forms of one length come, in whatever order: each payload has its own attributes."""
    for attributes in payloads * 2:
        payload = bytes(offset) + packed(attributes)
        expected = {kind & 0x3FFF: value for kind, value in attributes}
        assert dict(walk.attributes(payload, offset)) == expected == dict(walk.listed(payload, offset))


@given(st.lists(st.binary(max_size=24), max_size=20))
def test_any_bytes(payloads: list[bytes]) -> None:
    """What is cut off or no attribute at all ends the walk, the second time as the first."""
    for payload in payloads * 2:
        assert dict(walk.attributes(payload)) == dict(walk.listed(payload))


def test_a_known_form_has_the_values_of_its_payload() -> None:
    """Only headers are compared; the values are each payload's own. Names that are as long share a form."""
    first, second = (walk.attributes(packed([(3, name), (4, b"\1\0\0\0")])) for name in (b"vx1\0", b"vx2\0"))
    assert first[3] == b"vx1\0"
    assert second[3] == b"vx2\0"
    assert len(walk._forms[16, 0]) == 1
    assert 5 not in second
    assert second.get(5) is None
    assert second.get(5, b"-") == b"-"
    assert list(second) == [3, 4]
    assert len(second) == 2
    assert second.keys() == {3, 4}


def test_no_more_forms_are_kept_than_pay() -> None:
    """A host of links that all differ is walked, link by link."""
    for kind in range(2 * walk.KEPT):
        assert dict(walk.attributes(packed([(kind, b"\0\0\0\0")]))) == {kind: b"\0\0\0\0"}
    assert len(walk._forms[8, 0]) == walk.KEPT
