"""The trail's rows and what a look at them found."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One act in the trail."""

    id: int
    at: int
    kind: str
    subject: str
    said: str
    by: str
    known: str
    details: str
    """JSON, as it was written."""
    number: int | None
    digest: str | None
    link: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The last link of the chain at some time; whoever keeps it elsewhere can prove later that nothing before it changed."""

    number: int
    link: str
    signed_at: int
    key: str
    signature: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptHead:
    """A head that is kept outside of the database."""

    day: str
    number: int
    link: str
    signature: str
    """Empty where it was not signed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What reading the whole trail gave."""

    sealed: int
    unsealed: int
    """Acts of the last moment that are not in the chain yet."""
    heads: int
    """Signed heads that were compared with it."""
    checked: bool
    """Whether their signatures could be checked: the key is here."""
    doubts: tuple[str, ...]
    kept: int = 0
    """Heads of the folder in which they are kept that were compared with it."""
    newest: str | None = None
    """The day of the newest of them."""

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts
