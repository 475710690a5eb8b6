import json
from collections import Counter
from pathlib import Path

import pytest

from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.data import DataNotUnderstood, read, read_teams

INTENTS = {"balance": Team.BANKING, "new_card": Team.CARDS, "recipe": Team.KITCHEN}


def clinc(**parts: object) -> str:
    pairs = {
        "train": [[f"{intent} question {number}", intent] for intent in INTENTS for number in range(20)],
        "val": [[f"{intent} answer {number}", intent] for intent in INTENTS for number in range(5)],
        "oos_train": [[f"the moon {number}", "oos"] for number in range(6)],
        "oos_val": [[f"the sun {number}", "oos"] for number in range(4)],
    }
    return json.dumps(pairs | parts)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "requests"


def test_clinc_is_divided_evenly_and_out_of_scope_runs_too(file: Path) -> None:
    """A fifth of each intent is learned from, the rest runs, and the out-of-scope parts go one to each side."""
    file.write_text(clinc())
    material = read(file)
    assert Counter(example.team for example in material.examples) == dict.fromkeys(INTENTS.values(), 5) | {None: 6}
    assert Counter(material.truth.values()) == dict.fromkeys(INTENTS.values(), 20) | {None: 4}
    assert not {example.text for example in material.examples} & {request.text for request in material.requests}


def test_a_text_that_stands_in_the_file_twice_is_never_on_both_sides(file: Path) -> None:
    """A repeated text would make the router look better than it is."""
    file.write_text(
        clinc(train=[["what is my balance", "balance"]] * 20 + [[f"card {n}", "new_card"] for n in range(20)])
    )
    material = read(file)
    assert "what is my balance" not in {example.text for example in material.examples}


def test_an_intent_that_belongs_to_no_team_is_out_of_scope(file: Path) -> None:
    """The full data set has domains for which there is no team: such requests run, and nobody learns from them."""
    file.write_text(clinc(val=[[f"book flight {number}", "book_flight"] for number in range(10)]))
    material = read(file)
    flights = [request for request in material.requests if "flight" in request.text]
    assert len(flights) == 8
    assert {material.truth[request.id] for request in flights} == {None}
    assert not any("flight" in example.text for example in material.examples)


def test_a_csv_with_teams_is_learned_from_and_run(file: Path) -> None:
    """Ids and products of the file are kept; labels may be our teams or CLINC150's intents."""
    lines = [f"K{number};credit card;my card {number};cards" for number in range(20)]
    lines += [f"L{number};loan;how much do I have {number};balance" for number in range(20)]
    file.write_text("ID;Product;Text;Team\n" + "\n".join(lines))
    material = read(file)
    assert len(material.examples) == 8
    assert len(material.requests) == 32
    assert {request.product for request in material.requests} == {"credit card", "loan"}
    assert {material.truth[request.id] for request in material.requests if request.id.startswith("K")} == {Team.CARDS}


def test_foreign_labels_are_translated(file: Path, tmp_path: Path) -> None:
    """Labels of somebody else's data mean our teams by a table of one's own."""
    lines = [f"where is it {number},card_arrival\nplease send {number},top_up" for number in range(10)]
    file.write_text("text,category\n" + "\n".join(lines))
    table = tmp_path / "teams.json"
    table.write_text('{"cards": ["card_arrival"], "banking": ["top_up"]}')
    material = read(file, teams=read_teams(table))
    assert set(material.truth.values()) == {Team.CARDS, Team.BANKING}


def test_a_csv_without_labels_is_run_by_a_router_of_made_up_texts(file: Path) -> None:
    """Every row is run, nothing is claimed about accuracy, and the source says what was learned from."""
    file.write_text("text\nmy card is gone\n\nwhere is my money\n")
    material = read(file)
    assert [request.text for request in material.requests] == ["my card is gone", "where is my money"]
    assert material.truth == {}
    assert "made up" in material.source


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column of texts"),
        (b"# Read me\n\nThis is prose.", "no column of texts"),
        (b'{"banking": ["balance"]}', "not in CLINC150's form"),
        (b'{"train": [', "begins like JSON"),
        (b'{"train": [["a", "b", "c"]], "oos_train": []}', "in 'train' stands"),
        (b'{"train": 3, "oos_train": []}', "in 'train' stands"),
        (b"text\n\xff\xfe", "not UTF-8"),
        (b'text\nfine\n"an open quote\n\n', "after line 2"),
    ],
)
def test_a_file_that_is_neither_is_refused_with_a_remedy(file: Path, content: bytes, words: str) -> None:
    """The error says what was found and what to give instead."""
    file.write_bytes(content)
    with pytest.raises(DataNotUnderstood, match=words) as refused:
        read(file)
    assert refused.value.remedy


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A slip in the path is an answer, not a trace of the program."""
    with pytest.raises(DataNotUnderstood, match="No such file"):
        read(tmp_path / "nothing.csv")


@pytest.mark.parametrize("content", ["[]x", '{"travel": ["flight"]}', '{"cards": "new_card"}'])
def test_a_table_of_teams_that_is_none_is_refused(file: Path, content: str) -> None:
    """The error names the teams that there are."""
    file.write_text(content)
    with pytest.raises(DataNotUnderstood, match="front desk"):
        read_teams(file)
