"""The digest of a release: made of its manifest, which holds the digest of every file. Pure.

It is not made of the artefact's bytes: two versions of a compressing library give other bytes for the same files.
"""

import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Final, cast

from pydantic import TypeAdapter, ValidationError

from pilotage.releases.values import FORMAT, Manifest

_SHORT: Final = 8
_MANIFEST: Final = TypeAdapter(Manifest)


def as_bytes(manifest: Manifest) -> bytes:
    """The manifest as it stands in the artefact: the same bytes for the same content, always."""
    data: Mapping[str, object] = {"format": FORMAT, **asdict(manifest)}
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(manifest: Manifest) -> str:
    """The digest of a release."""
    return hashlib.sha256(as_bytes(manifest)).hexdigest()


def read_manifest(data: bytes) -> Manifest:
    """The manifest that these bytes are. Raises ValueError where they are none, or are written in another way."""
    try:
        found: object = json.loads(data)
        fields = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        if fields.pop("format", None) != FORMAT:
            raise ValueError("it has another form")
        manifest = _MANIFEST.validate_python(fields)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error
    if as_bytes(manifest) != data:
        raise ValueError("it is not written as it should be")
    for file in manifest.files:
        if not is_inside(file.path):
            raise ValueError(f"it names {file.path!r}")
    return manifest


def is_inside(path: str) -> bool:
    """Whether a path of an artefact stays inside the folder that it is unpacked in."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path and ":" not in parts[0]


def name_of(digest: str, taken: Container[str] = ()) -> str:
    """What people call it: as much of the digest as no other release has."""
    for length in range(_SHORT, len(digest) + 1):
        if (name := f"R-{digest[:length]}") not in taken:
            return name
    return f"R-{digest}"


def reads_as(text: str, name: str, digest: str) -> bool:
    """Whether a person who types `text` means this release: its name, its digest, or enough of it."""
    typed = text.strip().lower().removeprefix("r-")
    return text.strip().lower() == name.lower() or (len(typed) >= 4 and digest.startswith(typed))
