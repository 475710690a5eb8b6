"""Submitting a document: a file becomes a record that has it as its one document."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from pilotage.authoring.automation import Automation
from pilotage.authoring.documents import Document
from pilotage.cases.arrivals import Arrival
from pilotage.cases.errors import TakesNoDocument
from pilotage.cases.reading.files import OpenFile
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.submitting import Submitted

DOCUMENTS: Final = frozenset(
    {".pdf", ".xml", ".html", ".htm", ".txt", ".eml", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".docx"}
)
"""How the names of files end that are a document and no table of records."""


def submit_document(intake: Intake, automation: Automation, path: Path) -> Submitted:
    """Take a file in as the one document of a record.

    Raises SourceError (PLT-310 and following), TakesNoDocument (PLT-345), IntakeHeld (PLT-210) and IntakePaused (PLT-211).
    """
    field = document_field(automation)
    file = path.absolute()
    with OpenFile(file) as opened:
        data = opened.read(0, opened.size)
    document = Document.of(data, name=file.name)
    submission = intake.begin(automation, str(file), f"{len(data)}-{document.digest}")
    receipt = intake.take(automation, submission, [as_document(automation, field, document)])
    intake.finish(submission)
    return Submitted(file=file, receipt=receipt, resumed_at=0, blank=0)


def document_field(automation: Automation) -> str:
    """The one field of the automation's records that a file fills. Raises TakesNoDocument (PLT-345)."""
    contract = automation.takes
    fields = contract.model_fields if issubclass(contract, BaseModel) else {}
    found = [name for name, field in fields.items() if field.annotation is Document]
    others = [name for name, field in fields.items() if field.is_required() and name not in found]
    if len(found) == 1 and not others:
        return found[0]
    why = (
        f"needs {', '.join(others)} as well" if found and others else f"has {len(found) or 'no'} fields for a document"
    )
    raise TakesNoDocument(
        f"{automation.name} does not take a document alone: its record {why}.",
        "Give the others a default, or submit a CSV, JSONL or XLSX file.",
    )


def as_document(automation: Automation, field: str, document: Document) -> Arrival:
    """A record that has this as its one document."""
    contract = automation.takes
    assert issubclass(contract, BaseModel)
    try:
        return Arrival(fields=contract.model_validate({field: document}), original=document.at_hand)
    except ValidationError:  # a rule of the contract refuses it: intake says which one
        return Arrival(fields={field: document.model_dump()}, original=document.at_hand)
