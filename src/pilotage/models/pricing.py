"""What tokens cost: from what the author says, else from the price list that comes with the package. Nothing is fetched.

An unknown price is unknown, never zero.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from pilotage.authoring.asking import Price
from pilotage.models.values import Tokens

_MILLION: Final = Decimal(1_000_000)


def money(name: str, price: Price | None, tokens: Tokens) -> Decimal | None:
    """What this many tokens of a model cost in USD, or None where nobody knows its price."""
    if price is not None:
        return (Decimal(str(price.input)) * tokens.inward + Decimal(str(price.output)) * tokens.outward) / _MILLION
    listed = _listed(name)
    return None if listed is None else listed(tokens)


@lru_cache(maxsize=256)
def _listed(name: str) -> Callable[[Tokens], Decimal] | None:
    """The price of the list that comes with genai-prices."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - a third of a second that only those pay who ask models

    def price(tokens: Tokens) -> Decimal:
        usage = Usage(input_tokens=tokens.inward, output_tokens=tokens.outward, cache_read_tokens=tokens.cached)
        return calc_price(usage, model_ref=name).total_price

    try:
        price(Tokens(inward=1, outward=1))
    except LookupError:
        return None
    return price


def known(name: str, price: Price | None) -> bool:
    """Whether anybody knows what the model costs."""
    return money(name, price, Tokens(inward=1, outward=1)) is not None
