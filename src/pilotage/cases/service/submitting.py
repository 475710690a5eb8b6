"""Submitting a file: its records are taken in block by block; after an interruption it goes on behind the last block.

A submission remembers the file by its size and digest, and the byte behind the last record that was committed with it.
"""

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from pilotage.authoring.automation import Automation
from pilotage.cases.arrivals import Arrival
from pilotage.cases.errors import IntakePaused, SubmissionChanged
from pilotage.cases.reading.source import Source, open_source
from pilotage.cases.reading.values import Block, Broken, Form, Record
from pilotage.cases.service.intake import BLOCK, Intake, Progress, Receipt
from pilotage.cases.store import arriving
from pilotage.kernel.interrupts import point, welcome
from pilotage.machinery.storage.database import Tx

_REST: Final = 1.0
"""Seconds between two looks for room."""
_TOGETHER: Final = 16_000_000
"""Bytes of a block up to which its originals are read at once."""

Pause = Callable[[IntakePaused], bool]
"""Told every second for as long as intake pauses; answers whether reading waits for room."""
Seen = Callable[[Receipt, int, int], None]
"""Told after each block: what became of the records so far, how many bytes were read, how many there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """Who is told how reading goes on."""

    seen: Seen
    paused: Pause
    ended: Callable[[Tx], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a file is read, where it does not say so itself."""

    form: Form | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """A file that was read to its end."""

    file: Path
    receipt: Receipt
    resumed_at: int
    """The byte at which reading went on; 0: it began at the beginning."""
    blank: int
    """Blank lines that were passed over."""


def submit_file(
    intake: Intake,
    automation: Automation,
    path: Path,
    *,
    way: Way | None = None,
    anew: bool = False,
    named: str | None = None,
    ended: Callable[[Tx], None] = lambda tx: None,
    seen: Seen = lambda receipt, done, total: None,
    paused: Pause = lambda full: False,
) -> Submitted:
    """Take the file's records in. An interrupted submission of the same file goes on where it stopped.

    `anew`: begin at the file's beginning in any case; records that are here already are duplicates. `named`: how the
    submission is called where the file is a copy of something else. `ended` notes the end elsewhere. Raises SourceError
    (PLT-301 and following), SubmissionChanged (PLT-209), IntakeHeld (PLT-210) and, unless `paused` waits, IntakePaused
    (PLT-211).
    """
    way = way or Way()
    file = path.absolute()
    with _opened(file, automation, way, 0) as first:
        fingerprint = f"{first.fingerprint}-{first.digest()}"
        submission, start = _begin(intake, automation, named or str(file), fingerprint, anew=anew)
        watching = Watching(seen=seen, paused=paused, ended=ended)
        if not start:
            return _take_all(intake, automation, submission, first, watching, 0)
    with _opened(file, automation, way, start) as source:
        return _take_all(intake, automation, submission, source, watching, start)


def _opened(file: Path, automation: Automation, way: Way, start: int) -> Source:
    return open_source(
        file,
        start_byte=start,
        form=way.form,
        delimiter=way.delimiter,
        encoding=way.encoding,
        sheet=way.sheet,
        expects=required_columns(automation) or None,
    )


def required_columns(automation: Automation) -> frozenset[str]:
    """The columns that a table must have for the automation's contract: its required fields with one name each."""
    contract = automation.takes
    if not issubclass(contract, BaseModel):
        return frozenset()
    return frozenset(
        field.alias or name
        for name, field in contract.model_fields.items()
        if field.is_required()
        and field.validation_alias in {None, field.alias}
        and not (field.alias and contract.model_config.get("populate_by_name"))
    )


def _begin(intake: Intake, automation: Automation, source: str, fingerprint: str, *, anew: bool) -> tuple[int, int]:
    """The submission, and the byte at which it goes on."""
    with intake.database.snapshot() as tx:
        stopped = arriving.unfinished_of(tx, automation.name, source)
    if stopped is not None:
        if not anew and stopped.fingerprint == fingerprint:
            return stopped.id, stopped.next_byte
        if not anew and stopped.arrived:
            msg = (
                f"{Path(source).name} has changed since its reading was interrupted, after {stopped.arrived:,} records "
                f"at byte {stopped.next_byte:,}."
            )
            remedy = (
                "Put the former file back to go on there, or submit this one from its beginning with --anew: records "
                "that are here already are recognised by their key."
            )
            raise SubmissionChanged(msg, remedy)
        intake.finish(stopped.id)
    return intake.begin(automation, source, fingerprint), 0


def _take_all(
    intake: Intake, automation: Automation, submission: int, source: Source, watching: Watching, start: int
) -> Submitted:
    receipt, rest = Receipt(submission=submission), threading.Event()
    for block, originals in _with_originals(source, most=min(BLOCK, automation.open_at_most)):
        arrivals = [_arrival(automation, source.form, item, originals) for item in block]
        progress = Progress(next_byte=block.next_byte, next_number=arrivals[-1].number or 0)
        while (taken := _taken(intake, automation, submission, arrivals, progress, watching)) is None:
            with welcome():
                rest.wait(_REST)
        receipt = receipt.plus(taken)
        watching.seen(receipt, min(block.next_byte, source.size), source.size)
        point()
    intake.finish(submission, ended=watching.ended)
    return Submitted(file=source.path, receipt=receipt, resumed_at=start, blank=source.blank)


def _taken(
    intake: Intake,
    automation: Automation,
    submission: int,
    arrivals: Sequence[Arrival],
    progress: Progress,
    watching: Watching,
) -> Receipt | None:
    """What became of the block; None where there is no room for it yet."""
    try:
        return intake.take(automation, submission, arrivals, progress)
    except IntakePaused as full:
        if not watching.paused(full):
            raise
    return None


def _with_originals(source: Source, *, most: int) -> Iterator[tuple[Block, "_Originals | None"]]:
    """Each block with the bytes that it stands on; a workbook's rows have none."""
    if source.form == "xlsx":
        for block in source.blocks(most=most):
            yield block, None
        return
    for block in source.blocks(most=most):
        first, last = block.items[0].start, block.next_byte
        whole = source.original(first, last) if last - first <= _TOGETHER else None
        yield block, _Originals(source=source, first=first, data=whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Originals:
    source: Source
    first: int
    data: bytes | None
    """The block's bytes; None where a record that is too long stands among them, and nobody keeps that one whole."""

    def of(self, item: Record) -> bytes:
        """The bytes of one record, its line end included."""
        if self.data is None:
            return self.source.original(item.start, item.end)
        return self.data[item.start - self.first : item.end - self.first]


def _arrival(automation: Automation, form: Form, item: Record | Broken, originals: _Originals | None) -> Arrival:
    if isinstance(item, Broken):
        return Arrival(
            fields=None,
            original=item.prefix,
            digest=item.digest,
            whole=item.whole,
            number=item.number,
            start=item.start,
            end=item.end,
            reason=item.reason[:1].upper() + item.reason[1:] + ".",
            shape=item.shape.value,
        )
    fields = item.fields if form == "jsonl" else fitting(automation, item.fields)
    return Arrival(
        fields=fields,
        original=originals.of(item) if originals is not None else None,
        number=item.number,
        start=item.start,
        end=item.end,
    )


def fitting(automation: Automation, fields: Mapping[str, object]) -> Mapping[str, object]:
    """The row of a table in the form that the contract takes: as it is, else without its empty cells.

    A cell knows neither "absent" nor, in a workbook, that 1001 is meant as a text: both are tried only where the row is
    refused as it is. A row that fits in no form stays as it is, so that the first error is the one that is told.
    """
    if not any(value in {"", None} or not isinstance(value, str) for value in fields.values()):
        return fields
    wrong = _wrong(automation, fields)
    if wrong is None:
        return fields
    filled: dict[str, object] = {name: value for name, value in fields.items() if value not in {"", None}}
    for name in filled.keys() & _meant_as_text(wrong):
        filled[name] = _text(filled[name])
    return filled if _wrong(automation, filled) is None else fields


def fitting_row(automation: Automation, row: Mapping[str, object]) -> Mapping[str, object]:
    """The row of a database in the form that the contract takes: a number may be meant as a text, and NULL as nothing."""
    wrong = _wrong(automation, row)
    if wrong is None:
        return row
    unfit = {str(one["loc"][0]) for one in wrong.errors(include_url=False, include_input=False) if len(one["loc"]) == 1}
    texts = _meant_as_text(wrong)
    return {
        name: _text(value) if name in texts else value
        for name, value in row.items()
        if value is not None or name not in unfit
    }


def _wrong(automation: Automation, fields: Mapping[str, object]) -> ValidationError | None:
    try:
        automation.plan.record.decode(dict(fields))
    except ValidationError as error:
        return error
    return None


def _meant_as_text(error: ValidationError) -> set[str]:
    return {
        str(one["loc"][0])
        for one in error.errors(include_url=False, include_input=False)
        if one["type"] == "string_type" and len(one["loc"]) == 1
    }


def _text(value: object) -> object:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
