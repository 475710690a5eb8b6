"""Threads for the author's plain functions: some for each connection, so that a slow one holds up no other.

The loop's own threads are for the platform: were they shared, a few slow calls would keep every sender from its next turn.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pilotage.cases.service.sending import AT_ONCE

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Threads:
    """The threads of one process: as many for each connection as it may have calls on their way."""

    at_once: int = AT_ONCE
    _pools: dict[str, ThreadPoolExecutor] = field(default_factory=dict[str, ThreadPoolExecutor])

    async def run(self, connection: str, function: Callable[..., T], *values: object) -> T:
        """Run a plain function in a thread of the connection; the caller's context goes along."""
        pool = self._pools.get(connection)
        if pool is None:
            pool = self._pools[connection] = ThreadPoolExecutor(self.at_once, thread_name_prefix=f"sends-{connection}")
        call = partial(contextvars.copy_context().run, function, *values)
        return await asyncio.get_running_loop().run_in_executor(pool, call)
