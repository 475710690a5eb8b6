"""A page renders a documented context: reading the documentation, and checking that template and context agree."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache

from jinja2 import Environment, meta, nodes

from pilotage.machinery.web.errors import PagesDoNotFit


def values_of(context: object) -> dict[str, object]:
    """The fields of a context, as the variables of its template."""
    if not is_dataclass(context):
        msg = f"{type(context).__name__} is not a dataclass, so no template can be rendered with it."
        raise PagesDoNotFit(msg, "Give the page a frozen dataclass whose fields are the template's variables.")
    return {each.name: getattr(context, each.name) for each in fields(context)}


@cache
def documented(context: type) -> Mapping[str, str]:
    """The fields of a context, each with the sentence that stands below it in the source; empty where none stands."""
    sentences: dict[str, str] = {}
    for each in reversed(context.__mro__):
        if is_dataclass(each):
            sentences |= _sentences(each)
    return {each.name: sentences.get(each.name, "") for each in fields(context)}


def _sentences(context: type) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(context)))
    except OSError:  # installed without sources
        return
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, " ".join(below.value.value.split())


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a template asks for."""

    variables: frozenset[str]
    slots: tuple[str, ...]
    blocks: frozenset[str]


def asked_by(environment: Environment, template: str) -> Asked:
    """What a template asks for, read from its source. Its layout and macros ask for `frame` and their arguments alone."""
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, template)
    tree = environment.parse(source)
    own = {macro.name for macro in tree.find_all(nodes.Macro)} | {
        name if isinstance(name, str) else name[1] for line in tree.find_all(nodes.FromImport) for name in line.names
    }
    slots = tuple(
        call.args[0].as_const()
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "slot"
    )
    return Asked(
        variables=frozenset(meta.find_undeclared_variables(tree)) - own,
        slots=slots,
        blocks=frozenset(block.name for block in tree.find_all(nodes.Block)),
    )


def disagreements(environment: Environment, template: str, context: type) -> list[str]:
    """Where a template and its context do not agree: unknown variables, unused or undocumented fields."""
    asked = asked_by(environment, template).variables - set(environment.globals) - {"frame"}
    known = documented(context)
    name = context.__name__
    return [
        *(f"{template} asks for {each}, which {name} does not have" for each in sorted(asked - set(known))),
        *(f"{template} never shows {name}.{each}" for each in known if each not in asked),
        *(f"{name}.{each} has no sentence below it that says what it is" for each, said in known.items() if not said),
    ]
