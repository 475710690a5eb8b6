"""Documents as fields of records, and mails: what is large in them lies in the file store, and the record names it."""

import datetime as dt
import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Final, Self, cast

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from pilotage.authoring.failures import PermanentFailure
from pilotage.authoring.ports import surroundings
from pilotage.authoring.settings import UsedOutside

if TYPE_CHECKING:
    from pilotage.machinery.documents.reading import Reader, Task


_MARK: Final = "x-pilotage-document"


class DocumentUnreadable(PermanentFailure):
    """What is in a document cannot be read: damaged, protected, a picture, or more than is read."""

    code: ClassVar[str] = "PLT-343"
    usual_remedy: ClassVar[str] = (
        "Look at the document; ask its sender for another form. A step that judges may `abstain` with this reason instead."
    )


class FacturX(BaseModel):
    """The invoice that a machine wrote into a PDF (Factur-X, ZUGFeRD) or as XML (XRechnung in CII)."""

    model_config = ConfigDict(frozen=True)

    number: str
    date: dt.date
    seller: str
    buyer: str | None = None
    seller_vat: str | None = None
    currency: str
    net: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal
    to_pay: Decimal | None = None
    due: dt.date | None = None
    iban: str | None = None


class Document(BaseModel):
    """A document that belongs to a record: its name and kind, and the digest under which its bytes are kept.

    Its bytes are read inside a running case, or where they are at hand: `Document.of(data, name="invoice.pdf")`.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={_MARK: True})

    name: str = Field(max_length=255)
    media_type: str = Field(max_length=255)
    size: int = Field(ge=0)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    _data: bytes | None = PrivateAttr(None)

    @classmethod
    def of(cls, data: bytes, *, name: str, media_type: str | None = None) -> Self:
        """A document from its bytes; taken in with a record or given by a step, they go into the file store."""
        kind = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        made = cls(name=name[-255:], media_type=kind, size=len(data), digest=hashlib.sha256(data).hexdigest())
        made._data = data
        return made

    def read(self) -> bytes:
        """Its bytes, as they came. Raises ContentMissing (PLT-340) and ContentAltered (PLT-341)."""
        if self._data is not None:
            return self._data
        around = surroundings.get()
        if around is None:
            what = f"Document {self.name}"
            raise UsedOutside(what)
        return around.documents.content(self.digest)

    def text(self) -> str:
        """Its text: of a PDF, an HTML page, a workbook, or of what is text already. Raises DocumentUnreadable (PLT-343)."""
        return str(self._asked("text"))

    def factur_x(self) -> FacturX | None:
        """The invoice that a machine wrote into it, or None where there is none. Raises DocumentUnreadable (PLT-343)."""
        found = self._asked("factur-x")
        if found is None:
            return None
        try:
            return FacturX.model_validate(found)
        except ValueError as error:
            raise DocumentUnreadable(f"{self.name} holds an invoice that is not complete: {_first(error)}.") from error

    def _asked(self, task: "Task") -> object:
        from pilotage.machinery.documents.values import Unreadable  # noqa: PLC0415 - for whoever reads documents

        data = self.read()
        try:
            with _reader() as reader:
                return reader.ask(task, data, name=self.name, media_type=self.media_type)
        except Unreadable as error:
            raise DocumentUnreadable(f"{self.name} cannot be read: {error.reason}.") from error

    @property
    def at_hand(self) -> bytes | None:
        """Its bytes, where it was made of them; None where they are in the file store."""
        return self._data

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        return (self.name, self.media_type, self.digest) == (other.name, other.media_type, other.digest)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))


class Mail(BaseModel):
    """A mail: what its head says, its text, and what is attached."""

    model_config = ConfigDict(frozen=True)

    message_id: str = Field(min_length=1)
    from_: str
    to: list[str] = Field(default_factory=list)
    subject: str = ""
    date: dt.datetime | None = None
    text: str = ""
    attachments: list[Document] = Field(default_factory=list[Document])


def documents_in(value: object) -> Iterator[Document]:
    """Every document in a record, whatever it is made of."""
    if isinstance(value, Document):
        yield value
    elif isinstance(value, BaseModel):
        yield from documents_in(tuple(value.__dict__.values()))
    elif isinstance(value, Mapping):
        yield from documents_in(tuple(cast("Mapping[object, object]", value).values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for one in cast("Sequence[object]", value):
            yield from documents_in(one)
    elif is_dataclass(value):
        yield from documents_in(tuple(getattr(value, each.name) for each in fields(value)))


def may_hold_documents(schema: Mapping[str, object]) -> bool:
    """Whether values of a contract with this JSON schema may hold documents."""
    return f'"{_MARK}"' in json.dumps(schema, default=str)


def _reader() -> "AbstractContextManager[Reader]":
    from pilotage.machinery.documents.reading import Reader  # noqa: PLC0415 - for whoever reads documents

    around = surroundings.get()
    return Reader() if around is None else nullcontext(around.documents.reader)


def _first(error: ValueError) -> str:
    return (
        ", ".join(str(part) for part in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else str(error)
    )
