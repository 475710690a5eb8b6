"""Every block of Python and of commands in the documentation runs, and prints what the page says."""

import contextlib
import doctest
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest import SkipTest

import psutil
import pytest
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
TIME_OUT_S: Final = 180

# How many blocks each page leaves out. A number may shrink; one that grows needs a good reason, which the page gives.
LEFT_OUT: Final = {"README.md": 5, "CONTRIBUTING.md": 1, "docs/quickstart.md": 1}

# The line that opens a block: its language, and what follows (`title="a/file.py"`).
INFO: Final = re.compile(r"[ \t]*(?P<language>[\w-]*)(?P<options>[^\n]*)$\n", re.MULTILINE)
TITLE: Final = re.compile(r'title="([^"]+)"')
SKIP_WITHOUT_REASON: Final = re.compile(r"<!--+\s*skip:(?!\s*next\s+\"[^\"]+\"\s*--+>)")
EXITS_WITH: Final = re.compile(r"#\s*exits with (\d+)\s*$")


# -- the pages -----------------------------------------------------------------


# Pages on which whole projects run.
LONG: Final = ("README.md", "docs/quickstart.md", "docs/guides/")


def _page(path: Path) -> object:
    name = str(path.relative_to(ROOT))
    return pytest.param(
        path, id=name, marks=[pytest.mark.slow, pytest.mark.timeout(900)] if name.startswith(LONG) else []
    )


@pytest.mark.parametrize("page", [_page(path) for path in PAGES])
def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    """All blocks of the page run in their order, in a fresh folder; what it leaves out has a reason and is counted."""
    left_out = run_page(page, tmp_path)
    for block in left_out:
        sys.stdout.write(f"not run: {block}\n")
    assert len(left_out) == LEFT_OUT.get(str(page.relative_to(ROOT)), 0), left_out


def test_a_page_that_promises_too_much_is_found_out(tmp_path: Path) -> None:
    """Python that raises, a command that fails, one that prints something else, and one with the wrong name all stop the test."""
    wrong = {
        "python": ("```python\nassert 1 == 2\n```\n", AssertionError),
        "status": ("```console\nfalse\n```\n", PageFailed),
        "output": ("```console\n$ echo a\nb\n```\n", PageFailed),
        "name": ("```bash\ntrue\n```\n", PageFailed),
        "reason": ("<!--- skip: next -->\n```console\ntrue\n```\n", PageFailed),
    }
    for name, (text, error) in wrong.items():
        page = tmp_path / f"{name}.md"
        page.write_text(text, encoding="utf-8")
        with pytest.raises(error):
            run_page(page, tmp_path / name)


def test_blocks_of_a_page_share_what_they_make(tmp_path: Path) -> None:
    """Files, names, folders and variables of one block are there in the next; output is compared, `...` is anything."""
    page = tmp_path / "page.md"
    page.write_text(
        '```python title="pack/age.py"\nanswer = 42\n```\n'
        "```python\nfrom pack.age import answer\n```\n"
        "```python\nassert answer == 42\n```\n"
        "```console\nmkdir -p deep/er\ncd deep/er\nexport WORD=hello\n```\n"
        '```console\n$ echo $WORD \\\n  world; basename "$PWD"\nhello world\ner\n$ seq 5\n1\n...\n5\n$ exit 3  # exits with 3\n```\n'
        '<!--- skip: next "says why" -->\n```console\nfalse\n```\n',
        encoding="utf-8",
    )
    (left_out,) = run_page(page, tmp_path / "run")
    assert left_out.reason == "says why"
    assert "pack.age" not in sys.modules


def test_a_page_leaves_no_process_behind(tmp_path: Path) -> None:
    """What a page starts in the background ends with the page."""
    page = tmp_path / "page.md"
    page.write_text("```console\nsleep 600 & echo $! >started\n```\n", encoding="utf-8")
    run_page(page, tmp_path / "run")
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(int((tmp_path / "run" / "page" / "started").read_text(encoding="utf-8")))
        assert process.status() == psutil.STATUS_ZOMBIE or process.wait(timeout=5) is None


# -- what runs them ------------------------------------------------------------


class PageFailed(AssertionError):
    """A block of a page does not do what the page says."""


@dataclass(frozen=True, kw_only=True)
class NotRun:
    """A block that is not executed, and the reason that the page gives."""

    page: str
    line: int
    reason: str


@dataclass(kw_only=True)
class Shell:
    """What runs the commands of a page: its folder and its variables stay from one command to the next."""

    folder: Path
    state: Path
    groups: list[int] = field(default_factory=list[int])

    @property
    def here(self) -> Path:
        """Where the commands stand now."""
        here = self.state / "here"
        return Path(here.read_text(encoding="utf-8").strip()) if here.exists() else self.folder

    def run(self, command: str) -> tuple[int, str]:
        """The exit code, and all that was printed."""
        output, variables, here = (self.state / name for name in ("output", "variables", "here"))
        script = (
            f"[ -f {variables} ] && . {variables}\n"
            f'cd "$(cat {here} 2>/dev/null || echo {self.folder})"\n'
            f"trap 'export -p >{variables}; pwd >{here}' EXIT\n{command}\n"
        )
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", script],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=_environment(),
            )
            self.groups.append(process.pid)
            code = process.wait(TIME_OUT_S)
        return code, output.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End what commands left running in the background."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PILOTAGE_", "PYTEST_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONUNBUFFERED": "1",  # data and words in the order in which a terminal shows them
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }


class Blocks:
    """Finds the blocks of a page for Sybil: files to write, Python to execute, commands to run."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._python = PythonEvaluator()
        self._fences = RawFencedCodeBlockLexer(INFO)

    def __call__(self, document: Document) -> Iterable[Region]:
        """Every block that has something to do."""
        for region in self._fences(document):
            language, title = region.lexemes["language"], TITLE.search(region.lexemes["options"])
            region.parsed = region.lexemes["source"]
            if title:
                region.parsed = (title.group(1), region.lexemes["source"])
                region.evaluator = self._write
            elif language == "python":
                region.evaluator = self._python
            elif language == "console":
                region.evaluator = self._command
            elif language in {"bash", "sh", "shell"}:
                raise PageFailed(f"{document.path}: a block of commands is called `console`, so that it is executed")
            else:
                continue
            yield region

    def _write(self, example: Example) -> None:
        name, text = example.parsed
        path = self._shell.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(text), encoding="utf-8")

    def _command(self, example: Example) -> None:
        for command, expected in commands(str(example.parsed)):
            wanted = EXITS_WITH.search(command)
            code, printed = self._shell.run(command)
            where = f"{example.path}:{example.line}\n$ {command}\n"
            if code != int(wanted.group(1) if wanted else 0):
                raise PageFailed(f"{where}ended with {code}:\n{printed}")
            if expected and not _is_as_shown(expected, printed):
                raise PageFailed(f"{where}printed:\n{printed}\nThe page says:\n{expected}")


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a block, each with the output that the page shows under it ("" if it shows none).

    With prompts (`$ `), what follows a command is its output; without, every line is a command.
    """
    one_line_each = block.replace("\\\n", "\0")
    if not re.search(r"(?m)^\$ ", block):
        yield from ((line.replace("\0", "\\\n"), "") for line in one_line_each.splitlines() if line.strip())
        return
    for part in re.split(r"(?m)^\$ ", one_line_each)[1:]:
        command, _, output = part.partition("\n")
        yield command.replace("\0", "\\\n"), output.rstrip()


def _is_as_shown(expected: str, printed: str) -> bool:
    """Whether the output is what the page shows, where `...` stands for anything and spaces do not count."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(expected + "\n", printed, options)


def run_page(page: Path, folder: Path) -> list[NotRun]:
    """Execute a page; the answer is the blocks that the page itself leaves out."""
    if SKIP_WITHOUT_REASON.search(page.read_text(encoding="utf-8")):
        raise PageFailed(f'{page}: a block is left out by <!--- skip: next "and the reason" -->')
    work, state = folder / "page", folder / "state"
    work.mkdir(parents=True)
    state.mkdir()
    shell = Shell(folder=work, state=state)
    document = Document.parse(str(page), Blocks(shell), SkipParser())
    left_out: list[NotRun] = []
    with contextlib.chdir(work), _importing_from(work):
        try:
            for example in document.examples():
                try:
                    example.evaluate()
                except SkipTest as skip:
                    left_out.append(NotRun(page=page.name, line=example.line, reason=str(skip)))
        finally:
            shell.close()
    return left_out


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """What a page writes can be imported by its blocks, and is forgotten afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if (file and Path(file).is_relative_to(folder)) or _is_folder_of(folder, sys.modules[name]):
                del sys.modules[name]


def _is_folder_of(folder: Path, module: object) -> bool:
    return any(Path(place).is_relative_to(folder) for place in getattr(module, "__path__", ()))
