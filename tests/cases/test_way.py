"""A record's way, on both databases: every place that a case can come to, and that nothing is lost on the way."""

from decimal import Decimal

import pytest

from pilotage.cases.service.ending import withdraw
from pilotage.cases.store import looking
from pilotage.inbox.errors import AlreadySettled, NotAnAnswer, ReasonMissing
from pilotage.kernel.errors import PilotageError
from pilotage.testing import CaseView, Fault, Place, Platform
from tests.cases.conftest import Opened
from tests.cases.parcels import Fragile, Item, Parcel, Total, clerk, director, lead, total


def submit(platform: Platform, **fields: object) -> CaseView:
    """Send a parcel in."""
    return platform.submit(platform.parcels, {"id": "P1", "kind": "letter", **fields})  # type: ignore[attr-defined]


def test_a_letter_is_sent_once(opened: Opened) -> None:
    """A sure, cheap letter goes through every kind of node alone, and the same record again changes nothing."""
    platform, carrier = opened()
    case = submit(platform, items=[{"name": "card", "grams": 20}, {"name": "stamp", "grams": 1}])
    platform.settle()
    assert case.place is Place.DONE
    assert case.output(total) == Total(grams=21)
    assert case.timeline[0] == "It arrived."
    assert case.timeline[-1] == "travel was done through carrier."
    again = submit(platform, items=[{"name": "card", "grams": 20}, {"name": "stamp", "grams": 1}])
    platform.settle()
    assert again.id == case.id
    assert len(carrier.acted) == 1


def test_a_conflict_waits_beside_the_first(opened: Opened) -> None:
    """The same key with other content is neither taken nor dropped."""
    platform, _ = opened()
    first = submit(platform)
    second = submit(platform, country="FR")
    platform.settle()
    assert (first.place, second.place) == (Place.DONE, Place.QUARANTINED)


def test_a_malformed_record_stops_nobody(opened: Opened) -> None:
    """A record that breaks its contract is kept, the others go on."""
    platform, _ = opened()
    broken = submit(platform, id="", value="many")
    good = submit(platform)
    platform.settle()
    assert (broken.place, good.place) == (Place.QUARANTINED, Place.DONE)


def test_an_unknown_variant_goes_to_a_person(opened: Opened) -> None:
    """A kind that nobody documented is held; the person's label decides the branch, and nothing was sent before."""
    platform, carrier = opened()
    case = submit(platform, kind="drone")
    platform.settle()
    assert case.place is Place.WITH_PEOPLE
    assert case.decision.asked == lead
    assert carrier.acted == []
    with pytest.raises(PilotageError, match="letter, box, pallet"):
        case.decision.settle("rocket", by=lead, reason="No idea.")
    case.decision.settle("pallet", by=lead, reason="It is heavy.")
    platform.settle()
    assert case.place is Place.DONE


def test_doubt_and_abstention_ask_a_person(opened: Opened) -> None:
    """Below the threshold, and where the step abstains, a person gives the value."""
    platform, _ = opened()
    doubtful = submit(platform, id="P1", text="perhaps glass")
    abstained = submit(platform, id="P2", text="is it glass?")
    platform.settle()
    assert doubtful.decision.proposal is Fragile.YES
    assert "question" in abstained.decision.reason
    for case in (doubtful, abstained):
        case.decision.settle(Fragile.NO, by=clerk, reason="I looked.")
    platform.settle()
    assert [case.place for case in (doubtful, abstained)] == [Place.DONE, Place.DONE]


def test_invented_evidence_is_not_trusted(opened: Opened) -> None:
    """A judgement that quotes words which are not in the record goes to a person, however sure it is."""
    platform, _ = opened()
    case = submit(platform, text="a lie")
    platform.settle()
    assert case.place is Place.WITH_PEOPLE
    assert "glass" in case.decision.reason


def test_silence_escalates_and_never_approves(opened: Opened) -> None:
    """Nobody answers: the next of the chain is asked, then it stays with people for ever."""
    platform, carrier = opened()
    case = submit(platform, text="perhaps")
    platform.settle()
    assert case.decision.asked == clerk
    platform.clock.forward("4h")
    platform.settle()
    assert case.decision.asked == lead
    platform.clock.forward("90d")
    platform.settle()
    assert case.place is Place.WITH_PEOPLE
    assert carrier.acted == []


def test_approvers_are_asked_in_order(opened: Opened) -> None:
    """A dear parcel needs the lead and then the director; a refusal ends the case."""
    platform, carrier = opened()
    dear = submit(platform, id="P1", value=20_000)
    refused = submit(platform, id="P2", value=20_000)
    platform.settle()
    assert dear.decision.asked == lead
    dear.decision.approve(by=lead, reason="Agreed.")
    assert dear.decision.asked == director
    assert carrier.acted == []
    dear.decision.approve(by=director, reason="Agreed too.")
    refused.decision.refuse(by=lead, reason="Too dear.")
    platform.settle()
    assert (dear.place, refused.place) == (Place.DONE, Place.WITHDRAWN)
    assert len(carrier.acted) == 1


def test_a_decision_is_settled_once_with_a_reason(opened: Opened) -> None:
    """An answer needs a reason, must fit the kind, and comes once."""
    platform, _ = opened()
    case = submit(platform, value=20_000)
    platform.settle()
    decision = case.decision
    with pytest.raises(ReasonMissing):
        decision.approve(by=lead, reason=" ")
    with pytest.raises(NotAnAnswer):
        decision.answer("go on", by=lead, reason="Why not.")
    decision.approve(by=lead, reason="Yes.")
    with pytest.raises(AlreadySettled):
        decision.approve(by=lead, reason="Yes.")


def test_a_business_exception_leaves_the_path(opened: Opened) -> None:
    """Where the exception holds a person says how it goes on: by hand, on, or not at all."""
    platform, carrier = opened()
    by_hand = submit(platform, id="P1", country="XX")
    on = submit(platform, id="P2", country="XX")
    platform.settle()
    by_hand.decision.answer("finish", by=director, reason="I drove there.")
    on.decision.answer("go on", by=director, reason="Allowed since Monday.")
    platform.settle()
    assert (by_hand.place, on.place) == (Place.DONE, Place.DONE)
    assert len(carrier.acted) == 1


def test_rules_hold_in_scope_and_season(opened: Opened) -> None:
    """Customs for abroad; the Christmas rule sleeps in March and wakes in October."""
    platform, carrier = opened()
    prices: dict[str, Decimal] = {}
    for number, fields in enumerate([{"country": "FR"}, {}, {"kind": "pallet"}]):
        submit(platform, id=f"P{number}", **fields)
    platform.settle()
    platform.clock.travel("2026-10-01T00:30+02:00")
    submit(platform, id="P3", kind="pallet")
    platform.settle()
    for request in carrier.service.received:
        prices[str(request.json["parcel"])] = Decimal(str(request.json["price"]))
    assert prices == {"P0": Decimal(6), "P1": Decimal(1), "P2": Decimal("1.1"), "P3": Decimal("2.1")}


def test_a_wait_holds_nothing_open(opened: Opened) -> None:
    """A box waits two hours as a row with a due time."""
    platform, carrier = opened()
    case = submit(platform, kind="box")
    platform.settle()
    assert case.place is Place.WAITING
    platform.clock.forward("119m")
    platform.settle()
    assert carrier.acted == []
    platform.clock.forward("1m")
    platform.settle()
    assert case.place is Place.DONE


def test_the_guilty_case_stands_alone(opened: Opened) -> None:
    """One of ten makes the list function raise: it is a dead letter, nine are done, and after a fix it can be replayed."""
    platform, carrier = opened()
    cases = [submit(platform, id=f"P{number}", value=-1 if number == 6 else 5) for number in range(10)]
    platform.settle()
    assert [number for number, case in enumerate(cases) if case.place is Place.DEAD] == [6]
    assert len(carrier.acted) == 9


@pytest.mark.parametrize("repeat", ["safe", "ask", "never"])
@pytest.mark.parametrize("fault", [Fault.DONE_THEN_500, Fault.SLOW, Fault.CHANGED_BODY])
def test_no_act_happens_twice(opened: Opened, repeat: str, fault: Fault) -> None:
    """The carrier acted and its answer was lost or changed: whatever the kind of repeat, it acts once."""
    platform, carrier = opened(repeat)
    carrier.service.fault(fault)
    case = submit(platform)
    platform.settle()
    platform.clock.forward("1m")
    platform.settle()
    assert len(carrier.acted) == 1
    if repeat == "never":
        assert case.decision.kind == "unknown effect"
        case.decision.answer("done", value={"number": "J1"}, by=lead, reason="I saw it in their list.")
        platform.settle()
    assert case.place is Place.DONE
    assert len(carrier.acted) == 1


def test_never_is_never_sent_again_by_the_software(opened: Opened) -> None:
    """Without reconcile only a person's word that nothing was done makes it go out again."""
    platform, carrier = opened("never", honours_keys=False)
    carrier.service.fault(Fault.DONE_THEN_500)
    case = submit(platform)
    platform.settle()
    platform.clock.forward("30d")
    platform.settle()
    assert len(carrier.acted) == 1
    case.decision.answer("not done", by=lead, reason="They say they never had it.")
    platform.settle()
    assert case.place is Place.DONE
    assert len(carrier.acted) == 2


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.THROTTLED])
def test_what_is_known_not_done_is_tried_again(opened: Opened, fault: Fault) -> None:
    """Nobody listened, or it was too much at once: later it goes through, once."""
    platform, carrier = opened()
    carrier.service.fault(fault, times=2)
    case = submit(platform)
    platform.settle()
    assert case.place is Place.WAITING
    for _ in range(4):
        platform.clock.forward("1m")
        platform.settle()
    assert case.place is Place.DONE
    assert len(carrier.acted) == 1


def test_a_refusal_is_a_dead_letter(opened: Opened) -> None:
    """422 is not tried again; the case waits with the reason."""
    platform, carrier = opened()
    carrier.service.fault(Fault.REFUSED)
    case = submit(platform)
    platform.settle()
    assert case.place is Place.DEAD
    assert carrier.acted == []


def test_attempts_end(opened: Opened) -> None:
    """A carrier that fails at one parcel again and again, and answers others, uses its attempts up."""
    platform, carrier = opened("safe")
    case = submit(platform)
    for number in range(2, 7):
        carrier.service.fault(Fault.DONE_THEN_500)
        platform.settle()
        assert case.place is (Place.WAITING if number < 6 else Place.WITH_PEOPLE)
        submit(platform, id=f"P{number}")
        platform.settle()
        platform.clock.forward("100s")


def test_unwinding_takes_back_with_a_receipt(opened: Opened) -> None:
    """Everything that one act did is undone, each once."""
    platform, carrier = opened()
    for number in range(3):
        submit(platform, id=f"P{number}")
    platform.settle()
    receipt = platform.unwind(step="travel", by=lead, reason="Wrong carrier.")
    assert (receipt.undone, carrier.journeys) == (3, {})
    assert [effect.state for effect in platform.effects("travel")] == ["undone"] * 3


def test_items_of_another_automation_do_not_mix(opened: Opened) -> None:
    """Items that fail hold their parent back; the parent waits, nothing is sent."""
    platform, carrier = opened()

    def weigh(item: Item) -> object:
        msg = "the scales are broken"
        raise RuntimeError(msg)

    platform.replace("weighed", weigh)
    case = submit(platform, items=[{"name": "card", "grams": 20}])
    platform.settle()
    assert case.place is Place.WAITING
    assert carrier.acted == []


def test_parcel_is_a_contract() -> None:
    """The record itself is typed: a person's code sees enums and decimals."""
    assert Parcel.model_validate({"id": "P", "kind": "box"}).value == Decimal(10)


def test_a_withdrawn_effect_of_unknown_outcome_is_not_called_refused(opened: Opened) -> None:
    """A safe effect acted, its answer was lost, and the case is withdrawn before it is sent again: it stays unknown."""
    platform, carrier = opened("safe")
    carrier.service.fault(Fault.DONE_THEN_500)
    case = submit(platform)
    platform.settle()
    with platform.inner.database.snapshot() as tx:
        (row,) = looking.cases_by_key(tx, "P1")
    withdraw(platform.inner.database, platform.inner.inbox, [row.id], by="lead", reason="No more.")
    platform.settle()
    assert case.place is Place.WITHDRAWN
    assert [effect.state for effect in platform.effects("travel")] == ["unknown"]
    assert len(carrier.acted) == 1
