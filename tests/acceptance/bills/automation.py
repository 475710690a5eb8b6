"""Invoices by mail: read, judged, and posted to accounting; those that are not understood go to a person with the reason."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from pydantic import BaseModel

import pilotage as pl
from pilotage.authoring.steps import Judge
from tests.acceptance.bills.reading import NotUnderstood, read

bookkeeper, lead = pl.Role("bookkeeper"), pl.Role("accounting-lead")
accounting = pl.Connection("accounting", base_url="https://accounting.example")


class Bill(BaseModel):
    """One PDF of a mail."""

    mail: str
    document: pl.Document


class Text(BaseModel):
    """What can be read of it."""

    text: str
    unreadable: str = ""
    machine: pl.FacturX | None = None


class Fields(BaseModel):
    """What accounting needs."""

    number: str
    date: date
    total: Decimal
    currency: str
    net: Decimal | None = None
    tax: Decimal | None = None


class Posted(BaseModel):
    """What accounting answers."""

    entry: str


def bills_of(mail: pl.Mail) -> Iterable[Bill]:
    """Each PDF of a mail is a bill."""
    return [
        Bill(mail=mail.message_id, document=one)
        for one in mail.attachments
        if one.media_type == "application/pdf" or one.name.lower().endswith(".pdf")
    ]


@pl.compute
def text_of(bill: Bill) -> Text:
    """What stands in the document, and what a machine wrote into it."""
    try:
        return Text(text=bill.document.text(), machine=bill.document.factur_x())
    except pl.DocumentUnreadable as error:
        return Text(text="", unreadable=error.what)


@pl.judge
def fields(text: Text) -> pl.Judgement[Fields]:
    """Number, date, total and currency, by the labels beside them."""
    if text.unreadable:
        return pl.abstain(text.unreadable)
    if text.machine is not None:
        return machine_wrote(text.machine)
    try:
        seen = read(text.text)
    except NotUnderstood as why:
        return pl.abstain(str(why))
    found = Fields(number=seen.number, date=seen.date, total=seen.total, currency=seen.currency)
    return pl.Judgement(found, confidence=0.95, evidence=[pl.Note(quote) for quote in seen.quotes])


def machine_wrote(it: pl.FacturX) -> pl.Judgement[Fields]:
    """What nobody needs to guess."""
    found = Fields(number=it.number, date=it.date, total=it.total, currency=it.currency)
    return pl.Judgement(found, confidence=1.0, evidence=[pl.Note("A machine wrote it into the PDF (Factur-X).")])


@pl.act(through=accounting, undo=pl.CannotUndo("a posted entry is reversed by a person", instead="reverse it by hand"))
async def post(bill: Bill, fields: Fields) -> Posted:
    """Post it."""
    return await accounting.post(
        "/entries",
        json={"number": fields.number, "total": str(fields.total), "document": bill.document.digest},
        expect=Posted,
    )


def bills(mailbox: pl.Mailbox, judge: Judge = fields, *, above: float = 0.9) -> pl.Automation:
    """The automation, with its mailbox and the step that reads; above this confidence what it reads is posted."""
    return pl.Automation(
        "bills",
        purpose="Every supplier's invoice reaches accounting with the right number, date and total.",
        takes=Bill,
        gives=Posted,
        key=lambda bill: bill.document.digest,
        owner=bookkeeper,
        process=pl.Path(
            text_of, judge.alone(above=above, otherwise=pl.Ask(bookkeeper, within="1 working days", then=lead)), post
        ),
        intake=[mailbox],
    )
