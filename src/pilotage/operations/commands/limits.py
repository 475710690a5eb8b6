"""`pilotage limits`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.connections.forecast import FASTEST
from pilotage.kernel.errors import UnknownName
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import when
from pilotage.operations.commands.house import House
from pilotage.operations.limits import Account, Limit, accounts, as_data


@dataclass(frozen=True)
class LimitsCommand:
    """Says what is left."""

    house: House
    out: Output

    def limits(
        self, connection: Annotated[str | None, Parameter(help="one connection; unsaid, every one")] = None, /
    ) -> None:
        """Say what each connection's limits have left, and what is to be expected.

        Each limit with what is used and who declares it, the pace, the forecast, what the other side said about its own
        limits, and where a declared limit looks wrong.
        """
        with self.house.open() as platform:
            found = accounts(platform.database, platform.automations.values())
        if connection is not None:
            known = [one.name for one in found]
            if connection not in known:
                msg = f'There is no connection "{connection}" with limits here.'
                raise UnknownName(msg, did_you_mean(connection, known, f"Known: {', '.join(known) or 'none'}."))
            found = [one for one in found if one.name == connection]
        if not self.out.put({"connections": [as_data(one) for one in found]}):
            self._tell(found)

    def _tell(self, found: Sequence[Account]) -> None:
        if not found:
            self.out.line("No connection has limits.")
        for one in found:
            rows = [_row(one, limit) for limit in one.limits]
            title = f"{one.name}: {one.waiting:,} waiting" if one.waiting else one.name
            if rows:
                self.out.table(("limit", "counted as", "used", "left", "has room", "declared by"), rows, title=title)
            else:
                self.out.heading(title)
            for words in _sentences(one):
                self.out.line(words)


def _row(account: Account, limit: Limit) -> tuple[object, ...]:
    words = limit.words if limit.value is None else f"{limit.words}: {limit.value or '(nobody)'}"
    free = "" if limit.free_at is None else when(limit.free_at, account.now)
    if limit.left < 1 and limit.free_at is None:
        free = "with the next answer"
    left = f"{limit.left:,.2f}" if limit.most != int(limit.most) or limit.unit.isupper() else f"{limit.left:,.0f}"
    return words, limit.form, f"{limit.share:.0%}", left, free or "now", ", ".join(limit.declared_by) or "(here)"


def _sentences(one: Account) -> list[str]:
    words: list[str] = []
    if one.forecast.pace and (one.forecast.measured or one.forecast.pace < FASTEST):
        kind = "The pace is" if one.forecast.measured else "Its limits allow"
        words.append(f"{kind} {one.forecast.pace:.3g} calls a second.")
    if one.sentence:
        words.append(one.sentence)
    if one.closed_until is not None:
        words.append(f"The other side wants no calls until {when(one.closed_until, one.now)}.")
    if one.throttled and one.throttled_at is not None:
        times = "once" if one.throttled == 1 else f"{one.throttled:,} times"
        words.append(
            f"It said {times} that there were too many calls, the last time at {when(one.throttled_at, one.now)}."
        )
    if one.told is not None:
        of = f" of {one.told['limit']}" if "limit" in one.told else ""
        words.append(f"It told at {when(_int(one.told['at']), one.now)}: {one.told['remaining']}{of} left.")
    if one.jumped is not None:
        words.append(one.jumped)
    return [*words, *one.doubts]


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
