"""What a process names: its connections, files, settings and the roles that are asked in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

from pilotage.authoring.approvals import Approval
from pilotage.authoring.connection import Connection
from pilotage.authoring.effects import Act
from pilotage.authoring.flow import Flow, Stop, function_of
from pilotage.authoring.found_in import found_in
from pilotage.authoring.models import Model
from pilotage.authoring.people import Ask, Role
from pilotage.authoring.process import BusinessException, Choice, ForEach, HandOver, Wait
from pilotage.authoring.rules import Rule
from pilotage.authoring.settings import Artifact, Setting
from pilotage.authoring.smtp import Smtp
from pilotage.authoring.steps import Judge, Judged

K = TypeVar("K")


@dataclass(frozen=True, kw_only=True)
class Involved:
    """Each thing once, in the order of the path."""

    connections: tuple[Connection, ...]
    artifacts: tuple[Artifact[object], ...]
    settings: tuple[Setting[object], ...]
    roles: tuple[Role, ...]
    models: tuple[Model, ...]
    """Language models that its steps ask, and those that are asked after them."""


def involved_in(flow: Flow) -> Involved:
    """Everything that a process names."""
    stops = [stop for each in flow.everything() for stop in each.stops]
    functions = [function for stop in stops for function in _functions(stop)]
    declared = [each for stop in stops if (each := function_of(stop.step)) is not None]
    connections = _once(connection for each in declared for connection in each.connections)
    uses = [artifact for each in declared if isinstance(each, Judge) for artifact in each.uses]
    written = [text for each in connections for text in (each.base_url, *_mail_texts(each))]
    settings = cast("list[Setting[object]]", [text for text in written if isinstance(text, Setting)])
    return Involved(
        connections=connections,
        artifacts=_once([*uses, *cast("tuple[Artifact[object], ...]", found_in(functions, Artifact))]),
        settings=_once(
            [
                *settings,
                *cast("tuple[Setting[object], ...]", found_in(functions, Setting)),
            ]
        ),
        roles=tuple(dict.fromkeys(role for stop in stops for role in roles_of(stop.step))),
        models=_once(each for model in found_in(functions, Model) for each in model.chain),
    )


def _mail_texts(connection: Connection) -> tuple[object, ...]:
    return (connection.sender, connection.user) if isinstance(connection, Smtp) else ()


def roles_of(step: object) -> Iterator[Role]:
    """Everybody whom a step asks, and the source of a rule."""
    if isinstance(step, Judged):
        yield from asked(step.ask)
    elif isinstance(step, Choice | BusinessException):
        yield from asked(step.unknown if isinstance(step, Choice) else step.ask)
    elif isinstance(step, Approval):
        yield from (role for chain in step.chains for role in chain)
        yield step.then
    elif isinstance(step, HandOver):
        if step.person is not None:
            yield step.person
        yield step.then
    elif isinstance(step, Rule):
        yield step.source


def asked(ask: Ask | None) -> Iterator[Role]:
    """Everybody in a chain."""
    if ask is not None:
        yield from (role for role, _ in ask.chain())


def _functions(stop: Stop) -> Iterator[object]:
    declared, step = function_of(stop.step), stop.step
    if declared is not None:
        yield declared.function
    if isinstance(declared, Act):
        yield from (declared.undo, declared.reconcile)
    if isinstance(step, Approval):
        yield step.amount
    elif isinstance(step, Wait):
        yield step.until
    elif isinstance(step, ForEach):
        yield step.items


def _once(values: Iterable[K]) -> tuple[K, ...]:
    return tuple({id(value): value for value in values}.values())
