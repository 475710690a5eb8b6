"""`pilotage check`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pilotage.authoring.automation import Automation
from pilotage.authoring.checking import check
from pilotage.authoring.findings import DefinitionError, Finding
from pilotage.credentials.service.looking import declared, tell_of
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.machinery.telemetry.opening import refuse_unusable
from pilotage.models.checks import without_price
from pilotage.operations.allowed import callers, misspelt, shut_off
from pilotage.operations.commands.house import House, Project
from pilotage.operations.usable import FREE, granted_in, missing, told_without_database


@dataclass(frozen=True)
class ProjectCommands:
    """Looks at the project as it is written."""

    house: House
    out: Output

    def check(
        self,
        *,
        settings: Annotated[
            bool, Parameter(help="look at this environment's settings, too", negative="--no-settings")
        ] = True,
    ) -> int:
        """Say what is wrong with the project as it is written.

        Everything that is found is told at once, with file and line. Ends with 1 if there is more than warnings.
        """
        project = self.house.project()
        automations: Sequence[Automation] = ()
        try:
            automations = self.house.automations()
            found = check(
                automations,
                settings=_settings(project, automations) if settings else None,
                environment=project.environment,
            )
            found += without_price(automations)
            found += misspelt(
                project.addresses_said, environments=project.environments, connections=callers(automations)
            )
            if settings:
                found += _telemetry(project)
                found += shut_off(
                    automations, project.addresses, environment=project.environment, setting=project.setting
                )
            if settings and project.environment != FREE:
                found += self._missing(project, automations)
        except DefinitionError as error:
            found = list(error.findings)
        wrong = [one for one in found if not one.warning]
        data = {
            "automations": [one.name for one in automations],
            "findings": [one.as_json() for one in found],
            "errors": len(wrong),
            "warnings": len(found) - len(wrong),
        }
        if not self.out.put(data):
            self._tell(found, automations)
        return Exit.NOT_WELL if wrong else Exit.OK

    def _missing(self, project: Project, automations: Sequence[Automation]) -> list[Finding]:
        """What is missing here for connections to be called; a database that is not there yet is not made for it."""
        file = project.database_url.removeprefix("sqlite:///")
        if file != project.database_url and not Path(file).exists():
            where = told_without_database(project, declared(automations))
            return missing(project, automations, has=lambda name: bool(where.get(name)), granted=granted_in([]))
        with self.house.database() as database:
            told = tell_of(project, database, automations)
        there = {one.name for one in told if one.where}
        return missing(project, automations, has=there.__contains__, granted=granted_in(told))

    def _tell(self, found: Sequence[Finding], automations: Sequence[Automation]) -> None:
        for one in found:
            self.out.line(str(one) if not one.warning else f"(warning) {one}")
            self.out.line()
        names = ", ".join(one.name for one in automations) or "no automation"
        if found:
            self.out.say(f"{len(found)} {'finding' if len(found) == 1 else 'findings'}.")
        else:
            self.out.line(f"Nothing is wrong with {names}.")


def _telemetry(project: Project) -> list[Finding]:
    """What keeps every process that works from beginning, because of the traces and metrics that are asked for."""
    if project.telemetry is None:
        return []
    try:
        refuse_unusable(project.telemetry)
    except PilotageError as error:
        return [Finding(code=error.code, place="Traces and metrics", message=error.what, remedy=error.remedy)]
    return []


def _settings(project: Project, automations: Sequence[Automation]) -> dict[str, str]:
    names = {setting.name for automation in automations for setting in automation.settings}
    return {name: text for name in names if (text := project.setting(name)) is not None}
