"""Makes the plan of a process that was drawn and found to be right."""

from pilotage.authoring.codecs import codec_of
from pilotage.authoring.flow import Flow, Stop, function_of
from pilotage.authoring.plan import RECORD, Input, Node, Plan
from pilotage.authoring.signatures import Parameter, parameter
from pilotage.authoring.ways import Way, nodes_for


def compile_plan(flow: Flow) -> Plan:
    """The plan of a flow in which nothing is wrong."""
    order = {RECORD: 0} | {stop.name: number for number, stop in enumerate(flow.stops, 1)}
    return Plan(
        automation=flow.automation,
        record=codec_of(flow.record),
        nodes={stop.name: _node(stop, order) for stop in flow.stops},
        first=flow.first,
        output=codec_of(flow.wanted),
        output_sources=_sources(flow.endings, parameter("gives", flow.wanted), order),
    )


def _node(stop: Stop, order: dict[str, int]) -> Node:
    declared = function_of(stop.step)
    return Node(
        name=stop.name,
        step_name=declared.name if declared is not None else stop.name,
        kind=stop.kind,
        step=stop.step,
        inputs=tuple(_input(each, stop.ways, order) for each in stop.inputs),
        scope_inputs=tuple(_input(each, stop.ways, order) for each in stop.scope_inputs),
        codec=None if stop.gives is None else codec_of(stop.gives),
        next=stop.next,
        branches=stop.branches,
        body=None if stop.body is None else compile_plan(stop.body),
        function=None if declared is None else declared.function,
        asynchronous=declared is not None and declared.asynchronous,
        batch=None if declared is None else declared.batch,
        connections=() if declared is None else tuple(each.name for each in declared.connections),
        line=stop.line,
    )


def _input(need: Parameter, ways: tuple[Way, ...], order: dict[str, int]) -> Input:
    return Input(
        parameter=need.name,
        type_name=need.type_name,
        sources=() if need.special else _sources(ways, need, order),
        special=need.special,
        optional=need.optional,
    )


def _sources(ways: tuple[Way, ...], need: Parameter, order: dict[str, int]) -> tuple[str, ...]:
    nodes = {name for way in ways for name in nodes_for(way, need)}
    return tuple(sorted(nodes, key=lambda name: order[name]))
