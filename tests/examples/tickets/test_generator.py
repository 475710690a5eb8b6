import pytest

from pilotage.examples.tickets.contracts import Team, Ticket
from pilotage.examples.tickets.generator import generated
from pilotage.examples.tickets.material import Material
from pilotage.examples.tickets.measuring import measure
from pilotage.examples.tickets.phrases import LANGUAGES, phrase_book
from pilotage.examples.tickets.router import Router
from pilotage.examples.tickets.train import train


def test_the_same_seed_makes_the_same_requests_up() -> None:
    """Whoever runs the example twice sees the same requests; another seed gives others."""
    first, again, other = (generated(requests=50, examples=50, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert [request.text for request in first.requests] != [request.text for request in other.requests]


def test_it_says_that_the_requests_are_made_up(material: Material) -> None:
    """Nobody takes them for real ones: the source says it."""
    assert "made up" in material.source


def test_what_is_learned_from_is_not_run(material: Material) -> None:
    """No text is in both parts, so the accuracy on the run part is one on unseen requests."""
    learned = {example.text for example in material.examples}
    assert not learned & {request.text for request in material.requests}
    assert len(learned) == 600


def test_the_run_part_has_phrases_that_nobody_labelled() -> None:
    """Customers go on finding new words: some phrases are kept from the labelled texts."""
    kept_back = "the contactless chip of my card is (broken|scratched|dead)"
    assert any(kept_back in topic.phrases["en"] for topic in phrase_book().topics)
    material = generated(examples=1_500, requests=1_500)
    assert not any("contactless chip" in example.text for example in material.examples)
    assert any("contactless chip" in request.text for request in material.requests)


def test_every_team_and_what_no_team_answers_is_among_them(material: Material) -> None:
    """Each team gets requests, and some belong to none of them."""
    assert set(material.truth.values()) == {*Team, None}
    assert {example.team for example in material.examples} == {*Team, None}


def test_every_request_fits_the_contract(material: Material) -> None:
    """What is made up is clean; broken rows are planted by the intake, where they are counted."""
    for request in material.requests:
        Ticket(id=request.id, product=request.product, text=request.text)
    assert len({request.id for request in material.requests}) == len(material.requests)


def test_every_phrase_can_be_said() -> None:
    """No phrase names a list that is not there, and no bracket is left in what is said."""
    import random

    book = phrase_book()
    for topic in book.topics:
        for language in LANGUAGES:
            for phrase in (*topic.phrases[language], *(topic.vague if language == "en" else ())):
                said = book.say(phrase, language, random.Random(1))
                assert said
                assert not set("(){}|") & set(said)


@pytest.mark.slow
def test_the_router_is_good_and_not_perfect_on_made_up_requests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither hopeless nor too easy: some requests must be left for a person."""
    material = generated()
    file = tmp_path_factory.mktemp("full") / "router.json"
    train(material, file)
    measured = measure(Router.load(file), material.requests, material.truth)
    assert measured.accuracy is not None
    assert measured.coverage is not None
    assert measured.accuracy_alone is not None
    assert 0.85 < measured.accuracy < 0.95
    assert 0.75 < measured.coverage < 0.95
    assert measured.accuracy_alone > measured.accuracy
    assert measured.out_of_scope_alone < 0.1 * measured.out_of_scope
