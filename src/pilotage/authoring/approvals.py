"""Approvals: people say yes, in order. Silence escalates, and never approves."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import ClassVar

from pilotage.authoring.codecs import ContractCodec, codec_of
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.authoring.location import here
from pilotage.authoring.people import Role
from pilotage.authoring.scopes import Scope
from pilotage.authoring.spans import span
from pilotage.authoring.steps import Step
from pilotage.authoring.typed import Typed
from pilotage.authoring.values import Approved
from pilotage.kernel.durations import Duration


class Band:
    """One band of amounts, and who approves there, in order; the last has no `up_to`. `by` empty: nobody is asked."""

    def __init__(self, *, up_to: Decimal | int | None = None, by: Sequence[Role] = ()) -> None:
        self.up_to = up_to
        self.by: tuple[Role, ...] = tuple(by)

    def __repr__(self) -> str:
        return f"Band(up_to={self.up_to}, by={[role.name for role in self.by]})"


class Approval(Typed, Step):
    """People say yes to a value. Always written with its type: `Approval[Invoice](...)`."""

    written: ClassVar[str] = "Approval[Invoice](...)"

    def __init__(
        self,
        *,
        by: Sequence[Role] = (),
        amount: Callable[..., Decimal | int] | None = None,
        bands: Sequence[Band] = (),
        within: timedelta | str,
        then: Role,
        when: Scope | None = None,
    ) -> None:
        self._line = here()
        self.by: tuple[Role, ...] = tuple(by)
        self.amount = amount
        self.bands: tuple[Band, ...] = tuple(bands)
        self.within: Duration = span(within, place=self.said, line=self.line)
        self.then = then
        self.when = when
        """Where it does not hold, Approved is given at once, and says that nobody was asked."""
        self.findings = (*self.untyped(self.line), *self._wrong_chain())

    @property
    def of(self) -> object:
        """The type of what is approved."""
        return self.types[0]

    @property
    def gives(self) -> object:
        """Approved[T]."""
        return Approved[self.of]  # type: ignore[name-defined]  # pyright: ignore[reportInvalidTypeArguments]  # a type known at run time

    @property
    def codec(self) -> ContractCodec:
        """Of Approved[T], stored as {"value": ..., "by": [...]}."""
        return codec_of(self.gives)

    @property
    def chains(self) -> tuple[tuple[Role, ...], ...]:
        """Every chain that may be asked: one for each band, or the one of `by`."""
        return tuple(band.by for band in self.bands) if self.amount is not None else (self.by,)

    def band_for(self, value: object) -> tuple[Role, ...]:
        """Who approves this value, in order; empty: nobody is asked."""
        if self.amount is None:
            return self.by
        amount = self.amount(value)
        for band in self.bands:
            if band.up_to is None or amount <= band.up_to:
                return band.by
        return self.bands[-1].by  # not reached: an approval whose last band ends is refused (PLT-142)

    def _wrong_chain(self) -> list[Finding]:
        findings: list[Finding] = []
        limits = [band.up_to for band in self.bands]
        for first, second in pairwise(limits):
            if first is None or (second is not None and second <= first):
                said = ["no limit" if limit is None else limit for limit in (first, second)]
                findings.append(self._finding("PLT-141", first=said[0], second=said[1]))
        if limits and limits[-1] is not None:
            findings.append(self._finding("PLT-142", amount=limits[-1]))
        asked = [role for chain in self.chains for role in chain]
        if self.then in asked:
            findings.append(self._finding("PLT-143", role=self.then.name))
        if not asked:
            findings.append(self._finding("PLT-148"))
        return findings

    def _finding(self, code: str, **facts: object) -> Finding:
        return finding(code, place=self.said, line=self.line, warning=False, **facts)

    def __repr__(self) -> str:
        return f"<{self.said}>"
