# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Define failures as data: the object, the option, the reason and the advice. The message is composed of the four."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Optional


class Fault(NamedTuple):
    """What is wrong with an object that the caller knows."""

    option: str  # empty where no single option is wrong
    reason: str  # with the values
    advice: str = ""  # a sentence that says what to do

    def of(self, object: Any) -> Refused:  # noqa: A002 - the name of the part in a module's result
        """Return the refusal of an object with this fault."""
        return Refused(object=object, option=self.option, reason=self.reason, advice=self.advice)


class Failure(Exception):
    """A run that failed. The parts are data; ``str()`` returns ``object: option: reason. Advice``."""

    def __init__(
        self,
        *,
        object: Any,  # noqa: A002 - the name of the part in a module's result
        reason: Any,
        option: Any = None,
        advice: Any = None,
        named: bool = False,
    ) -> None:
        """Take the parts. ``named``: the reason names the option, so the message does not name the option again."""
        self.object, self.option, self.reason, self.advice = map(_text, (object, option, reason, advice))
        super().__init__(composed(self.object, None if named else self.option, self.reason, advice=self.advice))

    @property
    def parts(self) -> dict[str, Optional[str]]:
        """Return the parts as modules return them; None for a part that is unknown."""
        return {"object": self.object, "option": self.option, "reason": self.reason, "advice": self.advice}


class Refused(Failure):
    """A desired state that was refused before anything was changed."""


class Failed(Failure):
    """A run that failed after operations were sent to the kernel, with the outcome of the rollback.

    ``after``: a sentence on the rollback. ``commands``: command lines of the operations that were carried out.
    ``rolled_back``: whether all of them were rolled back, None where none was carried out.
    """

    def __init__(self, *, why: Failure, after: str, commands: Sequence[str], rolled_back: Optional[bool]) -> None:
        super().__init__(object=why.object, option=why.option, reason=why.reason, advice=why.advice)
        self.args = (f"{why}. {after}",)
        self.commands, self.rolled_back = list(commands), rolled_back


class Impossible(ValueError):
    """An operation that a step outside of rtnetlink could not carry out."""

    def __init__(self, *, option: str, reason: Any, advice: str = "") -> None:
        self.fault = Fault(option, str(reason), advice)
        super().__init__(composed(option, self.fault.reason, advice=advice))


def composed(*parts: Optional[str], advice: Optional[str] = None) -> str:
    """Return a message: the parts with colons between them, then the advice as a sentence."""
    message = ": ".join(part for part in parts if part)
    return f"{message}. {advice}" if advice else message


def _text(part: Any) -> Optional[str]:
    """Return a part as text, None for an empty one."""
    return str(part) or None if part is not None else None
