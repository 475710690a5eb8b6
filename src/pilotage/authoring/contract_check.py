"""What a connection is asked now and then, to know whether it still answers as agreed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from pydantic import BaseModel

from pilotage.authoring.location import here
from pilotage.authoring.spans import span

_LEAST = 60.0


@dataclass(frozen=True, slots=True)
class ContractCheck:
    """A question that changes nothing, asked on a schedule: `ContractCheck("/assignments", expect=Page, every="1h")`.

    It is a GET. Its answer must be as `expect` says; what it holds goes nowhere. No oftener than once a minute.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str], kw_only=True)
    expect: type[BaseModel] = field(kw_only=True)
    every: timedelta | str = field(default="1h", kw_only=True)

    def __post_init__(self) -> None:
        span(self.every, place=f"ContractCheck {self.path}", line=here())

    @property
    def seconds(self) -> float:
        """How long after one check the next one is due."""
        return max(_LEAST, span(self.every, place=f"ContractCheck {self.path}", line="").seconds)

    @property
    def asks(self) -> str:
        """What is asked, in words: it is known by them."""
        return f"GET {self.path}" + (f"?{urlencode(self.params)}" if self.params else "")
