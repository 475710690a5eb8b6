"""S3-compatible storage as the other side of a connection: HTTP through the same door, signed as AWS says (version 4)."""

from dataclasses import replace
from typing import Any, Final

from pilotage.connections.accounts import Client
from pilotage.credentials.errors import SecretUnusable
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.messages import Answer, Outgoing

_DIGEST: Final = "x-amz-content-sha256"


class SignerMissing(PilotageError):
    """What signs requests to S3-compatible storage is not installed."""

    code = "PLT-245"


class S3Client:
    """Signs each request and hands it to the client that carries it."""

    def __init__(self, name: str, carrier: Client, *, region: str) -> None:
        self._name = name
        self._carrier = carrier
        self._region = region

    async def send(self, request: Outgoing, leaving: Departure, /) -> Answer:
        """The answer of the storage; raises what the carrier raises."""
        return await self._carrier.send(self._signed(request), leaving)

    async def close(self) -> None:
        """Close every connection."""
        await self._carrier.close()

    def _signed(self, request: Outgoing) -> Outgoing:
        auth, aws_request, credentials = _library()
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
        number, colon, _ = secret.partition(":")
        if not (number and colon):
            raise SecretUnusable(
                f"The credential of {self._name} is not the id of a key and its secret.",
                "Set it as KEY-ID:SECRET-KEY, with a colon between them.",
            )
        headers = {name: value for name, value in request.headers.items() if name not in {"Authorization", "Accept"}}
        query = request.query.replace("+", "%20")  # a blank, which is signed in this form alone
        url = replace(request, query=query).url
        unsigned = aws_request(method=request.method, url=url, headers=headers, data=request.body or b"")
        auth(credentials(number, secret.partition(":")[2]), "s3", self._region).add_auth(unsigned)
        return Outgoing(
            method=request.method,
            origin=request.origin,
            path=request.path,
            query=query,
            headers={str(name): str(value) for name, value in unsigned.headers.items()},
            body=request.body,
            reads=request.reads,
        )


def _library() -> tuple[Any, Any, Any]:
    try:
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415 - an extra, for those who have a bucket
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.credentials import Credentials  # noqa: PLC0415
    except ImportError:
        raise SignerMissing(
            "What signs requests to S3-compatible storage is not installed.", 'pip install "pilotage[aws]"'
        ) from None
    return S3SigV4Auth, AWSRequest, Credentials
