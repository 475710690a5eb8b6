"""`pilotage inbox` and `pilotage decide`, and what the inbox tells of a case. They parse, call and print."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Protocol

from cyclopts import Parameter

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node
from pilotage.cases.errors import AnswerDoesNotFit
from pilotage.cases.service.finding import look_up
from pilotage.inbox import store
from pilotage.inbox.answers import allowed, read_value
from pilotage.inbox.errors import NoSuchDecision
from pilotage.inbox.service import Inbox
from pilotage.inbox.telling import decision_as_data, how_to_settle, proposed, short
from pilotage.inbox.values import WORDS, Answer, Decision, Kind
from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.kernel.ids import read, shown
from pilotage.machinery.cli.bounds import AT_LEAST_ONE
from pilotage.machinery.cli.calling import as_json, told
from pilotage.machinery.cli.errors import WrongUsage
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.cli.output import Output
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.cli.times import until
from pilotage.machinery.storage.database import Database


class Platform(Protocol):
    """A platform, as far as these commands use it."""

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Who takes the questions that people must settle."""
        ...

    def automation(self, name: str) -> Automation:
        """An automation by name. Raises UnknownName (PLT-001)."""
        ...

    def node_of(self, automation: str, name: str, *, release: str | None = None) -> Node:
        """A node of an automation, as a release has it."""
        ...


class House(Protocol):
    """Opens the project's platform."""

    open: Callable[[], AbstractContextManager[Platform]]


@dataclass(frozen=True)
class InboxCommands:
    """What people must decide."""

    house: House
    out: Output

    def inbox(
        self,
        *,
        automation: Annotated[str | None, Parameter(help="of this automation alone")] = None,
        kind: Annotated[str | None, Parameter(help=f"one of: {', '.join(Kind)}")] = None,
        asked: Annotated[str | None, Parameter(help="what this role is asked")] = None,
        case: Annotated[str | None, Parameter(help="of this case alone: its id (C-...) or key")] = None,
        most: Annotated[int, Parameter(help="how many to list", validator=AT_LEAST_ONE)] = 20,
    ) -> None:
        """List what people must decide, the most urgent first."""
        if kind is not None:
            kind = _one_of("kind of decision", kind, Kind)
        with self.house.open() as platform:
            if automation is not None:
                platform.automation(automation)
            with platform.database.snapshot() as tx:
                now = platform.database.now(tx)
                number = look_up(tx, case, automation) if case is not None else None
                counts = store.count_waiting(tx, automation)
                if asked is not None and counts:
                    asked = _one_of("role that is asked", asked, {row[1] for row in counts})
                found = store.waiting(tx, automation=automation, asked=asked, kind=kind, case=number, most=most)
        meant = sum(row[2] for row in counts if kind in {None, row[0]} and asked in {None, row[1]})
        data = {"waiting": meant, "decisions": [decision_as_data(one) for one in found]}
        if not self.out.put(data):
            self._tell(found, meant if number is None else len(found), now)

    def _tell(self, found: Sequence[Decision], meant: int, now: int) -> None:
        if not found:
            self.out.line("Nobody is asked anything.")
            return
        self.out.table(
            ("decision", "what", "record", "proposal", "why", "who is asked", "answer by"),
            [
                (
                    shown("D", one.id),
                    f"{one.node} ({one.kind.value})",
                    one.case_key,
                    short(proposed(one)),
                    one.why,
                    one.asked,
                    until(one.deadline, now) if one.deadline else "",
                )
                for one in found
            ],
        )
        if meant > len(found):
            self.out.say(f"... and {meant - len(found):,} more, all younger; --most N lists more of them.")
        first = found[0]
        self.out.say(f"\nLook at the case:  pilotage case {shown('C', first.case)}")
        self.out.say(f"Settle it:         {how_to_settle(first)}")

    def decide(
        self,
        *words: Annotated[
            str, Parameter(help="decisions (D-...), then the answer: a value, or a word such as approve")
        ],
        reason: Annotated[str, Parameter(help="why; it stays with the case")],
        value: Annotated[
            str | None, Parameter(help="the value, as text or JSON, where a word alone does not say it")
        ] = None,
    ) -> int:
        """Settle a decision of the inbox.

        The answer is a value of the step's contract (such as a team), or one of: approve, refuse, go-on, finish, done,
        not-done, keep, withdraw. Several decisions may be named, if each was looked at and has the same answer.
        """
        decisions = [word for word in words if read("D", word) is not None]
        answers = [word for word in words if word not in decisions]
        if not decisions or len(answers) > 1 or not (answers or value is not None):
            raise WrongUsage(_misses(decisions, answers), 'Write: pilotage decide D-... VALUE --reason "..."')
        with self.house.open() as platform:
            settled: list[Decision] = []
            failed: list[tuple[str, PilotageError]] = []
            for one in decisions:
                try:
                    settled.append(_settle(platform, one, answers[0] if answers else None, value, reason))
                except PilotageError as error:
                    failed.append((one, error))
        return self._say_settled(settled, failed)

    def _say_settled(self, settled: Sequence[Decision], failed: Sequence[tuple[str, PilotageError]]) -> int:
        if len(failed) == 1 and not settled:
            raise failed[0][1]
        data = {
            "settled": [{"decision": shown("D", one.id), "case": shown("C", one.case)} for one in settled],
            "failed": [{"decision": name, "error": as_json(error)} for name, error in failed],
            "by": shell_user(),
            "known": KNOWN,
        }
        if not self.out.put(data):
            for one in settled:
                self.out.line(
                    f"{shown('D', one.id)} is settled: {one.node} of {one.case_key} ({shown('C', one.case)})."
                )
            if settled:
                self.out.say(
                    f"By {shell_user()} ({KNOWN}). A worker carries it on: `pilotage run`, or the one that serves."
                )
            for _, error in failed:
                told(error, self.out)
        return Exit.REFUSED if failed else Exit.OK


def _misses(decisions: Sequence[str], answers: Sequence[str]) -> str:
    if not decisions:
        return "No decision is named."
    if len(answers) > 1:
        return f"There is more than one answer: {', '.join(answers)}."
    return "There is no answer."


def _one_of(what: str, name: str, known: Iterable[str]) -> str:
    names = [str(one) for one in known]
    if name in names:
        return name
    remedy = did_you_mean(name, names, f"There is: {', '.join(sorted(names)) or 'none'}.")
    raise UnknownName(f'There is no {what} "{name}".', remedy)


def _settle(platform: Platform, text: str, answer: str | None, value: str | None, reason: str) -> Decision:
    number = read("D", text) or 0
    with platform.database.snapshot() as tx:
        found = store.find(tx, number)
        near = [shown("D", one.id) for one in store.waiting(tx, most=200)] if found is None else []
    if found is None:
        remedy = did_you_mean(text, near, "`pilotage inbox` lists those that wait.")
        raise NoSuchDecision(f"There is no decision {text}.", remedy)
    word = (answer or "value").replace("-", " ").lower()
    given: object = None
    if "value" in WORDS[found.kind] and (word not in WORDS[found.kind] or word == "value"):
        word, value = "value", value if value is not None else answer
    if value is not None:
        node = platform.node_of(found.automation, found.node, release=found.release)
        given = _value(found, node, value)
    said = Answer(by=shell_user(), known=KNOWN, reason=reason, word=word, value=given)
    return platform.inbox.settle(number, said)


def _value(decision: Decision, node: Node, text: str) -> object:
    labels = allowed(node)
    words = [one.replace(" ", "-") for one in WORDS[decision.kind] if one != "value"]
    if labels and "value" in WORDS[decision.kind] and text not in labels:
        one_of = f"Answer with one of: {', '.join(labels)}{'; or ' if words else ''}{', '.join(words)}."
        near = did_you_mean(text, [*labels, *words])
        raise AnswerDoesNotFit(f'"{text}" is no {node.name}.', f"{near} {one_of}".strip())
    return read_value(node, text)
