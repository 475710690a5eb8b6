"""Runs one command: arguments by its signature, and the one border at which what goes wrong becomes words and a code."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError, MissingArgumentError, UnusedCliTokensError

from pilotage.kernel.errors import PilotageError
from pilotage.kernel.interrupts import Terminated, listening
from pilotage.machinery.cli.catalogue import EVERYWHERE, Entry
from pilotage.machinery.cli.errors import CommandEnded, WrongUsage
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.cli.names import nearest
from pilotage.machinery.cli.output import Output, plain

Explain = Callable[[BaseException], PilotageError | None]
"""Turns an error that is none of ours (a database that is away, a full disk) into one that is, if it is known."""


def load(entry: Entry, house: object, out: Output) -> Callable[..., object]:
    """The command, ready to be called."""
    module, _, path = entry.where.partition(":")
    made, _, method = path.partition(".")
    return getattr(getattr(importlib.import_module(module), made)(house, out), method)


def run(
    entry: Entry, words: Sequence[str], house: object, out: Output, *, explain: Explain, below: Sequence[str] = ()
) -> int:
    """Run a command to its end, whatever that is; `below` are the second words of the commands that begin as this one."""
    try:
        with listening():
            return _called(entry, words, load(entry, house, out), out, below)
    except PilotageError as error:
        return told(error, out)
    except BrokenPipeError:
        return _nobody_reads()
    except KeyboardInterrupt:
        _put_ended(out, "It was interrupted.")
        out.say("Interrupted. What was on its way has been put away; the same command goes on where it stopped.")
        return Exit.INTERRUPTED
    except Terminated:
        _put_ended(out, "The operating system asked it to end.")
        return Exit.TERMINATED
    except Exception as error:  # noqa: BLE001 - the border of commands
        known = explain(error)
        return told(known, out) if known is not None else _unexpected(error, out)


def _called(
    entry: Entry, words: Sequence[str], command: Callable[..., object], out: Output, below: Sequence[str]
) -> int:
    app = App(
        name=f"pilotage {entry.name}",
        version_flags=[],
        default_parameter=Parameter(negative=()),
        console=out.page,
        error_console=out.words,
        help_epilogue=EVERYWHERE,
        help_format="plaintext",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app["--help"].show = False
    app.default(command)
    try:
        result = app(list(words), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        near = nearest(words[0], below, most=1) if words and isinstance(error, UnusedCliTokensError) else []
        meant = f"Did you mean `pilotage {entry.name} {near[0]}`? " if near else ""
        raise WrongUsage(
            _in_our_words(error, entry), f"{meant}`pilotage {entry.name} --help` says what it takes."
        ) from error
    sys.stdout.flush()
    return int(result) if isinstance(result, int) else Exit.OK


def _in_our_words(error: CycloptsError, entry: Entry) -> str:
    if isinstance(error, UnusedCliTokensError):
        return f"`pilotage {entry.name}` does not take all of these words."
    if isinstance(error, MissingArgumentError) and error.argument is not None and not error.argument.tokens:
        field = error.argument.field_info
        return f"{field.name.upper() if field.is_positional else error.argument.name} is missing."
    return " ".join(str(error).split())


def told(error: PilotageError, out: Output) -> int:
    """Tell an error as its small manual page, or as one JSON object."""
    if not out.put({"error": as_json(error)}):
        out.words.file.write(f"{plain(str(error))}\n")
        out.words.file.flush()
    return Exit.REFUSED


def as_json(error: PilotageError) -> Mapping[str, object]:
    """An error as plain data."""
    data: dict[str, object] = {
        "code": error.code,
        "what": error.what,
        "remedy": error.remedy,
        "retryable": error.retryable,
    }
    findings: Sequence[object] = getattr(error, "findings", ())
    if findings:
        data["findings"] = [one.as_json() for one in findings]  # type: ignore[attr-defined]
    return data


def _put_ended(out: Output, what: str) -> None:
    """With --json a command that was ended says so, unless it has said its one thing already."""
    if not out.has_put:
        out.put({"error": as_json(CommandEnded(what, "The same command goes on where it stopped."))})


def _unexpected(error: Exception, out: Output) -> int:
    remedy = "Report it, with what stands on stderr."
    out.put(
        {"error": {"code": "PLT-000", "what": f"{type(error).__name__}: {error}", "remedy": remedy, "retryable": False}}
    )
    out.words.file.write(plain("".join(traceback.format_exception(error))))
    out.say(
        "\nThis should not have happened: it is a fault of the program, and nothing that you did.\n"
        "What was committed is safe. Please report the lines above; `pilotage doctor` says whether all is in order."
    )
    return Exit.UNEXPECTED


def _nobody_reads() -> int:
    """The reader of our output went away: what Python still has to write at its end goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            os.dup2(nowhere, stream.fileno())
    return Exit.NOBODY_READS


def split(words: Sequence[str]) -> tuple[list[str], bool, Path | None]:
    """Take --json and --project, which every command knows, out of the words. Raises WrongUsage (PLT-920)."""
    rest: list[str] = []
    as_json, project = False, None
    left = iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word == "--json":
            as_json = True
        elif word == "--project" or word.startswith("--project="):
            given = word.partition("=")[2] if "=" in word else next(left, "")
            if not given:
                raise WrongUsage("--project is given without a path.", "Write: --project PATH")
            project = Path(given)
        else:
            rest.append(word)
    return rest, as_json, project
