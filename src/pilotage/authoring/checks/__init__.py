"""What can be wrong with an automation: one function a question, one line each in the tuple below."""

from typing import Final

from pilotage.authoring.checks.subject import Check

DEFINITION_CHECKS: Final[tuple[Check, ...]] = ()
