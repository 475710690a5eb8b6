"""Doubles for tests: the whole platform in memory, a clock, services with faults."""

from pilotage.testing.models import FakeModel, Question, Reply
from pilotage.testing.platform import CaseView, Clock, Decision, EffectView, Place, Platform, Receipt
from pilotage.testing.recording import RecordedAnswers
from pilotage.testing.services import FakeService, Fault, Request

__all__ = [
    "CaseView",
    "Clock",
    "Decision",
    "EffectView",
    "FakeModel",
    "FakeService",
    "Fault",
    "Place",
    "Platform",
    "Question",
    "Receipt",
    "RecordedAnswers",
    "Reply",
    "Request",
]
