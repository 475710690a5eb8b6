"""Values that are not in the code: settings and secrets by name, and files of the release."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Generic, cast

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypeVar

from pilotage.authoring.codes import CODES, finding
from pilotage.authoring.contracts import type_name
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.location import folder_here, here
from pilotage.authoring.names import refuse_name
from pilotage.authoring.ports import surroundings
from pilotage.authoring.spans import span
from pilotage.kernel.durations import Duration
from pilotage.kernel.errors import PilotageError

T = TypeVar("T", default=str)
V_co = TypeVar("V_co", covariant=True)


class UsedOutside(PilotageError):
    """Something that a running case alone can offer was asked for elsewhere."""

    code: ClassVar[str] = "PLT-194"

    def __init__(self, what: str) -> None:
        words = CODES["PLT-194"]
        super().__init__(f"{what} {words.message}", words.remedy)


class Setting(Generic[T]):
    """A value that differs by environment: `helpdesk-url` in code and pages, `HELPDESK_URL` in the environment.

    It is read inside a running case only, so that nothing of one environment is frozen at import.
    """

    def __init__(self, name: str, kind: type[T] | None = None, /, *, default: T | None = None) -> None:
        self.name = name
        self.kind: type[T] = cast("type[T]", str) if kind is None else kind
        self.default = default
        self.line = here()
        refuse_name("Setting", name, self.line)

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return self.name.replace("-", "_").upper()

    @property
    def value(self) -> T:
        """What it is here and now."""
        around = surroundings.get()
        if around is None:
            what = f"Setting {self.name}"
            raise UsedOutside(what)
        return self.read(around.setting(self.name), environment="this environment")

    def read(self, text: str | None, *, environment: str) -> T:
        """The typed value of a text; None is the default. Raises PLT-163, or PLT-165 where there is neither."""
        place = f"Setting {self.name}"
        if text is None:
            if self.default is None:
                missing = finding(
                    "PLT-165", place=place, line=self.line, variable=self.variable, environment=environment
                )
                raise DefinitionError(missing)
            return self.default
        try:
            return TypeAdapter[T](self.kind).validate_strings(text)
        except ValidationError:
            wrong = finding(
                "PLT-163",
                place=place,
                line=self.line,
                text=text,
                type=type_name(self.kind),
                variable=self.variable,
                environment=environment,
            )
            raise DefinitionError(wrong) from None

    def __repr__(self) -> str:
        return f"Setting({self.name!r})"


class Secret:
    """A reference to a secret. It has no value: connections alone can open it."""

    def __init__(self, name: str, /, *, max_age: timedelta | str) -> None:
        self.name = name
        self.line = here()
        self.max_age: Duration = span(max_age, place=f"Secret {name}", line=self.line)
        refuse_name("Secret", name, self.line)

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


class Artifact(Generic[V_co]):
    """A file that belongs to the release, such as a model or a table; loaded once for each process.

    Its path is read from the folder of the module that declares it.
    """

    def __init__(self, file: str, /, *, load: Callable[[Path], V_co]) -> None:
        self.file = file
        self.line = here()
        self.folder = folder_here()
        """The folder of the module that declares it."""
        self._load = load
        self._loaded: dict[Path, V_co] = {}
        self._lock = threading.Lock()

    @property
    def value(self) -> V_co:
        """What `load` made of the file. Outside of a running case it is the file beside the module, as a test needs it."""
        around = surroundings.get()
        path = self.folder / self.file if around is None else around.artifact(self.file)
        if path in self._loaded:
            return self._loaded[path]
        with self._lock:
            if path not in self._loaded:
                self._loaded[path] = self._load(path)
            return self._loaded[path]

    def __repr__(self) -> str:
        return f"Artifact({self.file!r})"
