"""Envelopes: a value is sealed with a data key of its own, and the data key is wrapped with the key outside of the database.

Both are AES-256-GCM and bound to environment, name and version: what is moved to another row does not open.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pilotage.credentials.errors import KeyMissing, StoreAltered
from pilotage.credentials.values import Sealed, SecretValue

_NONCE: Final = 12
_BITS: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """The keys of one environment: the first wraps, all of them open."""

    current: str
    """The name of the key that wraps."""
    known: Mapping[str, bytes] = field(repr=False)


NO_KEYS: Final = Keys(current="", known={})


def seal(environment: str, name: str, version: int, value: SecretValue, keys: Keys) -> Sealed:
    """Seal a value under a new data key."""
    about = _about(environment, name, version)
    data_key = AESGCM.generate_key(_BITS)
    return Sealed(
        secret=name,
        version=version,
        key=keys.current,
        wrapped=_encrypt(keys.known[keys.current], data_key, about + b"|key"),
        sealed=_encrypt(data_key, value.reveal().encode(), about + b"|value"),
    )


def unseal(environment: str, sealed: Sealed, keys: Keys) -> SecretValue:
    """The value. Raises KeyMissing (PLT-233) and StoreAltered (PLT-234)."""
    about = _about(environment, sealed.secret, sealed.version)
    opened = _opened(keys.known.get(sealed.key), sealed, about)
    if opened is None:
        _refuse(environment, sealed, keys)
    return opened


def rewrap(environment: str, sealed: Sealed, keys: Keys) -> Sealed:
    """The same, its data key wrapped with the current key. Raises as `unseal`."""
    about = _about(environment, sealed.secret, sealed.version) + b"|key"
    wrapped = _wrapped_anew(keys.known.get(sealed.key), keys.known[keys.current], sealed.wrapped, about)
    if wrapped is None:
        _refuse(environment, sealed, keys)
    return Sealed(secret=sealed.secret, version=sealed.version, key=keys.current, wrapped=wrapped, sealed=sealed.sealed)


def _about(environment: str, name: str, version: int) -> bytes:
    return f"pilotage secret|{environment}|{name}|{version}".encode()


def _encrypt(key: bytes, plain: bytes, about: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def _decrypt(key: bytes, data: bytes, about: bytes) -> bytes:
    return AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], about)


# Nothing is raised where a key or a value is a local variable: some tracebacks show those.


def _opened(key: bytes | None, sealed: Sealed, about: bytes) -> SecretValue | None:
    if key is None:
        return None
    try:
        data_key = _decrypt(key, sealed.wrapped, about + b"|key")
        return SecretValue(sealed.secret, _decrypt(data_key, sealed.sealed, about + b"|value").decode())
    except (InvalidTag, ValueError):
        return None


def _wrapped_anew(key: bytes | None, current: bytes, wrapped: bytes, about: bytes) -> bytes | None:
    if key is None:
        return None
    try:
        return _encrypt(current, _decrypt(key, wrapped, about), about)
    except (InvalidTag, ValueError):
        return None


def _refuse(environment: str, sealed: Sealed, keys: Keys) -> NoReturn:
    if sealed.key not in keys.known:
        raise KeyMissing(
            f'Version {sealed.version} of the secret "{sealed.secret}" is sealed with the key {sealed.key}, and here is '
            f"{', '.join(keys.known) or 'none'}.",
            "Bring the key file of this environment to this machine, or give it in PILOTAGE_KEY. If that key is lost, set the "
            f"value anew: {'' if keys.known else 'pilotage secret init --new, then '}pilotage secret set {sealed.secret}",
        )
    raise StoreAltered(
        f'Version {sealed.version} of the secret "{sealed.secret}" does not open: its row was altered, or moved from another '
        f'name or environment than "{environment}".',
        f"Set it anew: pilotage secret set {sealed.secret}. Then look who could write to the database: pilotage audit --verify",
    )
