"""What can go wrong with an outside service, switched on for a share of the requests, a number of them, or a while."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random


class FaultKind(Enum):
    """One way in which the help desk lets its callers down."""

    SLOW = "slow"
    """Does the work and takes its time to say so."""
    DOWN = "down"
    """Answers 503 without saying when to come back, and does nothing."""
    CUT = "cut"
    """Cuts the connection without an answer, and does nothing."""
    DONE_THEN_500 = "done-then-500"
    """Does the work and answers 500."""
    DONE_THEN_CUT = "done-then-cut"
    """Does the work and cuts the connection without an answer."""
    CHANGED_BODY = "changed-body"
    """Does the work and answers 200 in another form than agreed."""


_WORKS = ("assign", "unassign")
_MEETS = {
    FaultKind.SLOW: (*_WORKS, "find"),
    FaultKind.DOWN: (*_WORKS, "find"),
    FaultKind.CUT: (*_WORKS, "find"),
    FaultKind.DONE_THEN_500: _WORKS,
    FaultKind.DONE_THEN_CUT: _WORKS,
    FaultKind.CHANGED_BODY: ("assign",),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault that is switched on: for this share of requests, at most `count` of them, for `seconds` from now."""

    kind: FaultKind
    share: float = 1.0
    count: int | None = None
    seconds: float | None = None
    delay: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share={self.share}: a share lies above 0 and is at most 1")
        if any(number is not None and number <= 0 for number in (self.count, self.seconds, self.delay)):
            raise ValueError("count, seconds and delay are above 0")


def fault_from_text(text: str) -> Fault:
    """`done-then-500:share=0.2,count=50,seconds=10` as a fault; slow knows `delay=` in seconds, too."""
    name, _, options = text.partition(":")
    pairs: dict[str, str] = {}
    for option in filter(None, options.split(",")):
        key, _, value = option.partition("=")
        if key not in {"share", "count", "seconds", "delay"}:
            raise ValueError(f"{text!r}: {key!r} is no option of a fault")
        pairs[key] = value
    return Fault(
        kind=FaultKind(name),
        share=float(pairs.get("share", 1)),
        count=int(pairs["count"]) if "count" in pairs else None,
        seconds=float(pairs["seconds"]) if "seconds" in pairs else None,
        delay=float(pairs.get("delay", 2)),
    )


@dataclass(kw_only=True)
class _Active:
    fault: Fault
    until: float | None
    left: int | None


@dataclass(kw_only=True)
class Faults:
    """The faults that are on. `monotonic` gives seconds that never run backwards; the shares are drawn from a seed."""

    monotonic: Callable[[], float]
    seed: int = 7
    _active: list[_Active] = field(default_factory=list[_Active])
    _chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)

    def on(self, fault: Fault) -> None:
        """Switch one on, beside those that are."""
        until = None if fault.seconds is None else self.monotonic() + fault.seconds
        self._active.append(_Active(fault=fault, until=until, left=fault.count))

    def off(self) -> None:
        """Switch all off."""
        self._active.clear()

    def meeting(self, action: str) -> Fault | None:
        """The fault that this request meets, if any; it is counted."""
        if not self._active:
            return None
        now = self.monotonic()
        self._active = [one for one in self._active if (one.until is None or now < one.until) and one.left != 0]
        for one in self._active:
            if action in _MEETS[one.fault.kind] and self._chance.random() < one.fault.share:
                one.left = None if one.left is None else one.left - 1
                return one.fault
        return None

    def listed(self) -> list[Fault]:
        """Those that are on, as they were switched on."""
        return [one.fault for one in self._active]
