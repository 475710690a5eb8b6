"""The frame of what programs call: answers in one shape, a description in OpenAPI, and nothing that another page may read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.machinery.api.described import problems
from pilotage.machinery.api.errors import (
    AddressUnknown,
    AskedDifferently,
    BodyTooLarge,
    BodyTooSlow,
    BodyTypeRefused,
    BodyUnreadable,
    CursorUnreadable,
    MethodRefused,
    ParameterRefused,
    ScopeMissing,
    SignatureRefused,
    TokenRefused,
    Unforeseen,
)
from pilotage.machinery.api.parameters import known_alone
from pilotage.machinery.api.problem import Problem, problem_response
from pilotage.machinery.api.references import new_reference
from pilotage.machinery.api.tokens import looks_like_token
from pilotage.machinery.telemetry.framework import UNTOLD

_log: Final = structlog.get_logger("pilotage.api")

STATUSES: Final[Mapping[type[PilotageError], int]] = {
    UnknownName: 404,
    TokenRefused: 401,
    ScopeMissing: 403,
    BodyUnreadable: 400,
    BodyTypeRefused: 415,
    BodyTooLarge: 413,
    BodyTooSlow: 408,
    AskedDifferently: 409,
    AddressUnknown: 404,
    MethodRefused: 405,
    CursorUnreadable: 400,
    ParameterRefused: 400,
}
"""The status of an error; of another one that may be tried again 503, else 500."""
_CHALLENGES: Final[Mapping[type[PilotageError], str]] = {TokenRefused: "Bearer", SignatureRefused: "StandardWebhooks"}
"""How a caller proves who it is, for the answer to one who did not."""
DESCRIPTION: Final = "/api/v1/openapi.json"
_AGAIN: Final = 5
"""Seconds after which a request that could not be answered may come again."""

Explain = Callable[[BaseException], PilotageError | None]


def api_app(
    routers: Sequence[APIRouter],
    *,
    version: str,
    statuses: Mapping[type[PilotageError], int],
    explain: Explain = lambda error: None,
) -> FastAPI:
    """The application of these routes. `explain` knows which errors of others pass, such as a database that is away."""
    app = _Described(
        title="Pilotage",
        version=version or "0",
        openapi_url=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=UNTOLD,
    )
    for router in routers:
        app.include_router(router, dependencies=[Depends(known_alone)], responses=problems(400, 422))
    known = {**STATUSES, **statuses}

    async def on_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, PilotageError):
            return _crashed(request, error, explain(error))
        ours = error
        status = next((known[kind] for kind in type(ours).__mro__ if kind in known), None)
        return problem_of(ours, status or (503 if ours.retryable else 500))

    app.add_exception_handler(PilotageError, on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_bad_input)
    app.add_middleware(_Border, answer=on_error)
    return app


class _Described(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description, with how a token is sent."""
        described = super().openapi()
        described["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        return described


class _Border:
    """The ASGI middleware behind which nothing gets out but an answer, and nothing gets in with a token in its address."""

    def __init__(self, app: ASGIApp, *, answer: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer for it if it fails before it has answered itself."""
        if scope["type"] != "http":
            return
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        request = Request(scope, receive)
        try:
            _refuse_token_in(scope)
            await self._app(scope, receive, send_and_note)
        except Exception as error:  # noqa: BLE001 - the border of the API
            answer = await self._answer(request, error)
            if not begun:
                await answer(scope, receive, send)


def problem_of(error: PilotageError, status: int, *, again: float | None = None) -> Response:
    """An error of ours as RFC 9457 has it, with its code and remedy."""
    answer = problem_response(
        Problem(
            title=HTTPStatus(status).phrase, status=status, detail=error.what, remedy=error.remedy, code=error.code
        ),
        faults=cast("Sequence[Mapping[str, object]]", getattr(error, "faults", ())),
    )
    if status in {429, 503}:
        answer.headers["Retry-After"] = str(max(1, round(_AGAIN if again is None else again)))
    if challenge := _CHALLENGES.get(type(error)):
        answer.headers["WWW-Authenticate"] = challenge
    return answer


def _crashed(request: Request, error: Exception, known: PilotageError | None) -> Response:
    """What went wrong here is told in the log, under a reference; whoever calls learns whether to come again."""
    reference = new_reference()
    _log.error("request.failed", path=request.url.path, reference=reference, exc_info=error)
    again = known is not None and known.retryable
    answer = problem_response(
        Problem(
            title=HTTPStatus(503 if again else 500).phrase,
            status=503 if again else 500,
            detail="Pilotage cannot answer at the moment." if again else "Pilotage met an error that it does not know.",
            remedy="Send the request again. If it happens again, look up the reference in the log.",
            reference=reference,
            code=known.code if known is not None else Unforeseen.code,
        )
    )
    if again:
        answer.headers["Retry-After"] = str(_AGAIN)
    return answer


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = problem_of(_in_our_words(request, error), error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _in_our_words(request: Request, error: HTTPException) -> PilotageError:
    described = f"Every address is described in {DESCRIPTION}."
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return AddressUnknown("Nothing is at this address.", f"See that it has no slip in it. {described}")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("allow") or (error.headers or {}).get("Allow", "another method")
            return MethodRefused(f"{request.method} is not taken at this address.", f"Use {allowed}. {described}")
        case _:
            return BodyUnreadable(f"{error.detail}.", f"Correct the request and send it again. {described}")


async def _on_bad_input(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)
    remedy = f"Correct it and send the request again. Every address is described in {DESCRIPTION}."
    said = "; ".join(
        f"{'.'.join(map(str, cast('tuple[object, ...]', fault['loc'])))}: {fault['msg']}"
        for fault in cast("Sequence[Mapping[str, object]]", error.errors())
    )
    return problem_response(
        Problem(title="Unprocessable Content", status=422, detail=said, remedy=remedy, code=BodyUnreadable.code)
    )


def _refuse_token_in(scope: Scope) -> None:
    if looks_like_token(cast("bytes", scope.get("query_string", b"")).decode("latin-1")):
        raise BodyUnreadable(
            "A token stands in the address, where logs and proxies keep it.",
            "Send it as Authorization: Bearer, and revoke the one that was sent: `pilotage token revoke NAME`.",
        )
