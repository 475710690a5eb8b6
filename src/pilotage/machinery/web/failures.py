"""Errors as pages: words for people, a reference for the log, never a traceback. Programs get RFC 9457 instead."""

import difflib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, cast

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Sent

from pilotage.kernel.errors import PilotageError
from pilotage.machinery.api.errors import AddressUnknown, BodyTooLarge, BodyUnreadable, MethodRefused, Unforeseen
from pilotage.machinery.api.problem import Problem, problem_response, wants_problem
from pilotage.machinery.api.references import new_reference
from pilotage.machinery.web.door import Refusal, is_let_in
from pilotage.machinery.web.errors import NothingHere, NotLetIn
from pilotage.machinery.web.rendering import Message, Renderer

_log: Final = structlog.get_logger("pilotage.web")

_WORDS: Final = {
    403: ("Not allowed", "Go back, load the page again, and try once more from there."),
    404: ("There is no such page", "Take one of the pages above; an address that you typed may have a slip in it."),
    405: ("Not in this way", "Open the page and use what it offers."),
    413: ("Too long", "Send less at once."),
}
_CODES: Final = {
    400: BodyUnreadable.code,
    403: NotLetIn.code,
    404: AddressUnknown.code,
    405: MethodRefused.code,
    413: BodyTooLarge.code,
    422: BodyUnreadable.code,
}
_OTHER_WORDS: Final = (
    "This did not work",
    "Go back and try again; if it happens again, tell whoever runs Pilotage here.",
)


class Failures:
    """Makes answers of what went wrong."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def install(self, app: FastAPI) -> None:
        """Let the application answer its errors so."""
        app.add_exception_handler(HTTPException, self._on_http_error)
        app.add_exception_handler(RequestValidationError, self._on_bad_input)
        app.add_exception_handler(NothingHere, self._on_nothing)

    def refuse(self, request: Request, refusal: Refusal) -> Response:
        """The answer of the door: 403, without anything of the platform."""
        words = Message(title=refusal.title, what=refusal.what, remedy=refusal.remedy, status=403)
        return self._answer(request, words)

    def onward(self, path: str) -> Response:
        """A page that goes on to another by itself."""
        words = Message(title="One moment", what="The link fits.", remedy="The page opens by itself.", onward=path)
        return HTMLResponse(self._renderer.message(words))

    def on_crash(self, request: Request, error: Exception) -> Response:
        """What nobody expected: logged under a reference. An error of ours says what to do; of another we show nothing."""
        reference = new_reference()
        _log.error("request.failed", path=request.url.path, reference=reference, exc_info=error)
        if isinstance(error, PilotageError):
            words = Message(
                title="This did not work", what=error.what, remedy=error.remedy, reference=reference, status=500
            )
        else:
            words = Message(
                title="Something went wrong here",
                what="Pilotage met an error that it does not know. Cases are not touched by it.",
                remedy="Load the page again. If it happens again, look up the reference in the log.",
                reference=reference,
                status=500,
            )
        return self._answer(request, words)

    async def _on_http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title, remedy = _WORDS.get(error.status_code, _OTHER_WORDS)
        what = error.detail
        if what == HTTPStatus(error.status_code).phrase:  # nobody wrote a sentence
            what = f"Nothing is at {request.url.path}." if error.status_code == HTTPStatus.NOT_FOUND else f"{what}."
        near = self._nearest(request.url.path) if error.status_code == HTTPStatus.NOT_FOUND else ""
        words = Message(title=title, what=what, remedy=remedy, status=error.status_code, near=near)
        answer = self._answer(request, words)
        answer.headers.update(error.headers or {})
        return answer

    async def _on_nothing(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, NothingHere)
        words = Message(title="Not here", what=error.what, remedy=error.remedy, status=HTTPStatus.NOT_FOUND)
        return self._answer(request, words)

    async def _on_bad_input(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults: Sequence[dict[str, object]] = error.errors()
        said = "; ".join(f"{_where(fault)}: {fault['msg']}" for fault in faults)
        words = Message(title="Some of this does not fit", what=said, remedy="Correct it and try again.", status=422)
        return self._answer(request, words)

    def _answer(self, request: Request, words: Message) -> Response:
        if wants_problem(request):
            return problem_response(
                Problem(
                    title=words.title,
                    status=words.status,
                    detail=words.what,
                    remedy=words.remedy,
                    reference=words.reference,
                    code=_CODES.get(words.status, Unforeseen.code),
                )
            )
        return HTMLResponse(self._renderer.message(words, within=is_let_in(request)), status_code=words.status)

    def _nearest(self, path: str) -> str:
        known = [page.path for page in self._renderer.pages if page.path != "/" and "{" not in page.path]
        return next(iter(difflib.get_close_matches(path, known, n=1)), "")


def _where(fault: dict[str, object]) -> str:
    return ".".join(str(part) for part in cast("tuple[object, ...]", fault.get("loc", ())))


class Border:
    """The ASGI middleware behind which nothing gets out but an answer."""

    def __init__(self, app: ASGIApp, *, failures: Failures) -> None:
        self._app = app
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer for it if it fails before it has answered itself."""
        begun = False

        async def send_and_note(message: Sent) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            if scope["type"] != "http":
                raise
            answer = self._failures.on_crash(Request(scope, receive), error)
            if not begun:
                await answer(scope, receive, send)
