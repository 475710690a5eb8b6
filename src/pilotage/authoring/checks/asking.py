"""Whether a step that asks a language model names what the model is asked through."""

from collections.abc import Iterator

from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import Finding
from pilotage.authoring.flow import function_of
from pilotage.authoring.found_in import found_in
from pilotage.authoring.models import Model
from pilotage.authoring.said import within


def every_model_is_asked_through_what_is_named(subject: Definition) -> Iterator[Finding]:
    """PLT-177: the model's connection, or that of one of its fallbacks, is missing in through=."""
    for flow in subject.flow.everything():
        for stop in flow.stops:
            declared = function_of(stop.step)
            if declared is None:
                continue
            named = {connection.name for connection in declared.connections}
            for model in (each for found in found_in([declared.function], Model) for each in found.chain):
                if model.through.name not in named:
                    yield finding(
                        "PLT-177",
                        place=within(stop.place, stop.title),
                        line=declared.line,
                        model=model.name,
                        connection=model.through.name,
                    )
