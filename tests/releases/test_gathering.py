"""Which files a release is made of."""

import os
from pathlib import Path

import pytest

from pilotage.releases.errors import FileLeadsOutside, FileMissing, NothingToRelease, ReleaseTooLarge
from pilotage.releases.gathering import Gathered, Module, Survey, gather


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a package in `src`, and some of what lies about in projects."""
    root = tmp_path / "shop"
    write(root, "src/orders/__init__.py", "src/orders/way.py", "src/orders/deep/words.py", "src/orders/data/prices.csv")
    write(root, "src/orders/__pycache__/way.cpython-312.pyc", "src/orders/.hidden/key", "src/orders/old.pyc")
    write(root, "src/other/never.py", ".pilotage/dev.db", ".env", "notes.txt", "prompts/a.txt", "prompts/.secret")
    write(root, "venv/pyvenv.cfg", "venv/lib/python3.12/site-packages/numpy/__init__.py")
    return root


def write(root: Path, *names: str) -> None:
    """Files with a little in them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def package(root: Path, name: str) -> tuple[Module, ...]:
    """A package and one of its modules, as they were loaded."""
    folder = root / name
    return (
        Module(name=folder.name, file=str(folder / "__init__.py"), folders=(str(folder),)),
        Module(name=f"{folder.name}.way", file=str(folder / "way.py")),
    )


def gathered(root: Path, table: dict[str, object] | None = None, **more: object) -> Gathered:
    """What is gathered of the project with the package in `src`."""
    survey = Survey(**{"modules": package(root, "src/orders"), **more})
    return gather(root, table or {}, survey)


PACKAGE = {"src/orders/__init__.py", "src/orders/way.py", "src/orders/deep/words.py", "src/orders/data/prices.csv"}


def test_a_package_comes_with_all_that_lies_in_it(root: Path) -> None:
    """Its modules, also those that were not loaded yet, and its data; not what Python makes, and nothing hidden."""
    found = gathered(root)
    assert set(found.files) == PACKAGE
    assert found.roots == {"src"}


def test_modules_and_packages_beside_each_other(root: Path) -> None:
    """Modules in the project's own folder, packages there and in `src`: each is found again where it was."""
    write(root, "words.py", "tools/__init__.py", "tools/t.py")
    survey = Survey(
        modules=(
            *package(root, "src/orders"),
            *package(root, "tools"),
            Module(name="words", file=str(root / "words.py")),
        )
    )
    found = gather(root, {}, survey)
    assert set(found.files) == PACKAGE | {"words.py", "tools/__init__.py", "tools/t.py"}
    assert found.roots == {"src", ""}


def test_a_package_without_init_is_a_package(root: Path) -> None:
    """A namespace package has folders and no file."""
    (root / "src/orders/__init__.py").unlink()
    found = gather(root, {}, Survey(modules=(Module(name="orders", file=None, folders=(str(root / "src/orders"),)),)))
    assert set(found.files) == PACKAGE - {"src/orders/__init__.py"}


def test_declared_files_are_found_as_a_running_step_finds_them(root: Path) -> None:
    """In the project's folder first, then beside the module that declares them; a folder comes whole."""
    write(root, "model.json", "src/orders/model.json", "src/orders/table.json", "weights/1.bin", "weights/2.bin")
    beside = str(root / "src/orders")
    found = gathered(root, artifacts=(("model.json", beside), ("table.json", beside), ("weights", beside)))
    assert {"model.json", "src/orders/table.json", "weights/1.bin", "weights/2.bin"} <= set(found.files)


def test_a_declared_file_that_is_not_there_is_said(root: Path) -> None:
    """A release without its model would fail at its first case; it fails here."""
    with pytest.raises(FileMissing, match=r"neither .*shop/model\.json nor .*orders/model\.json"):
        gathered(root, artifacts=(("model.json", str(root / "src/orders")),))


@pytest.mark.parametrize("declared", ["/etc/passwd", "../outside.json"])
def test_a_declared_file_lies_in_the_project(root: Path, declared: str) -> None:
    """A path that leads out of the project is refused."""
    write(root.parent, "outside.json")
    with pytest.raises(FileLeadsOutside):
        gathered(root, artifacts=((declared, str(root)),))


def test_included_files(root: Path) -> None:
    """Patterns name files and folders; nothing whose name begins with a dot is ever included."""
    found = gathered(root, {"include": ["prompts", "*.txt"]})
    assert set(found.files) == PACKAGE | {"prompts/a.txt", "notes.txt"}
    everything = gathered(root, {"include": ["**/*"], "exclude": ["src/other"]})
    assert set(everything.files) == PACKAGE | {"prompts/a.txt", "notes.txt"}


def test_a_pattern_that_names_nothing_is_an_error(root: Path) -> None:
    """A misspelt pattern would leave a file out in silence."""
    with pytest.raises(FileMissing, match="promps"):
        gathered(root, {"include": ["promps/*.txt"]})
    with pytest.raises(FileLeadsOutside):
        gathered(root, {"include": ["../*"]})


def test_excluded_files(root: Path) -> None:
    """What is excluded stays away, a file or a whole folder."""
    found = gathered(root, {"exclude": ["src/orders/deep", "**/prices.csv"]})
    assert set(found.files) == {"src/orders/__init__.py", "src/orders/way.py"}


def test_a_link_to_a_file_of_the_project_is_its_content(root: Path) -> None:
    """The release has the file itself."""
    (root / "src/orders/note.txt").symlink_to(root / "notes.txt")
    assert gathered(root).files["src/orders/note.txt"].read_text() == "notes.txt"


def test_a_link_out_of_the_project_is_refused(root: Path) -> None:
    """Neither by a link to a file nor by one to a folder does a release get what is not the project's."""
    write(root.parent, "secret.txt", "elsewhere/x.py")
    link = root / "src/orders/x"
    for target in (root.parent / "secret.txt", root.parent / "elsewhere", root / "prompts", Path("/proc/self/environ")):
        link.symlink_to(target)
        with pytest.raises(FileLeadsOutside):
            gathered(root)
        assert "src/orders/x" not in gathered(root, {"exclude": ["src/orders/x"]}).files
        link.unlink()


def test_a_link_to_nothing_or_to_itself_is_said(root: Path) -> None:
    """A link that leads nowhere is a missing file."""
    link = root / "src/orders/x.txt"
    for target in ("nowhere", "x.txt"):
        link.symlink_to(target)
        with pytest.raises(FileMissing, match="leads to nothing"):
            gathered(root)
        link.unlink()


def test_what_is_no_file_is_refused_and_not_waited_for(root: Path) -> None:
    """A pipe would be read for ever."""
    os.mkfifo(root / "src/orders/pipe")
    with pytest.raises(FileLeadsOutside, match="no ordinary file"):
        gathered(root)


def test_a_huge_file_is_refused_before_it_is_read(root: Path) -> None:
    """The largest files are named, with what to do about them."""
    with (root / "src/orders/huge.bin").open("wb") as file:
        file.truncate(3 << 40)
    with pytest.raises(ReleaseTooLarge, match=r"src/orders/huge.bin \(3,145,728 MB\)"):
        gathered(root)
    assert "src/orders/huge.bin" in gathered(root, {"release-limit-mb": 4_000_000}).files
    assert "src/orders/huge.bin" not in gathered(root, {"exclude": ["**/*.bin"]}).files


def test_names_that_cannot_be_kept_are_refused(root: Path) -> None:
    """A name that is no text, or one that another system takes for a path, would be another file there."""
    for name in (b"src/orders/bad\xff.py", b"src/orders/back\\slash.py"):
        path = root / os.fsdecode(name)
        path.touch()
        with pytest.raises(FileLeadsOutside, match="cannot be kept"):
            gathered(root)
        path.unlink()


def test_locked_requirements_come_along(root: Path) -> None:
    """The lock file is in the release, so that its environment can be built from it alone."""
    assert gathered(root).lock is None
    write(root, "requirements.txt", "uv.lock", "locked/live.txt")
    assert gathered(root).lock == "uv.lock"
    assert "uv.lock" in gathered(root).files
    assert gathered(root, {"lock": "locked/live.txt"}).lock == "locked/live.txt"
    with pytest.raises(FileMissing, match=r"nowhere\.txt"):
        gathered(root, {"lock": "nowhere.txt"})


def test_an_automation_of_the_platform_itself_is_frozen_too(root: Path, tmp_path: Path) -> None:
    """The examples that ship come from where the platform is installed."""
    folder = tmp_path / "installed/pilotage/examples/tickets"
    write(folder, "__init__.py", "automation.py", "phrases.toml")
    write(root, "router.json")
    modules = (
        Module(name="pilotage.examples.tickets", file=str(folder / "__init__.py"), folders=(str(folder),)),
        Module(name="pilotage.examples.tickets.automation", file=str(folder / "automation.py")),
    )
    found = gather(root, {}, Survey(modules=modules, artifacts=(("router.json", str(folder)),)))
    inside = ".installed/pilotage/examples/tickets"
    assert set(found.files) == {
        "router.json", f"{inside}/__init__.py", f"{inside}/automation.py", f"{inside}/phrases.toml",
    }  # fmt: skip
    assert found.examples == ["pilotage.examples.tickets"]


def test_a_project_without_code_of_its_own_is_nothing_to_release(root: Path) -> None:
    """Automations that are installed elsewhere are released where they are."""
    with pytest.raises(NothingToRelease):
        gather(root, {}, Survey(modules=()))
