"""Recorded answers: what they answer, and what is said of a line that cannot be understood."""

import asyncio
import json
from pathlib import Path

import pytest

from pilotage.authoring.connection import Connection
from pilotage.connections.recording import Asked, Recorder, asked, digest_of
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.messages import Answer, Outgoing, origin
from pilotage.machinery.net.redaction import Redactor
from pilotage.rehearsal.answers import Answers, read_answers
from pilotage.rehearsal.errors import AnswersUnreadable
from pilotage.testing import RecordedAnswers


def call(method: str = "GET", path: str = "/customers/7", query: str = "", body: bytes | None = None) -> Asked:
    """A call through the connection crm."""
    outgoing = Outgoing(method=method, origin=origin("http://crm.test"), path=path, query=query, body=body)
    return asked("crm", outgoing)


def read(tmp_path: Path, *lines: object) -> Answers:
    """The answers of a file with these lines."""
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines) + "\n\n")
    return read_answers(file)


def test_the_nearest_answer_is_taken(tmp_path: Path) -> None:
    """An answer to this body goes before one to this query, and that before one to the path."""
    plain = {"connection": "crm", "method": "post", "path": "/search"}
    answers = read(
        tmp_path,
        {**plain, "answer": {"of": "path"}},
        {**plain, "query": "page=2", "answer": {"of": "query"}},
        {**plain, "json": {"name": "Ann", "age": 3}, "answer": {"of": "body"}},
    )
    found = [
        answers.to(call("POST", "/search", query, body))
        for query, body in (("", b""), ("page=2", b""), ("page=2", b'{"age": 3, "name": "Ann"}'), ("", b"{}"))
    ]
    assert [None if one is None else json.loads(one.body)["of"] for one in found] == ["path", "query", "body", "path"]
    assert answers.to(call("GET", "/search")) is None


def test_an_answer_has_a_status_and_a_body(tmp_path: Path) -> None:
    """An object is answered as JSON with 200, a text as it is, and a status as it is said."""
    plain = {"connection": "crm", "method": "GET"}
    answers = read(
        tmp_path,
        {**plain, "path": "/a", "answer": [1]},
        {**plain, "path": "/b", "status": 404},
        {**plain, "path": "/c", "text": "down", "status": 503, "headers": {"Retry-After": "9"}},
    )
    a, b, c = (answers.to(call(path=path)) for path in ("/a", "/b", "/c"))
    assert a is not None
    assert (a.status, a.body, a.headers) == (200, b"[1]", {"content-type": "application/json"})
    assert b is not None
    assert (b.status, b.body) == (404, b"")
    assert c is not None
    assert (c.status, c.body, c.headers) == (503, b"down", {"retry-after": "9"})


def test_the_effect_key_is_blanked_in_the_digest_of_a_body() -> None:
    """Each run has other keys; what else stands in a body tells calls apart, and the order of its fields does not."""
    one = digest_of(b'{"a": 1, "key": "dev/leads/1/note"}', "dev/leads/1/note")
    other = digest_of(b'{"key": "live/leads/77/note", "a": 1}', "live/leads/77/note")
    assert one == other
    assert one != digest_of(b'{"a": 2, "key": "dev/leads/1/note"}', "dev/leads/1/note")
    assert digest_of(b"no json") != digest_of(b"other")
    assert digest_of(None) == ""


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "line 2, is no JSON"),
        ("[]", "line 2, is no object"),
        ({"connection": "crm", "path": "/a"}, "line 2, says no method"),
        ({"connection": "crm", "method": "GET", "path": "/a", "reply": 1}, "says 'reply', which means nothing"),
        ({"connection": "crm", "method": "GET", "path": "/a", "status": "ok"}, "status that is no number"),
    ],
)
def test_a_line_that_means_nothing_is_named(tmp_path: Path, line: object, what: str) -> None:
    """The error says which line, and how one is written."""
    with pytest.raises(AnswersUnreadable, match=what) as caught:
        read(tmp_path, {"connection": "crm", "method": "GET", "path": "/a"}, line)
    assert "connection" in caught.value.remedy


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error says which file, and why it cannot be read."""
    with pytest.raises(AnswersUnreadable, match=r"missing\.jsonl cannot be read: No such file"):
        read_answers(tmp_path / "missing.jsonl")


def test_what_is_recorded_answers_the_same_call_again(tmp_path: Path) -> None:
    """An answer is found by its call, in a file of its owner alone, without the values of secrets."""
    file = tmp_path / "answers.jsonl"
    recorder = Recorder(file, lambda: Redactor(["s3cr3t-value"]))
    search, download = call("POST", "/search", "page=2", b'{"name": "Ann"}'), call(path="/download")
    headers = {"content-type": "application/json", "set-cookie": "session"}
    recorder.note(search, Answer(status=200, headers=headers, body=b'{"found": 1, "echo": "s3cr3t-value"}'))
    recorder.note(download, Answer(status=200, headers={}, body=b"no json", fault="it was cut"))
    recorder.note(download, Answer(status=404, headers={}, body=b""))
    assert "s3cr3t-value" not in file.read_text()
    assert "cookie" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    answers = read_answers(file)
    found, absent = answers.to(search), answers.to(download)
    assert found is not None
    assert json.loads(found.body)["found"] == 1
    assert absent is not None
    assert (absent.status, absent.body) == (404, b"")
    assert answers.to(call("POST", "/search", "page=3", b'{"name": "Ann"}')) is None


def test_tests_and_rehearsals_read_the_same_files(tmp_path: Path) -> None:
    """What a real run wrote down plays the other side of a connection in a test, too."""
    file, crm = tmp_path / "answers.jsonl", Connection("crm", base_url="http://crm.test")
    outgoing = Outgoing(method="POST", origin=origin("http://crm.test"), path="/search", body=b'{"b": 1, "a": 2}')
    headers = {"content-type": "application/json", "retry-after": "9"}
    Recorder(file, lambda: Redactor(())).note(
        asked("crm", outgoing), Answer(status=429, headers=headers, body=b'{"found": 1}')
    )
    played = RecordedAnswers(crm, file)
    leaving = Departure(send_by=None, monotonic=lambda: 0.0)
    turned = Outgoing(method="POST", origin=origin("http://crm.test"), path="/search", body=b'{"a":2,"b":1}')
    answer = asyncio.run(played.send(turned, leaving))
    assert (answer.status, json.loads(answer.body), answer.headers) == (429, {"found": 1}, headers)
