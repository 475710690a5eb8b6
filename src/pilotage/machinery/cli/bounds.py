"""What numbers a command takes; anything else is wrong usage, said before anything is done."""

from typing import Final

from cyclopts.validators import Number

AT_LEAST_ONE: Final = Number(gte=1)
NOT_NEGATIVE: Final = Number(gte=0)
PORT: Final = Number(gte=0, lte=65_535)
