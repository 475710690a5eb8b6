"""Whether the automation has a name, a purpose, people who answer for it, and one meaning for each connection."""

from collections.abc import Iterator

from pilotage.authoring.checks.subject import Definition
from pilotage.authoring.codes import finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.findings import Finding
from pilotage.authoring.intake import Source
from pilotage.authoring.involved import involved_in
from pilotage.authoring.limits import zone_exists
from pilotage.authoring.names import wrong_name


def the_name_is_one(subject: Definition) -> Iterator[Finding]:
    """PLT-181: a name has lower-case letters, digits and hyphens."""
    if (found := wrong_name("Automation", subject.name, subject.line)) is not None:
        yield found


def the_purpose_is_said(subject: Definition) -> Iterator[Finding]:
    """PLT-183: no purpose."""
    if not subject.purpose.strip():
        yield finding("PLT-183", place=subject.name, line=subject.line)


def the_deputy_is_another(subject: Definition) -> Iterator[Finding]:
    """PLT-184: owner and deputy are one."""
    if subject.owner == subject.deputy:
        yield finding("PLT-184", place=subject.name, line=subject.line)


def the_time_zone_exists(subject: Definition) -> Iterator[Finding]:
    """PLT-185: no such time zone."""
    if not zone_exists(subject.timezone):
        yield finding("PLT-185", place=subject.name, line=subject.line, text=subject.timezone)


def every_source_has_its_name(subject: Definition) -> Iterator[Finding]:
    """PLT-582: two sources of one name would go on where the other one stopped."""
    named: dict[str, Source] = {}
    for source in subject.intake:
        first = named.setdefault(source.name, source)
        if first is not source:
            yield finding(
                "PLT-582",
                place=subject.name,
                line=source.line,
                name=source.name,
                first=first.line,
                second=source.line,
            )


def every_connection_is_declared_once(subject: Definition) -> Iterator[Finding]:
    """PLT-162: two declarations of one connection that differ."""
    yield from differing(involved_in(subject.flow).connections)


def differing(connections: tuple[Connection, ...]) -> Iterator[Finding]:
    """PLT-162 for each connection that is declared again with another setting."""
    named: dict[str, Connection] = {}
    for connection in connections:
        first = named.setdefault(connection.name, connection)
        setting = first.differs_in(connection)
        if setting is not None:
            place = f"Connection {connection.name}"
            yield finding("PLT-162", place=place, line=connection.line, setting=setting)
