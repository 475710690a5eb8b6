"""How good the router is on requests that it has never seen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.material import Request
from pilotage.examples.tickets.router import Guess, Router

THRESHOLD = 0.80


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`alone` is what is sure enough to go to a team without a person. Shares are of all; None where there are none."""

    requests: int
    accuracy: float | None
    alone: int
    coverage: float | None
    accuracy_alone: float | None
    out_of_scope: int
    out_of_scope_alone: int

    def as_json(self) -> dict[str, object]:
        """The figures, for a report."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """The figures in words."""
        if not self.requests:
            return ["The requests to run have no labels, so nothing can be said about the accuracy on them."]
        return [
            f"Accuracy on {self.requests:,} requests that the router never saw: {_percent(self.accuracy)}.",
            f"Above a confidence of {THRESHOLD:.2f} it decides {_percent(self.coverage)} of them alone.",
            f"{_percent(self.accuracy_alone)} of these are right. What is less sure goes to a person.",
            f"Of {self.out_of_scope:,} requests that no team answers, {self.out_of_scope_alone:,} pass for sure ones.",
        ]


def measure(router: Router, requests: Sequence[Request], truth: Mapping[str, Team | None]) -> Measured:
    """Guess the requests whose team is known, and compare."""
    known = [request for request in requests if request.id in truth]
    guessed = list(zip(known, router.guess([request.text for request in known]), strict=True))
    inside = [(truth[request.id], guess) for request, guess in guessed if truth[request.id] is not None]
    outside = [guess for request, guess in guessed if truth[request.id] is None]
    alone = [(team, guess) for team, guess in inside if goes_alone(guess)]
    return Measured(
        requests=len(inside),
        accuracy=_share(sum(_right(team, guess) for team, guess in inside), len(inside)),
        alone=len(alone),
        coverage=_share(len(alone), len(inside)),
        accuracy_alone=_share(sum(_right(team, guess) for team, guess in alone), len(alone)),
        out_of_scope=len(outside),
        out_of_scope_alone=sum(map(goes_alone, outside)),
    )


def goes_alone(guess: Guess) -> bool:
    """Whether no person is asked about this guess."""
    return bool(guess.known_words) and not guess.outside and guess.confidence > THRESHOLD


def _right(team: Team | None, guess: Guess) -> bool:
    return team is not None and guess.label == team.value


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"
