"""The process: paths of steps, choices, waits, for-eaches, exceptions and hand-overs."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import GenericAlias
from typing import ClassVar, Generic, cast
from zoneinfo import ZoneInfo

from typing_extensions import TypeVar

from pilotage.authoring.codecs import ContractCodec, codec_of
from pilotage.authoring.codes import finding
from pilotage.authoring.location import here
from pilotage.authoring.people import Ask, Role
from pilotage.authoring.plan import label_text
from pilotage.authoring.rules import Debt
from pilotage.authoring.scopes import Scope
from pilotage.authoring.spans import span
from pilotage.authoring.steps import Step
from pilotage.authoring.typed import Typed
from pilotage.authoring.values import Collected, HandedOver
from pilotage.kernel.durations import Duration

V_co = TypeVar("V_co", covariant=True)


class Path(Step):
    """Steps in order; itself a step. Name one to use it twice."""

    def __init__(self, *steps: object) -> None:
        self.steps = steps
        self._line = here()

    def __repr__(self) -> str:
        return f"Path({', '.join(repr(step) for step in self.steps)})"


class When:
    """One branch of a choice: where the label is this, these steps."""

    def __class_getitem__(cls, types: object) -> object:
        """Read by type checkers; at run time it is the class."""
        return GenericAlias(cls, types)

    def __init__(self, label: object, /, *steps: object) -> None:
        self.label = label
        self.text = label_text(label)
        """The label as the plan and the ledger write it."""
        self.line = here()
        self.path = Path(*steps)


class Choice(Step):
    """One path for each label of what `on` gives; there is no default. An Unknown goes to a person."""

    def __init__(self, on: Step, /, *whens: When, unknown: Ask | None = None) -> None:
        self.on = on
        self.whens = whens
        self.unknown = unknown
        """Who is asked about an Unknown; None: whom the automation names, or its owner."""
        self._line = here()

    def __repr__(self) -> str:
        return f"<choice on {getattr(self.on, 'name', self.on)}>"


class BusinessException(Step):
    """A documented way off the happy path: where it holds, a person goes on, corrects, finishes by hand or withdraws.

    Without `when` it holds always and ends the path.
    """

    def __init__(self, name: str, /, *, ask: Ask, when: Scope | None = None) -> None:
        self.name = name
        self.when = when
        self.ask = ask
        self._line = here()

    def __repr__(self) -> str:
        return f"<exception {self.name}>"


class Receiver(Generic[V_co]):
    """Another automation, by name and contract, without its code."""

    def __init__(self, automation: str, /, *, takes: type[V_co], version: int) -> None:
        self.automation = automation
        self._takes = takes
        self.version = version
        self.line = here()

    @property
    def takes(self) -> type[V_co]:
        """What is sent: the sender's own type."""
        return self._takes

    def __repr__(self) -> str:
        return f"Receiver({self.automation!r}, version={self.version})"


class HandOver(Step):
    """Gives a value to another automation, durably, or to a person who fills in another one."""

    def __init__(
        self,
        of: object = None,
        /,
        *,
        to: "Receiver[object] | Role",
        gives: object = None,
        accepted_within: timedelta | str | None = None,
        within: timedelta | str | None = None,
        then: Role,
        debt: Debt | None = None,
    ) -> None:
        self._line = here()
        self.to = to
        self.then = then
        self.debt = debt
        self.of: object = to.takes if isinstance(to, Receiver) else of
        """The type of what is handed over."""
        self.gives: object = HandedOver if isinstance(to, Receiver) else gives
        """The type of what comes back."""
        if not isinstance(to, Receiver) and (of is None or gives is None):
            raise TypeError("HandOver() to a role is missing what is handed over, or gives=")
        given = accepted_within if within is None else within
        if given is None:
            missing = "accepted_within" if isinstance(to, Receiver) else "within"
            msg = f"HandOver() is missing the keyword argument '{missing}'"
            raise TypeError(msg)
        self.within: Duration = span(given, place=f"HandOver to {self.target}", line=self.line)
        if to == then:
            wrong = finding("PLT-143", place=f"HandOver to {self.target}", line=self.line, role=then.name)
            self.findings = (wrong,)

    @property
    def receiver(self) -> "Receiver[object] | None":
        """The automation that takes it, or None where a person does."""
        return self.to if isinstance(self.to, Receiver) else None

    @property
    def person(self) -> Role | None:
        """The role that takes it, or None where an automation does."""
        return self.to if isinstance(self.to, Role) else None

    @property
    def target(self) -> str:
        """The name of who takes it."""
        return self.to.automation if isinstance(self.to, Receiver) else self.to.name

    @property
    def codec(self) -> ContractCodec:
        """Of what comes back."""
        return codec_of(self.gives)

    @property
    def of_codec(self) -> ContractCodec:
        """Of what is handed over."""
        return codec_of(self.of)

    def __repr__(self) -> str:
        return f"<hand-over to {self.target}>"


class Wait(Typed, Step):
    """Goes on later: after a time, or at a moment that a value names. Nothing is held open meanwhile."""

    written: ClassVar[str] = "Wait[Order](until=...)"

    def __init__(self, time: timedelta | str | None = None, /, *, until: Callable[..., datetime] | None = None) -> None:
        self._line = here()
        self.until = until
        self.time: Duration | None = None if time is None else span(time, place="Wait", line=self.line)
        if (self.time is None) == (until is None):
            msg = "Wait takes either a time or until="
            raise TypeError(msg)
        if until is not None:
            self.findings = tuple(self.untyped(self.line))

    @property
    def of(self) -> object:
        """The type that `until` reads; None where it waits for a time."""
        return self.types[0] if self.types and self.until is not None else None

    def until_for(self, value: object, now: datetime, zone: str = "UTC") -> datetime:
        """When it goes on, in UTC. A moment that names no zone is meant in the automation's."""
        if self.until is None:
            return cast("Duration", self.time).after(now, zone).astimezone(UTC)
        moment = self.until(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)

    def __repr__(self) -> str:
        return f"<wait {self.time or 'until'}>"


class ForEach(Typed, Step):
    """The same path for each item of a value. Always written with its types: `ForEach[Order, Line, Booked](...)`."""

    written: ClassVar[str] = "ForEach[Order, Line, Booked](...)"

    def __init__(self, *, items: Callable[..., Sequence[object]], do: Path) -> None:
        self._line = here()
        self.items = items
        self.do = do
        self.findings = tuple(self.untyped(self.line))

    @property
    def of(self) -> object:
        """The type whose items they are."""
        return self.types[0]

    @property
    def item(self) -> object:
        """The type of an item."""
        return self.types[1]

    @property
    def result(self) -> object:
        """The type of what each item gives."""
        return self.types[2]

    @property
    def gives(self) -> object:
        """Collected[R]."""
        return Collected[self.result]  # type: ignore[name-defined]  # pyright: ignore[reportInvalidTypeArguments]  # a type known at run time

    @property
    def codec(self) -> ContractCodec:
        """Of Collected[R], stored as the list of what the items gave."""
        return codec_of(self.gives)

    def items_of(self, value: object) -> tuple[object, ...]:
        """The items of a value, in their order."""
        return tuple(self.items(value))

    def __repr__(self) -> str:
        return f"<{self.said}>"
