"""A bucket of an S3-compatible storage: its objects are read in any step, and written as an act."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from urllib.parse import quote

from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Breaker, Quota, Rate, Window
from pilotage.authoring.ports import Call
from pilotage.authoring.settings import Secret, Setting


class Bucket(Connection):
    """A bucket, by its address: `https://s3.example/scans`. Its credential is one secret, `KEY-ID:SECRET-KEY`.

    Writing an object again under its key changes nothing, so an act that puts one is `SafeToRepeat`.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        url: str | Setting[str],
        credential: Secret,
        region: str = "us-east-1",
        limits: Sequence[Rate | Quota | Window] = (),
        timeout: timedelta | str = "30s",
        breaker: Breaker | None = None,
    ) -> None:
        super().__init__(
            name,
            base_url=url,
            credential=credential,
            limits=limits,
            timeout=timeout,
            idempotency_header=None,
            breaker=breaker,
        )
        self.region = region

    async def read(self, key: str, /) -> bytes:
        """The bytes of an object that must be there."""
        return cast("bytes", await self._caller().call(self.name, Call(method="GET", path=_path(key), raw=True)))

    async def read_if_there(self, key: str, /) -> bytes | None:
        """The bytes of an object, or None."""
        call = Call(method="GET", path=_path(key), raw=True, absent_is_none=True)
        return cast("bytes | None", await self._caller().call(self.name, call))

    async def write(self, key: str, data: bytes, /) -> None:
        """Put an object under its key, in place of what was there: the act of this step."""
        await self._caller().call(self.name, Call(method="PUT", path=_path(key), body=data))

    async def remove(self, key: str, /) -> None:
        """Remove an object: the act of this step. One that is not there is removed already."""
        await self._caller().call(self.name, Call(method="DELETE", path=_path(key)))

    def differs_in(self, other: Connection) -> str | None:
        """The first setting in which two declarations differ, or None where they agree."""
        if isinstance(other, Bucket) and other.region != self.region:
            return "region"
        return super().differs_in(other)


def _path(key: str) -> str:
    return f"/{quote(key, safe='/')}"
