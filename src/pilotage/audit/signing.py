"""Signs the head of the chain with a key that lies in a file outside of the database."""

import base64
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pilotage.audit.errors import SigningKeyUnusable
from pilotage.audit.values import Head


@dataclass(frozen=True, repr=False)
class SigningKey:
    """An Ed25519 key."""

    private: Ed25519PrivateKey

    @property
    def name(self) -> str:
        """Its public half, by which it is told from others."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, number: int, link: str) -> str:
        """The signature of a head."""
        return base64.b64encode(self.private.sign(_message(number, link))).decode()

    def signed(self, head: Head) -> bool:
        """Whether this key made the head's signature."""
        return self.signs(head.number, head.link, head.signature)

    def signs(self, number: int, link: str, signature: str) -> bool:
        """Whether this key made that signature of that head."""
        try:
            self.private.public_key().verify(base64.b64decode(signature), _message(number, link))
        except (InvalidSignature, ValueError):
            return False
        return True

    @classmethod
    def make(cls, file: Path) -> Self:
        """A new key, in a new file that its owner alone may read."""
        private = Ed25519PrivateKey.generate()
        raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as out:
            out.write(base64.b64encode(raw) + b"\n")
        return cls(private)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The key of a file; None where there is none. Raises SigningKeyUnusable (PLT-290)."""
        if not file.exists():
            return None
        if os.name == "posix" and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SigningKeyUnusable(f"Others may read {file}, which signs the audit trail.", f"chmod 600 {file}")
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(base64.b64decode(file.read_bytes(), validate=False)))
        except ValueError:
            broken = True
        assert broken
        raise SigningKeyUnusable(
            f"{file} holds no key.",
            "Put the right file back; or move it away, and `pilotage secret init` makes a new one.",
        )


def _message(number: int, link: str) -> bytes:
    return f"pilotage audit trail:{number}:{link}".encode()
