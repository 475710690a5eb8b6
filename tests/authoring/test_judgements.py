"""A judgement carries a value with confidence and evidence, or the reason why there is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pilotage as pl
from pilotage.authoring.codecs import codec_of
from pilotage.authoring.judgements import NotAConfidence, judgement_from
from tests.authoring.programs import Kind, carrier_kind, fragile

evidence = st.lists(
    st.builds(pl.Quote, st.text(), of=st.none() | st.text()) | st.builds(pl.Note, st.text()), max_size=3
)
chances = st.floats(0, 1)
judged = st.builds(
    pl.Judgement,
    st.sampled_from(Kind),
    confidence=chances,
    evidence=evidence,
    alternatives=st.none() | st.dictionaries(st.sampled_from(Kind), chances),
)


@given(judged | st.builds(pl.abstain, st.text()))
def test_a_judgement_is_stored_and_read_again(judgement: pl.Judgement[Kind]) -> None:
    """As plain data it goes into a table, and comes back as it was."""
    codec = codec_of(Kind)
    data = json.loads(json.dumps(judgement.plain(codec)))
    assert judgement_from(data, codec) == judgement


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan"), float("inf"), 80])
def test_a_confidence_that_is_none(confidence: float) -> None:
    """PLT-145 at run time: a step that gives a wrong number is not believed."""
    with pytest.raises(NotAConfidence, match="PLT-145"):
        pl.Judgement(Kind.POST, confidence=confidence)
    with pytest.raises(NotAConfidence):
        pl.Judgement(Kind.POST, confidence=1, alternatives={Kind.BIKE: confidence})


def test_an_abstention_has_no_value() -> None:
    """Whoever reads the value of an abstention is told, and not given None."""
    judgement = pl.abstain("No word is known.")
    assert (judgement.abstained, judgement.confidence) == ("No word is known.", 0)
    with pytest.raises(ValueError, match="No word is known"):
        _ = judgement.value
    assert repr(judgement) == "abstain('No word is known.')"


def test_what_a_judge_says_of_itself() -> None:
    """Its labels as texts, its codec and its threshold are there for inbox, certificates and book."""
    assert carrier_kind.labels == ("post", "bike", "ship")
    assert fragile.labels == ("true", "false")
    judged = carrier_kind.alone(above=0.8, otherwise=pl.Ask(pl.Role("clerk"), within="1h"))
    assert (judged.judge, judged.above, judged.ask.who.name) == (carrier_kind, 0.8, "clerk")
    assert carrier_kind.always_ask(judged.ask).above is None
    assert carrier_kind.codec.decode("bike") is Kind.BIKE


def test_judgements_that_differ() -> None:
    """Equal judgements say the same; another confidence is another judgement."""
    one: Any = pl.Judgement(Kind.POST, confidence=0.5)
    assert one == pl.Judgement(Kind.POST, confidence=0.5)
    assert one != pl.Judgement(Kind.POST, confidence=0.6)
    assert one != "post"


def test_a_doubted_judgement_keeps_what_was_seen() -> None:
    """A cross-check takes the value away, and says why; evidence stays for whoever decides, and so does who was asked."""
    judgement = pl.Judgement(Kind.POST, confidence=0.9, evidence=[pl.Quote("by post")])
    doubted = judgement.doubted("It weighs too much.")
    assert (doubted.abstained, doubted.confidence) == ("It weighs too much.", 0)
    assert (doubted.evidence, doubted.asked) == (judgement.evidence, judgement.asked)
    assert judgement.value is Kind.POST
    with pytest.raises(ValueError, match="weighs too much"):
        _ = doubted.value
