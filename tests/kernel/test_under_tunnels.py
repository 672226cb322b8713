# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links beneath VXLAN links: the kernel removes both at once (vxlan_handle_lowerdev_unregister())."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed

from .moving import Apply, everything, links, sh, told

pytestmark = pytest.mark.needs_kind("vxlan")

BENEATH = {"name": "m0", "kind": "macvlan", "link": "u0", "mode": "bridge", "addresses": ["192.0.2.1/24"]}
BRIDGE = {"name": "b0", "kind": "bridge"}
FDB = [{"mac": "02:00:00:00:00:05", "dst": "192.0.2.9"}, {"mac": "00:00:00:00:00:00", "dst": "192.0.2.8"}]
TUNNEL = {
    "name": "t0", "kind": "vxlan", "vni": 5, "dstport": 4789, "dev": "m0", "mac": "02:00:00:00:00:01", "fdb": FDB,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _underlay() -> None:
    sh("ip link add u0 type veth peer name u0p", "ip link set u0 up", "ip link set u0p up")


def anew(link: dict[str, Any], queues: int = 3) -> dict[str, Any]:
    return {**link, "numtxqueues": queues, "recreate": True}


@pytest.mark.parametrize(
    "more",
    [
        {"remote": "192.0.2.2", "addresses": ["10.1.0.1/24"]},
        {"multicast_group": "239.1.1.1", "master": "b0", "port": {"isolated": True}},
    ],
    ids=["remote", "group"],
)
@pytest.mark.parametrize("wished", [True, False], ids=["wished for", "not named"])
def test_tunnel_is_back_on_a_link_that_is_made_anew(apply: Apply, more: dict[str, Any], wished: bool) -> None:
    mac = {"mac": "02:00:00:00:00:02"}
    config = {"links": [BRIDGE, {**BENEATH, **mac}, {**TUNNEL, **more}]}
    apply(config)
    before = [line for line in everything() if "t0" in line]
    again = {"links": [BRIDGE, anew({**BENEATH, **mac}), {**TUNNEL, **more}] if wished else [anew(BENEATH)]}
    report = apply(again)
    assert "ip link del m0" in report.commands
    assert links()["m0"]["num_tx_queues"] == 3
    assert [line for line in everything() if "t0" in line] == before
    assert apply(config, overridden=True).commands == []


def test_tunnel_is_back_where_its_socket_is(apply: Apply, x: str) -> None:
    def seen() -> tuple[Any, list[tuple[str, str]]]:
        data = links(x)["t0"]["linkinfo"]["info_data"]
        # iproute2 looks the link beneath up in the wrong namespace.
        entries = [(row["mac"], row["dst"]) for row in told(f"bridge -n {x} -j fdb show dev t0")]
        return {name: value for name, value in data.items() if not name.startswith("link")}, sorted(entries)

    tunnel = {**TUNNEL, "remote": "192.0.2.2", "netns": x, "link_netns": "host"}
    apply({"links": [BENEATH, tunnel]})
    before = seen()
    assert len(before[1]) == 3
    apply({"links": [anew(BENEATH), tunnel]})
    assert seen() == before
    assert apply({"links": [BENEATH, tunnel]}).commands == []


def test_tunnel_is_back_when_the_run_fails(apply: Apply) -> None:
    config = {"links": [BENEATH, {**TUNNEL, "remote": "192.0.2.2"}]}
    apply(config)
    before = everything()
    fails = {"links": [{"name": "m0", "state": "absent"}], "routes": [{"dst": "10.9.0.0/16", "via": "10.99.99.99"}]}
    with pytest.raises(Failed, match=r"invalid gateway.*Nothing was changed"):
        apply(fails)
    assert everything() == before
    # The control: without the route that fails both are gone, and with the link beneath alone.
    assert apply({"links": fails["links"]}).commands == ["ip link del m0"]
    assert {"m0", "t0"}.isdisjoint(links())
