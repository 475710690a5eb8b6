"""What language models took, summed up: calls, tokens and money for each automation and model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pilotage.authoring.asking import Use
from pilotage.cases.store import tallying
from pilotage.machinery.storage.database import Database, Tx

_NANO: Final = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What one model took in one automation, ever since it is counted."""

    automation: str
    model: str
    calls: int
    uncounted: int
    """Calls of which it is not known what they took."""
    unpriced: int
    """Judgements whose money is not known, because nobody knows the model's price."""
    tokens_in: int
    tokens_out: int
    money: Decimal
    """In USD, of what is known."""


@dataclass(frozen=True, kw_only=True)
class Spending:
    """Writes down what was asked, in a transaction of its own: it was taken, whatever becomes of the step that asked."""

    database: Database

    def note(self, automation: str, uses: Sequence[Use]) -> None:
        """Add these."""
        changes: tallying.Changes = Counter()
        for use in uses:
            for what, number in _numbers(use).items():
                changes[tallying.MODEL, automation, use.model, what] += number
        with self.database.transaction() as tx:
            tallying.add(tx, changes, self.database.now(tx))


def _numbers(use: Use) -> dict[str, int]:
    return {
        "calls": use.calls,
        "uncounted": use.uncounted,
        "unpriced": int(use.money is None and use.calls > use.uncounted),
        "tokens in": use.tokens_in,
        "tokens out": use.tokens_out,
        "nano USD": int((use.money or Decimal(0)) * _NANO),
    }


def spent(tx: Tx) -> list[Spent]:
    """What every model took in every automation."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (_, automation, model, what), number in tallying.read(tx, tallying.MODEL).items():
        found.setdefault((automation, model), {})[what] = number
    return [
        Spent(
            automation=automation,
            model=model,
            calls=one.get("calls", 0),
            uncounted=one.get("uncounted", 0),
            unpriced=one.get("unpriced", 0),
            tokens_in=one.get("tokens in", 0),
            tokens_out=one.get("tokens out", 0),
            money=Decimal(one.get("nano USD", 0)) / _NANO,
        )
        for (automation, model), one in sorted(found.items())
    ]
