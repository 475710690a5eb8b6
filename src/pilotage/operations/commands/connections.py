"""`pilotage connections`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.connections.checked import Result
from pilotage.connections.values import Heard
from pilotage.kernel.errors import UnknownName
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.times import when
from pilotage.operations.commands.house import House
from pilotage.operations.connections import OtherSide, as_data, check_in_words, other_sides


@dataclass(frozen=True)
class ConnectionsCommand:
    """Says how the other sides do."""

    house: House
    out: Output

    def connections(
        self, connection: Annotated[str | None, Parameter(help="one connection; unsaid, every one")] = None, /
    ) -> None:
        """Say how the other side of each connection does.

        Whether it answers, is down, answers differently than agreed, refuses us or throttles us; since when, what it said,
        how many wait and how long, when it is called again, and what came of the calls of the last 24 hours.
        """
        with self.house.open() as platform:
            found = other_sides(platform.database, platform.automations.values())
        if connection is not None:
            known = [one.name for one in found]
            if connection not in known:
                msg = f'There is no connection "{connection}" here.'
                raise UnknownName(msg, did_you_mean(connection, known, f"Known: {', '.join(known) or 'none'}."))
            found = [one for one in found if one.name == connection]
        if not self.out.put({"connections": [as_data(one) for one in found]}):
            self._tell(found, whole=connection is not None)

    def check(
        self, connection: Annotated[str | None, Parameter(help="one connection; unsaid, every one")] = None, /
    ) -> int:
        """Ask the other sides now whether they answer as agreed.

        Makes the contract checks that the connections declare: each is a GET that changes nothing, within the limits and
        with the credential of its connection. Ends with 1 where one does not hold.
        """
        with self.house.open() as platform:
            known = sorted({one.name for automation in platform.automations.values() for one in automation.connections})
            if connection is not None and connection not in known:
                msg = f'There is no connection "{connection}" here.'
                raise UnknownName(msg, did_you_mean(connection, known, f"Known: {', '.join(known) or 'none'}."))
            made = platform.checking.now(connection)
        told = [
            {
                "connection": one.due.connection,
                "asks": one.due.check.asks,
                "result": one.result.value,
                "said": one.words,
            }
            for one in made
        ]
        if not self.out.put({"checks": told}):
            for one in made:
                self.out.line(f"{one.due.connection}: {one.due.check.asks} {one.result.value}.")
                if one.words:
                    self.out.line(f"  {one.words}")
            if not made:
                self.out.line("No connection here has a contract check.")
        return Exit.OK if all(one.result is Result.HOLDS for one in made) else Exit.NOT_WELL

    def _tell(self, found: Sequence[OtherSide], *, whole: bool) -> None:
        if not found:
            self.out.line("No automation here names a connection.")
            return
        for one in found:
            self.out.line(f"{one.sentence}.", style="" if one.well else "bold")
            if one.said and not one.well:
                self.out.line(f"  {one.said}")
            if one.next_call is not None:
                self.out.line(f"  It is called again at {when(one.next_call, one.now)}.")
            if one.repeats is not None:
                self.out.line(f"  {one.repeats}")
            self._tell_breaker(one, whole=whole)
        for one in found:
            for asks in sorted(one.checks):
                self.out.line(f"{check_in_words(one, asks)}.")
        rows = [(one.name, *(one.heard.get(kind.value, 0) for kind in Heard)) for one in found if one.heard]
        if rows:
            self.out.table(("calls of 24 hours", *(kind.value for kind in Heard)), rows)

    def _tell_breaker(self, one: OtherSide, *, whole: bool) -> None:
        """When it is left alone, to those who ask for one connection; where releases differ, always."""
        if whole or one.differing:
            self.out.line(f"  Its breaker opens where {one.opens}.")
        if one.differing:
            told = "; ".join(f"{by}: {words}" for by, words in one.differing.items())
            self.out.line(f"  It is declared differently ({told}). The strictest counts: whichever opens first.")
