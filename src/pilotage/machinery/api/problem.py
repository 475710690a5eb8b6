"""The one shape of errors for programs: RFC 9457, `application/problem+json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

MEDIA_TYPE: Final = "application/problem+json"
_API: Final = "/api/"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What went wrong, for a program and for whoever reads its log."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    remedy: str = ""
    """What to do next."""
    reference: str = ""
    """Under which the log has the details."""
    code: str = ""
    """The stable code of an error of ours, such as PLT-204."""


def problem_response(problem: Problem, faults: Sequence[Mapping[str, object]] = ()) -> JSONResponse:
    """The answer; members without content are left out. `faults`: what is wrong with each part of the request."""
    members: dict[str, object] = {name: value for name, value in asdict(problem).items() if value != ""}
    if faults:
        members["faults"] = list(faults)
    return JSONResponse(members, status_code=problem.status, media_type=MEDIA_TYPE)


def wants_problem(request: Request) -> bool:
    """Whether a program asks: at the API, or who takes JSON and no page."""
    accepted = request.headers.get("accept", "")
    return request.url.path.startswith(_API) or ("json" in accepted and "html" not in accepted)
