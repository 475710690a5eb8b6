"""Where the values of secrets come from, and how they stay out of sight."""

import copy
import json
import os
import pickle
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from pilotage.credentials.errors import SecretMissing, SecretUnusable
from pilotage.credentials.secrets import Secrets, environment_name
from pilotage.credentials.values import Release, SecretValue, Source

CANARY = "canary-9b1f"


def secrets(folder: Path | None = None, released: list[Release] | None = None, **variables: str) -> Secrets:
    told = released if released is not None else []
    return Secrets("dev", folder=folder, variables=variables, released=told.append)


def stored(folder: Path, name: str = "helpdesk-token", value: str = CANARY, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(value)
    path.chmod(mode)
    return path


def shown(error: BaseException) -> str:
    """An error with its traceback and the local variables of our frames."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    told.stack[:] = [frame for frame in told.stack if "credentials/test_" not in frame.filename]
    return str(error) + "".join(told.format())


# -- where values come from ----------------------------------------------------


def test_the_environment_gives_a_value() -> None:
    """`helpdesk-token` in code is HELPDESK_TOKEN in the environment."""
    assert environment_name("helpdesk-token") == "HELPDESK_TOKEN"
    assert secrets(HELPDESK_TOKEN=CANARY).held("helpdesk-token").reveal() == CANARY


def test_a_file_named_by_the_environment_gives_a_value(tmp_path: Path) -> None:
    """As container platforms hand secrets over; the line break at the end of the file is none of it."""
    path = stored(tmp_path, value=CANARY + "\n", mode=0o644)
    assert secrets(HELPDESK_TOKEN_FILE=str(path)).held("helpdesk-token").reveal() == CANARY


def test_a_file_of_the_project_gives_a_value(tmp_path: Path) -> None:
    """One file for each secret, for the owner's eyes alone."""
    stored(tmp_path / "dev")
    assert secrets(tmp_path / "dev").held("helpdesk-token").reveal() == CANARY


def test_the_environment_goes_before_files(tmp_path: Path) -> None:
    """First the variable, then the file that a variable names, then the project's."""
    stored(tmp_path, value="of the project")
    named = stored(tmp_path, name="elsewhere", value="named")
    assert secrets(tmp_path, HELPDESK_TOKEN_FILE=str(named)).held("helpdesk-token").reveal() == "named"
    both = secrets(tmp_path, HELPDESK_TOKEN="variable", HELPDESK_TOKEN_FILE=str(named))
    assert both.held("helpdesk-token").reveal() == "variable"


def test_a_missing_secret_names_every_way_to_set_it(tmp_path: Path) -> None:
    """Whoever reads the error knows what to type."""
    with pytest.raises(SecretMissing) as caught:
        secrets(tmp_path).held("helpdesk-token")
    for way in ("HELPDESK_TOKEN,", "HELPDESK_TOKEN_FILE", str(tmp_path / "helpdesk-token"), '"dev"'):
        assert way in str(caught.value)


def test_a_file_that_is_not_there_says_which() -> None:
    """The variable names a file, and the file is missing."""
    with pytest.raises(SecretMissing, match="No such file"):
        secrets(HELPDESK_TOKEN_FILE="/nowhere/token").held("helpdesk-token")


@pytest.mark.skipif(os.name != "posix", reason="file modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """It says how to close it."""
    path = stored(tmp_path, mode=mode)
    with pytest.raises(SecretUnusable, match=f"chmod 600 {path}"):
        secrets(tmp_path).held("helpdesk-token")


@pytest.mark.parametrize("value", ["", "  ", "\n", f"{CANARY}\nmore", f"{CANARY}\x00", f"{CANARY}é", f"\t{CANARY}"])
def test_a_value_that_cannot_be_sent_is_refused_without_showing_it(value: str) -> None:
    """Empty, more than one line, other letters: said at once, and not when a header is built."""
    with pytest.raises(SecretUnusable) as caught:
        secrets(HELPDESK_TOKEN=value).held("helpdesk-token")
    assert CANARY not in shown(caught.value)


@pytest.mark.parametrize("data", [b"\xff\xfe" + CANARY.encode("utf-16-le"), CANARY.encode() * 10_000])
def test_a_file_that_is_no_credential_is_refused(tmp_path: Path, data: bytes) -> None:
    """Another encoding, or the wrong file altogether."""
    path = tmp_path / "token"
    path.write_bytes(data)
    with pytest.raises(SecretUnusable) as caught:
        secrets(HELPDESK_TOKEN_FILE=str(path)).held("helpdesk-token")
    assert CANARY not in shown(caught.value)


@pytest.mark.parametrize("name", ["../dev/helpdesk-token", "..", "", "a/b"])
def test_a_name_leads_to_no_other_folder(tmp_path: Path, name: str) -> None:
    """A secret's name is a file's name, never a path."""
    stored(tmp_path / "dev")
    with pytest.raises(SecretMissing):
        secrets(tmp_path / "dev").held(name)


# -- what a process holds --------------------------------------------------------


def test_a_value_is_held_until_it_is_read_again(tmp_path: Path) -> None:
    """Calls use the held value; going back to the source is an act of its own."""
    stored(tmp_path, value="old")
    source = secrets(tmp_path)
    assert source.held("helpdesk-token").reveal() == "old"
    stored(tmp_path, value="new")
    assert source.held("helpdesk-token").reveal() == "old"
    assert source.read_again("helpdesk-token").reveal() == "new"
    assert source.held("helpdesk-token").reveal() == "new"


def test_every_release_is_told(tmp_path: Path) -> None:
    """When a value is read first, and when another one is found in its place; not for each use."""
    told: list[Release] = []
    stored(tmp_path, value="old-value")
    source = secrets(tmp_path, told)
    for _ in range(3):
        source.held("helpdesk-token")
    source.read_again("helpdesk-token")
    stored(tmp_path, value="new-value")
    source.read_again("helpdesk-token")
    assert [(one.name, one.source, one.again, one.seconds) for one in told] == [
        ("helpdesk-token", Source.PROJECT_FILE, False, 300),
        ("helpdesk-token", Source.PROJECT_FILE, True, 300),
    ]
    assert "value" not in repr(told)


def test_every_value_that_was_held_stays_known_for_redaction(tmp_path: Path) -> None:
    """A value that was replaced may still be echoed by an answer that is on its way."""
    stored(tmp_path, value="old-value")
    source = secrets(tmp_path)
    source.held("helpdesk-token")
    stored(tmp_path, value="new-value")
    source.read_again("helpdesk-token")
    assert {value.reveal() for value in source.known()} == {"old-value", "new-value"}


# -- out of sight ------------------------------------------------------------------


@dataclass
class Holder:
    secret: SecretValue


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    secret: SecretValue


def test_no_text_form_shows_the_value() -> None:
    """Whatever Python has to turn a value into text."""
    value = SecretValue("helpdesk-token", CANARY)
    shown = [repr(value), str(value), f"{value}", f"{value:>40}", "%s" % value, repr(Holder(value)), repr([value])]  # noqa: UP031
    shown += [repr(Model(secret=value)), ascii(value), str(dir(value))]
    assert all(CANARY not in text for text in shown)
    assert str(value) == "<secret helpdesk-token>"


def test_it_is_neither_copied_nor_stored() -> None:
    """Not by pickle, not by copies, not as JSON, not as a dictionary."""
    value = SecretValue("helpdesk-token", CANARY)
    tries = [
        lambda: pickle.dumps(value),
        lambda: copy.copy(value),
        lambda: copy.deepcopy(value),
        lambda: json.dumps({"x": value}),
        lambda: to_json({"x": value}),
        lambda: Model(secret=value).model_dump_json(),
        lambda: asdict(Holder(value)),
        lambda: vars(value),
        lambda: hash(value),
    ]
    for attempt in tries:
        with pytest.raises(Exception) as caught:
            attempt()
        assert CANARY not in repr(caught.value)


def test_values_are_compared_by_what_they_are() -> None:
    """So that a rotated value is seen to be another one."""
    assert SecretValue("a", CANARY) == SecretValue("b", CANARY)
    assert SecretValue("a", CANARY) != SecretValue("a", "other")
    assert SecretValue("a", CANARY) != CANARY
