"""The documents of rehearsed records: new ones are kept for as long as the rehearsal, old ones are read where they lie."""

import subprocess
from pathlib import Path

from pilotage.kernel.clock import Clock
from pilotage.machinery.contents.errors import ContentMissing
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.documents.reading import Reader
from pilotage.rehearsal.walls import Watch


class RehearsedContents(Contents):
    """A file store that goes away with the rehearsal, and behind it that of the project, which is only read."""

    def __init__(self, folder: Path, behind: Path, clock: Clock) -> None:
        super().__init__(folder, clock=clock)
        self._behind = Contents(behind, clock=clock)

    def read(self, digest: str) -> bytes:
        """A content. Raises ContentMissing (PLT-340) and ContentAltered (PLT-341)."""
        try:
            return super().read(digest)
        except ContentMissing:
            return self._behind.read(digest)

    def missing(self, digest: str) -> ContentMissing:
        """The error for a content that the project does not have."""
        return self._behind.missing(digest)

    def has(self, digest: str) -> bool:
        """Whether there is such a content."""
        return super().has(digest) or self._behind.has(digest)


class RehearsedReader(Reader):
    """Reads documents in the platform's own process, which alone may be started; it is behind the same walls."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def _running(self) -> subprocess.Popen[bytes]:
        with self._watch.own():
            return super()._running()
