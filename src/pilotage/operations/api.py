"""Figures for a monitoring system, in the text that Prometheus reads."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from pilotage.machinery.api.bodies import header
from pilotage.machinery.api.tokens import Guard
from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.telemetry.values import Figure


def metrics(read: Callable[[], Sequence[Figure]]) -> Callable[[Guard], APIRouter]:
    """`GET /metrics`, for who has a token for it: names and counts say how a business does."""

    def router(guard: Guard) -> APIRouter:
        made = APIRouter(tags=["metrics"])

        @made.get("/metrics", include_in_schema=False)
        async def told(request: Request) -> Response:
            """Every figure of this moment."""
            await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.METRICS)
            return await run_in_threadpool(_answer, read)

        return made

    return router


def _answer(read: Callable[[], Sequence[Figure]]) -> Response:
    from pilotage.machinery.telemetry.exposition import CONTENT_TYPE, prometheus_text  # noqa: PLC0415 - for who asks

    return Response(prometheus_text(read()), media_type=CONTENT_TYPE)
