"""What is in git is ours, names no machine and no package index, and can be understood from outside."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Written in two halves, so that this file does not find itself.
INDEX_ADDRESSES = [
    *("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "deb.deb" + "ian.org"),
    *("--index" + "-url", "--extra-" + "index-url", "--find" + "-links", "yarn" + "pkg.com"),
]
MACHINE_PATHS = re.compile(r"(?<![\w.~{<])/(?:" + "wo" + "rk|tm" + "p|ro" + "ot|ho" + r"me)/\w")
THIRD_PARTY = re.compile(r"\.min\.(js|css)$|\.(woff2?|ttf|otf|whl|tgz|jar|so)$|node_" + r"modules/|(^|/)uv\.lock$")

# A line that needs such a word says so at its end, with the reason.
ALLOWED = "allowed-here:"


def test_nothing_names_a_package_index(files_in_git: list[Path]) -> None:
    """Where packages come from is the machine's own business."""
    assert _lines_with(files_in_git, lambda line: any(word in line for word in INDEX_ADDRESSES)) == []


def test_nothing_names_a_path_of_a_machine(files_in_git: list[Path]) -> None:
    """A path of the machine on which something was written means nothing on another one."""
    assert _lines_with(files_in_git, MACHINE_PATHS.search) == []


def test_nothing_in_git_is_a_third_partys_file(files_in_git: list[Path], root: Path) -> None:
    """Front-end files, fonts and archives come from packages by a build step, never from git."""
    names = [str(path.relative_to(root)) for path in files_in_git]
    assert [name for name in names if THIRD_PARTY.search(name)] == []
    assert [name for name in names if (root / name).stat().st_size > 400_000] == []


@pytest.mark.parametrize(
    "line", ["see /wo" + "rk/main", "open('/tm" + "p/x')", 'x = "/ho' + 'me/me"', "#!/ro" + "ot/bin/x"]
)
def test_a_path_of_a_machine_is_seen(line: str) -> None:
    """The pattern finds a path in prose, in code and in a first line."""
    assert MACHINE_PATHS.search(line)
    assert not MACHINE_PATHS.search("docs/ho" + "me/page.md and /api/v1/cases, C-1/wo" + "rk")


def test_the_locks_have_hashes_and_no_addresses(root: Path) -> None:
    """Every package is locked by version and digest, for Python and for npm."""
    for path in (root / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        entries = [entry for entry in re.split(r"\n(?=\S)", text) if "==" in entry]
        assert entries, path
        assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
        assert "://" not in text
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if "integrity" not in package] == []


def test_what_the_product_needs_is_a_part_of_what_development_needs(root: Path) -> None:
    """Both environments have the same versions, so what is tested is what runs."""
    dev = _pins(root / "requirements" / "dev.txt")
    for name in ("runtime", "tools", "node"):
        assert _pins(root / "requirements" / f"{name}.txt").items() <= dev.items(), name


def test_the_readme_has_two_commands_that_need_no_set_up(root: Path) -> None:
    """Whoever has cloned the repository sees two commands: run the main job, run the tests."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\$? ?(\./dev \w+)", readme, flags=re.MULTILINE)) == {"./dev demo", "./dev test"}


def test_ci_calls_the_readmes_test_command(root: Path) -> None:
    """CI does what the README tells everybody to do, and nothing cleverer."""
    assert re.search(r"^\s*\./dev test\b", (root / ".ci" / "run").read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.slow
def test_the_wheel_has_the_front_end_files_or_is_built_without(root: Path, tmp_path: Path) -> None:
    """A wheel can be built, and holds every template, type marker and front-end file that the checkout has."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = root / "src"
    wanted = {
        str(path.relative_to(source))
        for path in (source / "pilotage").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - inside == set()
    assert not [name for name in inside if name.startswith(("tests/", "tools/"))]


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def _lines_with(files: list[Path], wrong: Callable[[str], object]) -> list[str]:
    found: list[str] = []
    for path in files:
        if path.suffix in {".png", ".ico", ".xlsx"} or path.name == "package-lock.json":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if wrong(line) and ALLOWED not in line:
                found.append(f"{path.name}:{number}: {line.strip()[:100]}")
    return found
