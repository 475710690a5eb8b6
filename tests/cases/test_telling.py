"""A timeline in plain words: every event that the way writes has its sentence, and none is ever lost."""

import ast
from pathlib import Path

import pytest

from pilotage.cases.telling import _TOLD, sentence, sentences

CASES = Path(__file__).resolve().parents[2] / "src" / "pilotage" / "cases"
AT = 1_795_452_028_000_000


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (["arrived"], "It arrived."),
        (["judged", "team", "cards", 0.912, True], "team judged cards, 91% sure, so it went on alone."),
        (["judged", "team", "cards", 0.4, False], "team judged cards, 40% sure, so a person is asked."),
        (["judged", "reply", "Dear", 0, False], "reply proposed Dear, and a person is asked."),
        (["judged", "team", "", None, False], "team abstained."),
        (
            ["asks", "team", "judgement", "dispatcher", "40% sure."],
            "The dispatcher is asked what team should be. 40% sure.",
        ),
        (["approved", "amount", ["lead", "director"]], "amount: approved by lead and director."),
        (["approved", "amount", []], "amount: no approval was needed."),
        (["waits", "next", "a time", AT, None], "It waits until 16:40:28 UTC on 2026-11-23."),
        (
            ["waits", "price", "another attempt", AT, "Busy"],
            "price failed; it is tried again at 16:40:28 UTC on 2026-11-23. Busy.",
        ),
        (["effect", "send", "confirmed", "on", "carrier", 1, None, None, False], "send was done through carrier."),
        (
            ["effect", "send", "confirmed", "on", "carrier", 2, None, None, False],
            "send was done through carrier (attempt 2).",
        ),
        (
            ["effect", "send", "planned", "stays", "carrier", 1, "It answered 429", AT, False],
            "send was not done; it is tried again at 16:40:28 UTC on 2026-11-23. It answered 429.",
        ),
        (
            ["effect", "send", "unknown", "stays", "carrier", 1, "It answered 500.", AT, False],
            "It is not known whether send was done; carrier is asked at 16:40:28 UTC on 2026-11-23. It answered 500.",
        ),
        (
            ["effect", "send", "unknown", "person", "carrier", 1, "Cut.", None, False],
            "It is not known whether send was done, and it must not be repeated blindly. Cut.",
        ),
        (
            ["effect", "send", "refused", "dead", "carrier", 1, "It answered 422.", None, False],
            "send was refused. It answered 422.",
        ),
        (
            ["effect", "send", "confirmed", "on", "carrier", 1, None, None, True],
            "carrier was asked and says that send was done.",
        ),
        (
            ["effect", "send", "planned", "stays", "carrier", 1, "No trace.", AT, True],
            "carrier was asked and has no trace of send; it is sent again at 16:40:28 UTC on 2026-11-23.",
        ),
        (["decided", "team", "cards", "maria", "done"], "maria decided team: cards. It is done."),
        (
            ["went on", "the end", "It is a friend", "maria", "done"],
            "maria let it go on at the end. It is a friend. It is done.",
        ),
        (["withdrawn", "maria", "Twice"], "maria withdrew it. Twice."),
        (["replayed", "maria", "Mended", "the start"], "maria had it run again from the start. Mended."),
        (["undo", "send", "undone", "maria", ""], "send was undone, as maria asked."),
    ],
)
def test_each_event_has_its_sentence(event: list[object], words: str) -> None:
    """What happened is said as one would say it."""
    assert sentence(event) == words


def test_what_is_not_known_is_told_as_it_is() -> None:
    """An event of another version, and one that is cut short, are still told."""
    assert sentences([["moved", "a", None, "b"], ["judged", "team"], []]) == ["Moved: a, b.", "Judged: team."]


def test_every_event_that_is_written_has_a_sentence() -> None:
    """Whoever writes a new kind of event finds here that it has no words yet."""
    written: set[str] = set()
    for path in CASES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func)
            event: ast.expr | None = None
            if name.endswith("story.append"):
                event = node.args[0]
            elif name == "json.dumps" and isinstance(node.args[0], ast.List) and node.args[0].elts:
                event = node.args[0].elts[0]
            elif name in {"tell", "answering.tell", "_on"}:
                event = next((one for one in node.args if isinstance(one, ast.List)), None)
            if isinstance(event, ast.List) and event.elts and isinstance(event.elts[0], ast.Constant):
                written.add(str(event.elts[0].value))
    assert len(written) > 15
    assert written - set(_TOLD) == set()
