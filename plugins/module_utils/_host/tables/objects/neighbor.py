# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Neighbor entries: ARP and neighbor discovery tables (uapi/linux/neighbour.h, NDA_*, NUD_* and NTF_*).

Proxy entries, which make the host answer for an address, are a table of their own beside that of the neighbors: an
address may be in both (net/core/neighbour.c: pneigh_lookup()).

Not here of what ``ip neigh`` says: ``use``, which is no state but what a packet does (the kernel asks for the address
once); ``nud`` none, incomplete and failed, in which the kernel keeps an entry for a moment; ``protocol``, which is our
mark.
"""

from __future__ import annotations

from typing import Any

from ..failure import Fault, Refused
from ..table import Option
from ..types.addresses import Address, Mac
from ..types.simple import Bool, Choice, LinkName
from .object_type import Key, ObjectType, Options

#: States that can be requested. The kernel changes those after the first two into each other.
STATES = {"permanent": 0x80, "noarp": 0x40, "reachable": 0x02, "stale": 0x04, "delay": 0x08, "probe": 0x10}
LASTING = ("permanent", "noarp")

PROXY = "proxy"


def is_proxy(key: Key) -> bool:
    """Tell whether an entry is a proxy: it has neither MAC nor state."""
    return key[-1] == PROXY


class Neighbor(ObjectType):
    """Hooks and traits of Neighbors."""

    goes_with_mac = True  # a bridge without a MAC address of its own has that of a port

    def missing_in_new(self, key: Key, options: Options, ousted: set[str]) -> Fault | None:
        # Without it the kernel refuses ("No link layer address given"), but leaves an empty entry behind.
        lacks = "mac" not in options and "mac" not in ousted and not is_proxy(key)
        return Fault("mac", f"a new {self.name} entry needs it", "Set mac") if lacks else None

    def defaults_of_new(self, key: Key, options: Options) -> Options:
        return {} if is_proxy(key) else super().defaults_of_new(key, options)

    def settle(self, parts: dict[str, Any], options: dict[str, Any]) -> Key:
        """Write to the key whether an entry is a proxy; refuse options that proxy or managed entries cannot have."""
        proxy = options.pop(PROXY, False)
        word = PROXY if proxy else "managed" if options.get("managed") else ""
        for name in (
            (("mac", "nud", "managed", "extern_valid") if proxy else ("mac", "nud", "extern_valid")) if word else ()
        ):
            if options.get(name):
                raise Refused(
                    object=f"neighbor {parts['dst']} on {parts['dev']}",
                    option=word,
                    reason=f"excludes {name}",
                    advice="Give one of them",
                )
        return (*(str(part) for part in parts.values()), PROXY if proxy else "")

    def correct_item(self, key: Key, item: dict[str, Any]) -> None:
        if key[-1]:
            item[PROXY] = True


NEIGHBOR = Neighbor(
    name="neighbor",
    plural="neighbors",
    label="neighbor {2} on {1}",
    label_of_last="proxy neighbor {2} on {1}",
    keys=(Option(name="dev", type=LinkName()), Option(name="dst", type=Address())),
    options=(
        Option(name="mac", type=Mac(), word="lladdr", aliases=("lladdr",), ousts=("managed",)),
        # A link that loses its carrier keeps permanent entries only (neigh_carrier_down()).
        Option(
            name="nud",
            type=Choice(table=STATES),
            default="permanent",
            ousts=("managed",),
            after_carrier=tuple(name for name in STATES if name != "permanent"),
        ),
        Option(name="router", type=Bool(style="flag"), default=False),
        Option(name="extern_learn", type=Bool(style="flag"), default=False),
        # The kernel finds the MAC of a managed one, and asks again before it forgets it.
        Option(
            name="managed",
            type=Bool(style="flag"),
            since="5.16",
            default=False,
            ousts=("mac", "nud"),
            after_carrier=(True,),
        ),
        # A control plane looks after it: the kernel asks for it, and does not forget it when there is no answer.
        Option(name="extern_valid", type=Bool(style="flag"), since="6.17", default=False),
        Option(name=PROXY, type=Bool(style="flag"), default=False),  # a part of the key: see _settle()
    ),
    passing={"nud": tuple(name for name in STATES if name not in LASTING)},
    on_create={"nud": "permanent"},
    ip=2,
)
