"""Documents of records: kept in the file store, read in steps, and gone with the record."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.arrivals import Arrival
from pilotage.cases.errors import TakesNoDocument
from pilotage.cases.service.submitting_documents import submit_document
from pilotage.cases.store import looking
from pilotage.machinery.contents import store
from pilotage.operations import erasing
from pilotage.testing import FakeService, Place, Platform


class Letter(BaseModel):
    """A record that is a document."""

    document: pl.Document
    note: str = ""


class Size(BaseModel):
    """How long its text is."""

    letters: int


@pl.compute
def measure(letter: Letter) -> Size:
    """How long the letter is."""
    return Size(letters=len(letter.document.text()))


clerk = pl.Role("clerk")


def automation(takes: type = Letter) -> pl.Automation:
    """Letters are measured."""
    return pl.Automation(
        "letters",
        purpose="Letters are measured.",
        takes=takes,
        gives=Size,
        key=lambda letter: letter.document.digest,
        owner=clerk,
        process=pl.Path(measure),
    )


letters = automation()


class Copy(BaseModel):
    """What a step makes of a letter."""

    made: pl.Document


class Filed(BaseModel):
    """What the archive gives for it."""

    receipt: pl.Document


archive = pl.Connection("archive", base_url="https://archive.example")


@pl.compute
def copy(letter: Letter) -> Copy:
    """A document of its own, of any size."""
    data = b"x" * 2_000 if letter.note == "large" else b"A copy: " + letter.document.read()
    return Copy(made=pl.Document.of(data, name="copy.txt"))


@pl.act(through=archive, undo=pl.CannotUndo("a test"))
async def file_it(copy: Copy) -> Filed:
    """File it; it is read after a checkpoint."""
    await archive.post("/files", json={"text": copy.made.text()}, expect=Size)
    return Filed(receipt=pl.Document.of(b"Received", name="receipt.txt"))


@pl.compute
def measure_receipt(filed: Filed) -> Size:
    """How long the receipt is; it is read in a later batch than the one that made it."""
    return Size(letters=len(filed.receipt.text()))


copies = pl.Automation(
    "copies",
    purpose="Letters are copied.",
    takes=Letter,
    gives=Size,
    key=lambda letter: letter.document.digest,
    owner=clerk,
    process=pl.Path(copy, file_it, measure_receipt),
)


@pl.judge
def drafted(letter: Letter) -> pl.Judgement[Copy]:
    """An answer to the letter, of which nobody is sure."""
    data = b"x" * 2_000 if letter.note == "large" else b"Dear writer"
    return pl.Judgement(Copy(made=pl.Document.of(data, name="answer.txt")), confidence=0.4)


@pl.compute
def measure_copy(copy: Copy) -> Size:
    """How long the answer is; it is read after a person decided."""
    return Size(letters=len(copy.made.text()))


answered = pl.Automation(
    "answered",
    purpose="Letters are answered.",
    takes=Letter,
    gives=Size,
    key=lambda letter: letter.document.digest,
    owner=clerk,
    process=pl.Path(drafted.alone(above=0.9, otherwise=pl.Ask(clerk, within="4h", then=pl.Role("lead"))), measure_copy),
)


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    """A platform with the letters."""
    with Platform(letters, database_url=database_url) as made:
        yield made


def kept(platform: Platform) -> list[str]:
    """The contents that something refers to."""
    with platform.inner.database.snapshot() as tx:
        return [digest for digest, _ in store.every(tx)]


def test_a_document_is_read_in_a_step(platform: Platform) -> None:
    """Its bytes are in the file store, its case refers to them, and the step reads its text."""
    document = pl.Document.of(b"<p>Good morning</p>", name="a.html")
    case = platform.submit(letters, Letter(document=document))
    platform.settle()
    assert case.output(measure) == Size(letters=12)
    assert platform.inner.contents.read(document.digest) == b"<p>Good morning</p>"
    assert kept(platform) == [document.digest]


def test_a_document_that_nobody_sent_is_no_record(platform: Platform) -> None:
    """A record that names a digest without bytes waits in quarantine, and says so."""
    named = {"name": "a.txt", "media_type": "text/plain", "size": 1, "digest": "0" * 64}
    assert platform.submit(letters, {"document": named}).place is Place.QUARANTINED
    with platform.inner.database.snapshot() as tx:
        (row,) = looking.quarantined_of(tx)
    assert "is not in" in row.reason


def test_a_document_that_is_gone_is_waited_for(platform: Platform) -> None:
    """Where this machine does not see the file, the case waits for another attempt and is no dead letter."""
    document = pl.Document.of(b"words", name="a.txt")
    case = platform.submit(letters, Letter(document=document))
    (platform.inner.contents.folder / document.digest[:2] / document.digest).unlink()
    platform.settle()
    assert case.place is Place.WAITING
    platform.inner.contents.put(b"words")
    platform.clock.forward("10s")
    platform.settle()
    assert case.place is Place.DONE


def test_a_document_that_cannot_be_read_says_why(platform: Platform) -> None:
    """The step fails with the reason, and the worker goes on."""
    case = platform.submit(letters, Letter(document=pl.Document.of(b"\x89PNG", name="scan.png")))
    platform.settle()
    assert case.place is Place.DEAD
    assert "scan.png cannot be read: image/png is not read" in " ".join(case.timeline)


def test_a_conflict_keeps_both_documents(platform: Platform) -> None:
    """A second record of a key with another document waits in quarantine, and its document with it."""
    one, two = (pl.Document.of(data, name="a.txt") for data in (b"one", b"two"))
    platform.submit(letters, Letter(document=one))
    intake = platform.inner.intake
    keyed = automation()
    keyed._key = lambda letter: one.digest
    receipt = intake.take(keyed, intake.begin(keyed, "test"), [Arrival(fields=Letter(document=two))])
    assert (receipt.accepted, receipt.quarantined) == (0, 1)
    assert set(kept(platform)) == {one.digest, two.digest}
    assert platform.inner.contents.read(two.digest) == b"two"


def test_what_is_erased_takes_its_document_along(platform: Platform) -> None:
    """The document leaves the disk with the case."""
    document = pl.Document.of(b"personal", name="a.txt")
    platform.submit(letters, Letter(document=document))
    platform.settle()
    platform.clock.forward("1h")
    done = erasing.erase(
        platform.inner.database,
        "letters",
        document.digest,
        archives=(),
        contents=platform.inner.contents,
        by="me",
        reason="asked for",
    )
    assert done.contents == 1
    assert not platform.inner.contents.has(document.digest)


def test_a_file_is_a_record(platform: Platform, tmp_path: Path) -> None:
    """A file that is no table is submitted as the one document of a record; the same file again is a duplicate."""
    file = tmp_path / "morning.html"
    file.write_bytes(b"<p>Good morning</p>")
    assert submit_document(platform.inner.intake, letters, file).receipt.accepted == 1
    assert submit_document(platform.inner.intake, letters, file).receipt.duplicates == 1
    platform.settle()
    (digest,) = kept(platform)
    with platform.inner.database.snapshot() as tx:
        (row,) = looking.cases_by_key(tx, digest, "letters")
    assert row.place == "done"


def test_who_takes_more_than_a_document_says_so(platform: Platform, tmp_path: Path) -> None:
    """A file alone cannot fill a record that needs other fields: the error names them."""

    class Signed(BaseModel):
        document: pl.Document
        by: str

    @pl.compute
    def signed(letter: Signed) -> Size:
        """Nothing."""
        return Size(letters=0)

    other = pl.Automation(
        "signed",
        purpose="Signed letters.",
        takes=Signed,
        gives=Size,
        key=lambda letter: letter.by,
        owner=clerk,
        process=pl.Path(signed),
    )
    with pytest.raises(TakesNoDocument, match="needs by as well"):
        submit_document(platform.inner.intake, other, tmp_path / "a.pdf")


def test_a_document_that_a_step_made_is_read_in_a_later_one(database_url: str) -> None:
    """Of a step that computes and of an effect: its bytes are kept with the case, and go with it."""
    service = FakeService(archive)
    service.on("POST", "/files")(lambda request: Size(letters=1))
    with Platform(copies, services=[service], database_url=database_url) as platform:
        letter = pl.Document.of(b"Good morning", name="a.txt")
        case = platform.submit(copies, Letter(document=letter))
        platform.settle()
        assert case.place is Place.DONE, case.timeline
        assert case.output(measure_receipt) == Size(letters=8)
        assert [request.json["text"] for request in service.received] == ["A copy: Good morning"]
        made = {pl.Document.of(data, name="a.txt").digest for data in (b"A copy: Good morning", b"Received")}
        assert set(kept(platform)) == {letter.digest, *made}


def test_a_document_that_a_step_made_and_is_too_large(database_url: str) -> None:
    """The case is a dead letter that says so; the others go on."""
    service = FakeService(archive)
    service.on("POST", "/files")(lambda request: Size(letters=1))
    with Platform(copies, services=[service], database_url=database_url) as platform:
        platform.inner.contents.most = 1_000
        large, small = (
            platform.submit(copies, Letter(document=pl.Document.of(note.encode(), name="a.txt"), note=note))
            for note in ("large", "small")
        )
        platform.settle()
        assert (large.place, small.place) == (Place.DEAD, Place.DONE)
        assert "is larger than the file store takes" in " ".join(large.timeline)


def test_a_document_that_a_person_is_asked_about_is_kept(database_url: str) -> None:
    """What a judgement proposes is in the file store while it waits, and is read once it was decided; too large, it is dead."""
    with Platform(answered, database_url=database_url) as platform:
        platform.inner.contents.most = 1_000
        good, large = (
            platform.submit(answered, Letter(document=pl.Document.of(note.encode(), name="a.txt"), note=note))
            for note in ("good", "large")
        )
        platform.settle()
        assert (good.place, large.place) == (Place.WITH_PEOPLE, Place.DEAD)
        answer = pl.Document.of(b"Dear writer", name="answer.txt")
        assert answer.digest in kept(platform)
        assert platform.inner.contents.read(answer.digest) == b"Dear writer"
        good.decision.settle(good.decision.proposal, by=clerk, reason="It is right")
        platform.settle()
        assert good.place is Place.DONE, good.timeline
        assert good.output(measure_copy) == Size(letters=11)
