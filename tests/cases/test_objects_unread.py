"""Objects of a bucket that cannot be read at the moment: the others are taken, and each look tries those again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

import pytest
from pydantic import BaseModel
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import pilotage as pl
from pilotage.operations import sources
from tests.cases.asked import counts, said
from tests.cases.test_objects import Reader


class Line(BaseModel):
    """One line of a table."""

    id: str


class Read(BaseModel):
    """What was in it."""

    id: str


@pl.compute
def read(line: Line) -> Read:
    """What it says."""
    return Read(id=line.id)


@dataclass
class Shelf:
    """A bucket that answers for each object as it is told."""

    url: str
    held: dict[str, bytes] = field(default_factory=dict[str, bytes])
    answers: dict[str, int] = field(default_factory=dict[str, int])
    asked: list[str] = field(default_factory=list[str])
    bucket: int = 200
    """What a question for the list is answered."""
    shuts: bool = False
    """Whether nothing at all can be read once an object was refused."""

    def answer(self, request: Request) -> Response:
        """As the protocol has it."""
        key = unquote(request.path.removeprefix("/scans").lstrip("/"))
        self.asked.append(key)
        if not key:
            return Response(self._list(request.args.get("start-after", "")), status=self.bucket)
        status = self.answers.get(key, 200)
        if self.shuts and status != 200:
            self.bucket = status
        return Response(self.held[key] if status == 200 else b"", status=status)

    def _list(self, after: str) -> str:
        each = "".join(
            f"<Contents><Key>{key}</Key><ETag>v1</ETag><Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.held.items())
            if key > after
        )
        return f"<ListBucketResult>{each}<IsTruncated>false</IsTruncated></ListBucketResult>"


@pytest.fixture
def shelf(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A bucket with three tables."""
    monkeypatch.setenv("SCANS_KEY", "testing:hidden-key")
    made = Shelf(httpserver.url_for("/scans"))
    made.held = {f"in/{name}.csv": b"id\n%s\n" % name.encode() for name in ("a", "forbid", "z")}
    httpserver.expect_request("/scans/").respond_with_handler(made.answer)
    for key in made.held:
        httpserver.expect_request(f"/scans/{key}").respond_with_handler(made.answer)
    return made


pytestmark = pytest.mark.slow
Opens = Callable[[], Reader]


@pytest.fixture
def opens(shelf: Shelf, database_url: str) -> Opens:
    """Opens a platform whose records come from there."""

    def open_it() -> Reader:
        bucket = pl.Bucket("scans", url=shelf.url, credential=pl.Secret("scans-key", max_age="90d"))
        source = pl.Objects("new-scans", bucket, prefix="in/")
        made = pl.Automation(
            "scans",
            purpose="Scans are read.",
            takes=Line,
            gives=Read,
            key=lambda line: line.id,
            owner=pl.Role("clerk"),
            process=pl.Path(read),
            intake=[source],
        )
        return Reader(made, database_url)

    return open_it


@pytest.mark.parametrize(("status", "word"), [(403, "refused us"), (500, "down"), (503, "down")])
def test_one_that_cannot_be_read_now_is_tried_again(shelf: Shelf, opens: Opens, status: int, word: str) -> None:
    """The others are taken, the source says which one it could not read and why, and takes it once it can, in the same version."""
    shelf.answers["in/forbid.csv"] = status
    with opens() as found:
        assert found.look() == 2
        assert counts(found.platform) == (2, 2, 0, 0)
        failing, words = said(found.platform)
        assert failing == word
        assert words is not None
        assert "in/forbid.csv" in words
        assert str(status) in words
        assert found.look() == 0
        assert len(sources.needs(found.platform.inner.database)) == 1
        shelf.answers.clear()
        assert found.look() == 1
        assert counts(found.platform) == (3, 3, 0, 0)
        assert said(found.platform) == (None, None)
        assert sources.needs(found.platform.inner.database) == []
        assert found.look() == 0


def test_where_the_bucket_itself_fails_no_object_is_blamed(shelf: Shelf, opens: Opens) -> None:
    """When the list is refused as well, it is the bucket that refuses us; afterwards all of them are taken."""
    with opens() as found:
        shelf.answers["in/a.csv"], shelf.shuts = 403, True
        assert found.look() == 0
        failing, words = said(found.platform)
        assert failing == "refused us"
        assert "in/a.csv" not in str(words)
        assert counts(found.platform) == (0, 0, 0, 0)
        shelf.answers.clear()
        shelf.bucket = 200
        assert found.look(later="30m") == 3
