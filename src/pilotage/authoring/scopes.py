"""Scopes: named conditions on what a path has, joined with &, | and ~."""

from collections.abc import Callable, Sequence
from types import GenericAlias

from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import bare, type_name
from pilotage.authoring.findings import refuse
from pilotage.authoring.location import line_of
from pilotage.authoring.signatures import Parameter, read_signature
from pilotage.authoring.steps import Function, sentence_of


class Scope:
    """A named condition; its sentence is what the book says of it."""

    def __class_getitem__(cls, types: object) -> object:
        """Read by type checkers; at run time it is the class."""
        return GenericAlias(cls, types)

    def __init__(
        self,
        name: str,
        parameters: tuple[Parameter, ...],
        sentence: str,
        decide: Callable[..., bool],
        line: str,
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.sentence = sentence
        self.line = line
        self._decide = decide

    @property
    def needs(self) -> tuple[object, ...]:
        """The types that it reads, in the order in which `holds` takes the values."""
        return tuple(next(iter(each.alternatives)) for each in self.parameters)

    def holds(self, values: Sequence[object]) -> bool:
        """Whether the condition holds for these values, one for each of `needs`."""
        return bool(self._decide(*values))

    def __call__(self, *args: object, **kwargs: object) -> bool:
        """The same, as a test calls it."""
        return self.holds((*args, *kwargs.values()))

    def __and__(self, other: "Scope", /) -> "Scope":
        return _joined(self, other, "and", lambda one, two: one and two)

    def __or__(self, other: "Scope", /) -> "Scope":
        return _joined(self, other, "or", lambda one, two: one or two)

    def __invert__(self) -> "Scope":
        def decide(*values: object) -> bool:
            return not self.holds(values)

        return Scope(f"not {self.name}", self.parameters, f"Not: {_lower(self.sentence)}", decide, self.line)

    def __repr__(self) -> str:
        return f"<scope {self.name}>"


def scope(function: Function, /) -> Scope:
    """A named condition; its docstring is the sentence in the book."""
    signature = read_signature(function)
    findings = list(signature.findings)
    if signature.gives is not None and bare(signature.gives) is not bool:
        place, line = function.__name__, line_of(function)
        findings.append(finding("PLT-159", place=place, line=line, type=type_name(signature.gives)))
    refuse(findings)
    name = function.__name__.replace("_", " ")
    sentence = sentence_of(function) or f"{name.capitalize()}."
    return Scope(name, signature.parameters, sentence, function, line_of(function))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # its result was just read


def _joined(one: Scope, two: Scope, word: str, join: Callable[[bool, bool], bool]) -> Scope:
    known = {each.alternatives for each in one.parameters}
    parameters = one.parameters + tuple(each for each in two.parameters if each.alternatives not in known)
    order = [each.alternatives for each in parameters]
    places = [[order.index(each.alternatives) for each in part.parameters] for part in (one, two)]

    def decide(*values: object) -> bool:
        first = one.holds([values[place] for place in places[0]])
        second = two.holds([values[place] for place in places[1]])
        return join(first, second)

    sentence = f"{one.sentence.rstrip('.')} {word} {_lower(two.sentence)}"
    return Scope(f"{one.name} {word} {two.name}", parameters, sentence, decide, one.line)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
