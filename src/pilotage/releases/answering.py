"""Nodes of a release whose code is not loaded in this process: where a case goes from them, and what may be answered there.

Where a case goes stands in the release's outline. A value is read by the release's own code, in a process of its own
which is started at the first question: a contract can do more than its schema says.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json

from pilotage.authoring.codecs import ContractCodec
from pilotage.authoring.plan import Node
from pilotage.kernel.errors import UnknownName
from pilotage.machinery.storage.database import Database
from pilotage.releases import store
from pilotage.releases.artefact import Artefacts
from pilotage.releases.asking import Child
from pilotage.releases.digest import as_bytes
from pilotage.releases.errors import ReleaseDoesNotAnswer
from pilotage.releases.loading import refuse_other_environment
from pilotage.releases.outline import Outline, first_in, node_in, timezone_in
from pilotage.releases.values import WORKING_DIRECTORY


class FarCodec(ContractCodec):
    """The codec of a node whose release is loaded in another process. Values stay plain data here."""

    def __init__(self, schema: Mapping[str, object], read: Callable[[object], object]) -> None:
        super().__init__(object)
        self._schema = schema
        self._read = read

    def encode(self, value: object) -> object:
        """Plain data, as `decode` gave it."""
        return value

    def decode(self, data: object) -> object:
        """The value in the form of the contract, as the release's own code reads it."""
        return self._read(data)

    def decode_text(self, text: bytes | str) -> object:
        """The same from JSON text."""
        return self._read(from_json(text))

    def encode_all(self, values: Sequence[object]) -> list[object]:
        """Plain data, as `decode_all` gave them."""
        return list(values)

    def decode_all(self, data: Sequence[object]) -> list[object]:
        """The values in the form of the contract, one by one."""
        return [self._read(one) for one in data]

    def decode_texts(self, texts: Sequence[str]) -> list[object]:
        """The same from JSON texts."""
        return [self._read(from_json(text)) for text in texts]

    def schema(self) -> dict[str, object]:
        """The JSON schema of what the contract reads."""
        return dict(self._schema)


@dataclass(frozen=True, kw_only=True)
class _Voice:
    """A release's own code in another process, and the outlines of what it has loaded."""

    child: Child
    outlines: Mapping[str, Outline]


@dataclass(kw_only=True)
class OlderReleases:
    """Answers for releases whose code this process has not loaded. Close it when done."""

    database: Database
    artefacts: Artefacts
    root: Path
    automations: Sequence[str] = ()
    """What the working directory names; it answers for itself, as a release does."""
    _outlines: dict[tuple[str, str], Outline] = field(default_factory=dict[tuple[str, str], Outline])
    _voices: dict[str, _Voice] = field(default_factory=dict[str, _Voice])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def node(self, automation: str, release: str, name: str) -> Node:
        """A node of an automation in a release. Raises UnknownName (PLT-001)."""

        def codec_of(node: str, schema: Mapping[str, object]) -> FarCodec:
            return FarCodec(schema, lambda value: self._read(automation, release, node, value))

        found = node_in(self.outline(automation, release), name, codec_of)
        if found is None:
            msg = f"{automation} has no step {name} in release {release}."
            raise UnknownName(msg, "`pilotage case` tells the case's way; it may have been moved to another release.")
        return found

    def first(self, automation: str, release: str, node: str | None) -> str | None:
        """The first step of the path that a node stands in."""
        return first_in(self.outline(automation, release), node)

    def timezone(self, automation: str) -> str:
        """The time zone of an automation, as the newest release that has it says."""
        with self.database.snapshot() as tx:
            known = [one.name for one in store.every(tx) if automation in one.automations]
        return timezone_in(self.outline(automation, known[0] if known else WORKING_DIRECTORY))

    def outline(self, automation: str, release: str) -> Outline:
        """The outline of an automation in a release. Raises UnknownName (PLT-001)."""
        if (automation, release) not in self._outlines:
            if release == WORKING_DIRECTORY:
                found = self._voice(release).outlines.get(automation)
            else:
                with self.database.snapshot() as tx:
                    found = cast("Outline | None", store.outline(tx, release, automation))
            if found is None:
                msg = f"Nothing is known here of {automation} in release {release}."
                raise UnknownName(msg, "`pilotage release list` says which releases there are.")
            self._outlines[automation, release] = found
        return self._outlines[automation, release]

    def _read(self, automation: str, release: str, node: str, value: object) -> object:
        answer = self._voice(release).child.ask({"automation": automation, "node": node, "value": value})
        wrong = cast("Mapping[str, object] | None", answer.get("wrong"))
        if wrong is None:
            return answer["value"]
        said = InitErrorDetails(
            type=PydanticCustomError("answer", "{said}", {"said": str(wrong["msg"])}),
            loc=tuple(cast("list[str]", wrong["loc"])),
            input=value,
        )
        raise ValidationError.from_exception_data(node, [said])

    def _voice(self, release: str) -> _Voice:
        with self._lock:
            voice = self._voices.get(release)
            if voice is not None and voice.child.ended:  # killed, or taking too long: the next question has another one
                voice.child.close()
                voice = None
            if voice is None:
                voice = self._voices[release] = self._start(release)
            return voice

    def _start(self, release: str) -> _Voice:
        if release == WORKING_DIRECTORY:
            folder, request = self.root, {"do": "work", "root": str(self.root), "automations": list(self.automations)}
        else:
            folder, request = self._request(release)
        child = Child(folder)
        try:
            answer = child.ask(request)
            _refuse_error(release, answer)
        except BaseException:
            child.close()
            raise
        return _Voice(child=child, outlines=cast("Mapping[str, Outline]", answer["outlines"]))

    def _request(self, release: str) -> tuple[Path, dict[str, object]]:
        with self.database.snapshot() as tx:
            row = next((one for one in store.every(tx) if one.name == release), None)
        if row is None:
            msg = f"There is no release {release}, so nothing reads the answer."
            raise ReleaseDoesNotAnswer(msg, "`pilotage release list` says which releases there are.")
        folder, manifest = self.artefacts.unpacked(row.digest)
        refuse_other_environment(release, folder, manifest)
        return folder, {
            "do": "load",
            "release": release,
            "folder": str(folder),
            "root": str(self.root),
            "manifest": as_bytes(manifest).decode(),
        }

    def close(self) -> None:
        """End the processes that were started."""
        for voice in self._voices.values():
            voice.child.close()
        self._voices.clear()


def _refuse_error(release: str, answer: Mapping[str, object]) -> None:
    if "error" in answer:
        error = cast("Mapping[str, str]", answer["error"])
        raise ReleaseDoesNotAnswer(
            f"The code of {release}, which must read the answer, does not load: {error['what']}",
            error["remedy"] or "Answer where it loads, or withdraw the case.",
        )
