"""How sure an answer is. Pure.

What a model says about itself is no probability. Two things can be measured: how often it says the same when it is asked
again, and, where the server tells, how probable the signs of its answer were.
"""

import math
from collections import Counter
from collections.abc import Sequence

from pilotage.models.chat import Sign
from pilotage.models.forms import Said


def agreed(said: Sequence[Said], asked: int) -> tuple[Said, float, dict[str, float]]:
    """The answer that most agree on, how sure that is, and the others: (k + 1) / (n + 2) for k of n that were asked.

    An answer that did not hold was asked for all the same, so it speaks against the others.
    """
    counts = Counter(one.same for one in said)
    first, times = counts.most_common(1)[0]
    others = {same: _share(number, asked) for same, number in counts.items() if same != first}
    return next(one for one in said if one.same == first), _share(times, asked), others


def _share(times: int, asked: int) -> float:
    return (times + 1) / (asked + 2)


def probability(signs: Sequence[Sign], field: str) -> float | None:
    """How probable the signs of one field of a JSON object were, together; None where they cannot be told apart."""
    text = "".join(sign.token for sign in signs)
    start = text.find(f'"{field}"')
    begin = text.find(":", start) + 1 if start >= 0 else 0
    if not begin:
        return None
    end = _end(text, begin)
    if end is None:
        return None
    total, at = 0.0, 0
    for sign in signs:
        if at < end and at + len(sign.token) > begin:
            total += min(sign.logprob, 0.0)
        at += len(sign.token)
    return math.exp(total) if math.isfinite(total) else None


def _end(text: str, begin: int) -> int | None:
    """Where the JSON value ends that begins there."""
    depth, quoted, at = 0, False, begin
    while at < len(text):
        sign = text[at]
        if quoted:
            if sign == "\\":
                at += 1
            quoted = sign != '"'
        elif sign == '"':
            quoted = True
        elif sign in "{[":
            depth += 1
        elif sign in "}]" and depth:
            depth -= 1
        elif depth == 0 and sign in ",}":
            return at
        at += 1
    return None
