"""Whether the automations fit each other: names, and what one hands over and another takes."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, cast

from pilotage.authoring.codecs import codec_of
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.authoring.flow import Flow
from pilotage.authoring.people import Role
from pilotage.authoring.process import HandOver
from pilotage.authoring.said import listed, within

Schema = Mapping[str, object]


class Known(Protocol):
    """What is known of an automation: here, in this project, or in a release."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def takes(self) -> type[object]:
        """The contract of its records."""
        ...

    @property
    def version(self) -> int:
        """The version of that contract."""
        ...

    @property
    def owner(self) -> Role:
        """Who answers for it."""
        ...


def every_receiver_is_known(automation: str, flow: Flow, known: Sequence[Known]) -> Iterator[Finding]:
    """PLT-171: nobody of that name; a warning, because it may be released elsewhere."""
    names = [each.name for each in known]
    for hand_over, name in _sent(flow):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
            yield finding(
                "PLT-171",
                place=within(automation, f"HandOver to {name}"),
                line=hand_over.line,
                warning=True,
                names=listed(near) if near else "none",
                name=name,
            )


def every_receiver_takes_it(automation: str, flow: Flow, known: Sequence[Known]) -> Iterator[Finding]:
    """PLT-172: the two contracts do not meet."""
    named = {each.name: each for each in known}
    for hand_over, name in _sent(flow):
        receiver, taker = hand_over.receiver, named.get(name)
        if receiver is None or taker is None:
            continue
        place = within(automation, f"HandOver to {name} version {receiver.version}")
        agree = f"agree on version {taker.version + 1} with {taker.owner.name}"
        if receiver.version != taker.version:
            yield finding(
                "PLT-172",
                place=place,
                line=hand_over.line,
                difference=f"{name} is at version {taker.version}",
                remedy=f"Take over what changed in version {taker.version}, and write version={taker.version}.",
            )
            continue
        for difference, hint in differences(codec_of(receiver.takes).schema(), codec_of(taker.takes).schema()):
            remedy = f"Compatible change: {hint}; else {agree}."
            yield finding("PLT-172", place=place, line=hand_over.line, difference=difference, remedy=remedy)


def differences(sent: Schema, taken: Schema) -> Iterator[tuple[str, str]]:
    """Where what is sent may not be taken, and what would make it fit."""
    theirs, ours = _properties(taken), _properties(sent)
    needed = cast("Sequence[str]", taken.get("required", ()))
    always = cast("Sequence[str]", sent.get("required", ()))
    for name, wanted in theirs.items():
        if name not in ours:
            if name in needed:
                yield f"{name} is missing here", f"add {name}, or let it have a default there"
            continue
        if not _fits(_plain(ours[name], sent), _plain(wanted, taken)):
            yield f"{name} has another type there", f"give {name} the same type on both sides"
        elif name in needed and name not in always and "default" not in ours[name]:
            yield f"{name} may be absent here", f"require {name}, or let it have a default there"
    if taken.get("additionalProperties") is False:
        for name in ours:
            if name not in theirs:
                yield f"{name} is not known there", f"leave {name} out of what is sent"


def _sent(flow: Flow) -> Iterator[tuple[HandOver, str]]:
    for each in flow.everything():
        for stop in each.stops:
            if isinstance(stop.step, HandOver) and stop.step.receiver is not None:
                yield stop.step, stop.step.target


def _properties(schema: Schema) -> Mapping[str, Schema]:
    return cast("Mapping[str, Schema]", schema.get("properties", {}))


def _plain(schema: Schema, root: Schema) -> Schema:
    """A schema with its references followed, as far as one step each."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        definitions = cast("Mapping[str, Schema]", root.get("$defs", {}))
        return _plain(definitions[reference.rpartition("/")[2]], root)
    found = dict(schema)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in found:
            found[key] = [_plain(each, root) for each in cast("Sequence[Schema]", found[key])]
    if isinstance(found.get("items"), dict):
        found["items"] = _plain(cast("Schema", found["items"]), root)
    if "properties" in found:
        found["properties"] = {name: _plain(each, root) for name, each in _properties(found).items()}
    return found


def _fits(sent: Schema, taken: Schema) -> bool:
    """Whether every value of one schema is a value of the other, as far as types, labels and fields say."""
    if alternatives := _alternatives(sent):
        return all(_fits(each, taken) for each in alternatives)
    if alternatives := _alternatives(taken):
        return any(_fits(sent, each) for each in alternatives)
    return not taken.get("type") or _fits_plainly(sent, taken)


def _fits_plainly(sent: Schema, taken: Schema) -> bool:
    if "enum" in taken or "const" in taken:
        return _labels(sent) is not None and set(_labels(sent) or ()) <= set(_labels(taken) or ())
    if sent.get("type") != taken.get("type"):
        return (sent.get("type"), taken.get("type")) == ("integer", "number")
    if taken.get("format") and sent.get("format") != taken.get("format"):
        return False
    if taken.get("type") == "array":
        return _fits(cast("Schema", sent.get("items", {})), cast("Schema", taken.get("items", {})))
    return not any(differences(sent, taken)) if taken.get("type") == "object" else True


def _alternatives(schema: Schema) -> Sequence[Schema]:
    return cast("Sequence[Schema]", schema.get("anyOf") or schema.get("oneOf") or ())


def _labels(schema: Schema) -> list[object] | None:
    if "const" in schema:
        return [schema["const"]]
    return list(cast("Sequence[object]", schema["enum"])) if "enum" in schema else None
