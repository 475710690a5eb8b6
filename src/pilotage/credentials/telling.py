"""What tells a secret: the value itself and what of it is secret alone, and whether it can be told from ordinary text. Pure."""

import base64
import binascii
from typing import Final

SCHEMES: Final = ("Bearer ", "Basic ", "Token ", "ApiKey ")
"""A secret that begins with one of them is sent as it is; any other is sent as a bearer token."""
_SIGNING: Final = "whsec_"
SHORTEST: Final = 6
"""Letters of a value that is hidden everywhere; a shorter one would black out half of what is said."""
_LONG: Final = 8
_LONG_WORD: Final = 16


def values(secret: str) -> list[str]:
    """The value, and what of it is secret alone: the token behind "Bearer", the password behind a user or in a URL."""
    found = [secret]
    scheme = next((one for one in SCHEMES if secret.startswith(one)), None)
    if scheme is not None:
        found.append(secret.removeprefix(scheme).strip())
        if scheme == "Basic ":
            found += _decoded(found[-1])
    else:
        found += [password(secret)]
    found += [word.removeprefix(_SIGNING) for word in secret.split() if word.startswith(_SIGNING)]
    return [one for one in dict.fromkeys(found) if len(one) >= SHORTEST]


def _decoded(encoded: str) -> list[str]:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return []
    return [pair, password(pair)]


def password(text: str) -> str:
    """What stands behind the user in user:password, or in a URL; empty where there is none."""
    _, url, rest = text.partition("://")
    user, colon, after = (rest.rpartition("@")[0] if url else text).partition(":")
    return after if user and colon else ""


def can_be_told(value: str) -> bool:
    """Whether where it stands it stands for itself: no word that a customer's text may hold as well."""
    plain = value.isalpha() and (value.islower() or value.isupper() or value.istitle())
    return len(value) >= (_LONG_WORD if plain else _LONG)
