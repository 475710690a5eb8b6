"""What is kept of an answer for diagnosis: credentials taken out, cut to a size."""

from typing import Final

from pilotage.connections.values import RawResponse
from pilotage.machinery.net.messages import Answer
from pilotage.machinery.net.redaction import Redactor, redact_headers

_KEPT: Final = 64 * 1024
"""Bytes of it that are kept."""


def raw_response(answer: Answer, redactor: Redactor) -> RawResponse:
    """The answer without the credentials that the redactor knows."""
    body = redactor.body(answer.body)
    headers = tuple((name, redactor.text(value)) for name, value in redact_headers(answer.headers))
    return RawResponse(
        status=answer.status,
        headers=headers,
        body=body[:_KEPT],
        truncated=len(body) > _KEPT or answer.fault is not None,
    )
