"""What became of a call, sorted: the table of what is known, and properties over everything that can be seen."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.connections.sorting import (
    Answered,
    Cut,
    NeverSent,
    NotDoneStatuses,
    Seen,
    Verdict,
    seconds_to_wait,
    sort_acting,
    sort_reading,
)

A, N, C, R, U, M = (
    Verdict.ANSWERED,
    Verdict.NOT_DONE,
    Verdict.CREDENTIAL,
    Verdict.REFUSED,
    Verdict.UNKNOWN,
    Verdict.MALFORMED,
)


def said(status: int, *, holds: bool = True, retry_after: bool = False) -> Answered:
    return Answered(status=status, holds=holds, retry_after=retry_after)


# what was seen, for a call that changes something, for a call that reads
TABLE: list[tuple[Seen, Verdict, Verdict]] = [
    (NeverSent(), N, N),
    (Cut(), U, N),
    (said(200), A, A),
    (said(201), A, A),
    (said(204), A, A),
    (said(200, holds=False), U, M),
    (said(201, holds=False), U, M),
    (said(400), R, R),
    (said(401), C, C),
    (said(403), R, R),
    (said(404), R, R),
    (said(408), U, N),
    (said(409), R, R),
    (said(422), R, R),
    (said(425), R, N),
    (said(429), N, N),
    (said(429, retry_after=True), N, N),
    (said(500), U, N),
    (said(500, retry_after=True), U, N),
    (said(502), U, N),
    (said(503), U, N),
    (said(503, retry_after=True), N, N),
    (said(504), U, N),
    (said(301), U, R),
    (said(303), U, R),
    (said(304), U, M),
    (said(307), R, R),
    (said(308), R, R),
    (said(101), U, M),
    (said(600), U, M),
    (said(999), U, M),
]


@pytest.mark.parametrize(("seen", "acting", "reading"), TABLE)
def test_the_table(seen: Seen, acting: Verdict, reading: Verdict) -> None:
    """Each kind of outcome has one verdict for a call that acts and one for a call that reads."""
    assert (sort_acting(seen), sort_reading(seen)) == (acting, reading)


def test_a_service_may_declare_what_means_not_done() -> None:
    """Statuses beyond the usual ones, and the usual ones taken away."""
    declared = NotDoneStatuses(always=frozenset({409}), with_retry_after=frozenset())
    assert sort_acting(said(409), declared) is N
    assert sort_acting(said(429), declared) is R
    assert sort_acting(said(503, retry_after=True), declared) is U


def test_what_is_looked_for_may_be_absent() -> None:
    """404 is an answer to `find`, and a refusal to `get`."""
    assert sort_reading(said(404), absent_is_none=True) is Verdict.ABSENT
    assert sort_reading(said(404)) is R
    assert sort_reading(said(410), absent_is_none=True) is R


def test_a_refused_repeat_settles_nothing() -> None:
    """After an unknown outcome "it exists already" may be our own work: the effect stays unknown."""
    for status in (400, 403, 404, 409, 422):
        assert sort_acting(said(status), repeats_unknown=True) is U
    assert sort_acting(said(429), repeats_unknown=True) is N
    assert sort_acting(said(201), repeats_unknown=True) is A


statuses = st.integers(min_value=100, max_value=999)
answers = st.builds(Answered, status=statuses, holds=st.booleans(), retry_after=st.booleans())
outcomes = st.one_of(st.just(NeverSent()), st.just(Cut()), answers)
declarations = st.builds(
    NotDoneStatuses, always=st.frozensets(statuses, max_size=5), with_retry_after=st.frozensets(statuses, max_size=5)
)


@given(outcomes, declarations, st.booleans())
def test_only_proof_makes_an_act_known_not_done(seen: Seen, declared: NotDoneStatuses, repeats: bool) -> None:  # noqa: FBT001
    """It may be sent again only if nothing left, or a status says so that was declared to, or the credential failed."""
    verdict = sort_acting(seen, declared, repeats_unknown=repeats)
    if verdict is N:
        assert isinstance(seen, NeverSent) or (
            isinstance(seen, Answered) and declared.mean(seen.status, retry_after=seen.retry_after)
        )
    if verdict is C:
        assert isinstance(seen, Answered)
        assert seen.status == 401


@given(outcomes, declarations, st.booleans())
def test_an_act_is_never_answered_without_its_contract(seen: Seen, declared: NotDoneStatuses, repeats: bool) -> None:  # noqa: FBT001
    """Only a 2xx whose body holds is an answer; a malformed answer to an act is an unknown outcome."""
    verdict = sort_acting(seen, declared, repeats_unknown=repeats)
    assert verdict not in {M, Verdict.ABSENT}
    if verdict is A:
        assert isinstance(seen, Answered)
        assert 200 <= seen.status < 300
        assert seen.holds


@given(outcomes, declarations)
def test_every_5xx_that_is_not_declared_leaves_an_act_unknown(seen: Seen, declared: NotDoneStatuses) -> None:
    """Whatever else the answer says."""
    if (
        isinstance(seen, Answered)
        and seen.status >= 500
        and not declared.mean(seen.status, retry_after=seen.retry_after)
    ):
        assert sort_acting(seen, declared) is U


@given(outcomes, declarations, st.booleans())
def test_a_reading_call_is_never_unknown(seen: Seen, declared: NotDoneStatuses, absent: bool) -> None:  # noqa: FBT001
    """It changed nothing, so there is nothing that could be unknown; and what is malformed is never an answer."""
    verdict = sort_reading(seen, declared, absent_is_none=absent)
    assert verdict is not U
    assert (verdict is A) == (isinstance(seen, Answered) and 200 <= seen.status < 300 and seen.holds)
    assert (verdict is Verdict.ABSENT) == (absent and isinstance(seen, Answered) and seen.status == 404)


def test_every_status_has_a_verdict() -> None:
    """Exhaustively: each status, with and without a body that holds, with and without a time to wait."""
    for status in range(100, 1000):
        for holds in (True, False):
            for wait in (True, False):
                seen = said(status, holds=holds, retry_after=wait)
                assert sort_acting(seen) in {A, N, C, R, U}
                assert sort_reading(seen) in {A, N, C, R, M}


# -- how long to wait -------------------------------------------------------------

NOW = datetime(2026, 10, 5, 9, 0, 0, tzinfo=UTC)
DATE = "Mon, 05 Oct 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("said", "date", "seconds"),
    [
        (None, None, None),
        ("", None, None),
        ("7", None, 7.0),
        (" 120 ", DATE, 120.0),
        ("0", None, 0.0),
        ("Mon, 05 Oct 2026 09:00:30 GMT", None, 30.0),
        ("Mon, 05 Oct 2026 08:00:00 GMT", None, 0.0),
        ("Mon, 05 Oct 2026 12:00:45 GMT", DATE, 45.0),
        ("Mon, 05 Oct 2026 12:00:45 GMT", "no date", 3 * 3600 + 45.0),
        ("99999999999999999999", None, 7 * 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, 7 * 86_400.0),
        ("-5", None, None),
        ("1.5", None, None),
        ("soon", None, None),
        ("٣", None, None),
    ],
)
def test_how_long_to_wait(said: str | None, date: str | None, seconds: float | None) -> None:
    """Seconds, or a date counted from the answer's own; what cannot be read says nothing; nobody waits for ever."""
    assert seconds_to_wait(said, date=date, now=NOW) == seconds


@given(st.text(), st.none() | st.text())
def test_whatever_a_server_writes_is_read_without_harm(said: str, date: str | None) -> None:
    """No text raises, and no time lies before now or beyond a week."""
    seconds = seconds_to_wait(said, date=date, now=NOW)
    assert seconds is None or 0 <= seconds <= 7 * 86_400
