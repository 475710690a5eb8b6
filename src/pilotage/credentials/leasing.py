"""For how long a released value is used: until its lease ends, then it is asked for again."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """Seconds of one environment."""

    lease: float = 300.0
    """A value is used for so long before its source is asked again."""
    grace: float = 3600.0
    """A source that does not answer leaves the value usable for so long after the lease."""
    patience: float = 10.0
    """A source that did not answer is left alone for so long."""
    early: float = 0.2
    """This share before its end a lease is renewed in the background."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """When a held value is asked for again; seconds of the monotonic clock."""

    read: float
    renew: float
    until: float
    hard: float
    """From here on it is used no more, whether its source answers or not."""
    tried: float | None = None
    """When its source did not answer, last."""

    def fresh(self, now: float) -> bool:
        """Whether it is used without a question."""
        return now < self.until

    def due(self, now: float) -> bool:
        """Whether it should be renewed before anybody has to wait for that."""
        return self.renew <= now

    def endures(self, now: float, terms: Terms) -> bool:
        """Whether it is used on because its source did not answer a moment ago."""
        return self.tried is not None and now < min(self.hard, self.tried + terms.patience)


def span(read: float, terms: Terms, *, expires_in: float | None) -> Span:
    """The times of a value that was read just now, and that may have an end of its own."""
    lease, hard = terms.lease, terms.lease + terms.grace
    if expires_in is not None:
        lease, hard = min(lease, expires_in), min(hard, expires_in)
    return Span(read=read, renew=read + lease * (1 - terms.early), until=read + lease, hard=read + hard)
