"""A case's timeline in plain words: each event that the way writes becomes one sentence. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from pilotage.kernel.clock import from_micros

Event: TypeAlias = Sequence[object]
"""What happened, as it is stored: the kind first, then its details."""


def sentences(story: Sequence[Event]) -> list[str]:
    """What one entry of the timeline says, a sentence for each event."""
    return [sentence(event) for event in story if event]


def sentence(event: Event) -> str:
    """One event in plain words; one that this version does not know is told as it is stored."""
    kind, *details = event
    tell = _TOLD.get(str(kind))
    if tell is None:
        return _unknown(kind, details)
    try:
        return tell(details)
    except (IndexError, TypeError, ValueError):
        return _unknown(kind, details)


def _unknown(kind: object, details: Event) -> str:
    said = ", ".join(str(one) for one in details if one not in {None, ""})
    return f"{str(kind).capitalize()}{': ' + said if said else ''}."


def _judged(details: Event) -> str:
    node, label, confidence, alone = details[:4]
    if confidence is None:
        return f"{node} abstained."
    answer = f" {label}" if label else ""
    if not confidence:
        return f"{node} proposed{answer}, and a person is asked."
    sure = f"{float(str(confidence)):.0%} sure{' as the model states it' if len(details) > 4 else ''}"
    ending = "so it went on alone" if alone else "so a person is asked"
    return f"{node} judged{answer}, {sure}, {ending}."


def _asked(details: Event) -> str:
    node, model, became, calls, uncounted, tokens, money = details[:7]
    masked = " A secret's value stood in what it was to read, and was taken out first." if len(details) > 7 else ""
    if became == "answered":
        priced = f"{money} USD" if money is not None else "at a price that is not known"
        several = f"{calls} calls" if calls != 1 else "a call"
        return f"{node}: {model} answered, in {several} of {tokens} tokens for {priced}.{masked}"
    unknown = f", and what {uncounted} of its calls took is not known" if uncounted else ""
    return f"{node}: {model}: {became}{unknown}.{masked}"


def _approved(details: Event) -> str:
    node, names = details[0], details[1]
    by = [str(name) for name in cast("list[object]", names)] if isinstance(names, list) else []
    return f"{node}: approved by {_listed(by)}." if by else f"{node}: no approval was needed."


_ASKED: Final[Mapping[str, str]] = {
    "judgement": "what {node} should be",
    "abstained": "what {node} should be, because the step abstained",
    "approval": "to approve {node}",
    "unknown variant": "which variant of {node} this is",
    "exception": "how to go on at the exception {node}",
    "hand-over": "to do {node} by hand and fill in the result",
    "unknown effect": "whether {node} was done: its outcome is not known",
    "inputs changed": "whether to keep what {node} did with other inputs",
    "no longer fits": "how to go on at {node}: stored values no longer fit the code",
}


def _asks(details: Event) -> str:
    node, kind, role, why = details[:4]
    asked = _ASKED.get(str(kind), "about {node}").format(node=node)
    return f"The {role} is asked {asked}. {why}".rstrip()


_WAITS: Final[Mapping[str, str]] = {
    "a time": "It waits",
    "another attempt": "{node} failed; it is tried again",
    "an effect": "It waits for {node}",
    "its items": "It waits for its items",
    "a connection": "{node} waits for its connection",
    "a hand-over": "It waits to be handed over",
}


def _waits(details: Event) -> str:
    node, why, due, reason = (*details, None, None)[:4]
    said = _WAITS.get(str(why), "It waits").format(node=node)
    until = f" {'until' if why == 'a time' else 'at'} {_time(due)}" if isinstance(due, int) else ""
    return f"{said}{until}.{f' {_stopped(reason)}' if reason else ''}"


def _effect(details: Event) -> str:
    node, state, case, connection, attempt, words, due, asking = (*details, *[None] * 8)[:8]
    said = f" {_stopped(words)}" if words else ""
    later = f" at {_time(due)}" if isinstance(due, int) else ""
    if asking:
        return _asked_other_side(str(node), str(state), str(case), str(connection), said, later)
    number = f" (attempt {attempt})" if isinstance(attempt, int) and attempt > 1 else ""
    match state, case:
        case "confirmed", _:
            return f"{node} was done through {connection}{number}."
        case "planned", _:
            return f"{node} was not done{number}; it is tried again{later}.{said}"
        case "unknown", "person":
            return f"It is not known whether {node} was done{number}, and it must not be repeated blindly.{said}"
        case "unknown", _:
            return f"It is not known whether {node} was done{number}; {connection} is asked{later}.{said}"
        case _:
            return f"{node} was refused{number}.{said}"


def _asked_other_side(node: str, state: str, case: str, connection: str, said: str, later: str) -> str:
    match state, case:
        case "confirmed", _:
            return f"{connection} was asked and says that {node} was done."
        case "planned", _:
            return f"{connection} was asked and has no trace of {node}; it is sent again{later}."
        case "unknown", "person":
            return f"{connection} was asked about {node} again and again without an answer.{said}"
        case "unknown", _:
            return f"{connection} was asked about {node} and gave no answer; it is asked again{later}.{said}"
        case _:
            return f"{connection} was asked and has no trace of {node}; it is given up.{said}"


def _ended(event: Event, words: str) -> str:
    return f"{words} It is done." if event and event[-1] == "done" else words


def _decided(details: Event) -> str:
    node, label, by = details[:3]
    return _ended(details[3:], f"{by} decided {node}: {label}." if label else f"{by} gave the value of {node}.")


def _went_on(details: Event) -> str:
    node, words, by = details[:3]
    return _ended(details[3:], f"{by} let it go on at {node}. {_stopped(words)}".rstrip())


def _undo(details: Event) -> str:
    node, state, by, words = details[:4]
    told = {
        "undone": f"{node} was undone, as {by} asked.",
        "undo refused": f"{node} could not be undone.",
        "undo unknown": f"It is not known whether {node} was undone.",
    }
    return f"{told.get(str(state), f'{node} cannot be undone.')} {_stopped(words) if words else ''}".rstrip()


def _handed_over(details: Event) -> str:
    _, taker, took, state, kept = (*details, *[None] * 5)[:5]
    if state == "quarantined":
        return f"It was handed over to {taker}, where it is {kept} in quarantine."
    if state == "duplicate":
        return f"It was handed over to {taker}, which had it already{f' as {took}' if took else ''}."
    return f"It was handed over to {taker} as {took}."


def _handed_over_before(details: Event) -> str:
    _, taker, took = details[:3]
    return f"{taker} has it already{f' as {took}' if took else ''}; it was not handed over again."


_TOLD: Final[Mapping[str, Callable[[Event], str]]] = {
    "arrived": lambda _: "It arrived.",
    "computed": lambda d: f"{d[0]} was computed.",
    "asked": _asked,
    "judged": _judged,
    "rule": lambda d: f"The rule {d[0]} changed the value.",
    "chose": lambda d: f"{d[0]}: it took the way of {d[1]}.",
    "approved": _approved,
    "asks": _asks,
    "waits": _waits,
    "dead": lambda d: f"It became a dead letter at {d[0]}. {_stopped(d[1])}",
    "done": lambda _: "It is done.",
    "collected": lambda d: f"{d[0]}: all {d[1]} items are back.",
    "items": lambda d: f"{d[0]}: it was divided into {d[1]} items.",
    "offered": lambda d: f"It waits until {d[1]} takes it.",
    "handed over": _handed_over,
    "handed over before": _handed_over_before,
    "taken over": lambda d: f"It was handed over by {d[0]}, where it is {d[1]}.",
    "planned": lambda d: f"{d[0]} was planned.",
    "kept": lambda d: f"{d[0]} had been done already with the same inputs; it was not repeated.",
    "effect": _effect,
    "decided": _decided,
    "went on": _went_on,
    "finished": lambda d: f"{d[2]} finished it by hand. {_stopped(d[1])}",
    "said done": lambda d: _ended(d[2:], f"{d[1]} says that {d[0]} was done."),
    "said not done": lambda d: f"{d[1]} says that {d[0]} was not done; it is planned again.",
    "withdrawn": lambda d: f"{d[0]} withdrew it. {_stopped(d[1])}",
    "replayed": lambda d: f"{d[0]} had it run again from {d[2]}. {_stopped(d[1])}",
    "undo": _undo,
    "erased": lambda d: f"{d[0]} had erased what is personal of it. {_stopped(d[1])}",
}


def _time(at: int) -> str:
    return from_micros(at).strftime("%H:%M:%S UTC on %Y-%m-%d")


def _stopped(words: object) -> str:
    text = str(words).strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
