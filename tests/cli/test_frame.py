"""The frame of the command line: the list of commands, errors as words, exit codes, and what reaches a terminal."""

import inspect
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pilotage.__main__ import ENTRIES, House, main
from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.machinery.cli import calling
from pilotage.machinery.cli.catalogue import Entry, find
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.names import did_you_mean, nearest
from pilotage.machinery.cli.output import Output

SOURCE = Path(__file__).resolve().parents[2] / "src"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}


# -- the list --------------------------------------------------------------------------


def test_help_starts_at_once() -> None:
    """The list of commands costs less than 0.3 seconds of CPU, and loads none of what commands need."""
    program = (
        "import resource, sys; from pilotage.__main__ import main; main(['--help'])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "loaded = {'pydantic', 'cyclopts', 'rich', 'sqlalchemy', 'dbos', 'fastapi', 'numpy'} & set(sys.modules)\n"
        "print(used.ru_utime + used.ru_stime, *loaded, file=sys.stderr)"
    )
    seconds: list[float] = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=ENVIRONMENT
        )
        used, *loaded = done.stderr.split()
        seconds.append(float(used))
        assert loaded == []
        assert "pilotage quarantine" not in done.stdout
        assert "quarantine release" in done.stdout
    assert min(seconds) < 0.3


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_list_says_what_the_command_says(entry: Entry) -> None:
    """Each command is where the list says, and its first sentence is the one in the list."""
    command = calling.load(
        entry, House(start=None), Output(data=Console(file=StringIO()), words=Console(file=StringIO()))
    )
    assert (inspect.getdoc(command) or "").splitlines()[0] == entry.does


def test_the_longest_name_wins() -> None:
    """`quarantine release` is a command of its own, and `quarantine` with other words is the list."""
    entry, rest = find(ENTRIES, ["quarantine", "release", "Q-1"])
    assert (entry.name if entry else "", rest) == ("quarantine release", ["Q-1"])
    entry, rest = find(ENTRIES, ["quarantine", "--shape", "x"])
    assert (entry.name if entry else "", rest) == ("quarantine", ["--shape", "x"])


def test_names_that_are_near() -> None:
    """A slip of the finger and a beginning are both understood; nonsense is not."""
    assert nearest("statsu", ["status", "submit"]) == ["status"]
    assert nearest("Carri", ["helpdesk", "carrier"]) == ["carrier"]
    assert did_you_mean("xyz", ["status"], "There is: status.") == "There is: status."


# -- errors ----------------------------------------------------------------------------


def test_a_wrong_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """`pilotage statsu` says which one was meant, on stderr, without a traceback."""
    assert main(["statsu"]) == Exit.REFUSED
    said = capsys.readouterr()
    assert said.out == ""
    assert "PLT-921" in said.err
    assert "Did you mean status?" in said.err
    assert "Traceback" not in said.err


def test_an_error_is_one_json_object_where_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads stdout gets the error as data."""
    assert main(["statsu", "--json"]) == Exit.REFUSED
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "PLT-921"
    assert error["remedy"] == "Did you mean status?"


def test_json_and_project_are_known_everywhere() -> None:
    """They may stand anywhere before a lone `--`, and --project needs its path."""
    assert calling.split(["case", "--json", "K", "--project=x"]) == (["case", "K"], True, Path("x"))
    assert calling.split(["case", "--", "--json"]) == (["case", "--", "--json"], False, None)
    with pytest.raises(PilotageError, match="without a path"):
        calling.split(["case", "--project"])


@dataclass
class Command:
    """A command that does what the test says."""

    house: object
    out: Output

    def refused(self) -> None:
        """Raise an error of ours."""
        raise UnknownName("There is no automation \x1b[31mx.", "There is: y.")

    def broken(self) -> None:
        """Raise an error that nobody foresaw."""
        raise ZeroDivisionError

    def disk(self) -> None:
        """Raise an error of the operating system."""
        raise OSError(28, "No space left on device")

    def interrupted(self) -> None:
        """Be interrupted."""
        raise KeyboardInterrupt

    def asking(self, record: str, /, *, reason: str) -> None:
        """Want to know two things."""

    def unwell(self, number: int = 1) -> int:
        """Find something."""
        return number


def ask(method: str, *words: str, as_json: bool = False) -> tuple[int, str, str]:
    """Run one of those commands; its code, data and words."""
    data, words_ = StringIO(), StringIO()
    out = Output(as_json=as_json, data=Console(file=data), words=Console(file=words_))
    entry = Entry(name=method, does="", group="", where=f"{__name__}:Command.{method}")
    sys.modules[__name__] = sys.modules.get(__name__) or sys.modules[Command.__module__]

    def explain(error: BaseException) -> PilotageError | None:
        return UnknownName("The disk is full.", "Make room.") if isinstance(error, OSError) else None

    code = calling.run(entry, words, None, out, explain=explain)
    return code, data.getvalue(), words_.getvalue()


def test_the_border_turns_errors_into_words_and_codes() -> None:
    """Ours become their page, known ones ours, unknown ones a traceback with where to report it, Ctrl-C a sentence."""
    code, _, words = ask("refused")
    assert (code, words.splitlines()[0]) == (Exit.REFUSED, "PLT-001  There is no automation \\x1b[31mx.")
    code, _, words = ask("disk")
    assert (code, "Traceback" in words, "Make room." in words) == (Exit.REFUSED, False, True)
    code, data, words = ask("broken", as_json=True)
    assert (code, json.loads(data)["error"]["what"]) == (Exit.UNEXPECTED, "ZeroDivisionError: ")
    assert "ZeroDivisionError" in words
    code, _, words = ask("interrupted")
    assert (code, words.startswith("Interrupted.")) == (Exit.INTERRUPTED, True)
    code, data, _ = ask("interrupted", as_json=True)
    assert (code, json.loads(data)["error"]["code"]) == (Exit.INTERRUPTED, "PLT-922")
    assert ask("unwell")[0] == Exit.NOT_WELL
    assert ask("unwell", "--number", "0")[0] == Exit.OK


def test_what_is_missing_is_named_as_it_is_typed() -> None:
    """An option with its hyphens, a word by the name that the help has for it."""
    assert "--reason is missing." in ask("asking", "one")[2]
    assert "--reason is missing." in ask("asking", "one", "--reason")[2]
    assert "RECORD is missing." in ask("asking", "--reason", "because")[2]


def test_wrong_arguments_are_wrong_usage() -> None:
    """What a command does not take is refused with the way to its help."""
    for words in (["--nomber", "1"], ["--number", "many"], ["1", "2"]):
        code, _, said = ask("unwell", *words)
        assert code == Exit.REFUSED
        assert "PLT-920" in said
        assert "`pilotage unwell --help`" in said


# -- output ----------------------------------------------------------------------------


def test_what_comes_out_of_records_moves_no_cursor() -> None:
    """Control signs and signs that turn the direction of text are written out; nothing is taken for markup."""
    file = StringIO()
    out = Output(data=Console(file=file, width=100, markup=False, highlight=False))
    out.line("[red]a\x1b[2Jb\u202ec\x07")
    out.table(("n", "text"), [(1_234, "[bold]\x9bx")])
    assert "[red]a\\x1b[2Jb\\u202ec\\x07" in file.getvalue()
    assert "1,234   [bold]\\x9bx" in file.getvalue()


def test_nothing_is_coloured_where_nobody_sees_it() -> None:
    """Into a file and a pipe goes plain text, with no spaces at the ends of lines."""
    file = StringIO()
    Output(data=Console(file=file, width=100)).table(("a", "b"), [("x" * 30, "y"), ("x", "")], title="T")
    assert "\x1b" not in file.getvalue()
    assert all(line == line.rstrip() for line in file.getvalue().splitlines())


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_failure_of_ours(tmp_path: Path) -> None:
    """`pilotage ... | head` ends quietly, with the code that says so."""
    program = (
        "import sys; from pilotage.machinery.cli import calling; from pilotage.machinery.cli.output import Output\n"
        "from pilotage.machinery.cli.catalogue import Entry\n"
        "class C:\n    def __init__(self, house, out): self.out = out\n    def much(self):\n"
        "        for n in range(100000): self.out.line('a line that is long enough to fill the pipe')\n"
        "sys.modules['it'] = sys.modules['__main__']\n"
        "entry = Entry(name='much', does='', group='', where='it:C.much')\n"
        "sys.exit(calling.run(entry, [], None, Output(), explain=lambda error: None))"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == Exit.NOBODY_READS
