"""What the package imports is what it says that it needs."""

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.architecture.test_doors import imports


def test_every_import_is_a_declared_dependency(modules: list[Any], root: Path) -> None:
    """Nothing works only because another package happens to bring it along."""
    declared = declared_in(root / "pyproject.toml")
    brought_by = importlib.metadata.packages_distributions()
    ours = {"pilotage"} | {path.name for path in (root / "src" / "pilotage" / "examples").iterdir()}
    missing = {
        f"{module.path} imports {name}"
        for module in modules
        for name in {name.partition(".")[0] for name in imports(module.tree)} - set(sys.stdlib_module_names) - ours
        if not {plain(package) for package in brought_by.get(name, [name])} & declared
    }
    assert sorted(missing) == []


def test_names_of_packages_are_read_as_their_index_reads_them(tmp_path: Path) -> None:
    """Extras, versions and the two ways to write a dash do not count."""
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["psycopg[binary]>=3", "Typing_Extensions>=4"]\n', encoding="utf-8")
    assert declared_in(project) == {"psycopg", "typing-extensions"}


def declared_in(project: Path) -> set[str]:
    """The packages that a project says it needs."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    extras = [name for names in table.get("optional-dependencies", {}).values() for name in names]
    return {plain(re.split(r"[\[<>=;~! ]", name)[0]) for name in [*table["dependencies"], *extras]}


def plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
