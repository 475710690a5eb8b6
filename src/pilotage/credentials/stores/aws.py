"""AWS Secrets Manager, asked with boto3 through our own door: the version that AWS calls AWSCURRENT.

Its own credentials come from where boto3 finds them: the environment, a profile, or the role of the machine. That last question
goes to an address of the cloud that our door never calls; boto3 asks it by itself.
"""

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, cast

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's name

from pilotage.credentials.errors import SourceAway, StoresMisdescribed
from pilotage.credentials.values import Found, SecretValue, Source
from pilotage.kernel.clock import micros
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.client import Bounds
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft
from pilotage.machinery.net.plainly import as_it_goes_out, send_and_wait

_BOUNDS: Final = Bounds(total=5.0, connect=2.0, answer_bytes=256 * 1024, connect_tries=2)
_KNOWN: Final = {"region", "prefix", "url", "profile"}

# At DEBUG botocore logs whole answers, which are what this is about.
logging.getLogger("botocore").setLevel(logging.INFO)


@dataclass(kw_only=True)
class AwsStore:
    """The secret PREFIX + NAME of one region."""

    door: Door
    region: str
    prefix: str = ""
    url: str | None = None
    """Another address than that of AWS itself: that of a private endpoint."""
    profile: str | None = None
    _client: Any = field(default=None, repr=False)

    @classmethod
    def described(cls, options: Mapping[str, str], *, door: Door) -> Self:
        """The store that the project's file describes. Raises StoresMisdescribed (PLT-237)."""
        unknown = sorted(set(options) - _KNOWN)
        if "region" not in options or unknown:
            what = f"has {unknown[0]!r}, which means nothing" if "region" in options else "does not say which region"
            raise StoresMisdescribed(
                f"aws of [tool.pilotage.secrets] {what}.",
                f'Write: aws = {{ region = "eu-central-1", prefix = "expenses/live/" }}; known: {", ".join(sorted(_KNOWN))}.',
            )
        return cls(door=door, **cast("Any", dict(options)))

    def find(self, name: str) -> Found | None:
        """The current version; None where there is none of that name. Raises SourceAway (PLT-236)."""
        try:
            answer: Mapping[str, Any] = self._opened().get_secret_value(SecretId=f"{self.prefix}{name}")
        except ClientError as error:
            code = str(cast("Mapping[str, Any]", error.response).get("Error", {}).get("Code", "an error"))
            if code == "ResourceNotFoundException":
                return None
            words = f"it answered {code}"
        except (BotoCoreError, HTTPClientError) as error:
            words = str(error)
        else:
            return _found(name, answer)
        raise SourceAway(
            f'AWS Secrets Manager in {self.region} did not give the secret "{name}": {words}.',
            f"Look whether this process may call secretsmanager:GetSecretValue for {self.prefix}{name}.",
        )

    def ways(self, name: str) -> str:
        """How it is set there."""
        return f"`aws secretsmanager create-secret --name {self.prefix}{name} --secret-string file://...`"

    def _opened(self) -> Any:
        if self._client is None:
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            settings = Config(retries={"total_max_attempts": 2}, connect_timeout=2, read_timeout=5)
            make = cast("Any", session).client
            client: Any = make("secretsmanager", endpoint_url=self.url, config=settings)
            client.meta.events.register("before-send.secrets-manager", self._send)
            self._client = client
        return self._client

    def _send(self, request: Any, **more: object) -> AWSResponse:
        """Carry botocore's request through the door; what it gives is taken for the answer."""
        del more
        try:
            answer = send_and_wait(self.door, as_it_goes_out(request), _BOUNDS)
        except (NeverLeft, MayHaveLeft) as error:
            raise ConnectionError(error=error.what) from None
        except PilotageError as error:
            raise ConnectionError(error=f"{error.what} {error.remedy}") from None
        return AWSResponse(request.url, answer.status, dict(answer.headers), _Body(answer.body))


class _Body(io.BytesIO):
    """An answer's body in the form that botocore reads."""

    def stream(self) -> list[bytes]:
        """All of it."""
        return [self.getvalue()]


def _found(name: str, answer: Mapping[str, Any]) -> Found | None:
    text: object = answer.get("SecretString")
    made: object = answer.get("CreatedDate")
    return (
        None
        if text is None
        else Found(
            value=SecretValue(name, str(text)),
            source=Source.AWS,
            version=str(answer.get("VersionId", "")),
            set_at=micros(made) if isinstance(made, datetime) else None,
        )
    )
