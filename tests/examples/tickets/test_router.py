import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pilotage.examples.tickets import training
from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.generator import generated
from pilotage.examples.tickets.material import Material
from pilotage.examples.tickets.measuring import goes_alone, measure
from pilotage.examples.tickets.router import OUTSIDE, Router
from pilotage.examples.tickets.train import main, train


def test_it_learns_what_the_teams_answer(router: Router, material: Material) -> None:
    """On requests that it never saw it is far better than guessing, and better still where it is sure."""
    measured = measure(router, material.requests, material.truth)
    assert measured.accuracy is not None
    assert measured.accuracy_alone is not None
    assert measured.accuracy > 0.7
    assert measured.accuracy_alone > measured.accuracy


def test_known_words_stand_in_the_text(router: Router, material: Material) -> None:
    """They become quotes that are checked against the record, so they are written as the customer wrote them."""
    for request, guess in zip(
        material.requests, router.guess([request.text for request in material.requests]), strict=True
    ):
        assert all(word in request.text for word in guess.known_words)


def test_the_words_that_speak_most_for_the_team_come_first(router: Router) -> None:
    """Evidence is what a person reads first: not 'my' but 'card'."""
    (guess,) = router.guess(["Hello, my CARD was swallowed by the machine"])
    assert guess.label == Team.CARDS.value
    assert "CARD" in guess.known_words[:3]


def test_a_text_of_unknown_words_has_none(router: Router) -> None:
    """Nothing known is said to be known, and the confidence is not one to act on."""
    for text in ("Ææø łłł qqq", "", "!!!", "???\n\n"):
        (guess,) = router.guess([text])
        assert guess.known_words == []
        assert not goes_alone(guess)


def test_out_of_scope_is_doubtful(router: Router, material: Material) -> None:
    """What none of the teams answers seldom passes for a sure one."""
    outside = [request.text for request in material.requests if material.truth[request.id] is None]
    assert outside
    assert sum(goes_alone(guess) for guess in router.guess(outside)) <= len(outside) / 3
    assert OUTSIDE not in {guess.label for guess in router.guess(outside)}


def test_a_guess_does_not_depend_on_what_stands_beside_it(router: Router, material: Material) -> None:
    """The same text gets the same guess alone and in a batch: batches grow with the load, answers must not change."""
    texts = [request.text for request in material.requests]
    assert [router.guess([text])[0] for text in texts] == router.guess(texts)
    assert router.guess([]) == []


def test_confidences_are_chances(router: Router, material: Material) -> None:
    """They lie between 0 and 1, the best is the highest, and all together are at most 1."""
    for guess in router.guess([request.text for request in material.requests]):
        chances = [guess.confidence, *guess.others.values()]
        assert chances == sorted(chances, reverse=True)
        assert 0 <= sum(chances) <= 1.0002
        assert guess.label not in guess.others


def test_training_again_gives_the_same_bytes(tmp_path: Path) -> None:
    """A router that can be trained again is one whose origin can be proven."""
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file in files:
        assert train(generated(examples=120, requests=0), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_router_at_hand_is_not_trained_again(tmp_path: Path) -> None:
    """The same examples need no second training; others, or a broken file, do."""
    file = tmp_path / "router.json"
    file.write_text("{")
    assert [train(generated(examples=number, requests=0), file) for number in (120, 120, 121)] == [True, False, True]


def test_the_file_is_plain_json(router_file: Path) -> None:
    """No pickle: loading it runs nothing."""
    content = json.loads(router_file.read_text())
    assert set(content["labels"]) == {*(team.value for team in Team), OUTSIDE}
    assert len(content["features"]) == len(content["weights"]) == len(content["rarity"])


def test_another_form_is_refused(router_file: Path, tmp_path: Path) -> None:
    """A file of another version is not guessed with, and the error says how to get a new one."""
    old = tmp_path / "router.json"
    old.write_text(json.dumps(json.loads(router_file.read_text()) | {"format": 0}))
    with pytest.raises(ValueError, match=r"tickets\.train"):
        Router.load(old)


def test_guessing_needs_no_scikit_learn(router_file: Path) -> None:
    """A worker that only guesses does not carry what only training needs."""
    program = (
        "import sys, pathlib; from pilotage.examples.tickets.router import Router; "
        f"Router.load(pathlib.Path({str(router_file)!r})).guess(['my card']); "
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'pilotage.examples.tickets.training')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode
        == 0
    )


def test_it_guesses_a_thousand_texts_in_a_second(router: Router, material: Material) -> None:
    """Measured in this process's own time, so that a busy machine does not matter; the bound is a tenth of the usual."""
    texts = [request.text for request in material.requests] * 4
    started = time.process_time()
    router.guess(texts)
    assert time.process_time() - started < len(texts) / 1_000


def test_two_labels_are_enough(tmp_path: Path) -> None:
    """Somebody's own data may know two teams."""
    file = tmp_path / "router.json"
    texts = [f"card {number}" for number in range(9)] + [f"loan {number}" for number in range(9)]
    file.write_text(training.to_json(training.learn(texts, ["cards"] * 9 + ["banking"] * 9)))
    assert [guess.label for guess in Router.load(file).guess(["my card", "a loan"])] == ["cards", "banking"]


def test_too_few_examples_are_refused() -> None:
    """One label cannot be told from another."""
    with pytest.raises(training.TooFewExamples, match=r"1 label\(s\) have 5"):
        training.learn(["card"] * 9 + ["loan"], ["cards"] * 9 + ["banking"])


def test_the_command_prints_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The accuracy is the one on the unseen part, for people and as JSON."""
    data, out = tmp_path / "requests.csv", tmp_path / "router.json"
    rows = [f"my card {word},cards\nmy account {word},banking" for word in range(52)]
    data.write_text("text,team\n" + "\n".join(rows))
    assert main(["--data", str(data), "--out", str(out)]) == 0
    assert "Accuracy on 84 requests that the router never saw: 100.0%." in capsys.readouterr().out
    assert main(["--data", str(data), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unseen"]["requests"] == 84


def test_the_command_explains_a_file_that_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The words go to standard error, and nothing is written."""
    assert main(["--data", str(tmp_path / "nothing.csv"), "--out", str(tmp_path / "router.json")]) == 1
    assert "TICKETS-001" in capsys.readouterr().err
    assert not (tmp_path / "router.json").exists()
