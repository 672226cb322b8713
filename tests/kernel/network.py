# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A network with something of every type of object, for tests of what goes beyond one option."""

from __future__ import annotations

NETWORK = """
netns: [{name: client, resolver: {nameservers: [192.0.2.53], search: [lab.example]}}]
links:
  - {name: br-red, kind: bridge, mac: "02:00:00:00:00:01", mtu: 1450, addresses: [10.30.0.1/24, "2001:db8:30::1/64"],
     mdb: [{port: red, grp: 239.1.1.1}, {grp: "01:00:00:00:00:07"}]}
  - name: red
    kind: vxlan
    vni: 10001
    dstport: 4789
    local: 127.0.0.1
    alias: red to all
    learning: false
    mtu: 1450
    master: br-red
    port: {isolated: true, neigh_suppress: true, learning: false}
    fdb:
      - {mac: "00:00:00:00:00:00", dst: 192.0.2.2}
      - {mac: "00:00:00:00:00:00", dst: 192.0.2.3}
      - {mac: "02:00:00:00:00:05", dst: 192.0.2.2}
  - {name: w-client, kind: veth, master: br-red, peer: {name: eth0, netns: client, addresses: [10.30.0.11/24]}}
routes:
  - {dst: default, via: 10.30.0.1, dev: eth0, netns: client}
  - {dst: 10.99.0.0/16, via: 10.30.0.9, dev: br-red, metric: 50}
  - {dst: 2001:db8:99::/64, via: "2001:db8:30::9", dev: br-red}
neighbors: [{dst: 10.30.0.7, mac: "02:00:00:00:00:07", dev: br-red}]
sysctls: [{dev: w-client, name: ipv4.proxy_arp, value: 1}, {dev: eth0, name: ipv4.rp_filter, value: 0, netns: client}]
"""
