# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe what a kernel has, and compare it with what a command or a test needs."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

#: The link kinds without which the lab's networks cannot be built.
LAB_KINDS = ("geneve", "ipvlan", "vlan", "dummy", "vrf")
#: How a feature is called in a sentence; guest/facts tries each.
FEATURES = {
    "overlay": "the overlay file system",
    "vlan_filtering": "VLAN filtering of bridges",
    "netfilter": "IPv4 packet filtering (and iptables)",
    "disposable": "a kernel that dies alone",
    "native": "the machine's own kernel",
}


def numbers(release: str) -> tuple[int, ...]:
    """Return the first two numbers of a release such as 6.1.0-13-amd64, to be compared."""
    return tuple(int(number) for number in re.findall(r"\d+", release)[:2])


@dataclass(frozen=True)
class Needs:
    """What a test or a command needs of a kernel.

    ``linux`` is the oldest release that will do, ``before`` the first one that will not, ``iproute2`` the oldest
    release of the programs ip and bridge. Each release is a text such as "6.3"; "" means any.
    """

    kinds: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    linux: str = ""
    before: str = ""
    iproute2: str = ""

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Needs:
        """Return the needs whose fields a dict holds, as JSON has them."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})


@dataclass(frozen=True)
class Facts:
    """What a kernel has, as guest/facts prints it."""

    release: str
    iproute2: str
    kinds: frozenset[str] = frozenset()
    features: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def parse(cls, text: str) -> Facts:
        """Return the facts in the output of guest/facts. Raise ValueError where the output is not whole."""
        lines = [line.split(" ", 1) for line in text.replace("\r", "").splitlines() if line]
        if not lines or lines[-1] != ["end"]:
            raise ValueError("the list of what the kernel has is not whole")
        found: dict[str, list[str]] = {}
        for word, *rest in lines[:-1]:
            found.setdefault(word, []).extend(rest)
        release, iproute2 = ((found.get(word) or [""])[0] for word in ("release", "iproute2"))
        return cls(release, iproute2, frozenset(found.get("kind", ())), frozenset(found.get("feature", ())))

    @classmethod
    def from_json(cls, text: str) -> Facts:
        """Return the facts that :meth:`to_json` wrote."""
        found = json.loads(text)
        return cls(found["release"], found["iproute2"], frozenset(found["kinds"]), frozenset(found["features"]))

    def to_json(self) -> str:
        """Return the facts as one line of JSON."""
        return json.dumps({**asdict(self), "kinds": sorted(self.kinds), "features": sorted(self.features)})

    def lacks(self, needs: Needs) -> list[str]:
        """Return what of the needs this kernel does not meet, a phrase each; nothing where it meets them all."""
        lacking = [kind for kind in needs.kinds if kind not in self.kinds]
        lacking += [FEATURES[feature] for feature in needs.features if feature not in self.features]
        if needs.linux and numbers(self.release) < numbers(needs.linux):
            lacking.append(f"Linux {needs.linux}")
        if needs.before and numbers(self.release) >= numbers(needs.before):
            lacking.append(f"a Linux before {needs.before}")
        if needs.iproute2 and numbers(self.iproute2) < numbers(needs.iproute2):
            lacking.append(f"iproute2 {needs.iproute2}")
        return lacking


#: What the lab needs of a kernel.
LAB = Needs(kinds=LAB_KINDS, features=("overlay",))
