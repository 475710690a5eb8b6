"""Signatures of messages, as Standard Webhooks describes them: over id, time and the exact bytes, with a shared secret.

The library of that name signs texts alone and looks at the host's clock, so the three lines are here: they sign bytes, and
are told the time. Tests hold them against the library in both directions.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from pilotage.credentials.errors import SecretUnusable
from pilotage.credentials.values import SecretValue

TOLERANCE: Final = 300
"""Seconds that the time of a message may lie beside ours."""
_PREFIX: Final = "whsec_"
_SHORTEST: Final = 16
_MOST: Final = 16
"""Signatures of one message that are looked at; a sender in rotation gives two."""
_ID: Final = 256


def keys_of(secret: SecretValue) -> Sequence[bytes]:
    """The keys in a secret: one, or several with spaces between them while one takes the place of another.

    Raises SecretUnusable (PLT-232) where one of them is no base64 of 16 bytes or more.
    """
    keys = _keys(secret)
    if keys is None:
        raise SecretUnusable(
            f'The secret "{secret.name}" is no key for signatures: it is not "whsec_" and {_SHORTEST} bytes or more in base64.',
            "Copy it once more from where it was made, or make one: "
            "python -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\"",
        )
    return keys


# Some tracebacks show local variables, so nothing is raised where a key is one.


def _keys(secret: SecretValue) -> Sequence[bytes] | None:
    found = [_key(word) for word in secret.reveal().split()]
    keys = [key for key in found if key is not None]
    return keys if keys and len(keys) == len(found) else None


def _key(word: str) -> bytes | None:
    text = word.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= _SHORTEST else None


def sign(keys: Sequence[bytes], *, message: str, at: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each key. `at` is the second since 1970."""
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in _signatures(keys, message, str(at), body))


def fits(keys: Sequence[bytes], *, message: str, at: str, signature: str, body: bytes, now: float) -> bool:
    """Whether somebody who has one of the keys signed this body under this id, at a time near `now`."""
    if not (0 < len(message) <= _ID and message.isascii() and message.isprintable()):
        return False
    if not (at.isascii() and at.isdecimal() and len(at) <= 12 and abs(now - int(at)) <= TOLERANCE):
        return False
    offered = [found for word in signature.split(" ")[:_MOST] if (found := _offered(word)) is not None]
    ours = _signatures(keys, message, at, body)
    # every pair is compared, so that the time it takes tells nothing about which of them came near
    return sum(hmac.compare_digest(one, other) for one in ours for other in offered) > 0


def _signatures(keys: Sequence[bytes], message: str, at: str, body: bytes) -> list[bytes]:
    content = f"{message}.{at}.".encode() + body
    return [hmac.new(key, content, hashlib.sha256).digest() for key in keys]


def _offered(word: str) -> bytes | None:
    version, _, text = word.partition(",")
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if version == "v1" and len(found) == hashlib.sha256().digest_size else None
