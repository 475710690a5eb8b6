"""The errors of the engine."""

from pilotage.kernel.errors import PilotageError


class EngineAlreadyRunning(PilotageError):
    """A process has one durable engine at a time, and there is one already."""

    code = "PLT-910"

    def __init__(self, who: str) -> None:
        super().__init__(
            f"This process has an engine already ({who}), and DBOS allows one in a process.",
            "Close that one first with `close(within=...)`, or use another process.",
        )


class OwnLife(PilotageError):
    """A life was asked to take itself over."""

    code = "PLT-911"

    def __init__(self, executor: str) -> None:
        super().__init__(
            f"{executor} is the life of this very process, which has not ended.",
            "Take over only lives that `Lives.win` has given to you.",
        )
