"""Parcels in every place that a case can have."""

from collections import Counter

from pilotage.cases.store import looking
from pilotage.kernel.ids import read
from pilotage.testing import CaseView, Platform

PARCELS = (
    {"id": "done", "kind": "letter", "items": [{"name": "card", "grams": 20}]},
    {"id": "done too", "kind": "letter", "text": "please send é \u0000 \U0001f600"},
    {"id": "asks", "kind": "letter", "text": "is it glass?"},
    {"id": "waits", "kind": "box"},
    {"id": "dear", "kind": "letter", "value": 5000},
    {"id": "dead", "kind": "letter", "value": -1},
    {"id": "", "kind": "letter"},
)


def submit(platform: Platform, **fields: object) -> CaseView:
    """Send a parcel in."""
    return platform.submit(platform.parcels, fields)  # type: ignore[attr-defined]


def fill(platform: Platform) -> None:
    """Parcels are done, with people, waiting, dead, in quarantine; one moves."""
    for one in PARCELS:
        submit(platform, **one)
    platform.settle()
    submit(platform, id="moves", kind="letter")
    assert platform._mover.form()


def places(platform: Platform) -> Counter[str]:
    """How many cases are in each place, and how many records in quarantine."""
    with platform.inner.database.snapshot() as tx:
        found = Counter({place: count for _, place, count, _ in looking.count_places(tx)})
        found["quarantine"] = sum(count for _, _, count in looking.count_quarantine(tx))
    return found


def case(platform: Platform, key: str) -> CaseView:
    """The parcel of this key."""
    return CaseView(platform, platform.parcels, key, None)  # type: ignore[attr-defined]


def number(view: CaseView) -> int:
    """The number behind a case's id."""
    found = read("C", view.id)
    assert found is not None
    return found
