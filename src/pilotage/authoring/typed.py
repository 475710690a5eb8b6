"""Declarations that are written with their types, such as `Approval[Invoice](...)`."""

from typing import ClassVar, Self, cast

from pilotage.authoring.codes import finding
from pilotage.authoring.contracts import type_name
from pilotage.authoring.findings import Finding


class Typed:
    """`Approval[Invoice]` is a class of its own that knows its types; a bare `Approval(...)` is PLT-147."""

    types: ClassVar[tuple[object, ...]] = ()
    written: ClassVar[str]
    """How it is written with its types, for the remedy."""

    def __class_getitem__(cls, types: object) -> type[Self]:
        given = cast("tuple[object, ...]", types if isinstance(types, tuple) else (types,))
        name = f"{cls.__name__}[{', '.join(type_name(each) for each in given)}]"
        made = type(name, (cls,), {"types": given, "__module__": cls.__module__, "__doc__": cls.__doc__})
        return cast("type[Self]", made)

    @property
    def said(self) -> str:
        """How it is called in a finding: Approval[Invoice]."""
        return type(self).__name__

    def untyped(self, line: str) -> list[Finding]:
        """PLT-147 where the types were left out."""
        if self.types:
            return []
        return [finding("PLT-147", place=self.said, line=line, text=self.written)]
