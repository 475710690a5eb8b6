"""Contracts as data: a typed value to plain JSON data and back, so that `decode(encode(value)) == value`.

Reading is always reading of JSON, also where plain data are at hand: a strict model takes a date from text in JSON alone.
"""

from collections.abc import Sequence
from functools import cached_property
from types import GenericAlias
from typing import Final, cast

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json


class ContractCodec:
    """The codec of one contract."""

    def __init__(self, contract: object) -> None:
        self.contract = contract
        self._adapter: Final = TypeAdapter(cast("type[object]", contract))

    def encode(self, value: object) -> object:
        """Plain data that `json.dumps` takes. Raises ValueError for a value that is not of the contract."""
        return self._adapter.dump_python(value, mode="json", by_alias=False, round_trip=True, warnings="error")

    def encode_all(self, values: Sequence[object]) -> list[object]:
        """Plain data of each. Raises ValueError if one of them is not of the contract."""
        return self._many.dump_python(list(values), mode="json", by_alias=False, round_trip=True, warnings="error")

    def encode_text(self, value: object) -> bytes:
        """JSON text. Raises ValueError for a value that is not of the contract."""
        return to_json(self.encode(value))  # not dump_json, which writes null for infinity

    def decode(self, data: object) -> object:
        """The typed value. Raises pydantic.ValidationError (a ValueError) where the data do not fit the contract."""
        return self.decode_text(to_json(data))

    def decode_text(self, text: bytes | str) -> object:
        """The typed value from JSON text, in one pass."""
        return self._adapter.validate_json(text, by_alias=True, by_name=True)

    def decode_all(self, data: Sequence[object]) -> list[object]:
        """The typed values. Raises pydantic.ValidationError if one of them does not fit the contract."""
        return self._many.validate_json(to_json(data), by_alias=True, by_name=True)

    def decode_texts(self, texts: Sequence[str]) -> list[object]:
        """The typed values from JSON texts. Raises pydantic.ValidationError if one of them does not fit the contract."""
        return self._many.validate_json(f"[{','.join(texts)}]", by_alias=True, by_name=True)

    @cached_property
    def _many(self) -> TypeAdapter[list[object]]:
        """The contract of a list: one call for a whole batch costs an eighth of a call for each of its values."""
        return TypeAdapter(cast("type[list[object]]", GenericAlias(list, (self.contract,))))

    def schema(self) -> dict[str, object]:
        """The JSON schema of what the contract reads."""
        return dict(self._adapter.json_schema(by_alias=True, mode="validation"))

    def __repr__(self) -> str:
        return f"ContractCodec({self.contract!r})"


_codecs: Final[dict[object, ContractCodec]] = {}


def codec_of(contract: object) -> ContractCodec:
    """The codec of a contract; made once for each."""
    try:
        known = _codecs.get(contract)
    except TypeError:  # an Annotated type with metadata that has no hash
        return ContractCodec(contract)
    if known is None:
        known = _codecs[contract] = ContractCodec(contract)
    return known


def is_model(contract: object) -> bool:
    """Whether the contract is a pydantic model."""
    return isinstance(contract, type) and issubclass(contract, BaseModel)
