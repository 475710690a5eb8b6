"""What the code cannot say about an automation; the rest of the book is generated."""

from collections.abc import Mapping, Sequence

from pilotage.authoring.people import Role
from pilotage.authoring.steps import Judge, Step


class ManualCheck:
    """A check that people did by hand, and what replaces it."""

    def __init__(self, caught: str, /, *, replaced_by: Step | Judge | str) -> None:
        self.caught = caught
        self.replaced_by = replaced_by

    @property
    def replacement(self) -> str:
        """What replaces it, by name."""
        return self.replaced_by if isinstance(self.replaced_by, str) else str(getattr(self.replaced_by, "name", ""))


class Book:
    """What is not automated, what stays with whom, which checks were replaced, and what is assumed."""

    def __init__(
        self,
        *,
        not_automated: Sequence[str] = (),
        stays_with: Mapping[Role, str] | None = None,
        manual_checks: Sequence[ManualCheck] = (),
        assumptions: Sequence[str] = (),
    ) -> None:
        self.not_automated: tuple[str, ...] = tuple(not_automated)
        self.stays_with: dict[Role, str] = dict(stays_with or {})
        self.manual_checks: tuple[ManualCheck, ...] = tuple(manual_checks)
        self.assumptions: tuple[str, ...] = tuple(assumptions)
