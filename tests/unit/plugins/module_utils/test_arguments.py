# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take parameters as iproute2 tells them, and as Ansible's own types do."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.arguments import Module

VLANS = {
    "type": "list",
    "elements": "dict",
    "options": {"vid": {"type": "str", "required": True}, "pvid": {"type": "bool"}},
}
SPEC: dict[str, Any] = {
    "vlans": VLANS,
    "hosts": {"type": "list", "elements": "dict", "default": [], "options": {"name": {"type": "str"}}},
    "mask": {"type": "int"},
    "df": {"type": "str", "choices": ["unset", "set", "on", "off"]},
}


def taken(monkeypatch: pytest.MonkeyPatch, **params: Any) -> Any:
    """Return the parameters that a module sees, or what it says before it ends."""
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda *_args: None)
    printed = io.StringIO()
    with patch_module_args(params), contextlib.redirect_stdout(printed):
        try:
            return Module(SPEC).params
        except SystemExit:
            return json.loads(printed.getvalue())["msg"]


def test_what_is_left_out_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = taken(monkeypatch, mask=1)
    assert (seen["hosts"], seen["vlans"], seen["df"]) == ([], None, None)
    assert taken(monkeypatch, hosts=[{"name": "a"}])["hosts"] == [{"name": "a"}]


@pytest.mark.parametrize(("text", "number"), [("0xfff8", 0xFFF8), (" 0XFF ", 255), ("17", 17), (17, 17), (0xF, 15)])
def test_whole_numbers(text: Any, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken(monkeypatch, mask=text)["mask"] == number


@pytest.mark.parametrize("text", ["0x", "fff8", "0xg", "0b1", "", "inf"])
def test_what_is_no_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "'mask' is of type" in taken(monkeypatch, mask=text)


@pytest.mark.parametrize(("value", "word"), [(True, "on"), (False, "off"), ("set", "set")])
def test_a_boolean_among_words(value: Any, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML's on and true are one value; the tables know what it means (types/named_numbers.py: ON_OFF)."""
    assert taken(monkeypatch, df=value)["df"] == word


@pytest.mark.parametrize(
    ("given", "vids"),
    [
        ([10, "20-29"], ["10", "20-29"]),
        ("10,20-29", ["10", "20-29"]),
        (10, ["10"]),
        ([{"vid": 10}, "20 pvid untagged"], ["10", "20 pvid untagged"]),
        (["vid=10"], ["10"]),
        (['{"vid": 10}'], ["10"]),
        ([], []),
        (None, None),
    ],
)
def test_items_that_are_their_one_needed_key(given: Any, vids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = taken(monkeypatch, vlans=given)["vlans"]
    assert (found and [item["vid"] for item in found]) == vids


@pytest.mark.parametrize("given", [[True], [[10]], [None], [""], {"vid": 10}, True, [{"pvid": True}], [1.5]])
def test_items_that_are_no_dict(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(taken(monkeypatch, vlans=given), str)
