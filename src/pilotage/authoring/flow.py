"""A process drawn out: its nodes in order, what each needs and gives, and on which ways a case may come to it.

The checks read it to find what is wrong; `compiling` makes the plan of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotage.authoring.approvals import Approval
from pilotage.authoring.contracts import Members, members, type_name
from pilotage.authoring.effects import Act
from pilotage.authoring.findings import Finding
from pilotage.authoring.names import slug
from pilotage.authoring.plan import RECORD, Kind
from pilotage.authoring.process import BusinessException, Choice, ForEach, HandOver, Path, Wait
from pilotage.authoring.rules import Rule
from pilotage.authoring.said import within
from pilotage.authoring.scopes import Scope
from pilotage.authoring.signatures import Parameter, parameter
from pilotage.authoring.steps import Compute, Declared, Judge, Judged, Step
from pilotage.authoring.ways import Giving, Way, after, beginning, chosen_branch, merged, ran


@dataclass(kw_only=True)
class Stop:
    """One node on the way, as it is drawn."""

    name: str
    kind: Kind
    step: object
    title: str
    """What it is called in a finding."""
    number: int
    place: str
    """The path on which it stands."""
    line: str
    inputs: tuple[Parameter, ...] = ()
    scope_inputs: tuple[Parameter, ...] = ()
    gives: object = None
    ways: tuple[Way, ...] = ()
    """On which a case may arrive."""
    repeats: str | None = None
    """The node of the same step earlier on this path."""
    next: str | None = None
    branches: dict[str, str | None] = field(default_factory=dict[str, str | None])
    body: "Flow | None" = None

    @property
    def declared(self) -> Declared | None:
        """The function behind it, if there is one."""
        return function_of(self.step)


@dataclass(kw_only=True)
class Flow:
    """A process, or the body of a for-each."""

    automation: str
    place: str
    line: str
    record: object
    wanted: object
    """The type that it should give."""
    stops: list[Stop] = field(default_factory=list[Stop])
    first: str | None = None
    endings: tuple[Way, ...] = ()
    """The ways that come to the end."""
    strangers: list[tuple[object, str]] = field(default_factory=list[tuple[object, str]])
    """What stands on a path and is no step, with its place."""
    findings: list[Finding] = field(default_factory=list[Finding])
    """Of the declarations by themselves."""
    unsure: bool = False
    """Something was declared without its types: what is given is not known."""

    def stop(self, name: str) -> Stop:
        """The node of that name."""
        return next(stop for stop in self.stops if stop.name == name)

    def everything(self) -> list["Flow"]:
        """This flow and the bodies in it."""
        found: list[Flow] = [self]
        for stop in self.stops:
            if stop.body is not None:
                found += stop.body.everything()
        return found


@dataclass(frozen=True, slots=True)
class _At:
    """Where the drawing stands."""

    ways: tuple[Way, ...]
    loose: tuple[Callable[[str], None], ...]
    """What waits to learn its next node."""
    place: str


class _Names:
    """Gives each node a name of its own."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {RECORD: 1}

    def take(self, name: str) -> str:
        count = self._taken.get(name, 0) + 1
        self._taken[name] = count
        return name if count == 1 else self.take(f"{name}-{count}")


def draw(automation: str, record: object, wanted: object, process: Path) -> Flow:
    """Draw the process of an automation."""
    flow = Flow(
        automation=automation, place=within(automation, "path"), line=process.line, record=record, wanted=wanted
    )
    _Drawing(flow, _Names()).whole(process)
    return flow


def identity(step: object) -> object:
    """What makes two steps the same: a judge is the same whatever its threshold."""
    return step.judge if isinstance(step, Judged) else step


def function_of(step: object) -> Declared | None:
    """The decorated function behind a step, if there is one."""
    same = identity(step)
    return same if isinstance(same, Declared) else None


class _Drawing:
    def __init__(self, flow: Flow, names: _Names) -> None:
        self.flow = flow
        self.names = names

    def whole(self, process: Path) -> None:
        def begin(name: str) -> None:
            self.flow.first = name

        start = _At((beginning(members(self.flow.record)),), (begin,), self.flow.place)
        self.flow.endings = self.path(process, start).ways

    def path(self, path: Path, at: _At) -> _At:
        for step in path.steps:
            at = self.step(step, at)
        return at

    def step(self, step: object, at: _At) -> _At:
        if isinstance(step, Step):
            self.flow.findings += [found for found in step.findings if found not in self.flow.findings]
        if isinstance(step, (Approval, ForEach, Wait)) and any(found.code == "PLT-147" for found in step.findings):
            self.flow.unsure = True
            return at
        for kind, draw_it in _KINDS:
            if isinstance(step, kind):
                return draw_it(self, step, at)
        self.flow.strangers.append((step, at.place))
        self.flow.unsure = True
        return at

    # -- one kind of node each ---------------------------------------------------------------------------------------

    def function(self, step: object, at: _At) -> _At:
        declared = function_of(step)
        assert declared is not None
        if isinstance(step, Judge):
            self.flow.strangers.append((step, at.place))
        same = identity(step)
        earlier = sorted(name for way in at.ways for name in way.ran.get(same, frozenset()))
        stop = self.place(
            at, declared.name, _function_kind(step), step, title=declared.name, line=declared.line,
            inputs=declared.parameters, gives=declared.gives,
        )  # fmt: skip
        stop.repeats = earlier[0] if earlier else None
        if isinstance(step, Rule) and step.scope is not None:
            stop.scope_inputs = step.scope.parameters
        return self.gone(stop, at)

    def approval(self, step: Approval, at: _At) -> _At:
        stop = self.place(
            at, f"approval-of-{slug(type_name(step.of))}", Kind.APPROVAL, step, title=step.said, line=step.line,
            inputs=(parameter("value", step.of),), gives=step.gives, scope=step.when,
        )  # fmt: skip
        return self.gone(stop, at, approves=members(step.of))

    def exception(self, step: BusinessException, at: _At) -> _At:
        stop = self.place(
            at, slug(step.name), Kind.EXCEPTION, step, title=f'exception "{step.name}"', line=step.line,
            scope=step.when,
        )  # fmt: skip
        went_on = self.gone(stop, at)
        return went_on if step.when is not None else _At((), (), at.place)

    def hand_over(self, step: HandOver, at: _At) -> _At:
        stop = self.place(
            at, f"hand-over-to-{slug(step.target)}", Kind.HAND_OVER, step, title=f"HandOver to {step.target}",
            line=step.line, inputs=(parameter("value", step.of),), gives=step.gives,
        )  # fmt: skip
        return self.gone(stop, at)

    def wait(self, step: Wait, at: _At) -> _At:
        name = f"wait-{slug(str(step.time))}" if step.time is not None else f"wait-for-{slug(type_name(step.of))}"
        inputs = () if step.of is None else (parameter("value", step.of),)
        stop = self.place(at, name, Kind.WAIT, step, title=step.said, line=step.line, inputs=inputs)
        return self.gone(stop, at)

    def for_each(self, step: ForEach, at: _At) -> _At:
        stop = self.place(
            at, f"for-each-{slug(type_name(step.item))}", Kind.FOR_EACH, step, title=step.said, line=step.line,
            inputs=(parameter("value", step.of),), gives=step.gives,
        )  # fmt: skip
        place = within(at.place, step.said)
        stop.body = Flow(
            automation=self.flow.automation, place=place, line=step.line, record=step.item, wanted=step.result
        )
        _Drawing(stop.body, self.names).whole(step.do)
        self.flow.unsure = self.flow.unsure or stop.body.unsure
        return self.gone(stop, at)

    def choice(self, step: Choice, at: _At) -> _At:
        on = last_step(step.on)
        if on is None or not any(identity(on) in way.ran for way in at.ways):
            at = self.step(step.on, at)
        declared = function_of(on)
        gives = declared.gives if declared is not None else None
        name = declared.name if declared is not None else type_name(type(on))
        read = Parameter(name="on", type_name=type_name(gives), alternatives=members(gives), chosen=identity(on))
        stop = self.place(
            at, f"choice-on-{slug(name)}", Kind.CHOICE, step, title=f"Choice on {name}", line=step.line,
            inputs=(read,) if declared is not None else (),
        )  # fmt: skip
        at = self.gone(stop, at)
        ways: list[Way] = []
        loose: list[Callable[[str], None]] = []
        for when in step.whens:
            if when.text in stop.branches:
                continue
            stop.branches[when.text] = None
            ended = self.branch(stop, when.text, when.path, name, members(gives), at)
            ways += ended.ways
            loose += ended.loose
        return _At(merged(ways), tuple(loose), at.place)

    def branch(self, stop: Stop, label: str, path: Path, on: str, gives: Members, at: _At) -> _At:
        def enter(name: str) -> None:
            stop.branches[label] = name

        read = stop.inputs[0].chosen if stop.inputs else None
        ways = tuple(chosen_branch(way, on, label, gives, way.ran.get(read, frozenset())) for way in at.ways)
        ended = self.path(path, _At(merged(ways), (enter,), within(at.place, f"{on} is {label}")))
        return _At(ended.ways, ended.loose, at.place)

    # -- placing -----------------------------------------------------------------------------------------------------

    def place(
        self,
        at: _At,
        name: str,
        kind: Kind,
        step: object,
        *,
        title: str,
        line: str,
        inputs: Sequence[Parameter] = (),
        gives: object = None,
        scope: Scope | None = None,
    ) -> Stop:
        stop = Stop(
            name=self.names.take(name), kind=kind, step=step, title=title, number=len(self.flow.stops) + 1,
            place=at.place, line=line, inputs=tuple(inputs), gives=gives, ways=at.ways,
            scope_inputs=scope.parameters if scope is not None else (),
        )  # fmt: skip
        self.flow.stops.append(stop)
        for learn in at.loose:
            learn(stop.name)
        return stop

    def gone(self, stop: Stop, at: _At, *, approves: Members | None = None) -> _At:
        """Where the drawing stands after the node."""

        def follow(name: str) -> None:
            stop.next = name

        ways = tuple(ran(way, identity(stop.step), stop.name) for way in at.ways)
        if stop.gives is not None:
            giving = Giving(
                node=stop.name,
                number=stop.number,
                gives=members(stop.gives),
                revises=frozenset(part for each in stop.inputs for part in each.alternatives),
                revises_of={each.alternatives: each.chosen for each in stop.inputs if each.chosen is not None},
                approves=approves,
            )
            ways = tuple(after(way, giving) for way in ways)
        return _At(merged(ways), (follow,), at.place)


def last_step(step: object) -> object | None:
    """The step that gives what a choice reads: the step itself, or the last of a path."""
    if isinstance(step, Path):
        return last_step(step.steps[-1]) if step.steps else None
    return step


def _function_kind(step: object) -> Kind:
    for kind, declaration in _FUNCTIONS:
        if isinstance(step, declaration):
            return kind
    return Kind.JUDGE


_FUNCTIONS = ((Kind.COMPUTE, Compute), (Kind.ACT, Act), (Kind.RULE, Rule))
_KINDS: tuple[tuple[type | tuple[type, ...], Callable[["_Drawing", Any, _At], _At]], ...] = (
    (Path, _Drawing.path),
    ((Compute, Judged, Judge, Act, Rule), _Drawing.function),
    (Choice, _Drawing.choice),
    (Approval, _Drawing.approval),
    (BusinessException, _Drawing.exception),
    (HandOver, _Drawing.hand_over),
    (Wait, _Drawing.wait),
    (ForEach, _Drawing.for_each),
)
