"""Learn the router's weights from labelled texts. Needs scikit-learn; guessing does not."""

# scikit-learn and scipy have no types of their own: what comes from them gets its type where it enters.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeArgument=false

import json
from collections import Counter
from collections.abc import Sequence
from itertools import compress

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from pilotage.examples.tickets.router import FORMAT, OUTSIDE, RouterFile, features_of
from pilotage.kernel.errors import PilotageError

_FOLDS = 3
_EXAMPLES_AT_LEAST = 5
_SEEN_AT_LEAST = 2
_STRENGTH = 20.0
_WEIGHT_OUTSIDE = 4.0  # there are few examples of what nobody answers, and much of it
_DIGITS = 3

Numbers = npt.NDArray[np.float64]


class TooFewExamples(PilotageError):
    """There is not enough to learn from."""

    code = "TICKETS-002"


def learn(texts: Sequence[str], labels: Sequence[str], *, trained_on: str = "") -> RouterFile:
    """Weights for each feature and label; the same texts, labels and library versions give the same bytes.

    How sure the router may be is learned from guesses about texts that it was not shown: the examples are divided into
    three parts, each is guessed by a router trained on the other two, and the `temperature` is what makes the
    confidences of those guesses agree with how often they were right.
    """
    common = {label for label, times in Counter(labels).items() if times >= _EXAMPLES_AT_LEAST}
    if len(common) < 2:
        raise TooFewExamples(
            f"Of {len(texts)} labelled texts {len(common)} label(s) have {_EXAMPLES_AT_LEAST} examples or more.",
            f"Give at least two labels with {_EXAMPLES_AT_LEAST} examples each; a few hundred of each make a useful router.",
        )
    pairs = [(text, label) for text, label in zip(texts, labels, strict=True) if label in common]
    seen = [features_of(text) for text, _ in pairs]
    names = sorted(common)
    target = np.array([names.index(label) for _, label in pairs])
    with threadpool_limits(limits=1):
        temperature = _temperature(seen, target, names)
        model = _Model(seen, target, names)
    return RouterFile(
        format=FORMAT,
        trained_on=trained_on,
        labels=names,
        temperature=round(temperature, _DIGITS),
        bias=np.round(model.bias, _DIGITS).tolist(),
        features=list(model.number),
        rarity=np.round(model.rarity, _DIGITS).tolist(),
        weights=np.round(model.weights, _DIGITS).tolist(),
    )


def to_json(file: RouterFile) -> str:
    """The bytes of `router.json`, always the same for the same weights."""
    return json.dumps(file, ensure_ascii=False, separators=(",", ":")) + "\n"


class _Model:
    """Weights learned from one part of the examples."""

    def __init__(self, seen: Sequence[set[str]], target: npt.NDArray[np.int64], names: Sequence[str]) -> None:
        times = Counter(feature for features in seen for feature in features)
        kept = sorted(feature for feature, count in times.items() if count >= _SEEN_AT_LEAST)
        self.number = {feature: number for number, feature in enumerate(kept)}
        self.rarity: Numbers = np.array([1 + np.log((1 + len(seen)) / (1 + times[feature])) for feature in kept])
        outside = names.index(OUTSIDE) if OUTSIDE in names else -1
        weight = np.where(target == outside, _WEIGHT_OUTSIDE, 1.0)
        fitted = LogisticRegression(C=_STRENGTH, max_iter=2_000, tol=1e-3).fit(
            self.matrix(seen), target, sample_weight=weight
        )
        learned: Numbers = np.asarray(fitted.coef_, dtype=np.float64)
        bias: Numbers = np.asarray(fitted.intercept_, dtype=np.float64)
        if len(names) == 2:  # one row of weights stands for both labels
            learned, bias = np.vstack([np.zeros_like(learned), learned]), np.array([0.0, bias[0]])
        self.weights: Numbers = learned.T
        self.bias: Numbers = bias

    def matrix(self, seen: Sequence[set[str]]) -> csr_matrix:
        rows = [sorted(self.number[feature] for feature in features if feature in self.number) for features in seen]
        ends = np.cumsum([0, *map(len, rows)])
        columns = np.concatenate([np.array(row, dtype=np.int64) for row in rows])
        values = [self.rarity[row] / max(float(np.linalg.norm(self.rarity[row])), 1e-12) for row in rows]
        return csr_matrix((np.concatenate(values), columns, ends), shape=(len(rows), len(self.number)))

    def sums(self, seen: Sequence[set[str]]) -> Numbers:
        return np.asarray(self.matrix(seen) @ self.weights + self.bias)


def _temperature(seen: Sequence[set[str]], target: npt.NDArray[np.int64], names: Sequence[str]) -> float:
    fold = np.zeros(len(target), dtype=np.int64)
    for label in range(len(names)):
        of_label = np.flatnonzero(target == label)
        fold[of_label] = np.arange(len(of_label)) % _FOLDS
    sums = np.zeros((len(target), len(names)))
    for part in range(_FOLDS):
        shown, hidden = fold != part, fold == part
        model = _Model(list(compress(seen, shown)), target[shown], names)
        sums[hidden] = model.sums(list(compress(seen, hidden)))

    def surprise(temperature: float) -> float:
        scaled = sums / temperature
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float(np.mean(total - scaled[np.arange(len(target)), target]))

    found: OptimizeResult = minimize_scalar(surprise, bounds=(0.1, 5.0), method="bounded")
    return float(found["x"])
