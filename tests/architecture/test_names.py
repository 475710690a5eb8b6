"""A file is named for what it decides or holds; a name that says nothing grows without limit."""

import ast
from pathlib import PurePath
from typing import Any

NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "core", "misc"}


def test_no_file_or_folder_has_a_name_that_says_nothing(modules: list[Any]) -> None:
    """There is no utils.py, helpers.py, manager.py, base.py or core.py, and no folder of such a name."""
    assert [module.path for module in modules if _says_nothing(module.path)] == []


def test_a_name_that_says_nothing_is_seen() -> None:
    """The check looks at folders as well as files, and at words inside a name."""
    assert _says_nothing("pilotage/inbox/utils.py")
    assert _says_nothing("pilotage/core/inbox.py")
    assert _says_nothing("pilotage/inbox/email_helpers.py")
    assert not _says_nothing("pilotage/inbox/escalation.py")


def test_every_file_says_what_it_is(modules: list[Any]) -> None:
    """Every file of the package begins with a sentence about what it holds."""
    assert [module.path for module in modules if module.text.strip() and not ast.get_docstring(module.tree)] == []


def _says_nothing(path: str) -> bool:
    parts = PurePath(path).with_suffix("").parts
    return any(NAMES_THAT_SAY_NOTHING & set(part.split("_")) for part in parts)
