"""Pilotage: automations that carry a human's name. What authors write against; `import pilotage as pl`."""

from pilotage.authoring.approvals import Approval, Band
from pilotage.authoring.automation import Automation
from pilotage.authoring.book import Book, ManualCheck
from pilotage.authoring.connection import Connection
from pilotage.authoring.effects import Act, CannotUndo, SafeToRepeat, act
from pilotage.authoring.failures import Failure, MalformedResponse, PermanentFailure, TransientFailure, UnknownOutcome
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.judgements import Judgement, Note, Quote, abstain
from pilotage.authoring.limits import Quota, Rate, Retry, Window
from pilotage.authoring.people import Ask, Role
from pilotage.authoring.process import BusinessException, Choice, ForEach, HandOver, Path, Receiver, Wait, When
from pilotage.authoring.rules import Debt, Rule, rule
from pilotage.authoring.scopes import Scope, scope
from pilotage.authoring.seasons import Season
from pilotage.authoring.settings import Artifact, Secret, Setting
from pilotage.authoring.signatures import From
from pilotage.authoring.steps import Compute, Judge, Judged, Step, compute, judge
from pilotage.authoring.values import Approved, Case, Collected, Effect, Given, HandedOver, Open, Unknown

__all__ = [
    "Act",
    "Approval",
    "Approved",
    "Artifact",
    "Ask",
    "Automation",
    "Band",
    "Book",
    "BusinessException",
    "CannotUndo",
    "Case",
    "Choice",
    "Collected",
    "Compute",
    "Connection",
    "Debt",
    "DefinitionError",
    "Effect",
    "Failure",
    "ForEach",
    "From",
    "Given",
    "HandOver",
    "HandedOver",
    "Judge",
    "Judged",
    "Judgement",
    "MalformedResponse",
    "ManualCheck",
    "Note",
    "Open",
    "Path",
    "PermanentFailure",
    "Quota",
    "Quote",
    "Rate",
    "Receiver",
    "Retry",
    "Role",
    "Rule",
    "SafeToRepeat",
    "Scope",
    "Season",
    "Secret",
    "Setting",
    "Step",
    "TransientFailure",
    "Unknown",
    "UnknownOutcome",
    "Wait",
    "When",
    "Window",
    "abstain",
    "act",
    "compute",
    "judge",
    "rule",
    "scope",
]
