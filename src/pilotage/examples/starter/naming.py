"""Which names a project may have. Pure, but for the list of packages that Python knows here."""

import keyword
import sys
from collections.abc import Callable
from importlib.util import find_spec

from pilotage.authoring.names import slug, wrong_name
from pilotage.examples.starter.errors import NotAProjectName

_TAKEN = {"pilotage", "tests", "test", "fake-payments", "conftest"}


def package_of(name: str) -> str:
    """The name as Python imports it: my-automation is my_automation."""
    return name.replace("-", "_")


def known_to_python(package: str) -> bool:
    """Whether `import package` already means something here."""
    if package in sys.stdlib_module_names:
        return True
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def refuse_wrong_name(name: str, known: Callable[[str], bool] = known_to_python) -> None:
    """Raise NotAProjectName (PLT-940), with a name that would do."""
    if wrong_name("Project", name, "") is not None:
        raise NotAProjectName(
            f'"{name}" is no name for a project: a name has lower-case letters, digits and hyphens.',
            f"For example: pilotage new {_that_would_do(name, known)}",
        )
    if _is_taken(name, known):
        raise NotAProjectName(
            f'"{name}" cannot be the name of a project: Python already knows something else as {package_of(name)}.',
            f"For example: pilotage new {_that_would_do(name, known)}",
        )


def _that_would_do(name: str, known: Callable[[str], bool]) -> str:
    made = slug(name)
    if not made[0].isalpha():
        made = f"a-{made}"
    return f"{made}-automation" if _is_taken(made, known) else made


def _is_taken(name: str, known: Callable[[str], bool]) -> bool:
    package = package_of(name)
    return name in _TAKEN or keyword.iskeyword(package) or keyword.issoftkeyword(package) or known(package)
