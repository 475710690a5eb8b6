"""Steps: functions that compute or judge. A step is still the function, so a test calls it."""

import functools
from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import get_args, get_origin

from pilotage.authoring.codecs import ContractCodec, codec_of
from pilotage.authoring.codes import finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.contracts import bare, labels, type_name, why_no_contract
from pilotage.authoring.findings import Finding, refuse
from pilotage.authoring.judgements import Judgement
from pilotage.authoring.limits import Retry
from pilotage.authoring.location import here, line_of
from pilotage.authoring.people import Ask
from pilotage.authoring.plan import label_text
from pilotage.authoring.said import an
from pilotage.authoring.settings import Artifact
from pilotage.authoring.signatures import Parameter, Signature, contract_finding, read_signature

Function = Callable[..., object]


class Step:
    """Anything that can stand on a path."""

    _line: str = ""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the declaration by itself; the automation that uses it reports it."""

    @property
    def line(self) -> str:
        """file:line of the declaration."""
        return self._line

    def __class_getitem__(cls, types: object) -> object:
        """`Step[Ticket, Team]` is read by type checkers; at run time it is the class."""
        return GenericAlias(cls, types)


class Declared:
    """A decorated function, with what its decorator and its types say."""

    def __init__(
        self,
        function: Function,
        signature: Signature,
        *,
        batch: int | None = None,
        through: tuple[Connection, ...] = (),
        retry: Retry | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = function.__name__
        self.signature = signature
        self.batch = batch
        """The most cases that the function takes at once, as lists; None: it takes one case."""
        self.connections = through
        self.retry = retry

    @property
    def asynchronous(self) -> bool:
        """Whether the function must be awaited."""
        return self.signature.asynchronous

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it needs."""
        return self.signature.parameters

    @property
    def gives(self) -> object:
        """The type of what it gives for one case; for a judge, of the judged value."""
        return self.signature.gives

    @property
    def codec(self) -> ContractCodec:
        """Of what it gives for one case; for a judge, of the judged value."""
        return codec_of(self.gives)

    @property
    def sentence(self) -> str:
        """What it does, in the first line of its docstring."""
        return sentence_of(self.function)

    @property
    def line(self) -> str:
        """file:line of its `def`."""
        return line_of(self.function)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the function itself, as a test does."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.name}>"


class Compute(Declared, Step):
    """A step that may run again at any time; through a connection it may only read."""


class Judge(Declared):
    """A judging step. It stands on no path until it says how sure it must be, with `alone` or `always_ask`."""

    uses: tuple[Artifact[object], ...] = ()

    def __class_getitem__(cls, types: object) -> object:
        """Read by type checkers; at run time it is the class."""
        return GenericAlias(cls, types)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it may give, as texts; empty where it gives a model."""
        return tuple(label_text(label) for label in labels(self.gives) or ())

    def alone(self, *, above: float, otherwise: Ask) -> "Judged":
        """The step goes on alone where its confidence is at least `above`; otherwise a person decides."""
        return Judged(self, above=above, ask=otherwise, line=here())

    def always_ask(self, ask: Ask, /) -> "Judged":
        """A person always decides; what the step judged is the proposal."""
        return Judged(self, above=None, ask=ask, line=here())


class Judged(Step):
    """A judging step with its threshold. It gives the value, the person's where a person decided."""

    def __init__(self, judge: Judge, *, above: float | None, ask: Ask, line: str) -> None:
        self.judge = judge
        self.above = above
        """None: a person always decides."""
        self.ask = ask
        self._line = line
        if above is not None and not 0 <= above <= 1:
            self.findings = (finding("PLT-145", place=f"{judge.name}.alone(above={above:g})", line=line),)

    @property
    def name(self) -> str:
        """The name of the judging function."""
        return self.judge.name

    def __repr__(self) -> str:
        return f"<judged {self.name} {'always asks' if self.above is None else f'above {self.above:g}'}>"


def compute(
    function: Function | None = None,
    /,
    *,
    batch: int | None = None,
    through: Connection | Sequence[Connection] | None = None,
    retry: Retry | None = None,
) -> Compute | Callable[[Function], Compute]:
    """A step that may run again at any time; through a connection it may only read."""

    def decorate(function: Function) -> Compute:
        signature = read_signature(function, batch=batch)
        refuse(
            [
                *signature.findings,
                *wrong_batch(function, batch),
                *no_effect_here(function, signature),
                *wrong_result(function, signature),
            ]
        )
        return Compute(function, signature, batch=batch, through=connections(through), retry=retry)

    return decorate if function is None else decorate(function)


def judge(
    function: Function | None = None,
    /,
    *,
    batch: int | None = None,
    through: Connection | Sequence[Connection] | None = None,
    uses: Sequence[Artifact[object]] = (),
    retry: Retry | None = None,
) -> Judge | Callable[[Function], Judge]:
    """A step that gives a value with confidence and evidence, or abstains."""

    def decorate(function: Function) -> Judge:
        signature = read_signature(function, batch=batch)
        judged, wrong = _judged_value(function, signature)
        refuse(
            [
                *signature.findings,
                *wrong_batch(function, batch),
                *no_effect_here(function, signature),
                *wrong,
            ]
        )
        read = Signature(
            parameters=signature.parameters, gives=judged, asynchronous=signature.asynchronous, findings=()
        )
        made = Judge(function, read, batch=batch, through=connections(through), retry=retry)
        made.uses = tuple(uses)
        return made

    return decorate if function is None else decorate(function)


def connections(through: Connection | Sequence[Connection] | None) -> tuple[Connection, ...]:
    """One connection, several or none, as a tuple."""
    if through is None:
        return ()
    return (through,) if isinstance(through, Connection) else tuple(through)


def sentence_of(function: Function) -> str:
    """The first line of a function's docstring."""
    lines = (function.__doc__ or "").strip().splitlines()
    return lines[0] if lines else ""


def wrong_batch(function: Function, batch: int | None) -> list[Finding]:
    """PLT-115: a batch of no cases."""
    if batch is None or batch >= 1:
        return []
    return [finding("PLT-115", place=function.__name__, line=line_of(function), batch=batch)]


def no_effect_here(function: Function, signature: Signature) -> list[Finding]:
    """PLT-113: an Effect where there is none."""
    return [
        finding("PLT-113", place=f"{function.__name__}({each.name})", line=line_of(function))
        for each in signature.parameters
        if each.special == "effect"
    ]


def wrong_result(function: Function, signature: Signature) -> list[Finding]:
    """PLT-103 for a result that no step could ask for by its type, and that has no labels to choose by."""
    if signature.gives is None or labels(signature.gives) is not None:
        return []
    place = f"{function.__name__} → {type_name(signature.gives)}"
    wrong = contract_finding(place, line_of(function), signature.gives)
    return [] if wrong is None else [wrong]


def _judged_value(function: Function, signature: Signature) -> tuple[object, list[Finding]]:
    gives = bare(signature.gives)
    if signature.gives is None:
        return None, []
    place, line = function.__name__, line_of(function)
    if get_origin(gives) is not Judgement:
        return None, [finding("PLT-105", place=place, line=line, type=type_name(gives))]
    (value,) = get_args(gives)
    if labels(value) is None and why_no_contract(value) is not None:
        return None, [finding("PLT-106", place=place, line=line, a_type=an(type_name(value)))]
    return value, []
