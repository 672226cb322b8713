# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the fabric's tests a small fleet to resolve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.netloom.overlay.plugins.module_utils._fleet.ledger import Ledger, merge, parse
from ansible_collections.netloom.overlay.plugins.module_utils._fleet.resolve import Resolution, resolve


def selector(hosts: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Callable[[str, Sequence[str]], list[str]]:
    """Match ``all``, groups and host names, as much of Ansible's patterns as the pure tests need."""

    def select(_where: str, patterns: Sequence[str]) -> list[str]:
        found: list[str] = []
        for pattern in (part for one in patterns for part in one.split(",")):
            matched = hosts if pattern == "all" else groups.get(pattern, [pattern] if pattern in hosts else [])
            found += [host for host in matched if host not in found]
        return found

    return select


def fleet(count: int, **more: Any) -> dict[str, Any]:
    """Make the variables of node1..nodeN with underlay addresses 10.0.0.1 and up."""
    variables: dict[str, Any] = {
        f"node{n}": {"underlay": {"address": f"10.0.{n // 250}.{n % 250}"}} for n in range(1, count + 1)
    }
    variables.update(more)
    return variables


def solve(
    source: Mapping[str, Any],
    variables: Mapping[str, Any],
    ledger: Ledger | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Resolution:
    """Resolve a source for a fleet."""
    return resolve(source, selector(list(variables), groups or {}), variables, ledger or Ledger())


def recorded(source: Mapping[str, Any], variables: Mapping[str, Any], ledger: Ledger | None = None) -> Ledger:
    """Resolve, record what was proposed, and return the ledger."""
    standing = ledger or Ledger()
    return merge(standing, parse({"networks": solve(source, variables, standing).proposed_data()}))


def network(**keys: Any) -> dict[str, Any]:
    """Make a network that works, changed by ``keys``; a key given as None is left out."""
    row: dict[str, Any] = {"encap": "geneve", "hosts": "all", "vni": 1000, "subnet": "10.20.1.0/24", **keys}
    return {name: value for name, value in row.items() if value is not None}
