"""Rules and choices: what the book decides."""

from collections.abc import Sequence

from pilotage.authoring.plan import Node, label_text
from pilotage.authoring.process import Choice
from pilotage.authoring.rules import Rule
from pilotage.authoring.values import Unknown
from pilotage.cases import leaving
from pilotage.cases.leaving import Leaving, Went
from pilotage.cases.nodes.chains import chain_of
from pilotage.cases.values import LiveCase, Question
from pilotage.cases.walk import Walk, arguments, failed, give
from pilotage.kernel.foreign import RAISED


def run_rule(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Revise the value where scope and season hold."""
    rule = node.step
    assert isinstance(rule, Rule)
    went: list[Went] = []
    scoped = arguments(env, node, group, node.scope_inputs)
    for case, values, scope in zip(group, arguments(env, node, group), scoped, strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        if isinstance(scope, Leaving):
            went.append(scope)
            continue
        day = env.day_of(case)
        try:
            value, changed = rule.apply(values, scope, day)
        except RAISED as error:  # the border to the author's code
            went.append(failed(env, case, node, error))
            continue
        if changed:
            case.story.append(["rule", node.name])
        went.append(give(case, node, value))
    return went


def run_choice(env: Walk, node: Node, group: Sequence[LiveCase]) -> list[Went]:
    """Take the branch of the label; what nobody documented goes to a person."""
    choice = node.step
    assert isinstance(choice, Choice)
    went: list[Went] = []
    for case, values in zip(group, arguments(env, node, group), strict=True):
        if isinstance(values, Leaving):
            went.append(values)
            continue
        (value,) = values
        label = value.value if isinstance(value, Unknown) else label_text(value)
        if not isinstance(value, Unknown) and label in node.branches:
            case.story.append(["chose", node.name, label])
            went.append(node.branches[label])
            continue
        chain = chain_of(choice.unknown) if choice.unknown is not None else env.unknown
        why = f'"{label}" is no variant that is documented here.'
        went.append(
            leaving.asks(
                case,
                Question(
                    case=case.id,
                    automation=env.automation,
                    node=node.name,
                    kind="unknown variant",
                    chain=chain,
                    proposal=None,
                    why=why,
                ),
            )
        )
    return went
