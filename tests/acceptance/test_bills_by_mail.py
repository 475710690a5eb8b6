"""From the mailbox to accounting: invoices in PDF arrive at a real mail server, are read, and posted or asked about.

The invoices here are written by the test. `PILOTAGE_TEST_DATA=FOLDER` runs the same on real ones: FOLDER has NAME.pdf and
NAME.json, as the public collection of invoice2data has them (github.com/invoice-x/invoice2data, tests), and prints what was
read, what was asked, and what was wrong.
"""

import os
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import pilotage as pl
from pilotage.cases.store import looking
from pilotage.testing import Place
from tests import dovecot as server
from tests.acceptance.bills.arriving import arrived
from tests.acceptance.bills.automation import Fields, fields
from tests.acceptance.bills.comparing import expected_in, told
from tests.dovecot import Dovecot
from tests.machinery.documents import pdfs

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(server.missing() is not None, reason=server.missing() or ""),
]
DATA = os.environ.get("PILOTAGE_TEST_DATA", "")

ENGLISH = (
    "Nordlicht Ltd",
    "Invoice Number: NL-2026/17",
    "Invoice Date: 3 March 2026",
    "Subtotal 100.00",
    "Total due: EUR 119.00",
)
DUTCH = (
    "Factuurnummer: 20260044",
    "Factuurdatum: 28-02-2026",
    "Totaal excl. btw € 1.000,00",
    "Totaal te betalen € 1.210,00",
)
GERMAN = ("Rechnungsnummer: RE-88-26", "Rechnungsdatum: 05.01.2026", "Nettobetrag 50,00", "Gesamtbetrag: 59,50 EUR")
FRENCH = ("Facture numéro : F2026-9", "Date de facture : 2 février 2026", "Total HT 20,00", "Total TTC 24,00 €")
TWO_TOTALS = ("Invoice No: 70", "Invoice Date: 2026-01-05", "Total due USD 10.00", "Total due USD 12.00")
WHICH_DAY = ("Invoice No: 80", "Invoice Date: 03/04/2026", "Total due USD 10.00")
NO_NUMBER = ("Thank you", "Date: 2026-01-05", "Total due USD 10.00")


def test_what_is_understood_is_posted(dovecot: Dovecot) -> None:
    """Four languages and a machine's own: each field is what stands in the document, and each is posted once."""
    written = {
        "english.pdf": pdfs.pdf(ENGLISH),
        "dutch.pdf": pdfs.pdf(DUTCH),
        "german.pdf": pdfs.pdf(GERMAN),
        "french.pdf": pdfs.pdf(FRENCH),
        "machine.pdf": pdfs.with_attachment(pdfs.pdf(("Invoice",)), "factur-x.xml", pdfs.cii("FX-1")),
    }
    expected = {
        "english.pdf": ("NL-2026/17", date(2026, 3, 3), "119.00"),
        "dutch.pdf": ("20260044", date(2026, 2, 28), "1210.00"),
        "german.pdf": ("RE-88-26", date(2026, 1, 5), "59.50"),
        "french.pdf": ("F2026-9", date(2026, 2, 2), "24.00"),
        "machine.pdf": ("FX-1", date(2026, 3, 1), "119.00"),
    }
    with arrived(dovecot, written) as there:
        for name, (number, day, total) in expected.items():
            case = there.cases[name]
            assert case.place is Place.DONE, (name, case.timeline)
            assert case.output(fields) == Fields(number=number, date=day, total=Decimal(total), currency="EUR")
        assert len(there.service.received) == len(expected)


def test_what_is_not_understood_is_asked_with_the_reason(dovecot: Dovecot) -> None:
    """Ambiguous, missing, protected, damaged: a person sees why, nothing is posted, and who answers sends it on."""
    written = {
        "totals.pdf": pdfs.pdf(TWO_TOTALS),
        "day.pdf": pdfs.pdf(WHICH_DAY),
        "number.pdf": pdfs.pdf(NO_NUMBER),
        "locked.pdf": pdfs.locked(pdfs.pdf(ENGLISH)),
        "scan.pdf": pdfs.pdf(()),
        "broken.pdf": b"%PDF-1.7 and nothing more",
    }
    reasons = {
        "totals.pdf": "There is more than one total: 10.00, 12.00.",
        "day.pdf": '"03/04/2026" may be day/month or month/day.',
        "number.pdf": "No invoice number is labelled as one.",
        "locked.pdf": "locked.pdf cannot be read: it is protected by a password.",
        "scan.pdf": "scan.pdf cannot be read: there is no text in it; a scanned page is a picture, and is not read.",
        "broken.pdf": "broken.pdf cannot be read: it is damaged",
    }
    with arrived(dovecot, written) as there:
        for name, reason in reasons.items():
            assert there.cases[name].place is Place.WITH_PEOPLE
            assert reason in there.cases[name].decision.reason
        assert there.service.received == []
        answer = Fields(number="70", date=date(2026, 1, 5), total=Decimal("12.00"), currency="USD")
        there.cases["totals.pdf"].decision.settle(answer, by=pl.Role("bookkeeper"), reason="I asked them.")
        there.platform.settle()
        assert there.cases["totals.pdf"].place is Place.DONE
        assert [request.json["total"] for request in there.service.received] == ["12.00"]


def test_a_mail_without_an_invoice_is_kept(dovecot: Dovecot) -> None:
    """It is no case; it waits in quarantine with its reason."""
    with arrived(dovecot, {"nothing": b""}) as there:
        with there.platform.inner.database.snapshot() as tx:
            (row,) = looking.quarantined_of(tx)
        assert row.reason == "The mail holds nothing of which a record is made."
    assert dovecot.count("UNSEEN") == 0


if DATA:

    def test_real_invoices(dovecot: Dovecot, capsys: pytest.CaptureFixture[str]) -> None:
        """Every real invoice is posted or asked about; what was read is compared with what is expected, and printed."""
        written = {file.name: file.read_bytes() for file in sorted(Path(DATA).glob("*.pdf"))}
        assert written
        with arrived(dovecot, written) as there:
            said = told(there.cases, expected_in(Path(DATA)))
        with capsys.disabled():
            sys.stdout.write(f"\n{said}\n")
