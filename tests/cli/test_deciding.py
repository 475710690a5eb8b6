"""`decide` on every kind of decision: what is proposed as an answer is one, and it is carried out."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pilotage.__main__ import ENTRIES
from pilotage.app import Platform as AppPlatform
from pilotage.inbox.telling import decisions_of
from pilotage.machinery.cli import calling
from pilotage.machinery.cli.catalogue import find
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.output import Output
from pilotage.testing import Fault, Place, Platform
from tests.cases import parcels
from tests.cases.parcels import Carrier


@dataclass(frozen=True, kw_only=True)
class Visited:
    """A house whose platform is open already."""

    platform: AppPlatform
    start: Path | None = None

    @contextmanager
    def open(self) -> Iterator[AppPlatform]:
        """The open platform."""
        yield self.platform

    def parts_of_case(self) -> Sequence[object]:
        """As the real house."""
        return (decisions_of,)


Tell = Callable[..., tuple[int, str]]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A platform with parcels, its carrier, and a command line."""

    platform: Platform
    carrier: Carrier
    tell: Tell

    def one_asked(self) -> dict[str, str]:
        """The one decision that waits."""
        (found,) = json.loads(self.tell("inbox", "--json")[1])["decisions"]
        return found

    def decide(self, *answer: str) -> None:
        """Settle it, and let the case go on."""
        code, said = self.tell("decide", self.one_asked()["decision"], *answer, "--reason", "I looked")
        assert code == Exit.OK, said
        self.platform.settle()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The repeat of the one effect is never: what is unknown goes to a person."""
    carrier = Carrier()
    automation = parcels.automation("never")
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with Platform(automation, services=[carrier.service], now="2026-03-02T09:00+00:00", database_url=url) as platform:

        def tell(*words: str) -> tuple[int, str]:
            file = StringIO()
            out = Output(
                as_json="--json" in words, data=Console(file=file, width=200), words=Console(file=file, width=200)
            )
            entry, rest = find(ENTRIES, [word for word in words if word != "--json"])
            assert entry
            return calling.run(
                entry, rest, Visited(platform=platform.inner), out, explain=lambda error: None
            ), file.getvalue()

        platform.parcels = automation  # type: ignore[attr-defined]
        yield Desk(platform=platform, carrier=carrier, tell=tell)


def submit(desk: Desk, **fields: object) -> Callable[[], Place]:
    """Send a parcel in; gives what tells its place."""
    case = desk.platform.submit(desk.platform.parcels, {"id": "P1", "kind": "letter", **fields})  # type: ignore[attr-defined]
    desk.platform.settle()
    return lambda: case.place


def test_a_judgement_takes_a_label(desk: Desk) -> None:
    """The proposal is shown, and may be typed as it is."""
    place = submit(desk, text="perhaps glass")
    assert (desk.one_asked()["kind"], desk.one_asked()["proposal"]) == ("judgement", "yes")
    desk.decide("yes")
    assert place() is Place.DONE


def test_an_unknown_variant_takes_a_documented_one(desk: Desk) -> None:
    """A variant that is none is refused with those that there are."""
    place = submit(desk, kind="drone")
    number = desk.one_asked()["decision"]
    code, said = desk.tell("decide", number, "palet", "--reason", "x")
    assert (code, "Did you mean pallet?" in said) == (Exit.REFUSED, True)
    desk.decide("pallet")
    assert place() is Place.DONE


def test_an_approval_is_given_by_one_after_the_other(desk: Desk) -> None:
    """Two have to say yes; the second no ends it."""
    place = submit(desk, kind="letter", value=50_000)
    assert desk.one_asked()["asked"] == "lead"
    desk.decide("approve")
    assert (place(), desk.one_asked()["asked"]) == (Place.WITH_PEOPLE, "director")
    desk.decide("refuse")
    assert place() is Place.WITHDRAWN
    assert desk.carrier.acted == []


def test_an_exception_goes_on_or_is_finished(desk: Desk) -> None:
    """Both words are taken, and a value is not."""
    place = submit(desk, country="XX")
    number = desk.one_asked()["decision"]
    code, said = desk.tell("decide", number, "maybe", "--reason", "x")
    assert (code, "go-on, finish" in said, '"maybe" is no answer' in said) == (Exit.REFUSED, True, True)
    desk.decide("finish")
    assert place() is Place.DONE


@pytest.mark.parametrize(
    ("answer", "requests"),
    [(("done", "--value", '{"number": "J77"}'), 1), (("not-done",), 2)],
    ids=["done", "not done"],
)
def test_an_unknown_effect_is_done_or_not_done(desk: Desk, answer: tuple[str, ...], requests: int) -> None:
    """Done takes what it gave, in the form of its contract; not done sends it again."""
    desk.carrier.service.fault(Fault.DONE_THEN_500)
    place = submit(desk)
    assert desk.one_asked()["kind"] == "unknown effect"
    code, said = desk.tell("case", "P1")
    assert code == Exit.OK
    assert "It is not known whether travel was done" in said
    if answer[0] == "done":
        code, said = desk.tell("decide", desk.one_asked()["decision"], "done", "--reason", "x")
        assert code == Exit.REFUSED, said
    desk.decide(*answer)
    assert place() is Place.DONE
    assert len([one for one in desk.carrier.service.received if one.method == "POST"]) == requests


def test_any_decision_may_end_the_case(desk: Desk) -> None:
    """Withdraw is always an answer."""
    place = submit(desk, text="is it glass?")
    desk.decide("withdraw")
    assert place() is Place.WITHDRAWN
