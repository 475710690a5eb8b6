"""Which parameters an address takes: one that it does not know is refused, for a filter with a slip in it would filter nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute

from pilotage.machinery.api.errors import ParameterRefused

_PREFIX: Final = "/api/v1/"
"""What calls a webhook may carry marks of its own in its address: nothing there is filtered."""
_MOST: Final = 80
"""Characters of a name that are said again."""


async def known_alone(request: Request) -> None:
    """Refuse a parameter that the route does not have, or that comes twice. Raises ParameterRefused (PLT-590)."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and route.path.startswith(_PREFIX):
        taken = [one.alias for one in route.dependant.query_params]  # codespell:ignore dependant - FastAPI writes it so
        refuse_others([name for name, _ in request.query_params.multi_items()], taken)


def refuse_others(given: Sequence[str], taken: Sequence[str]) -> None:
    """Raise ParameterRefused (PLT-590) for names that are not taken, and for one that is given more than once."""
    exist = f"The parameters of this address are: {', '.join(taken)}." if taken else "This address takes no parameters."
    unknown = sorted(set(given) - set(taken))
    if unknown:
        named = ", ".join(f'"{name[:_MOST]}"' for name in unknown[:5])
        raise ParameterRefused(
            f"This address has no parameter {named}; nothing was done.",
            f"{exist} Correct the name, or leave it out.",
        )
    if twice := [name for name, count in Counter(given).items() if count > 1]:
        raise ParameterRefused(f'The parameter "{twice[0]}" comes more than once.', f"Send it once. {exist}")
