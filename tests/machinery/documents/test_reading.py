"""What strangers send is read within bounds, and each thing that cannot be read says why."""

import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from tests.machinery.documents import pdfs

import pilotage as pl
from pilotage.machinery.documents.reading import Reader
from pilotage.machinery.documents.values import Bounds, Unreadable

pytestmark = pytest.mark.slow
LINES = ("Invoice 4711", "Total (EUR) 119.00")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One process that reads, for all tests here."""
    with Reader(Bounds(seconds=60, pages=50, characters=100_000, unpacked=1 << 20)) as made:
        yield made


def text(reader: Reader, data: bytes, name: str = "a.pdf", media_type: str = "application/octet-stream") -> str:
    """Its text."""
    return str(reader.ask("text", data, name=name, media_type=media_type))


def why(reader: Reader, data: bytes, name: str = "a.pdf") -> str:
    """Why it is not read."""
    with pytest.raises(Unreadable) as caught:
        text(reader, data, name)
    return caught.value.reason


def workbook(cell: str) -> bytes:
    """A workbook of one sheet with one cell."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" '
            'ContentType="application/xml"/><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        )
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{rel}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{rel}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>{cell}</t></is></c></row>'
            "</sheetData></worksheet>",
        )
    return out.getvalue()


def test_the_text_of_each_kind(reader: Reader) -> None:
    """A PDF, a page, a workbook and plain text in two encodings give their text."""
    assert text(reader, pdfs.pdf(LINES)).splitlines() == list(LINES)
    page = b"<head><title>x</title></head><script>y</script><p>One<br>Two</p><tr>three"
    assert text(reader, page, "a.html").splitlines() == ["One", "Two", "three"]
    assert text(reader, workbook("a cell"), "a.xlsx") == "a cell"
    assert text(reader, "Größe".encode(), "a.txt") == text(reader, "Größe".encode("cp1252"), "a.txt") == "Größe"


def test_what_cannot_be_read_says_why(reader: Reader) -> None:
    """Damaged, protected, without text, too long, a picture: each has a reason of its own, and reading goes on."""
    whole = pdfs.pdf(LINES)
    assert "password" in why(reader, pdfs.locked(whole))
    assert "no text in it" in why(reader, pdfs.pdf([]))
    assert "damaged" in why(reader, whole[:80])
    assert why(reader, pdfs.pdf(LINES, pages=51)) == "it has 51 pages, and at most 50 are read"
    assert "image/png is not read" in why(reader, b"\x89PNG", "a.png") or "not read" in why(reader, b"\x89PNG", "a.png")
    assert "unpacks to" in why(reader, workbook("a" * (2 << 20)), "a.xlsx")
    assert "damaged" in why(reader, b"PK\x03\x04nothing", "a.xlsx")
    assert "characters" in why(reader, b"long " * 30_000, "a.txt")
    assert text(reader, whole).splitlines() == list(LINES)


def test_a_bomb_ends_the_reading_process_alone() -> None:
    """A PDF of kilobytes that unpacks to 600 megabytes is refused in bounded memory, and the next document is read."""
    data = pdfs.bomb(600)
    assert len(data) < 10_000_000
    with Reader(Bounds(seconds=120, memory=400 << 20)) as reader:
        assert "memory" in why(reader, data)
        assert text(reader, pdfs.pdf(LINES)).splitlines() == list(LINES)


def test_what_takes_too_long_is_ended(reader: Reader) -> None:
    """A document that is read for longer than the bound says so."""
    with Reader(Bounds(seconds=0.01)) as hasty:
        assert "more than 0.01 seconds" in why(hasty, pdfs.pdf(LINES))


def test_an_invoice_inside_of_a_pdf() -> None:
    """The fields that a machine wrote into it come typed; a PDF without them gives None."""
    plain = pdfs.pdf(LINES)
    document = pl.Document.of(pdfs.with_attachment(plain, "factur-x.xml", pdfs.cii()), name="a.pdf")
    found = document.factur_x()
    assert found is not None
    assert (found.number, found.seller, found.buyer, found.currency) == ("R-1", "Nordlicht Strom", "Bureau Blau", "EUR")
    assert (found.date, found.due) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (found.net, found.tax, found.total) == (Decimal("100.00"), Decimal("19.00"), Decimal("119.00"))
    assert pl.Document.of(plain, name="b.pdf").factur_x() is None
    assert pl.Document.of(pdfs.cii("R-2"), name="c.xml").factur_x() == found.model_copy(update={"number": "R-2"})


def test_entities_are_never_resolved() -> None:
    """An invoice that reads a file of this machine, or grows without end, is refused for its document type."""
    for doctype in (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY y "ha"><!ENTITY x "&y;&y;&y;&y;">]>',
    ):
        with pytest.raises(pl.DocumentUnreadable, match="document type of its own"):
            pl.Document.of(pdfs.cii("&x;", doctype), name="a.xml").factur_x()


def test_an_incomplete_invoice_says_what_is_missing() -> None:
    """Without its number it is no invoice, and the reason names the field."""
    with pytest.raises(pl.DocumentUnreadable, match="not complete: number"):
        pl.Document.of(pdfs.cii(""), name="a.xml").factur_x()
