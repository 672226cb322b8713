# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the become plugin anything for its options: there is a command that a shell can read, or one sentence."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .test_netns import build

EXAMPLES = int(os.environ.get("NETLOOM_EXAMPLES", "0"))
WORDS = st.one_of(
    st.sampled_from(
        [
            "", "client1", "host", ".", "..", "-n", "a/b", "pid:1", "pid:", "pid:x", "pidfile:/run/x y", "pidfile:",
            "container:web", "docker:", "lxc:a'b", "crictl:-h", "auto", "never", "root", "nobody", "sudo -u root", "0",
            "10", "'", '"', "$(id)", "a\nb", "`", "\\", "%s",
        ]
    ),
    st.text(max_size=6),
)  # fmt: skip
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), WORDS, WORDS.map(wrap_var)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=3,
)
OPTIONS = ("netns", "root", "become_exe", "become_flags", "run_as")


def test_any_options(loader: Any) -> None:
    outcomes = [0, 0]

    @settings(
        max_examples=EXAMPLES or 200,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        options=st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONS, ANYTHING)),
        known=st.booleans(),
        cmd=st.sampled_from(["", "echo x", "/bin/sh -c 'echo \"a b\"'"]),
    )
    def drawn(options: dict[str, Any], known: bool, cmd: str) -> None:
        given_ = {"netns": "client1", **{name: options[name] for name in options if name != "netns" or not known}}
        said, command = "", ""
        try:
            command = build(loader, cmd, **given_)
        except AnsibleError as error:
            said = str(error)
        outcomes[bool(said)] += 1
        assert said.splitlines() in ([], [said])
        if said:
            return
        assert bool(command) == bool(cmd)
        if cmd:
            words = shlex.split(command)
            assert words[:2] == ["/bin/sh", "-c"]
            if "\0" not in command:
                text = command.encode("utf-8", "replace")
                read = subprocess.run(["sh", "-n"], input=text, capture_output=True, check=False)
                assert read.returncode == 0, read.stderr

    drawn()
    assert min(outcomes) > 0, outcomes
