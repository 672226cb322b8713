# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Try tun and tap links, which are made and changed through a device file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Failed
from ansible_collections.netloom.overlay.plugins.module_utils._host.state.model import Refused

pytestmark = pytest.mark.needs_kind("tun")

#: Nobody has these numbers, so iproute2 prints them as they are.
USER, GROUP = 54321, 54322


def own(tell: Any, name: str, netns: str = "") -> dict[str, Any]:
    """Return what ``ip -d link`` says of a link's own options."""
    tool = f"ip -n {netns}" if netns else "ip"
    data: dict[str, Any] = tell(f"{tool} -j -d link show dev {name}")[0]["linkinfo"]["info_data"]
    return data


def index(tell: Any, name: str) -> int:
    """Return a link's index."""
    number: int = tell(f"ip -j link show dev {name}")[0]["ifindex"]
    return number


def names() -> set[str]:
    """Return the names of all links but lo."""
    done = subprocess.run(["ip", "-j", "link"], capture_output=True, text=True, check=True, timeout=10)
    return {link["ifname"] for link in json.loads(done.stdout)} - {"lo"}


def elsewhere(program: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, in this test's network namespace."""
    path = [path for path in sys.path if path.endswith(".collections")]
    text = f"import sys; sys.path[:0] = {path!r}\n{program}"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60)


def steady(tell: Any, name: str) -> dict[str, Any]:
    """Return what ``ip -d link`` says of a link, without its index and its carrier, which comes and goes by itself."""
    link: dict[str, Any] = tell(f"ip -j -d link show dev {name}")[0]
    flags = set(link["flags"]) - {"NO-CARRIER", "LOWER_UP"}
    return {name: value for name, value in {**link, "flags": flags}.items() if name not in ("ifindex", "operstate")}


ENGINE = "from ansible_collections.netloom.overlay.plugins.module_utils._host.run import Engine\n"


def test_every_option_is_what_ip_tuntap_tells(apply: Any, tell: Any) -> None:
    config = """links: [{name: t0, kind: tun, mode: tap, user: 54321, user_group: 54322, pi: true, vnet_hdr: true,
                         multi_queue: true, persistent: true}]"""
    foretold = apply(config, check=True)
    assert names() == set(), "check mode made a link"
    report = apply(config)
    assert report.commands == foretold.commands == [
        "ip tuntap add dev t0 mode tap user 54321 group 54322 pi vnet_hdr multi_queue && "
        "ip link set dev t0 group 28268",
        "ip link set dev t0 up",
    ]  # fmt: skip
    # iproute2 reads the flags in /sys, which shows the namespace that it was mounted in.
    shell = "mount -t sysfs sysfs /sys && ip -j tuntap 2>/dev/null"
    done = subprocess.run(["unshare", "-m", "sh", "-c", shell], capture_output=True, text=True, check=True, timeout=30)
    (told,) = json.loads(done.stdout)
    # IFF_NO_PI and IFF_NOFILTER are one number: iproute2 takes the one for the other.
    flags = {"tap", "pi", "filter", "vnet_hdr", "multi_queue", "persist"}
    assert (set(told["flags"]), told["user"], told["group"]) == (flags, USER, GROUP)
    assert tell("ip -j link show dev t0")[0]["group"] == "28268"
    again = apply(config)
    assert (again.changed, again.commands) == (False, [])


def test_the_command_line_makes_the_same_link(apply: Any, tell: Any) -> None:
    config = "links: [{name: t0, kind: tun, mode: tun, user: 54321, pi: true, mtu: 1400, txqueuelen: 7}]"
    commands = apply(config).commands
    ours = steady(tell, "t0")
    subprocess.run(["ip", "link", "del", "t0"], check=True, timeout=10)
    for line in commands:
        subprocess.run(["sh", "-ec", line], check=True, timeout=10)
    assert steady(tell, "t0") == ours
    assert not apply(config).changed


def test_changes_in_place(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: tun, mode: tap, user: 54321, addresses: [10.1.0.1/24]}]")
    before = index(tell, "t0")
    change = "links: [{name: t0, kind: tun, user: 1, user_group: 54322, vnet_hdr: true}]"
    assert apply(change).commands == ["ioctl /dev/net/tun dev t0 user 1 group 54322 vnet_hdr on"]
    told = own(tell, "t0")
    assert (told["group"], told["vnet_hdr"], told["pi"], told["persist"]) == (GROUP, True, False, True)
    assert not apply(change).changed
    # Who attaches says everything anew: what is not asked for must stay as it is.
    apply("links: [{name: t0, kind: tun, user: 54329}]")
    told = own(tell, "t0")
    assert (told["user"], told["group"], told["vnet_hdr"], told["pi"]) == (54329, GROUP, True, False)
    apply("links: [{name: t0, kind: tun, pi: true, vnet_hdr: false}]")
    told = own(tell, "t0")
    assert (told["user"], told["vnet_hdr"], told["pi"]) == (54329, False, True)
    assert index(tell, "t0") == before


@pytest.mark.parametrize(("change", "option"), [("mode: tun", "mode"), ("multi_queue: true", "multi_queue")])
def test_a_new_link_where_the_kernel_needs_one(change: str, option: str, apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: tun, mode: tap, user: 54321, vnet_hdr: true, mtu: 1400, addresses: [10.1.0.1/24]}]")
    with pytest.raises(Refused, match=rf"t0: {option}: .*recreate: true"):
        apply(f"links: [{{name: t0, kind: tun, {change}}}]")
    wish = f"links: [{{name: t0, kind: tun, {change}, recreate: true}}]"
    assert apply(wish, check=True).commands == apply(wish).commands
    told = own(tell, "t0")
    assert (told["type"], told["multi_queue"]) == (("tun", False) if option == "mode" else ("tap", True))
    assert (told["user"], told["vnet_hdr"], tell("ip -j link show dev t0")[0]["mtu"]) == (USER, True, 1400)
    assert tell("ip -j addr show dev t0")[0]["addr_info"][0]["local"] == "10.1.0.1"
    assert ("NOARP" in tell("ip -j link show dev t0")[0]["flags"]) == (option == "mode")
    assert not apply(wish).changed


def test_tun_becomes_tap_with_arp_and_a_mac(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: tun, mode: tun}]")
    apply("links: [{name: t0, kind: tun, mode: tap, recreate: true, mac: '02:00:00:00:00:07'}]")
    link = tell("ip -j link show dev t0")[0]
    assert link["address"] == "02:00:00:00:00:07"
    assert "NOARP" not in link["flags"]


def test_an_owner_is_taken_away_with_a_new_link(apply: Any, tell: Any) -> None:
    apply("links: [{name: t0, kind: tun, mode: tap, user: 54321, user_group: 54322}]")
    with pytest.raises(Refused, match=r"t0: user: .*54321 -> none.*recreate: true"):
        apply("links: [{name: t0, kind: tun, user: none}]")
    assert apply("links: [{name: t0, kind: tun, user: none, recreate: true}]").changed
    assert "user" not in own(tell, "t0")
    assert own(tell, "t0")["group"] == GROUP
    assert not apply("links: [{name: t0, kind: tun, user: none}]").changed


def test_a_first_owner_is_taken_back(apply: Any, tell: Any) -> None:
    """Only a new link is without an owner, so the way back makes one, with all that was on the old."""
    apply("""
links: [{name: t0, kind: tun, mode: tap, mtu: 1400, vnet_hdr: true, addresses: [10.1.0.1/24]}]
routes: [{dst: 10.9.0.0/16, via: 10.1.0.9, dev: t0}]
""")
    before = steady(tell, "t0")
    with pytest.raises(Failed, match=r"route 10.8.0.0/16: .* Nothing was changed"):
        apply("{links: [{name: t0, kind: tun, user: 54321}], routes: [{dst: 10.8.0.0/16, via: 192.0.2.1}]}")
    assert steady(tell, "t0") == before
    assert tell("ip -j addr show dev t0")[0]["addr_info"][0]["local"] == "10.1.0.1"
    assert tell("ip -j route show 10.9.0.0/16")[0]["dev"] == "t0"
    apply("links: [{name: t0, kind: tun, user: 54321}]")
    assert own(tell, "t0")["user"] == USER


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ("mode: tap, mtu: 70000", "mtu"),
        ("mode: tun, mac: '02:00:00:00:00:01'", "mac"),
        ("mode: tun, master: b", "master"),
    ],
)
def test_what_fails_leaves_no_link(options: str, option: str, apply: Any) -> None:
    apply("links: [{name: b, kind: bridge}]")
    with pytest.raises(Failed, match=rf"t0: {option}: .*Nothing was changed"):
        apply(f"links: [{{name: t0, kind: tun, {options}}}]")
    assert names() == {"b"}
    apply("links: [{name: t0, kind: tun, mode: tap, mtu: 1400, mac: '02:00:00:00:00:01', master: b}]")
    assert names() == {"b", "t0"}


def test_a_killed_run_leaves_no_link(tell: Any) -> None:
    """Until it has its mark, a link ends with the process that makes it."""
    program = """
import os
from ansible_collections.netloom.overlay.plugins.module_utils._host.kernel.host import tun
{patch}
Engine().run({{"links": [{{"name": "t0", "kind": "tun", "mode": "tap"}}]}})
"""
    killed = "tun._rest = lambda *arguments: os.kill(os.getpid(), 9)"
    assert elsewhere(ENGINE + program.format(patch=killed)).returncode == -9
    assert names() == set()
    assert elsewhere(ENGINE + program.format(patch="")).returncode == 0
    assert tell("ip -j link show dev t0")[0]["group"] == "28268"


def test_a_name_that_is_taken(apply: Any, tell: Any) -> None:
    subprocess.run(["ip", "tuntap", "add", "dev", "t0", "mode", "tap", "user", "54321"], check=True, timeout=10)
    assert apply("links: [{name: t0, kind: tun, mode: tap, user: 54321}]").commands == []
    with pytest.raises(Refused, match=r"t0: kind: is tun, not bridge"):
        apply("links: [{name: t0, kind: bridge}]")
    assert apply("links: [{name: t0, kind: bridge, recreate: true}]").changed
    assert tell("ip -j -d link show dev t0")[0]["linkinfo"]["info_kind"] == "bridge"
    assert apply("links: [{name: t0, kind: tun, mode: tap, recreate: true}]").changed
    assert own(tell, "t0")["type"] == "tap"


def test_users_and_groups_by_name(apply: Any, tell: Any) -> None:
    config = "links: [{name: t0, kind: tun, mode: tap, user: nobody, user_group: root}]"
    assert "user 65534 group 0" in apply(config).commands[0]
    assert (own(tell, "t0")["user"], own(tell, "t0")["group"]) == ("nobody", "root")
    assert not apply(config).changed
    assert not apply("links: [{name: t0, kind: tun, user: 65534, user_group: '0'}]").changed


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("user: nosuchuser", "t0: user: this host has no user nosuchuser"),
        ("user_group: nosuchgroup", "t0: user_group: this host has no group nosuchgroup"),
        ("user: -1", "t0: user: -1 is not within 0..4294967294"),
        ("user: 4294967295", "t0: user: 4294967295 is not within 0..4294967294"),
        ("user: true", "t0: user: True is neither a number nor the name of a user"),
        ("user_group: 'a:b'", "t0: user_group: 'a:b' is neither a number nor the name of a group"),
        ("persistent: false", "t0: persistent: False cannot be requested: such a link ends with the program"),
        ("link_netns: c", "t0: link_netns: tun links do not support link_netns"),
        ("mode: tup", "t0: mode: 'tup' is not one of tun, tap"),
        ("owner: 5", "t0: unknown option 'owner'"),
    ],
)
def test_refusals(wish: str, sentence: str, apply: Any) -> None:
    config = "{netns: [{name: c}], links: [{name: t0, kind: tun, %s}]}"
    mode = "" if wish.startswith("mode") else "mode: tap, "
    for check in (True, False):
        with pytest.raises(Refused) as refused:
            apply(config % (mode + wish), check=check)
        assert str(refused.value).startswith(sentence)
    assert names() == set()
    apply(config % "mode: tap, user: 1, user_group: 2, persistent: true, link_netns: host")
    assert names() == {"t0"}


def test_mode_is_needed(apply: Any) -> None:
    with pytest.raises(Refused, match="t0: mode: a new tun link needs it"):
        apply("links: [{name: t0, kind: tun}]")
    assert names() == set()


def test_in_another_namespace(apply: Any, tell: Any) -> None:
    config = """
netns: [{name: c}]
links:
  - {name: t0, kind: tun, mode: tap, user: 54321, netns: c, addresses: [10.1.0.1/24]}
  - {name: t0, kind: tun, mode: tun, user_group: 54322}
"""
    apply(config)
    assert (own(tell, "t0", "c")["type"], own(tell, "t0")["type"]) == ("tap", "tun")
    assert apply(config).commands == []
    change = "links: [{name: t0, kind: tun, user: 54329, netns: c}]"
    assert apply(change).commands == ["ip netns exec c ioctl /dev/net/tun dev t0 user 54329"]
    assert (own(tell, "t0", "c")["user"], own(tell, "t0").get("user")) == (54329, None)
    assert apply("links: [{name: t0, kind: tun, netns: c, state: absent}]").commands == ["ip -n c link del t0"]
    assert tell("ip -n c -j link show")[0]["ifname"] == "lo"
    assert names() == {"t0"}


def test_moved_to_another_namespace(apply: Any, tell: Any) -> None:
    """Who attaches to a link that was moved must be in its new namespace, and so is the change of its user."""
    apply("{netns: [{name: c}], links: [{name: t0, kind: tun, mode: tap, user: 54321, vnet_hdr: true}]}")
    mac = tell("ip -j link show dev t0")[0]["address"]
    config = "links: [{name: t0, kind: tun, mode: tap, netns: c, from_netns: host, user: 54322}]"
    assert "ip netns exec c ioctl /dev/net/tun dev t0 user 54322" in apply(config).commands
    assert names() == set()
    assert tell("ip -n c -j link show dev t0")[0]["address"] == mac
    assert (own(tell, "t0", "c")["user"], own(tell, "t0", "c")["vnet_hdr"]) == (USER + 1, True)
    assert not apply(config).changed


def test_in_the_namespace_of_a_process(apply: Any, tell: Any) -> None:
    process = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    here = os.stat("/proc/self/ns/net")
    try:
        while os.path.samestat(os.stat(f"/proc/{process.pid}/ns/net"), here):
            time.sleep(0.01)
        config = f"links: [{{name: t0, kind: tun, mode: tun, netns: 'pid:{process.pid}'}}]"
        assert apply(config).commands[0].startswith(f"nsenter -t {process.pid} -n ip tuntap add dev t0 mode tun && ")
        (link,) = tell(f"nsenter -t {process.pid} -n ip -j -d link show dev t0")
        assert link["linkinfo"]["info_data"]["type"] == "tun"
        assert names() == set()
        assert not apply(config).changed
    finally:
        process.kill()
        process.wait()


def test_port_of_a_bridge(apply: Any, tell: Any) -> None:
    """Scenario V2: a bridge as a host's switch."""
    config = """
links:
  - {name: b, kind: bridge, addresses: [10.1.0.1/24]}
  - {name: t0, kind: tun, mode: tap, master: b, port: {isolated: true}}
"""
    apply(config)
    link = tell("ip -j -d link show dev t0")[0]
    assert (link["master"], link["linkinfo"]["info_slave_data"]["isolated"]) == ("b", True)
    assert not apply(config).changed
    # The link is made anew as another one, and is the same port again.
    apply("links: [{name: t0, kind: tun, multi_queue: true, recreate: true}]")
    link = tell("ip -j -d link show dev t0")[0]
    assert (link["master"], link["linkinfo"]["info_slave_data"]["isolated"]) == ("b", True)
    assert not apply(config).changed


def test_overridden_removes_its_own_alone(apply: Any) -> None:
    subprocess.run(["ip", "tuntap", "add", "dev", "other", "mode", "tap"], check=True, timeout=10)
    apply("links: [{name: t0, kind: tun, mode: tap}, {name: t1, kind: tun, mode: tun}]")
    assert names() == {"other", "t0", "t1"}
    apply("links: [{name: t1, kind: tun, mode: tun}]", overridden=True)
    assert names() == {"other", "t1"}


@pytest.mark.parametrize("missing", [True, False])
def test_without_the_device_file(missing: bool, apply: Any) -> None:
    config = "links: [{name: t0, kind: tun, mode: tap}]"
    if missing:
        subprocess.run(["mount", "-t", "tmpfs", "none", "/dev/net"], check=True, timeout=10)
        sentence = r"t0: kind: there is no /dev/net/tun. Load the kernel module tun .*give the container the device"
    else:  # a device that no driver has
        subprocess.run(["mknod", "/run/none", "c", "10", "254"], check=True, timeout=10)
        subprocess.run(["mount", "--bind", "/run/none", "/dev/net/tun"], check=True, timeout=10)
        sentence = r"t0: kind: (this kernel has no tun \(module tun\)|/dev/net/tun: .* must be given the device)"
    try:
        for check in (True, False):
            with pytest.raises(Refused, match=sentence):
                apply(config, check=check)
    finally:
        subprocess.run(["umount", "/dev/net" if missing else "/dev/net/tun"], check=True, timeout=10)
    assert names() == set()
    apply(config)
    assert names() == {"t0"}


def test_many_links_are_made_and_removed(apply: Any) -> None:
    config = {"links": [{"name": f"t{number}", "kind": "tun", "mode": "tap"} for number in range(50)]}
    assert apply(config).changed
    assert len(names()) == 50
    assert not apply(config).changed
    apply({}, overridden=True)
    assert names() == set()
