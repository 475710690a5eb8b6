"""The geometry of charts that the pages draw as SVG themselves. Pure: numbers in, places in the picture out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HALF: Final = 92
"""Pixels that the highest bar takes, above or below the line."""
_SEEN: Final = 2
"""Pixels of the lowest bar that is not nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two numbers of the same moment, one drawn upwards and one downwards."""

    label: str
    """The moment, in words."""
    up: int
    down: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Where one pair stands: x and width in percent of the picture, heights in pixels from the line."""

    x: float
    width: float
    up: int
    down: int
    pair: Pair


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirrored:
    """Bars above and below one line, on one scale."""

    bars: tuple[Bar, ...]
    top: int
    """The number that the full height stands for; 0 when nothing is drawn."""


def mirrored(pairs: Sequence[Pair]) -> Mirrored:
    """Place the pairs from left to right; the scale ends at a round number above the highest."""
    highest = max((max(pair.up, pair.down) for pair in pairs), default=0)
    top = round_above(highest) if highest else 0
    step = 100 / max(1, len(pairs))
    bars = tuple(
        Bar(
            x=round(index * step, 3),
            width=round(step * 0.72, 3),
            up=_height(pair.up, top),
            down=_height(pair.down, top),
            pair=pair,
        )
        for index, pair in enumerate(pairs)
    )
    return Mirrored(bars=bars, top=top)


def round_above(number: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below the number."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= number:
                return step * power
        power *= 10


def _height(number: int, top: int) -> int:
    return max(_SEEN, round(HALF * number / top)) if number > 0 else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A part of a whole, as a stretch of a bar in percent."""

    start: float
    width: float
    number: int
    kind: str


def shares(parts: Sequence[tuple[str, int]]) -> tuple[Share, ...]:
    """Stretches of one bar for parts of a whole; what is not nothing is at least half a percent wide."""
    whole = sum(number for _, number in parts)
    if not whole:
        return ()
    widths = [max(0.5, 100 * number / whole) if number else 0.0 for _, number in parts]
    scale = 100 / sum(widths)
    placed: list[Share] = []
    start = 0.0
    for (kind, number), width in zip(parts, widths, strict=True):
        if number:
            placed.append(Share(start=round(start, 3), width=round(width * scale, 3), number=number, kind=kind))
        start += width * scale
    return tuple(placed)


def part_of(share: float, kind: str) -> tuple[Share, ...]:
    """The one stretch of a bar that is taken up, between 0 and 1; what is not nothing can be seen."""
    if share <= 0:
        return ()
    width = round(min(100.0, max(0.5, 100 * share)), 3)
    return (Share(start=0.0, width=width, number=round(100 * share), kind=kind),)
