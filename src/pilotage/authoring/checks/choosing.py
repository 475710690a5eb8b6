"""Whether every label of a choice has its path, and every path a label."""

from collections.abc import Iterator

from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import label_name, labels, members_name, without_none
from pilotage.authoring.findings import Finding
from pilotage.authoring.flow import Stop, function_of, last_step
from pilotage.authoring.plan import label_text
from pilotage.authoring.process import Choice
from pilotage.authoring.said import listed, within
from pilotage.authoring.values import Unknown


def every_choice_has_labels(subject: Definition) -> Iterator[Finding]:
    """PLT-134: what is chosen by has no fixed labels."""
    for stop, choice in _choices(subject):
        if not _labels_of(choice):
            yield finding("PLT-134", place=_place(stop), line=stop.line, type=_type_of(choice))


def every_label_has_its_path(subject: Definition) -> Iterator[Finding]:
    """PLT-131: a label without a path; there is no default."""
    for stop, choice in _choices(subject):
        told = {when.text for when in choice.whens}
        missing = [label for label, text in _labels_of(choice) if text not in told]
        if missing:
            names = [label_name(label) for label in missing]
            yield finding("PLT-131", place=_place(stop), line=stop.line, labels=listed(names), label=names[0])


def every_path_has_a_label(subject: Definition) -> Iterator[Finding]:
    """PLT-132: a path for what is no label."""
    for stop, choice in _choices(subject):
        known = [(type(label), label) for label, _ in _labels_of(choice)]
        for when in choice.whens:
            if known and (type(when.label), when.label) not in known:
                said = label_name(when.label)
                yield finding("PLT-132", place=_place(stop), line=when.line, label=said, type=_type_of(choice))


def no_label_stands_twice(subject: Definition) -> Iterator[Finding]:
    """PLT-133: two paths for one label."""
    for stop, choice in _choices(subject):
        seen: set[str] = set()
        for when in choice.whens:
            if when.text in seen:
                yield finding("PLT-133", place=_place(stop), line=when.line, label=label_name(when.label))
            seen.add(when.text)


def _choices(subject: Definition) -> Iterator[tuple[Stop, Choice]]:
    for flow in subject.flow.everything():
        for stop in flow.stops:
            if isinstance(stop.step, Choice):
                yield stop, stop.step


def _labels_of(choice: Choice) -> list[tuple[object, str]]:
    declared = function_of(last_step(choice.on))
    return [] if declared is None else [(label, label_text(label)) for label in labels(declared.gives) or ()]


def _type_of(choice: Choice) -> str:
    on = last_step(choice.on)
    declared = function_of(on)
    if declared is None:
        return str(getattr(on, "said", type(on).__name__))
    return members_name(without_none(declared.gives) - {Unknown})


def _place(stop: Stop) -> str:
    return within(stop.place, stop.title)
