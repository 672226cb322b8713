# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define the rules by which the kernel combines the values of ``all`` and a link: one row for each sysctl.

Read from include/linux/inetdevice.h (IPv4), net/ipv6 and net/core/neighbour.c. Those of ``CASES`` in
tests/kernel/test_sysctl_rules.py are held against what Linux 6.18 and 6.1 do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable, Optional

#: Gives the value of a sysctl of ``all`` or of the link (``dev``) by its full name; 0 where there is none.
Look = Callable[[str, str], int]


@dataclass(frozen=True)
class Rule:
    """How values become one, in words ({all} and {dev} are values, {link} is the link's name), and what it needs."""

    words: str
    value: Callable[[str, Look], int]
    reads_all: bool = True
    needs: tuple[tuple[str, str], ...] = ()  # besides the same sysctl of both: (``all`` or ``dev``, its name)


def _own(name: str, look: Look) -> int:
    return look("dev", name)


def _max(name: str, look: Look) -> int:
    return max(look("all", name), look("dev", name))


def _min(name: str, look: Look) -> int:
    return min(look("all", name), look("dev", name))


def _or(name: str, look: Look) -> int:
    return look("dev", name) or look("all", name)


def _and(name: str, look: Look) -> int:
    return look("dev", name) if look("all", name) else 0


def _all_first(name: str, look: Look) -> int:
    return look("all", name) or look("dev", name)


def _igmp(name: str, look: Look) -> int:
    values = (look("all", name), look("dev", name))
    return 1 if 1 in values else 2 if 2 in values else 0


_F4, _F6, _FF6 = "ipv4.conf.forwarding", "ipv6.conf.forwarding", "ipv6.conf.force_forwarding"


def _redirects4(name: str, look: Look) -> int:
    return (_and if look("dev", _F4) else _or)(name, look)


def _forward6(_name: str, look: Look) -> int:
    return int(bool(look("all", _F6) or look("dev", _FF6)))


def _as_host(name: str, look: Look) -> int:
    return 0 if look("dev", _F6) else look("dev", name)


def _accept_ra(name: str, look: Look) -> int:
    return 0 if look("dev", _F6) and look("dev", name) == 1 else look("dev", name)


def _proxy_ndp(name: str, look: Look) -> int:
    return _or(name, look) if look("dev", _F6) else 0


def _optimistic(name: str, look: Look) -> int:
    return 0 if look("all", _F6) else _or(name, look)


OWN = Rule("{link}'s own counts", _own, reads_all=False)
OWN_TOO = Rule("{link}'s own counts", _own)  # all's has a use of its own
MAX = Rule("the larger of all ({all}) and {link} ({dev})", _max)
MIN = Rule("the smaller of all ({all}) and {link} ({dev})", _min)
OR = Rule("on where all ({all}) or {link} ({dev}) is", _or)
OR_NEW = Rule(
    "on where all ({all}) or {link} ({dev}) is, for addresses to come; for those there what was written last", _or
)
AND = Rule("on where both all ({all}) and {link} ({dev}) are", _and)
ALL_FIRST = Rule("all ({all}), and {link} ({dev}) where that is 0", _all_first)
IGMP = Rule("version 1 where all ({all}) or {link} ({dev}) says so, then version 2", _igmp)
REDIRECTS4 = Rule(
    "all ({all}) and {link} ({dev}) must both be on where {link} forwards, else one of them", _redirects4,
    needs=(("dev", _F4),),
)  # fmt: skip
FORWARD6 = Rule(
    "IPv6 packets are forwarded where forwarding of all is on, or force_forwarding of {link} (Linux 6.17)", _forward6,
    needs=(("all", _F6), ("dev", _FF6)),
)  # fmt: skip
AS_HOST = Rule("only while forwarding of {link} is 0", _as_host, reads_all=False, needs=(("dev", _F6),))
ACCEPT_RA = Rule("1 holds only while forwarding of {link} is 0", _accept_ra, reads_all=False, needs=(("dev", _F6),))
PROXY_NDP = Rule(
    "on where all ({all}) or {link} ({dev}) is, while {link} has forwarding 1", _proxy_ndp, needs=(("dev", _F6),)
)

OPTIMISTIC = Rule(
    "on where all ({all}) or {link} ({dev}) is, while forwarding of all is 0", _optimistic, needs=(("all", _F6),)
)

_ROWS: tuple[tuple[str, Rule, str], ...] = (
    # include/linux/inetdevice.h: IN_DEV_*()
    ("ipv4.conf", MAX, "rp_filter arp_announce arp_ignore arp_notify arp_accept"),
    ("ipv4.conf", OR, "src_valid_mark accept_local log_martians proxy_arp shared_media send_redirects"),
    ("ipv4.conf", OR, "secure_redirects promote_secondaries route_localnet arp_filter"),
    # net/ipv4/arp.c: arp_process(), ip_input.c: ip_rcv_finish_core()
    ("ipv4.conf", OR, "drop_gratuitous_arp drop_unicast_in_l2_multicast"),
    # "net: evaluate net.ipv4.conf.all...", Linux 5.11 and stable releases of that time
    ("ipv4.conf", OR, "proxy_arp_pvlan ignore_routes_with_linkdown disable_policy disable_xfrm"),
    ("ipv4.conf", AND, "accept_source_route bootp_relay mc_forwarding bc_forwarding arp_evict_nocarrier"),
    ("ipv4.conf", REDIRECTS4, "accept_redirects"),
    # net/ipv4/igmp.c: IGMP_V1_SEEN(), IGMP_V2_SEEN()
    ("ipv4.conf", IGMP, "force_igmp_version"),
    # To write forwarding of all writes that of each link (net/ipv4/devinet.c: inet_forward_change()).
    ("ipv4.conf", OWN_TOO, "forwarding"),
    ("ipv4.conf", OWN, "tag medium_id igmpv2_unsolicited_report_interval igmpv3_unsolicited_report_interval"),
    # net/ipv6/ip6_output.c: ip6_forward()
    ("ipv6.conf", FORWARD6, "forwarding force_forwarding"),
    # net/ipv6/exthdrs.c: ipv6_rthdr_rcv(), ipv6_srh_rcv(), ipv6_rpl_srh_rcv()
    ("ipv6.conf", MIN, "accept_source_route seg6_enabled rpl_seg_enabled"),
    # net/ipv6/route.c: rt6_do_redirect(); include/net/addrconf.h: ipv6_accept_ra()
    ("ipv6.conf", AS_HOST, "accept_redirects"),
    ("ipv6.conf", ACCEPT_RA, "accept_ra"),
    # net/ipv6/ndisc.c: ndisc_recv_ns(), ndisc_netdev_event()
    ("ipv6.conf", PROXY_NDP, "proxy_ndp"),
    ("ipv6.conf", OR, "ndisc_notify"),
    ("ipv6.conf", AND, "ndisc_evict_nocarrier"),
    # net/ipv6/addrconf.c: addrconf_dad_begin(), addrconf_dad_kick(), ipv6_get_saddr_eval(), ipv6_dev_get_saddr()
    ("ipv6.conf", MAX, "accept_dad"),
    ("ipv6.conf", OR, "enhanced_dad use_optimistic"),
    # net/ipv6/route.c: addrconf_f6i_alloc(); addrconf.c: addrconf_disable_policy()
    ("ipv6.conf", OR_NEW, "disable_policy"),
    # net/ipv6/addrconf.c: addrconf_add_linklocal()
    ("ipv6.conf", OPTIMISTIC, "optimistic_dad"),
    # net/ipv6/addrconf.c: addrconf_ifdown(); net/ipv6/mcast.c: mld_force_mld_version()
    ("ipv6.conf", ALL_FIRST, "keep_addr_on_down force_mld_version"),
    # To write these of all writes those of each link (addrconf.c); all's hop_limit is for what has no link.
    ("ipv6.conf", OWN_TOO, "disable_ipv6 ignore_routes_with_linkdown addr_gen_mode hop_limit"),
    ("ipv6.conf", OWN,
        "accept_ra_defrtr accept_ra_from_local accept_ra_min_hop_limit accept_ra_min_lft accept_ra_mtu accept_ra_pinfo"
        " accept_ra_rt_info_max_plen accept_ra_rt_info_min_plen accept_ra_rtr_pref accept_untracked_na autoconf"
        " dad_transmits drop_unicast_in_l2_multicast drop_unsolicited_na force_tllao ioam6_enabled ioam6_id"
        " ioam6_id_wide max_addresses max_desync_factor mc_forwarding mldv1_unsolicited_report_interval"
        " mldv2_unsolicited_report_interval mtu ndisc_tclass ra_defrtr_metric ra_honor_pio_life ra_honor_pio_pflag"
        " regen_max_retry regen_min_advance router_probe_interval router_solicitation_delay"
        " router_solicitation_interval router_solicitation_max_interval router_solicitations seg6_require_hmac"
        " suppress_frag_ndisc temp_prefered_lft temp_valid_lft use_oif_addrs_only use_tempaddr"),
)  # fmt: skip

RULES: Mapping[str, Rule] = {f"{tree}.{leaf}": rule for tree, rule, leaves in _ROWS for leaf in leaves.split()}


def rule_of(name: str) -> Optional[Rule]:
    """Return the rule of a sysctl, None where it is not known. Neighbour and MPLS ones know no ``all``."""
    return OWN_TOO if ".neigh." in name or name.startswith("mpls.") else RULES.get(name)
