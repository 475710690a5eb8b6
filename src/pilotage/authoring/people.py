"""Who answers: roles, and who is asked by when and who follows on silence."""

from dataclasses import dataclass
from datetime import timedelta

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.location import here
from pilotage.authoring.spans import span
from pilotage.kernel.durations import Duration


@dataclass(frozen=True, slots=True)
class Role:
    """Who answers, by role; who holds it, and who stands in, is data."""

    name: str

    def __str__(self) -> str:
        return self.name


class Ask:
    """Who decides, by when, and who on silence. Silence never decides."""

    def __init__(self, who: Role, /, *, within: timedelta | str, then: "Role | Ask | None" = None) -> None:
        self.who = who
        self.within: Duration = span(within, place=f"Ask({who.name})", line=here())
        self.then = then
        self.line = here()
        seen: set[Role] = set()
        for role, _ in self.chain():
            if role in seen:
                raise DefinitionError(finding("PLT-146", place=f"Ask({who.name})", line=self.line, role=role.name))
            seen.add(role)

    def chain(self) -> tuple[tuple[Role, Duration], ...]:
        """Everybody who is asked in turn, with the time each has. A role that follows by name has the time of the one before.

        When the last has let the time pass, the case stays with people and the owner is alarmed.
        """
        first = ((self.who, self.within),)
        if isinstance(self.then, Ask):
            return first + self.then.chain()
        return first if self.then is None else (*first, (self.then, self.within))

    def __repr__(self) -> str:
        return f"Ask({' > '.join(f'{role.name} within {within}' for role, within in self.chain())})"
