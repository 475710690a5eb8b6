"""The command `pilotage`: the list of all commands, and the way from its words to one of them.

`pilotage --help` loads nothing but this list; a command loads what it needs.
"""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pilotage.machinery.cli.catalogue import Entry, find, first_page, page_of

if TYPE_CHECKING:
    from pilotage.app import Platform, Project
    from pilotage.authoring.automation import Automation
    from pilotage.cases.ports import PartOfCase
    from pilotage.cases.service.proving import Check
    from pilotage.kernel.errors import PilotageError
    from pilotage.machinery.storage.database import Database
    from pilotage.operations.values import Need

_BEGIN, _WORK, _LOOK, _DECIDE = "Begin", "Work", "Look", "Decide"
_CASES, _INBOX, _OPERATIONS = "pilotage.cases.commands", "pilotage.inbox.commands", "pilotage.operations.commands"
_KEEP, _CARRYING = "Keep", "pilotage.migrations.commands"
_API = "pilotage.machinery.api.commands"
_SECRETS, _SECRET = "Secrets", "pilotage.credentials.commands"


def _entry(name: str, group: str, where: str, does: str) -> Entry:
    return Entry(name=name, group=group, where=where, does=does)


ENTRIES: Final = (
    _entry(
        "demo",
        _BEGIN,
        "pilotage.examples.tickets.demo:DemoCommand.demo",
        "Send thousands of support requests on their way to a help desk.",
    ),
    _entry(
        "new",
        _BEGIN,
        "pilotage.examples.starter.commands:NewCommand.new",
        "Make a project of one's own, that runs and whose tests pass.",
    ),
    _entry(
        "check",
        _BEGIN,
        f"{_OPERATIONS}.checking:ProjectCommands.check",
        "Say what is wrong with the project as it is written.",
    ),
    _entry(
        "submit",
        _WORK,
        f"{_CASES}.submitting:SubmitCommand.submit",
        "Take the records of files in: CSV, JSONL or XLSX.",
    ),
    _entry(
        "run",
        _WORK,
        f"{_OPERATIONS}.working:RunCommand.run",
        "Work in this process until nothing moves by itself any more.",
    ),
    _entry("serve", _WORK, f"{_OPERATIONS}.working:ServeCommand.serve", "Work, and show the web page, until Ctrl-C."),
    _entry(
        "worker",
        _WORK,
        "pilotage.releases.commands:WorkerCommand.worker",
        "Work on the cases of one release, until it is told to end.",
    ),
    _entry(
        "release",
        _WORK,
        "pilotage.releases.commands:ReleaseCommands.release",
        "Freeze the project as it is: new cases begin on that release.",
    ),
    _entry(
        "release list",
        _LOOK,
        "pilotage.releases.commands:ReleaseCommands.list_",
        "List the releases, which of them are in use, and who serves them.",
    ),
    _entry(
        "status",
        _LOOK,
        f"{_OPERATIONS}.status:StatusCommand.status",
        "Say how many are where, and what needs somebody.",
    ),
    _entry(
        "limits",
        _LOOK,
        f"{_OPERATIONS}.limits:LimitsCommand.limits",
        "Say what each connection's limits have left, and what is to be expected.",
    ),
    _entry(
        "connections",
        _LOOK,
        f"{_OPERATIONS}.connections:ConnectionsCommand.connections",
        "Say how the other side of each connection does.",
    ),
    _entry(
        "connections check",
        _LOOK,
        f"{_OPERATIONS}.connections:ConnectionsCommand.check",
        "Ask the other sides now whether they answer as agreed.",
    ),
    _entry("case", _LOOK, f"{_CASES}.looking:CaseCommand.case", "Tell one case's way in plain words."),
    _entry("inbox", _LOOK, f"{_INBOX}:InboxCommands.inbox", "List what people must decide, the most urgent first."),
    _entry(
        "quarantine",
        _LOOK,
        f"{_CASES}.quarantine:QuarantineCommands.quarantine",
        "List the records in quarantine by the kind of their fault.",
    ),
    _entry(
        "quarantine show",
        _LOOK,
        f"{_CASES}.quarantine:QuarantineCommands.show",
        "Show one record in quarantine with its original bytes.",
    ),
    _entry("token", _LOOK, f"{_API}:TokenCommands.token", "List the tokens, without their secret halves."),
    _entry(
        "doctor",
        _LOOK,
        f"{_OPERATIONS}.doctor:DoctorCommand.doctor",
        "Prove that nothing was lost and nothing done twice.",
    ),
    _entry(
        "audit",
        _LOOK,
        "pilotage.audit.commands:AuditCommand.audit",
        "Tell who did what, and prove that nobody changed the record of it.",
    ),
    _entry("decide", _DECIDE, f"{_INBOX}:InboxCommands.decide", "Settle a decision of the inbox."),
    _entry(
        "quarantine release",
        _DECIDE,
        f"{_CASES}.quarantine:QuarantineCommands.release",
        "Correct a record in quarantine and let it in as a case.",
    ),
    _entry(
        "quarantine discard",
        _DECIDE,
        f"{_CASES}.quarantine:QuarantineCommands.discard",
        "Say that records in quarantine are nothing.",
    ),
    _entry("withdraw", _DECIDE, f"{_CASES}.ending:EndingCommands.withdraw", "End open cases by a person's act."),
    _entry(
        "replay",
        _DECIDE,
        f"{_CASES}.ending:EndingCommands.replay",
        "Run dead letters again, and say what became of each.",
    ),
    _entry(
        "rehearse",
        _LOOK,
        "pilotage.rehearsal.commands:RehearseCommand.rehearse",
        "Run records through an automation's code, and let nothing out.",
    ),
    _entry("hold", _DECIDE, f"{_CASES}.holding:HoldCommands.hold", "Stop new effects, at once."),
    _entry("resume", _DECIDE, f"{_CASES}.holding:HoldCommands.resume", "Let effects go out again."),
    _entry("token new", _DECIDE, f"{_API}:TokenCommands.new", "Let a program call the JSON API."),
    _entry("token revoke", _DECIDE, f"{_API}:TokenCommands.revoke", "Let a program in no more, within two seconds."),
    _entry(
        "secret list",
        _SECRETS,
        f"{_SECRET}.looking:LookingCommands.list_",
        "List the secrets that are declared or stored: how old, how old they may become, who holds them.",
    ),
    _entry(
        "secret init",
        _SECRETS,
        f"{_SECRET}.keeping:KeepingCommands.init",
        "Make the keys of this environment: one for its local store, one that signs the audit trail.",
    ),
    _entry(
        "secret set",
        _SECRETS,
        f"{_SECRET}.keeping:KeepingCommands.set",
        "Write a secret into the local store; the value is read from standard input or asked for.",
    ),
    _entry(
        "secret rotate",
        _SECRETS,
        f"{_SECRET}.keeping:KeepingCommands.rotate",
        "Write a new value beside the old one; both are valid until the old one is retired.",
    ),
    _entry(
        "secret retire",
        _SECRETS,
        f"{_SECRET}.keeping:KeepingCommands.retire",
        "End every version of a secret but the newest, when no process holds one of them any more.",
    ),
    _entry(
        "secret forget",
        _SECRETS,
        f"{_SECRET}.keeping:KeepingCommands.forget",
        "Take every value of a secret out of the local store; that it was there stays in the trail.",
    ),
    _entry(
        "secret who",
        _SECRETS,
        f"{_SECRET}.looking:LookingCommands.who",
        "Say which processes hold a secret, which version of it, and until when.",
    ),
    _entry(
        "secret grant",
        _SECRETS,
        f"{_SECRET}.looking:LookingCommands.grant",
        "Let an automation use a secret.",
    ),
    _entry(
        "secret revoke",
        _SECRETS,
        f"{_SECRET}.looking:LookingCommands.revoke",
        "Let an automation use a secret no more; processes give it back within seconds.",
    ),
    _entry(
        "secret grants",
        _SECRETS,
        f"{_SECRET}.looking:LookingCommands.grants",
        "List who may use which secret.",
    ),
    _entry(
        "secret scan",
        _SECRETS,
        f"{_SECRET}.scanning:ScanningCommand.scan",
        "Look for secrets that are written down: in code, configuration, prompts, logs, and with --stored in records.",
    ),
    _entry(
        "secret rekey",
        _SECRETS,
        f"{_SECRET}.keeping:KeepingCommands.rekey",
        "Make a new key for the local store, and wrap everything in it anew.",
    ),
    _entry(
        "export",
        _KEEP,
        f"{_CARRYING}.carrying:CarryingCommands.export",
        "Write the whole platform into one file, from SQLite or PostgreSQL.",
    ),
    _entry(
        "import",
        _KEEP,
        f"{_CARRYING}.carrying:CarryingCommands.import_",
        "Read a whole platform into the empty database that PILOTAGE_DATABASE_URL names.",
    ),
    _entry(
        "archive",
        _KEEP,
        f"{_OPERATIONS}.archiving:ArchiveCommand.archive",
        "Take ended cases out of the database into a file, or put them back.",
    ),
    _entry(
        "erase",
        _KEEP,
        f"{_OPERATIONS}.erasing:EraseCommand.erase",
        "Erase what is personal of one record, everywhere and for ever.",
    ),
    _entry(
        "backup",
        _KEEP,
        f"{_CARRYING}.backing:BackingCommands.backup",
        "Write a backup of a SQLite platform while it works.",
    ),
    _entry(
        "restore",
        _KEEP,
        f"{_CARRYING}.backing:BackingCommands.restore",
        "Put a backup in the place of the SQLite database, under a hold of everything.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class House:
    """The project that the command is about; nothing of it is loaded before it is asked for."""

    start: Path | None

    @contextmanager
    def open(self, release: str | None = None) -> Generator["Platform"]:
        """Its platform, open for the block, with the code of the current release or of the one that is named."""
        from pilotage.opening import open_platform  # noqa: PLC0415 - loaded by the commands that need it

        with open_platform(self.start, release=release) as platform:
            yield platform

    def project(self) -> "Project":
        """Where it lies and what it names. Raises ProjectMissing (PLT-002)."""
        from pilotage.project import find_project  # noqa: PLC0415

        return find_project(self.start)

    def parts_of_case(self) -> "Sequence[PartOfCase]":
        """What the subjects above the cases tell of one."""
        from pilotage.app import parts_of_case  # noqa: PLC0415

        return parts_of_case(self.project())

    def needs_of(self, platform: "Platform") -> "Sequence[Need]":
        """What the subjects above operations say needs somebody."""
        return platform.needs()

    def checks(self) -> "Sequence[Check]":
        """What the subjects above the cases know to be true."""
        from functools import partial  # noqa: PLC0415

        from pilotage.audit.heads import kept_in  # noqa: PLC0415
        from pilotage.audit.service import doubts as of_the_trail  # noqa: PLC0415
        from pilotage.audit.service import key_file  # noqa: PLC0415
        from pilotage.machinery.contents.files import Contents  # noqa: PLC0415
        from pilotage.machinery.contents.keeping import soundness  # noqa: PLC0415
        from pilotage.releases.service import doubts  # noqa: PLC0415

        project = self.project()
        kept = partial(kept_in, project.heads, project.environment)
        trail = partial(of_the_trail, key=key_file(project.folder, project.environment), kept=kept)
        return (doubts, soundness(Contents(project.contents_folder)), trail)

    @contextmanager
    def database(self) -> Generator["Database"]:
        """The project's database, with its tables and without any code, open for the block."""
        from pilotage.opening import open_database  # noqa: PLC0415

        with open_database(self.project()) as database:
            yield database

    def automations(self) -> "Sequence[Automation]":
        """What it names, loaded."""
        from pilotage.opening import load_automations  # noqa: PLC0415

        return load_automations(self.project())


def main(words: Sequence[str] | None = None, *, house: type[House] = House) -> int:
    """Run one command in the house of the project; gives its exit code."""
    words = sys.argv[1:] if words is None else words
    if not words or (words[0] in {"--help", "-h", "help"} and len(words) == 1):
        return _print(first_page(ENTRIES, _version()))
    if words[0] == "--version":
        return _print(f'{{"version": "{_version()}"}}' if "--json" in words else _version())
    return _run(words, house)


def _run(words: Sequence[str], house: type[House]) -> int:
    from pilotage.kernel.errors import PilotageError  # noqa: PLC0415
    from pilotage.machinery.cli import calling, logs  # noqa: PLC0415 - what a command needs, and --help does not
    from pilotage.machinery.cli.errors import NoSuchCommand  # noqa: PLC0415
    from pilotage.machinery.cli.output import Output  # noqa: PLC0415
    from pilotage.machinery.cli.streams import masked_streams  # noqa: PLC0415

    out = Output(as_json="--json" in words)
    try:
        rest, _, project = calling.split(words)
        if rest and rest[0] == "help":
            rest = [*rest[1:], "--help"]
        entry, arguments = find(ENTRIES, rest)
        if entry is None:
            below = [one for one in ENTRIES if rest and one.name.startswith(f"{rest[0]} ")]
            if below and (len(rest) == 1 or rest[1] in {"--help", "-h"}):
                commands = [{"name": one.name, "does": one.does} for one in below]
                return 0 if out.put({"commands": commands}) else _print(page_of(below, rest[0]))
            raise NoSuchCommand(*_no_such_command(rest, below))
    except PilotageError as error:
        return calling.told(error, out)
    below = [one.name.partition(" ")[2] for one in ENTRIES if one.name.startswith(f"{entry.name} ")]
    with masked_streams():
        logs.configure()
        return calling.run(entry, arguments, house(start=project), out, explain=_explain, below=below)


def _no_such_command(words: Sequence[str], below: Sequence[Entry]) -> tuple[str, str]:
    """What to say where no command has this name; `below` are those that begin with its first word."""
    from pilotage.machinery.cli.names import did_you_mean, nearest  # noqa: PLC0415 - an error is seldom

    if not below:
        called = words[0] if words else ""
        remedy = did_you_mean(called, dict.fromkeys(one.name for one in ENTRIES), "`pilotage --help` lists them.")
        return f'There is no command "{called}".', remedy
    near = nearest(words[1], [one.name.partition(" ")[2] for one in below])
    meant = " or ".join(f"{words[0]} {one}" for one in near)
    remedy = f"Did you mean {meant}?" if near else f"`pilotage {words[0]}` lists them."
    return f'There is no command "{words[0]} {words[1]}".', remedy


def _explain(error: BaseException) -> "PilotageError | None":
    from pilotage.machinery.storage.failures import in_plain_words  # noqa: PLC0415

    return in_plain_words(error)


def _print(text: str) -> int:
    sys.stdout.write(f"{text}\n")
    return 0


def _version() -> str:
    try:
        return version("pilotage")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
