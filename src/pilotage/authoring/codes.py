"""The words of every definition error, in one place; checks fill in the facts, the reference page is made from it."""

from dataclasses import dataclass
from typing import Final, Literal

from pilotage.authoring.findings import Finding

Found = Literal["definition", "check", "run"]


@dataclass(frozen=True, slots=True)
class Words:
    """What one code says; `{...}` is filled in with the facts."""

    message: str
    remedy: str
    typed: bool = False
    """Both type checkers refuse it as well."""
    found: Found = "definition"


def finding(code: str, *, place: str, line: str = "", warning: bool = False, **facts: object) -> Finding:
    """The finding of a code, with the facts filled in."""
    words = CODES[code]
    return Finding(
        code=code,
        place=place,
        message=words.message.format(**facts),
        remedy=words.remedy.format(**facts),
        line=line,
        warning=warning,
    )


STEPS: Final = {
    "PLT-101": Words("has no type.", "Write the type of the value that it needs."),
    "PLT-102": Words(
        "the type {text} cannot be found.",
        "Define it at the top of a module; a type inside a function cannot be read.",
    ),
    "PLT-103": Words(
        "{type} is no contract; {because}.",
        "Wrap it: class {name}(BaseModel) with one field, an Enum, or a NewType-like model.",
    ),
    "PLT-104": Words(
        "gives nothing.",
        "Return the value that later steps use; a step that only changes something outside is an @act.",
    ),
    "PLT-105": Words(
        "judges but gives {type}.",
        "Return Judgement[{type}], with confidence and evidence, or abstain(reason).",
        typed=True,
    ),
    "PLT-106": Words(
        "judges {a_type}, which has no labels and no contract.",
        "Use an Enum, a Literal, bool or a pydantic model.",
    ),
    "PLT-107": Words(
        "has batch={batch} but takes {type}.",
        "Take list[{type}] and return a list of the same length, or leave batch out.",
        typed=True,
    ),
    "PLT-108": Words(
        "has no undo.",
        'Give undo=function that takes {type}, or undo=CannotUndo("why").',
        typed=True,
    ),
    "PLT-109": Words(
        "undo {function} takes {takes}, but {effect} gives {type}.",
        "Take {type}, and pl.Effect second if needed.",
        typed=True,
    ),
    "PLT-110": Words(
        "reconcile {function} {answers}, but {effect} gives {type}.",
        "Take pl.Effect alone, and return {type} or None.",
        typed=True,
    ),
    "PLT-111": Words(
        "{what}, so it does not come from the case.",
        "A step's inputs come from the case; use a Setting for what differs by environment.",
    ),
    "PLT-112": Words(
        "names no connection in through=.",
        "Name the connection that it calls; a call around it is refused.",
    ),
    "PLT-113": Words(
        "asks for an Effect, which only an effect has in hand.",
        "Take pl.Case for the case's id and key, or make the step an @act.",
    ),
    "PLT-115": Words(
        "batch={batch} is no number of cases.",
        "Write the most cases that the function takes at once, for example batch=64, or leave batch out.",
    ),
}

PATHS: Final = {
    "PLT-121": Words(
        "nothing gives {a_type}; there {are}.",
        "Add a step that gives it before this one, or take one of those.",
        typed=True,
    ),
    "PLT-122": Words(
        "nothing before this step gives {a_type}.\nA step that gives it stands later: {other} (step {number}).",
        "Move {other} before {step}, or give the case {a_type} in {record}'s place.",
    ),
    "PLT-123": Words(
        "{type} is given by {first} and by {second}.",
        "Write Annotated[{type}, pl.From({first})], or let {second} take it, so that it revises it.",
    ),
    "PLT-124": Words(
        "{type} is given only where {choice} is {labels}.",
        "Give it on every branch, move {step} into {those}, or take {type} | None.",
    ),
    "PLT-125": Words(
        "{step} stands twice (steps {first} and {second}).",
        "Name one path and use it in both branches, or remove one.",
    ),
    "PLT-126": Words(
        "{type} was approved at step {approved} and revised by {reviser} at step {revised}.",
        "Move {reviser} before the approval.",
    ),
    "PLT-127": Words(
        "two steps are called {name} ({first}, {second}).",
        "Rename one; the name is in the ledger and the book.",
    ),
    "PLT-128": Words(
        "gives {type}, but no path ends with one.",
        "Add the step that gives it, or change gives=.",
        typed=True,
    ),
    "PLT-129": Words(
        "{judge} does not say how sure it must be.",
        "Use {judge}.alone(above=..., otherwise=Ask(...)) or .always_ask(Ask(...)).",
        typed=True,
    ),
    "PLT-130": Words(
        "{thing} is no step.",
        "Decorate the function with @pl.compute, @pl.judge or @pl.act, or remove it.",
        typed=True,
    ),
}

CHOICES: Final = {
    "PLT-131": Words(
        "no path for {labels}.",
        'Add When({label}, ...); if it is not automated yet, When({label}, BusinessException("...", ask=...)).',
    ),
    "PLT-132": Words("{label} is no {type}.", "Use a member of {type}.", typed=True),
    "PLT-133": Words("{label} stands twice.", "Remove one When."),
    "PLT-134": Words(
        "{type} has no fixed labels.",
        "Give an Enum, a Literal or bool; compute it in a step that names the kinds.",
    ),
    "PLT-135": Words(
        "is never reached: every way ends before it.",
        "Remove it, or give the exception before it a when=.",
    ),
}

PEOPLE: Final = {
    "PLT-141": Words("bands are not ascending ({second} after {first}).", "Order them by up_to."),
    "PLT-142": Words("nobody is named above {amount}.", "End with Band(by=[...]) without up_to."),
    "PLT-143": Words("{role} is asked and is also who follows on silence.", "Name another role in then=."),
    "PLT-144": Words('"{text}" is no duration.', 'Write "90d", "4h", "30m", "2 working days" or a timedelta.'),
    "PLT-145": Words("a confidence lies between 0 and 1.", "Write 0.80 for eighty percent."),
    "PLT-146": Words(
        "it leads back to {role}.",
        "End the chain with somebody else, or with None: the case then stays with people and the owner is alarmed.",
    ),
    "PLT-147": Words("written without its type.", "Write {text}."),
    "PLT-148": Words(
        "nobody is asked.",
        "Name who approves: by=[...], or amount= with bands= of which at least one names a role.",
    ),
}

KNOWLEDGE: Final = {
    "PLT-151": Words("there is no such day.", 'Use "MM-DD"; the end of February is "02-end".'),
    "PLT-152": Words(
        "its scope reads {type}, which the path does not have.",
        "Move it after the step that gives {type}.",
    ),
    "PLT-153": Words(
        "was confirmed on {day}, which is in the future.",
        "Write the day on which {source} last confirmed it.",
    ),
    "PLT-154": Words(
        "gives {value}, expected {expected} (as of {day}).", "Correct the rule or the example.", found="check"
    ),
    "PLT-155": Words(
        "takes {takes} and gives {type}.",
        "A rule gives its first parameter, revised; anything else is @compute.",
        typed=True,
    ),
    "PLT-156": Words("it ends on {last}, before it begins.", "Write the first day first."),
    "PLT-157": Words("the example {missing}.", "{remedy}", found="check"),
    "PLT-158": Words('"{text}" is no day.', 'Write it as "2026-12-31".'),
    "PLT-159": Words(
        "is no condition: it gives {type}.",
        "A scope is a function of one or more contracts, and its return type is bool.",
        typed=True,
    ),
}

OUTSIDE: Final = {
    "PLT-161": Words(
        "a credential stands in the code.",
        'pl.Secret("{name}-token", max_age="90d"), then `pilotage secret set`.',
        typed=True,
    ),
    "PLT-162": Words("is declared twice with different {setting}.", "Import it from one place."),
    "PLT-163": Words('"{text}" is no {type}.', "Correct {variable} in {environment}.", found="check"),
    "PLT-164": Words("this limit is none: {why}.", "{remedy}"),
    "PLT-165": Words(
        "is not set in {environment} and has no default.",
        "Set {variable} in {environment}, or give the Setting a default.",
        found="check",
    ),
    "PLT-171": Words(
        "no automation of that name is known; near: {names}.",
        "Correct the name, or release {name} first.",
        found="check",
    ),
    "PLT-172": Words("the two contracts do not meet: {difference}.", "{remedy}", found="check"),
}

MODELS: Final = {
    "PLT-175": Words("{why}.", "{remedy}", found="check"),
    "PLT-176": Words("has no name.", 'Write the name by which its server knows it: Model("gpt-5-mini", ...).'),
    "PLT-177": Words(
        "asks {model}, whose connection {connection} it does not name in through=.",
        "Write through={connection}, or through=[...] with the connections of its fallbacks, too.",
    ),
    "PLT-178": Words(
        "its price is not known, so the money that it takes is not counted, and under a budget it is not asked.",
        "Write Model(..., price=Price(input=..., output=...)) in USD for a million tokens; a model of your own costs 0.",
        found="check",
    ),
}

AUTOMATIONS: Final = {
    "PLT-181": Words("a name has lower-case letters, digits and hyphens.", 'Call it "{suggestion}".'),
    "PLT-182": Words("two automations are called {name} ({first}, {second}).", "Rename one.", found="check"),
    "PLT-183": Words("purpose is empty.", "One sentence that a new colleague understands."),
    "PLT-184": Words("owner and deputy are the same role.", "Name somebody who can answer when the owner cannot."),
    "PLT-185": Words('there is no time zone "{text}".', 'For example "Europe/Berlin".'),
}

RUNNING: Final = {
    "PLT-191": Words(
        "was called directly.",
        "An effect is a step of a path; in a test use pilotage.testing.Platform.",
        found="run",
    ),
    "PLT-192": Words("called {connection}, which it does not name in through=.", "Add it.", found="run"),
    "PLT-193": Words("took {taken} records and gave {given}.", "Return one result for each, in order.", found="run"),
    "PLT-194": Words(
        "was used outside of a running case.",
        "Use it inside a step; in a test run the step with pilotage.testing.Platform.",
        found="run",
    ),
}

BREAKERS: Final = {
    "PLT-570": Words("this breaker is none: {why}.", "{remedy}"),
    "PLT-572": Words(
        '"{text}" is no header for a credential.', 'Write it as the service does: credential_header="x-api-key".'
    ),
    "PLT-573": Words("cannot be called from {environment}: {what}.", "{remedy}", found="check"),
}

SOURCES: Final = {
    "PLT-580": Words("{why}.", "{remedy}"),
    "PLT-582": Words(
        "two of its sources are called {name} ({first}, {second}).",
        "Rename one: under its name is kept how far it was read.",
    ),
}

PROJECT: Final = {
    "PLT-591": Words(
        'under {within} stands "{name}", and there is no such {kind}: it allows nothing.', "{remedy}", found="check"
    ),
    "PLT-593": Words(
        "is at {host}, which may not be called from {environment}: {why}.",
        "Correct the base URL; if the service is meant to be there, {way}",
        found="check",
    ),
}

SECTIONS: Final = {
    "Steps": STEPS,
    "Paths": PATHS,
    "Choices": CHOICES,
    "Approvals, people and time": PEOPLE,
    "What people know": KNOWLEDGE,
    "Outside": OUTSIDE,
    "Models": MODELS,
    "Automations": AUTOMATIONS,
    "While it runs": RUNNING,
    "Breakers, headers and environments": BREAKERS,
    "Sources of records": SOURCES,
    "What the project's file says": PROJECT,
}

CODES: Final[dict[str, Words]] = {code: words for section in SECTIONS.values() for code, words in section.items()}
