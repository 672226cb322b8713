# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Call every action plugin with anything at any place: it works, or there is one sentence. Never a traceback.

What Ansible hands to an action is drawn too: texts that a template made (which may be numbers), templates that name
nothing, within lists and dicts. The same inputs are drawn each time; ``NETLOOM_EXAMPLES=2000 pytest`` draws others.
"""

from __future__ import annotations

import copy
import datetime
import importlib
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar, trust_as_template
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PACKAGE = "ansible_collections.netloom.overlay.plugins.action"
FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "action"
LAB = FOLDER.parents[1] / "tests" / "unit" / "plugins" / "module_utils" / "golden" / "fabric" / "lab" / "hosts"
EXAMPLES = int(os.environ.get("NETLOOM_EXAMPLES", "0"))

WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "10000",
            "1e3",
            "inf",
            "nan",
            "yes",
            "none",
            "10.0.0.1",
            "10.0.0.0/24",
            "fd00::1",
            "a\nb",
            "red",
        ]
    ),
    # A text may be taken for a path: it must not lead out of the test's own folder, in which each test runs.
    st.text(st.characters(exclude_characters="/~$"), max_size=8).filter(lambda text: not text.startswith("..")),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    WORDS,
    WORDS.map(wrap_var),  # what a template made
    st.sampled_from(["{{ nothing_at_all }}", "{{ 1 + 1 }}", "{{ [nothing_at_all] }}", "{{", "{{ {} | bad }}"]).map(
        trust_as_template
    ),
    st.dates().map(lambda day: datetime.date(day.year, day.month, day.day)),
    st.binary(max_size=4),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.one_of(WORDS, st.integers(-1, 3), st.none(), st.booleans()), inner, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def anywhere(draw: Any, value: Any) -> Any:
    """Put anything at one place of a value, or take that place away."""
    if not isinstance(value, (dict, list)) or not value or not draw(st.integers(0, 5)):
        return draw(ANYTHING)
    changed = copy.copy(value)
    key = draw(st.sampled_from(sorted(value, key=str) if isinstance(value, dict) else range(len(value))))
    if not draw(st.integers(0, 7)):
        del changed[key]
    elif isinstance(changed, dict) and not draw(st.integers(0, 9)):
        changed[draw(st.one_of(WORDS, st.integers(-1, 3), st.none()))] = changed.pop(key)
    else:
        changed[key] = draw(anywhere(value[key]))
    return changed


def call(name: str, arguments: Any, variables: dict[str, Any], check: bool = False) -> str:
    """Run an action as Ansible does; return what it failed with, empty where it did not. A traceback is one here."""
    task = Task()
    task.args, task.check_mode = arguments, check
    loader = DataLoader()
    action = importlib.import_module(f"{PACKAGE}.{name}").ActionModule(
        task=task,
        connection=mock.MagicMock(),
        play_context=mock.MagicMock(check_mode=check),
        loader=loader,
        templar=Templar(loader=loader, variables=variables),
        shared_loader_obj=None,
    )
    try:
        result = action.run(task_vars=variables)
    except AnsibleError as error:
        return str(error)
    return str(result["msg"]) if result.get("failed") else ""


def hold(outcomes: list[int], said: str) -> None:
    """Note whether a call worked; what it says otherwise is one sentence."""
    outcomes[bool(said)] += 1
    assert said.splitlines() in ([], [said]), said
    assert "Traceback" not in said
    assert "Unexpected" not in said


DRAWN = settings(
    max_examples=EXAMPLES or 300,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)

PROPOSED = {
    "red": {
        "vni": 10000,
        "hosts": {"node1": "10.20.2.1", "node2": "fd00::2"},
        "workloads": {"client1": "10.20.2.9"},
        "subnets": {"node1": "10.9.1.0/24"},
    },
    "blue": {"vni": 10001},
}
#: Arguments with which the ledger's action works, with what the inventory plugin left for it.
LEDGER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"proposed": PROPOSED}, {}),
    ({"state": "released", "network": "red"}, {}),
    ({"state": "released", "host": "node1", "workload": "client1", "timeout": 5}, {}),
    ({}, {"netloom_overlay_ledger": {"proposed": PROPOSED}}),
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder of the test's own: a path that is drawn stays there."""
    monkeypatch.chdir(tmp_path)


def test_every_action_is_drawn() -> None:
    assert {path.stem for path in FOLDER.glob("[!_]*.py")} == {"ledger", "verify_report"}


@pytest.mark.parametrize("number", range(len(LEDGER)))
def test_ledger_with_anything(number: int, tmp_path: Path) -> None:
    """Whatever it is called with, the file is as it was or one that it can read again."""
    path = tmp_path / "ledger.yml"
    arguments, variables = copy.deepcopy(LEDGER[number])
    if variables:
        variables["netloom_overlay_ledger"]["path"] = str(path)
    else:
        arguments["path"] = str(path)
    outcomes = [0, 0]

    def start() -> bytes:
        path.unlink(missing_ok=True)
        assert call("ledger", {"path": str(path), "proposed": PROPOSED}, {}) == ""
        return path.read_bytes()

    @DRAWN
    @given(data=st.data(), check=st.booleans())
    def drawn(data: Any, check: bool) -> None:
        before = start()
        drawn_arguments = data.draw(anywhere(arguments)) if not variables else arguments
        drawn_variables = data.draw(anywhere(variables)) if variables else variables
        if not isinstance(drawn_arguments, dict) or not isinstance(drawn_variables, dict):
            return  # Ansible itself sees to that
        said = call("ledger", drawn_arguments, drawn_variables, check)
        hold(outcomes, said)
        if said or check:
            assert path.read_bytes() == before
        assert call("ledger", {"path": str(path), "proposed": {}}, {}) == ""

    start()
    assert call("ledger", arguments, variables) == "", "the positive control"
    drawn()
    assert min(outcomes) > 0, outcomes


def test_ledger_file_with_anything(tmp_path: Path) -> None:
    """The file is somebody's too: what YAML can say at any place of it."""
    path = tmp_path / "ledger.yml"
    whole = {"plugin": "netloom.overlay.ledger", "version": 1, "networks": PROPOSED}
    outcomes = [0, 0]

    @DRAWN
    @given(data=st.data())
    def drawn(data: Any) -> None:
        value = data.draw(anywhere(whole))
        try:
            text = yaml.safe_dump(value).encode()
        except (yaml.YAMLError, UnicodeError):
            text = repr(value).encode("utf-8", "surrogatepass")
        path.write_bytes(text)
        said = call("ledger", {"path": str(path), "proposed": {"green": {"vni": 10002}}}, {})
        hold(outcomes, said)
        assert said == "" or path.read_bytes() == text

    drawn()
    assert min(outcomes) > 0, outcomes


def registered() -> dict[str, Any]:
    """Give what hosts of a run have registered: one pair answers, one does not, and one host tells no state."""
    row = {"network": "red", "source": "node1", "target": "node2", "address": "10.20.2.2", "mtu": 1450, "sent": 3}
    good = {**row, "received": 3, "ms": 0.4, "full": True, "over": False}
    bad = {**row, "source": "node2", "target": "node1", "received": 0, "ms": None, "full": None, "over": None}
    hosts: dict[str, Any] = {}
    for name, pair in (("node1", good), ("node2", bad)):
        intent = yaml.safe_load((LAB / f"{name}.yml").read_text())
        networks = {"red": intent["networks"]["red"]}
        links = [link for link in intent["config"]["links"] if link["name"] in ("red", networks["red"]["device"])]
        under = {"address": "10.0.0.9", "received": 3, "mtu": 1500, "full": True}
        hosts[name] = {
            "netloom_overlay": {
                "networks": networks,
                "workloads": {},
                "config": {"links": links},
                "underlay": {"mtu": 1500},
            },
            "verify_probe": {"pairs": [pair], "underlay": {"node1": under}},
            "verify_state": {
                "state": {
                    "namespaces": {
                        "": {
                            "links": [{"name": "red", "up": True, "kind": "vxlan", "addresses": [], "mtu": 1450}],
                            "routes": [{"dst": "10.20.2.0/24", "dev": "red", "metric": 0}],
                            "fdb": [{"mac": "00:00:00:00:00:00", "ifname": "red", "dst": "10.0.0.2"}],
                            "neighbors": [],
                            "sysctls": {},
                        }
                    }
                }
            },
        }
    hosts["node3"] = {"netloom_overlay": hosts["node1"]["netloom_overlay"]}
    hosts["node4"] = {}
    return {"ansible_play_hosts_all": sorted(hosts), "hostvars": hosts}


def test_report_of_anything(tmp_path: Path) -> None:
    """What hosts have registered, and the arguments, with anything at any place."""
    variables = registered()
    outcomes = [0, 0]

    @DRAWN
    @given(data=st.data(), places=st.integers(1, 2))
    def drawn(data: Any, places: int) -> None:
        there = variables
        for _place in range(places):
            there = {**there, "hostvars": data.draw(anywhere(there["hostvars"]))}
        hold(outcomes, call("verify_report", {"quiet": True}, there))

    said = call("verify_report", {"quiet": True}, variables)
    assert "1 of 2 pairs fail" in said
    assert "node3 could not be asked" in said
    good = copy.deepcopy(variables)
    good["hostvars"]["node2"]["verify_probe"]["pairs"] = []
    good["ansible_play_hosts_all"] = ["node1", "node2"]
    assert call("verify_report", {"quiet": True}, good) == "", "the positive control"
    drawn()
    variables = good
    drawn()
    assert min(outcomes) > 0, outcomes


def test_report_with_any_arguments(tmp_path: Path) -> None:
    arguments = {"path": str(tmp_path / "report.txt"), "quiet": True}
    variables = {"ansible_play_hosts_all": [], "hostvars": {}}
    outcomes = [0, 0]

    @DRAWN
    @given(data=st.data())
    def drawn(data: Any) -> None:
        given_ = data.draw(anywhere(arguments))
        if isinstance(given_, dict):
            with mock.patch("ansible.utils.display.Display.display"):
                hold(outcomes, call("verify_report", given_, variables))

    drawn()
    assert min(outcomes) > 0, outcomes
