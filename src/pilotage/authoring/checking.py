"""What `pilotage check` finds beyond the definitions: examples, settings, hand-overs, and automations that meet."""

from collections.abc import Iterator, Mapping, Sequence

from pilotage.authoring.automation import Automation
from pilotage.authoring.checks.handing import Known, every_receiver_is_known, every_receiver_takes_it
from pilotage.authoring.checks.naming import differing
from pilotage.authoring.checks.proving import every_example_holds
from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError, Finding
from pilotage.authoring.rules import Rule


def check(
    automations: Sequence[Automation],
    *,
    settings: Mapping[str, str] | None = None,
    environment: str = "dev",
    known: Sequence[Known] = (),
) -> list[Finding]:
    """Everything that is wrong with a project whose automations could be defined.

    `settings` has the texts of the environment by setting name; None: settings are not looked at. `known` are automations
    outside of the project that may receive hand-overs.
    """
    found = [
        *_two_of_a_name(automations),
        *differing(tuple(each for automation in automations for each in automation.connections)),
        *every_example_holds(rules_of(automations)),
        *(wrong for automation in automations for prompt in automation.prompts for wrong in prompt.wrong()),
    ]
    receivers = (*automations, *known)
    for automation in automations:
        found += every_receiver_is_known(automation.name, automation.flow, receivers)
        found += every_receiver_takes_it(automation.name, automation.flow, receivers)
    if settings is not None:
        found += _wrong_settings(automations, settings, environment)
    return list(dict.fromkeys(found))


def rules_of(automations: Sequence[Automation]) -> list[Rule]:
    """Every rule of the automations, once, in the order of their paths."""
    rules = {
        id(stop.step): stop.step
        for automation in automations
        for flow in automation.flow.everything()
        for stop in flow.stops
        if isinstance(stop.step, Rule)
    }
    return list(rules.values())


def _two_of_a_name(automations: Sequence[Automation]) -> Iterator[Finding]:
    named: dict[str, Automation] = {}
    for automation in automations:
        first = named.setdefault(automation.name, automation)
        if first is not automation:
            yield finding(
                "PLT-182",
                place=automation.name,
                line=automation.line,
                name=automation.name,
                first=first.line,
                second=automation.line,
            )


def _wrong_settings(
    automations: Sequence[Automation], settings: Mapping[str, str], environment: str
) -> Iterator[Finding]:
    for automation in automations:
        for setting in automation.settings:
            try:
                setting.read(settings.get(setting.name), environment=environment)
            except DefinitionError as wrong:
                yield from wrong.findings
