"""A bucket of an S3-compatible storage: its objects are read in any step, and written as an act."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, cast
from urllib.parse import quote

from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Breaker, Quota, Rate, Window, at_least_one
from pilotage.authoring.ports import Call
from pilotage.authoring.settings import Secret, Setting

LARGEST: Final = 25_000_000


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
        largest: int = LARGEST,
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
        at_least_one(f"Bucket {name}", "largest", largest)
        self.region = region
        self.largest = largest
        """Bytes of the largest object that is read."""

    async def read(self, key: str, /) -> bytes:
        """The bytes of an object that must be there."""
        return cast("bytes", await self._caller().call(self.name, Call(method="GET", path=self.path(key), raw=True)))

    async def read_if_there(self, key: str, /) -> bytes | None:
        """The bytes of an object, or None."""
        call = Call(method="GET", path=self.path(key), raw=True, absent_is_none=True)
        return cast("bytes | None", await self._caller().call(self.name, call))

    async def write(self, key: str, data: bytes, /) -> None:
        """Put an object under its key, in place of what was there: the act of this step."""
        await self._caller().call(self.name, Call(method="PUT", path=self.path(key), body=data))

    async def remove(self, key: str, /) -> None:
        """Remove an object: the act of this step. One that is not there is removed already."""
        await self._caller().call(self.name, Call(method="DELETE", path=self.path(key)))

    @staticmethod
    def path(key: str, /) -> str:
        """Where an object stands below the address of the bucket."""
        return f"/{quote(key, safe='/')}"

    def differs_in(self, other: Connection) -> str | None:
        """The first setting in which two declarations differ, or None where they agree."""
        if isinstance(other, Bucket) and (other.region, other.largest) != (self.region, self.largest):
            return "region or largest"
        return super().differs_in(other)
