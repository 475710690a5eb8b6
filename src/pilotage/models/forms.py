"""The form of an answer, one for each thing that a model can be asked for: its schema, its words, and how it is read.

A form reads an answer strictly: a label that is allowed or none, a contract without a field too many, a quote for what was
found. Text from outside can make a model write anything; here it becomes a value of the contract, or nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticUndefined

from pilotage.authoring.asking import Inquiry, Stated
from pilotage.authoring.codecs import is_model
from pilotage.authoring.contracts import labels, type_name
from pilotage.authoring.plan import label_text
from pilotage.models.errors import CannotBeAsked, NotValid
from pilotage.models.reading import folded, unescaped
from pilotage.models.schemas import Schema, strict

_TEXT: Final[Schema] = {"type": "string"}
_NULL: Final[Schema] = {"type": "null"}
_CONFIDENCE: Final = "confidence"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An answer that has the form that was asked for."""

    value: object
    """None: the model says that it cannot tell."""
    same: str
    """Equal for answers that agree."""
    quotes: tuple[str, ...] = ()
    stated: float | None = None
    """The confidence that the model states."""
    about: str = ""
    """The field of the answer whose signs are the answer."""


class Form(Protocol):
    """What an answer must look like."""

    @property
    def schema(self) -> Schema:
        """Its JSON schema, in the strict form."""
        ...

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in words, a line each."""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in the answer."""
        ...

    def read(self, data: Mapping[str, object]) -> Said:
        """The answer. Raises NotValid."""
        ...


def form_of(inquiry: Inquiry) -> Form:
    """The form for what is asked. Raises CannotBeAsked (PLT-280)."""
    stated, into = isinstance(inquiry.confidence, Stated), inquiry.into
    if inquiry.verb == "classify":
        allowed = cast("tuple[object, ...]", into) if isinstance(into, tuple) else labels(into)
        if not allowed:
            raise CannotBeAsked(
                f"A model cannot classify into {type_name(cast('object', into))}: it has no labels.",
                "Name an Enum or bool, or the labels themselves.",
            )
        return LabelForm(
            allowed={label_text(label): label for label in allowed},
            quotes=inquiry.quotes,
            stated=stated,
        )
    if not is_model(into):
        raise CannotBeAsked(
            f"A model cannot {inquiry.verb} into {type_name(into)}.", "Name a pydantic model with fields."
        )
    return ModelForm(contract=cast("type[BaseModel]", into), quotes=inquiry.quotes, stated=stated)


@dataclass(frozen=True, kw_only=True)
class LabelForm:
    """One of some labels, with the words that decide it."""

    allowed: Mapping[str, object]
    quotes: bool
    stated: bool
    schema: Schema = field(init=False)
    lines: tuple[str, ...] = field(init=False)
    fields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        parts: Schema = {"label": {"anyOf": [{"type": "string", "enum": list(self.allowed)}, _NULL]}}
        said = [
            f'"label" is one of {json.dumps(list(self.allowed), ensure_ascii=False)}, or null where none of them fits.'
        ]
        if self.quotes:
            parts["quote"] = {"anyOf": [_TEXT, _NULL]}
            said.append('"quote" is the words of the data that decide it, copied exactly, sign by sign.')
        _finish(self, parts, said)

    def read(self, data: Mapping[str, object]) -> Said:
        """The label, or None where the model says that none fits."""
        stated = _stated(data, self.stated)
        label = data["label"]
        if label is None:
            return Said(value=None, same="null", stated=stated, about="label")
        if not isinstance(label, str) or label not in self.allowed:
            raise NotValid("The label is none that is allowed.")
        quotes = (_quote(data["quote"], "the label"),) if self.quotes else ()
        return Said(value=self.allowed[label], same=label, quotes=quotes, stated=stated, about="label")


@dataclass(frozen=True, kw_only=True)
class ModelForm:
    """A contract with fields; each that is not its default with the words that it was read from."""

    contract: type[BaseModel]
    quotes: bool
    stated: bool
    schema: Schema = field(init=False)
    lines: tuple[str, ...] = field(init=False)
    fields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        value, definitions = strict(self.contract)
        parts: Schema = {"value": value}
        said = ['"value" holds what is asked for, in the form of the schema.']
        if self.quotes:
            names = list(cast("Mapping[str, object]", value.get("properties", {})))
            parts["quotes"] = {
                "type": "object",
                "properties": {name: {"anyOf": [_TEXT, _NULL]} for name in names},
                "required": names,
                "additionalProperties": False,
            }
            said.append(
                '"quotes" has for each field of the value the words of the data that it was read from, copied exactly.'
            )
        _finish(self, parts, said)
        if definitions:
            self.schema["$defs"] = definitions

    def read(self, data: Mapping[str, object]) -> Said:
        """The value, if the contract takes it and every field that was found is quoted."""
        stated = _stated(data, self.stated)
        adapter = TypeAdapter(self.contract)
        try:
            value = adapter.validate_json(json.dumps(data["value"]), extra="forbid", by_alias=True, by_name=True)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in fault["loc"])[:60] or "value"
            raise NotValid(
                f"The value does not fit its contract: {place} ({fault['type'].replace('_', ' ')})."
            ) from None
        except Exception as error:  # noqa: BLE001 - an author's check may raise anything; its words may hold contents
            raise NotValid(f"The value does not fit its contract ({type(error).__name__}).") from None
        same = json.dumps(adapter.dump_python(value, mode="json"), sort_keys=True)
        quotes = self._quotes(value, data) if self.quotes else ()
        return Said(value=value, same=same, quotes=quotes, stated=stated, about="value")

    def _quotes(self, value: BaseModel, data: Mapping[str, object]) -> tuple[str, ...]:
        given = data["quotes"]
        if not isinstance(given, dict):
            raise NotValid("The answer has no quotes.")
        said = cast("Mapping[str, object]", given)
        found: list[str] = []
        for name, one in type(value).model_fields.items():
            there = getattr(value, name)
            default = one.get_default(call_default_factory=False)
            if there is None or (default is not PydanticUndefined and there == default):
                continue
            found.append(_quote(said.get(one.alias or name, said.get(name)), name))
        return tuple(dict.fromkeys(found))


def _finish(form: LabelForm | ModelForm, parts: Schema, said: list[str]) -> None:
    if form.stated:
        parts[_CONFIDENCE] = {"type": "number"}
        said.append(f'"{_CONFIDENCE}" is how sure you are, from 0 to 1.')
    schema: Schema = {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    object.__setattr__(form, "schema", schema)
    object.__setattr__(form, "lines", tuple(said))
    object.__setattr__(form, "fields", tuple(parts))


def _stated(data: Mapping[str, object], wanted: bool) -> float | None:  # noqa: FBT001 - one word of the form
    if not wanted:
        return None
    said = data[_CONFIDENCE]
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1:
        raise NotValid("The confidence is no number from 0 to 1.")
    return float(said)


def _quote(said: object, what: str) -> str:
    if not isinstance(said, str) or not folded(said):
        raise NotValid(f"Nothing is quoted for {what}.")
    return unescaped(said)
