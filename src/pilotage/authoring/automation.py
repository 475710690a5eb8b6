"""An automation: what is owned, released and deployed as one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from types import GenericAlias
from typing import cast

from pydantic import PydanticUserError

from pilotage.authoring.book import Book
from pilotage.authoring.checks import DEFINITION_CHECKS
from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codecs import codec_of
from pilotage.authoring.compiling import compile_plan
from pilotage.authoring.connection import Connection
from pilotage.authoring.documents import may_hold_documents
from pilotage.authoring.findings import refuse
from pilotage.authoring.flow import draw
from pilotage.authoring.intake import Source
from pilotage.authoring.involved import Involved, involved_in
from pilotage.authoring.limits import at_least_one
from pilotage.authoring.location import here
from pilotage.authoring.models import Model
from pilotage.authoring.people import Ask, Role
from pilotage.authoring.plan import Plan
from pilotage.authoring.process import Path
from pilotage.authoring.prompts import Prompt
from pilotage.authoring.settings import Artifact, Setting


class Automation:
    """A process of steps with a typed input and output, and those who answer for it.

    Everything that is wrong with it is found when it is made, and raised at once as one DefinitionError.
    """

    def __class_getitem__(cls, types: object) -> object:
        """Read by type checkers; at run time it is the class."""
        return GenericAlias(cls, types)

    def __init__(
        self,
        name: str,
        /,
        *,
        takes: type[object],
        gives: type[object],
        key: Callable[..., str],
        purpose: str,
        owner: Role,
        process: Path,
        deputy: Role | None = None,
        sponsor: Role | None = None,
        dated: Callable[..., date] | None = None,
        version: int = 1,
        segments: Mapping[str, Callable[..., str]] | None = None,
        timezone: str = "UTC",
        unknown: Ask | None = None,
        book: Book | None = None,
        open_at_most: int = 1_000_000,
        intake: Sequence[Source] = (),
    ) -> None:
        self.name = name
        self.line = here()
        self._takes = takes
        self.gives = gives
        self.purpose = purpose
        self.owner, self.deputy, self.sponsor = owner, deputy, sponsor
        self.process = process
        self.version = version
        self.open_at_most = open_at_most
        """Cases that may be open at a time; where there are so many, intake pauses until there is room."""
        self.intake: tuple[Source, ...] = tuple(intake)
        """Where its records come from by themselves; files and `submit` need no entry."""
        self.timezone = timezone
        self.unknown = unknown
        """Who is asked about a label that nobody documented, where the choice names nobody; None: the owner."""
        self.book = Book() if book is None else book
        at_least_one(f"Automation {name}", "open_at_most", open_at_most)
        self._key, self._dated, self._segments = key, dated, dict(segments or {})
        self.flow = draw(name, takes, gives, process)
        subject = Definition(
            name=name,
            line=self.line,
            purpose=purpose,
            owner=owner,
            deputy=deputy,
            timezone=timezone,
            flow=self.flow,
            intake=self.intake,
        )
        refuse([found for check in DEFINITION_CHECKS for found in check(subject)])
        self.plan: Plan = compile_plan(self.flow)

    @property
    def takes(self) -> type[object]:
        """The contract of its records."""
        return self._takes

    def key_of(self, record: object) -> str:
        """The key that makes a second arrival of the record harmless."""
        return str(self._key(record))

    def segments_of(self, record: object) -> dict[str, str]:
        """The record's segments, such as {"product": "cards"}."""
        return {name: str(read(record)) for name, read in self._segments.items()}

    @cached_property
    def holds_documents(self) -> bool:
        """Whether its records may hold documents."""
        try:
            return may_hold_documents(codec_of(self.takes).schema())
        except PydanticUserError:  # a contract that no schema describes: each record is looked at
            return True

    @property
    def segment_names(self) -> tuple[str, ...]:
        """The dimensions of its segments."""
        return tuple(self._segments)

    def dated_of(self, record: object) -> date | None:
        """The record's business date; None: the day of its arrival counts."""
        if self._dated is None:
            return None
        day = self._dated(record)
        return day.date() if isinstance(day, datetime) else day

    @cached_property
    def involved(self) -> Involved:
        """Everything that the automation names, each thing once."""
        return involved_in(self.flow)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that its steps name, and those through which its sources are read."""
        of_sources = (connection for source in self.intake for connection in source.connections)
        return tuple({id(one): one for one in (*self.involved.connections, *of_sources)}.values())

    @property
    def artifacts(self) -> tuple[Artifact[object], ...]:
        """The files that its steps name or read."""
        return self.involved.artifacts

    @property
    def models(self) -> tuple[Model, ...]:
        """The language models that its steps ask."""
        return self.involved.models

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts among its files."""
        return tuple(each for each in self.artifacts if isinstance(each, Prompt))

    @property
    def settings(self) -> tuple[Setting[object], ...]:
        """The settings of its connections and sources, and those that its functions read by name."""
        of_sources = [one for source in self.intake for one in source.settings]
        of_sources += [
            one.base_url for source in self.intake for one in source.connections if isinstance(one.base_url, Setting)
        ]
        found = (*self.involved.settings, *cast("list[Setting[object]]", of_sources))
        return tuple({id(one): one for one in found}.values())

    @property
    def roles(self) -> tuple[Role, ...]:
        """Everybody who answers for it or is asked in it."""
        named = (self.owner, self.deputy, self.sponsor)
        asked = () if self.unknown is None else tuple(role for role, _ in self.unknown.chain())
        return tuple(
            dict.fromkeys(
                role for role in (*named, *asked, *self.involved.roles, *self.book.stays_with) if role is not None
            )
        )

    def __repr__(self) -> str:
        return f"<automation {self.name}>"
