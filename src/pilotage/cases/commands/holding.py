"""`pilotage hold` and `pilotage resume`."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from pilotage.cases.commands.house import House, Platform
from pilotage.cases.errors import UnknownScope
from pilotage.cases.service import holding
from pilotage.cases.service.finding import numbers
from pilotage.cases.service.holding import OnItsWay
from pilotage.kernel.errors import UnknownName
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.cli.times import iso, when

_PAUSE = 0.1

What = Annotated[
    str,
    Parameter(help="everything (if nothing is said), automation NAME, segment NAME=VALUE, connection NAME, case ID"),
]


@dataclass(frozen=True)
class HoldCommands:
    """The switch."""

    house: House
    out: Output

    def hold(
        self,
        *what: What,
        reason: Annotated[str, Parameter(help="why; everybody who looks sees it")],
        intake: Annotated[bool, Parameter(help="take no records in, either (everything, or an automation)")] = False,
        wait: Annotated[
            bool, Parameter(help="return when each call on its way has ended or may be sent no more")
        ] = False,
    ) -> None:
        """Stop new effects, at once.

        Once it has returned, no call begins any more. It lists those that had begun. Computing, judging and intake go on.
        """
        with self.house.open() as platform:
            scope, name = _scope(platform, what)
            if intake and scope not in {"everything", "automation"}:
                raise WrongUsage(
                    f"Intake cannot be held for a {scope}.", "Leave --intake out, or hold everything or an automation."
                )
            on_the_way = holding.hold(
                platform.database, scope=scope, name=name, by=shell_user(), known=KNOWN, reason=reason, intake=intake
            )
            if wait:
                self._wait(platform, scope, name)
        held = _in_words(scope, name)
        data = {
            "held": {"scope": scope, "name": name, "intake": intake, "reason": reason},
            "on_their_way": [_as_data(one) for one in on_the_way],
            "waited": wait,
        }
        if self.out.put(data):
            return
        self.out.line(f"Held: {held}. No new effect starts{', and no record is taken in' if intake else ''}.")
        self._on_their_way(on_the_way, waited=wait)
        self.out.say(f"To go on: pilotage resume{'' if scope == 'everything' else ' ' + ' '.join(what)}")

    def _on_their_way(self, calls: Sequence[OnItsWay], *, waited: bool) -> None:
        if not calls:
            self.out.line("No call was on its way.")
            return
        ended = "each has ended, or may be sent no more" if waited else "each ends by itself"
        self.out.line(f"{len(calls):,} {'call was' if len(calls) == 1 else 'calls were'} on the way; {ended}.")
        self.out.table(
            ("effect", "case", "step", "through", "sent by (UTC)"),
            [
                (shown("E", one.effect), shown("C", one.case), one.node, one.connection, when(one.send_by))
                for one in calls
            ],
        )

    def _wait(self, platform: Platform, scope: str, name: str) -> None:
        rest = threading.Event()
        with self.out.watching() as watched:
            while left := holding.on_their_way(platform.database, scope=scope, name=name):
                watched.show(f"{len(left):,} on the way")
                rest.wait(_PAUSE)

    def resume(self, *what: What) -> None:
        """Let effects go out again."""
        with self.house.open() as platform:
            scope, name = _scope(platform, what, known=False)
            lifted = holding.resume(platform.database, scope=scope, name=name, by=shell_user(), known=KNOWN)
            left = holding.standing(platform.database)
        if not lifted:
            others = "; ".join(str(one) for one in left)
            remedy = f"What is held: {others}." if left else "Nothing is held."
            raise UnknownScope(f"There is no hold on {_in_words(scope, name)}.", remedy)
        still = [str(one) for one in left]
        data = {"lifted": lifted, "scope": scope, "name": name, "still_held": still}
        if not self.out.put(data):
            self.out.line(f"Lifted: {_in_words(scope, name)}.")
            for one in still:
                self.out.say(f"Still held: {one}")


def _scope(platform: Platform, words: Sequence[str], *, known: bool = True) -> tuple[str, str]:
    """The scope and name that the words mean. Raises UnknownScope (PLT-208) and UnknownName (PLT-001).

    A hold may outlive what it names: whoever lifts it names it as it is (`known=False`).
    """
    scope, *names = words or ("everything",)
    if scope not in holding.SCOPES:
        remedy = did_you_mean(scope, holding.SCOPES, f"Hold one of: {', '.join(holding.SCOPES)}.")
        raise UnknownScope(f'"{scope}" cannot be held.', remedy)
    if scope == "everything":
        if names:
            raise WrongUsage(f'"{names[0]}" is more than everything.', "Write: pilotage hold everything")
        return scope, ""
    if len(names) != 1:
        raise WrongUsage(f"Nothing says which {scope}.", f"Write: pilotage hold {scope} {_FORMS[scope]}")
    return scope, _named(platform, scope, names[0]) if known or scope == "case" else names[0]


_FORMS: Mapping[str, str] = {"automation": "NAME", "segment": "NAME=VALUE", "connection": "NAME", "case": "C-..."}


def _named(platform: Platform, scope: str, name: str) -> str:
    if scope == "automation":
        return platform.automation(name).name
    if scope == "case":
        return str(numbers(platform.database, [name])[0])
    if scope == "connection":
        known = {one.name for automation in platform.automations.values() for one in automation.connections}
        if name not in known:
            remedy = did_you_mean(name, known, f"This project has: {', '.join(sorted(known)) or 'none'}.")
            raise UnknownName(f'There is no connection "{name}" here.', remedy)
        return name
    dimension, equals, value = name.partition("=")
    dimensions = {one for automation in platform.automations.values() for one in automation.segment_names}
    if not equals or not value:
        raise WrongUsage(f'"{name}" names no segment.', "Write: pilotage hold segment NAME=VALUE")
    if dimension not in dimensions:
        remedy = did_you_mean(dimension, dimensions, f"This project has: {', '.join(sorted(dimensions)) or 'none'}.")
        raise UnknownName(f'No automation here has the segment "{dimension}".', remedy)
    return f"{dimension}={value}".replace("|", "/")


def _in_words(scope: str, name: str) -> str:
    if scope == "everything":
        return scope
    return f"the {scope} {shown('C', int(name)) if scope == 'case' else name}"


def _as_data(one: OnItsWay) -> Mapping[str, object]:
    return {
        "effect": shown("E", one.effect),
        "case": shown("C", one.case),
        "step": one.node,
        "connection": one.connection,
        "send_by": iso(one.send_by),
    }
