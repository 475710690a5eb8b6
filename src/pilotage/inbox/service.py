"""The use cases of the inbox: asking, escalating, settling."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from pilotage.authoring.plan import Node
from pilotage.cases.service import answering, ending
from pilotage.cases.values import Question
from pilotage.inbox import store
from pilotage.inbox.errors import AlreadySettled, NoSuchDecision, NotAnAnswer, ReasonMissing
from pilotage.inbox.escalation import after_silence, first
from pilotage.inbox.values import WORDS, Answer, Decision, Kind
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import Event
from pilotage.machinery.storage.database import Database, Tx


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """Decisions of one platform; implements the port that cases ask through."""

    database: Database
    zone_of: Callable[[str], str]
    """The time zone of an automation."""
    node_of: Callable[[str, str, str], Node]
    """A node of an automation, by automation, release and name."""

    def ask(self, tx: Tx, questions: Sequence[Question], now: int) -> None:
        """Write questions as decisions that wait, in the caller's transaction."""
        if not questions:
            return
        rows: list[dict[str, object]] = []
        contents: list[dict[str, object]] = []
        for number, question in zip(ids.make(len(questions)), questions, strict=True):
            zone = self.zone_of(question.automation)
            asked = first(question.chain, now=now, zone=zone)
            rows.append(
                {
                    "id": number,
                    "automation": question.automation,
                    "case_id": question.case,
                    "effect_id": question.effect,
                    "node": question.node,
                    "kind": question.kind,
                    "why": question.why,
                    "asked": asked.role,
                    "step": 0,
                    "chain": json.dumps(question.chain),
                    "zone": zone,
                    "deadline": asked.deadline,
                    "asked_at": now,
                    "state": "waiting",
                }
            )
            contents.append({"decision_id": number, "proposal": json.dumps(question.proposal), "answer": None})
        store.add(tx, rows, contents)

    def drop(self, tx: Tx, cases: Sequence[int], now: int, why: str) -> None:
        """The cases no longer need an answer."""
        store.drop(tx, cases, now=now, why=why)

    def escalate(self) -> int:
        """Ask the next of the chain where nobody answered in time; how many decisions moved on."""
        with self.database.snapshot() as tx:
            if not store.late(tx, self.database.now(tx), most=1, lock=False):
                return 0
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            rows = store.late(tx, now)
            for decision, chain, step, zone in rows:
                store.escalate(tx, decision, after_silence(json.loads(chain), step=step, now=now, zone=zone))
        return len(rows)

    def waiting(
        self,
        *,
        automation: str | None = None,
        asked: str | None = None,
        kind: str | None = None,
        case: int | None = None,
        most: int = 50,
    ) -> list[Decision]:
        """Decisions that wait, the most urgent first: of one automation, role, kind or case, or all."""
        with self.database.snapshot() as tx:
            return store.waiting(tx, automation=automation, asked=asked, kind=kind, case=case, most=most)

    def settle(self, decision: int, answer: Answer) -> Decision:
        """Record a person's answer and carry it out, in one transaction.

        Raises NoSuchDecision (PLT-401), AlreadySettled (PLT-402), NotAnAnswer (PLT-403), ReasonMissing (PLT-404), and
        AnswerDoesNotFit (PLT-204) for a value that breaks the step's contract.
        """
        if not answer.reason.strip():
            msg = "A decision without a reason helps nobody later."
            raise ReasonMissing(msg, 'Say why: --reason "...".')
        self._read_before(decision, answer)
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            found = store.find(tx, decision, lock=True)
            if found is None:
                msg = f"There is no decision {shown('D', decision)}."
                raise NoSuchDecision(msg, "`pilotage inbox` lists those that wait.")
            if found.state != "waiting":
                who = found.settled_by or "the platform"
                msg = f"{shown('D', decision)} was settled by {who}: {found.reason}."
                raise AlreadySettled(msg, f"`pilotage case {shown('C', found.case)}` shows what followed.")
            check(found, answer)
            store.settle(tx, decision, answer, now)
            self._carry_out(tx, found, answer, now)
            record(tx, now, _event(found, answer))
        return found

    def _read_before(self, decision: int, answer: Answer) -> None:
        """Let the step's contract read the value with no transaction open: an older release's code has to be started."""
        with self.database.snapshot() as tx:
            found = store.find(tx, decision)
        if found is None or found.state != "waiting" or found.kind is Kind.UNKNOWN_VARIANT:
            return
        check(found, answer)
        if answer.word in {"value", "done"}:
            answering.fitting(self._node(found), answer.value)
        elif answer.word == "approve" and isinstance(found.proposal, dict):
            answering.fitting(self._node(found), {"value": _proposal(found).get("value"), "by": [answer.by]})

    def _node(self, decision: Decision) -> Node:
        return self.node_of(decision.automation, decision.release, decision.node)

    def _carry_out(self, tx: Tx, decision: Decision, answer: Answer, now: int) -> None:
        if answer.word in {"withdraw", "refuse"}:  # whatever has become of the code
            reason = f"{answer.by} refused: {answer.reason}" if answer.word == "refuse" else answer.reason
            ending.withdraw_in(tx, [decision.case], by=answer.by, reason=reason, now=now, decisions=self)
            return
        node = self._node(decision)
        match answer.word, decision.kind:
            case "value", Kind.UNKNOWN_VARIANT:
                answering.choose(tx, decision.case, node, str(answer.value), by=answer.by, now=now)
            case "value", _:
                answering.give_value(tx, decision.case, node, answer.value, by=answer.by, now=now)
            case "approve", _:
                self._approve(tx, decision, node, answer, now)
            case "go on", Kind.NO_LONGER_FITS:
                answering.go_on(tx, decision.case, decision.node, by=answer.by, words=answer.reason, now=now)
            case "go on" | "keep", _:
                answering.go_on(tx, decision.case, node.next, by=answer.by, words=answer.reason, now=now)
            case "finish", _:
                answering.finish(tx, decision.case, by=answer.by, reason=answer.reason, now=now)
            case _ if decision.effect is not None:
                _say(tx, decision, decision.effect, node, answer, now)
            case _:
                msg = f"{answer.word} cannot be carried out for a decision of the kind {decision.kind.value}."
                raise NotAnAnswer(msg, f"Answer with one of: {', '.join(WORDS[decision.kind])}.")

    def _approve(self, tx: Tx, decision: Decision, node: Node, answer: Answer, now: int) -> None:
        """One more yes: the next approver is asked, or the value is approved by all who had to."""
        proposal = _proposal(decision)
        said = [*cast("list[str]", proposal.get("by", [])), answer.by]
        left = cast("list[str]", proposal.get("then", []))
        answering.tell(tx, decision.case, ["approved", node.name, said], now)
        if not left:
            answering.give_value(
                tx, decision.case, node, {"value": proposal["value"], "by": said}, by=answer.by, now=now
            )
            return
        within, late = str(proposal["within"]), str(proposal["late"])
        self.ask(
            tx,
            [
                Question(
                    case=decision.case,
                    automation=decision.automation,
                    node=decision.node,
                    kind=decision.kind.value,
                    chain=((left[0], within), (late, within)),
                    proposal={**proposal, "then": left[1:], "by": said},
                    why=f"{' and then '.join(left)} must approve.",
                )
            ],
            now,
        )


def _say(tx: Tx, decision: Decision, effect: int, node: Node, answer: Answer, now: int) -> None:
    """A person says what became of an effect."""
    if answer.word == "done":
        answering.say_done(tx, decision.case, effect, node, answer.value, by=answer.by, now=now)
    else:
        answering.say_not_done(tx, decision.case, effect, node, by=answer.by, now=now)


def _proposal(decision: Decision) -> dict[str, object]:
    """What the machine proposed, where that has parts."""
    proposal = decision.proposal
    return cast("dict[str, object]", proposal) if isinstance(proposal, dict) else {}


def check(decision: Decision, answer: Answer) -> None:
    """Raise NotAnAnswer (PLT-403) for a word that this kind of decision does not take."""
    if answer.word not in WORDS[decision.kind]:
        taken = ", ".join(word.replace(" ", "-") for word in WORDS[decision.kind])
        msg = f'"{answer.word}" is no answer to {shown("D", decision.id)} ({decision.kind.value}).'
        raise NotAnAnswer(msg, f"Answer with one of: {taken}.")


def _event(decision: Decision, answer: Answer) -> Event:
    """What the trail says of a decision: no value and no content of the record."""
    name, case = shown("D", decision.id), shown("C", decision.case)
    return Event(
        kind="decision.settled",
        subject=f"decision {name}",
        said=f"{decision.node} of {case} was decided: {answer.word}",
        by=answer.by,
        known=answer.known,
        details={"case": case, "automation": decision.automation, "word": answer.word, "kind": decision.kind.value},
    )
