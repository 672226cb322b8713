# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Multicast database entries in the lab's kernel: bridges that filter by VLAN, and a kernel that replaces no entry."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

from .look import run
from .multicast import BASE, GROUP, MODE, database, joined, quiet, wish


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet()


def filtering(**bridge: Any) -> dict[str, Any]:
    """Return the links of BASE, with a bridge that filters by VLAN."""
    config: dict[str, Any] = yaml.safe_load(BASE)
    config["links"][0].update(vlan_filtering=True, **bridge)
    for link in config["links"][1:]:
        link["port"] = {"vlans": [{"vid": 1, "pvid": True, "untagged": True}, {"vid": "10-12"}]}
    return config


VLANS = wish({**MODE, "vid": 10}, {"port": "u0", "grp": "ff0e::1", "vid": 11}, {"grp": "01:02:03:04:05:06", "vid": 1})


@pytest.mark.needs_vlan_filtering
def test_a_bridge_that_filters_by_vlan(apply: Any, gather: Any) -> None:
    """Its entries are of one VLAN each; they are back behind the VLANs of a link that is made anew."""
    config = filtering()
    assert apply({**config, **VLANS}).changed
    assert database() == [
        "br0 br0 01:02:03:04:05:06 1 permanent",
        f"br0 t0 {GROUP} 10 permanent static",
        "br0 u0 ff0e::1 11 permanent static",
    ]
    assert apply({**config, **VLANS}).commands == []
    assert apply(gather()).commands == []
    before = database()
    for anew in ({"name": "br0", "kind": "bridge"}, {"name": "t0", "kind": "veth"}):
        assert apply({"links": [{**anew, "numtxqueues": 3, "recreate": True}]}).changed
        assert database() == before
    assert apply(wish({**MODE, "vid": 10, "state": "absent"})).commands == [
        f"bridge mdb del dev br0 port t0 grp {GROUP} vid 10"
    ]
    assert len(database()) == 2


@pytest.mark.needs_vlan_filtering
def test_an_entry_without_a_vlan_is_refused_where_the_bridge_filters(apply: Any) -> None:
    """``bridge mdb`` puts it into each VLAN of the port: what is asked for would never be there."""
    apply(filtering())
    with pytest.raises(Refused, match=f"^MDB entry {GROUP} port t0 on br0: vid: br0 filters by VLAN"):
        apply(wish(MODE))
    assert database() == []
    run(f"bridge mdb add dev br0 port t0 grp {GROUP} permanent")
    assert [line.split()[3] for line in database()] == ["1", "10", "11", "12"], "what bridge mdb does"


@pytest.mark.needs_vlan_filtering
def test_snooping_for_each_vlan(apply: Any) -> None:
    """The kernel says which VLAN has none."""
    config = filtering(mcast_vlan_snooping=True, vlans=[{"vid": 10}])
    config["links"][0]["vlan_global"] = [{"vid": 10, "mcast_snooping": True}]
    apply(config)
    assert apply(wish({**MODE, "vid": 10})).changed
    assert apply(wish({**MODE, "vid": 10})).commands == []
    with pytest.raises(Failed, match=f"^MDB entry {GROUP} port t0 on br0: .*[Vv]lan is not configured"):
        apply(wish({**MODE, "vid": 99}))


@pytest.mark.needs_linux(before="6.3")  # newer ones replace an entry (test_mdb.py)
def test_an_old_kernel_replaces_nothing(apply: Any) -> None:
    """What was learned is removed and the entry added, and the other way round when the run fails."""
    apply(BASE)
    with joined("t1", GROUP):
        line = f"dev br0 port t0 grp {GROUP}"
        wished = wish(MODE, routes=[{"dst": "10.77.0.0/16", "via": "203.0.113.1", "dev": "lo"}])
        with pytest.raises(Failed, match="invalid gateway"):
            apply(wished)
        assert [one.replace("static", "kernel") for one in database()] == [f"br0 t0 {GROUP} temp kernel"]
        assert apply(wish(MODE)).commands == [f"bridge mdb del {line}", f"bridge mdb add {line} permanent"]
        assert database() == [f"br0 t0 {GROUP} permanent static"]
        assert apply(wish(MODE)).commands == []
        assert apply(wish({**MODE, "permanent": False})).commands == [
            f"bridge mdb del {line}",
            f"bridge mdb add {line} temp",
        ]
        assert database() == [f"br0 t0 {GROUP} temp static"]
