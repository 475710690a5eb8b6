"""Forms: what a browser sends with POST, read with a limit and only when it brings the session's token."""

import secrets
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from pilotage.machinery.web.door import session_of

FIELD: Final = "csrf"
"""The hidden field that `form_proof` of partials/forms.html writes."""
_MOST_BYTES: Final = 1_000_000
_MOST_FIELDS: Final = 500


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form of ours. Raises 403 when the token is missing or wrong, 413 when it is too long.

    A field that was sent twice counts with its last value.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, "The form is longer than a million bytes.")
    try:
        fields = dict(
            parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST_FIELDS)
        )
    except ValueError:
        raise HTTPException(400, "The form could not be read.") from None
    proof = fields.pop(FIELD, "")
    if not secrets.compare_digest(proof.encode(), session_of(request).csrf.encode()):
        raise HTTPException(
            403, "The form was not made by this page, or by an earlier start of Pilotage. Nothing was done."
        )
    return fields
