"""What can be wrong with a release. Codes PLT-601 to PLT-619."""

from pilotage.kernel.errors import PilotageError


class NothingToRelease(PilotageError):
    """The project names no automation."""

    code = "PLT-601"


class FileLeadsOutside(PilotageError):
    """A file that a release would freeze is a link that leads out of the project, or no ordinary file."""

    code = "PLT-602"


class FileMissing(PilotageError):
    """A file that a release would freeze is not there."""

    code = "PLT-603"


class ReleaseTooLarge(PilotageError):
    """What a release would freeze is larger than the project allows."""

    code = "PLT-604"


class ProjectDoesNotLoad(PilotageError):
    """The project's own code raises an error when it is imported; the line is named."""

    code = "PLT-614"


class ReleaseDoesNotLoad(PilotageError):
    """The frozen code cannot be loaded on its own."""

    code = "PLT-605"


class NoSuchRelease(PilotageError):
    """There is no release of that name."""

    code = "PLT-606"


class ArtefactMissing(PilotageError):
    """The file of a release is not where it is kept."""

    code = "PLT-607"


class DigestMismatch(PilotageError):
    """What is kept of a release is not what was frozen."""

    code = "PLT-608"


class EnvironmentDiffers(PilotageError):
    """A release needs another Python, or other requirements, than this environment has."""

    code = "PLT-609"


class LoadedFromElsewhere(PilotageError):
    """A module of a release would have been loaded from somewhere else than its artefact."""

    code = "PLT-610"


class ReleaseSuperseded(PilotageError):
    """A process that takes records in has loaded a release on which no new case begins any more."""

    code = "PLT-611"
    retryable = True


class NothingReleased(PilotageError):
    """Nothing unreleased acts in `live`."""

    code = "PLT-612"


class ReleaseDoesNotAnswer(PilotageError):
    """The code of an older release, which must read an answer, cannot be asked."""

    code = "PLT-613"
    retryable = True
