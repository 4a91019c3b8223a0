"""How far predictions are off: of rows that were fitted, and of a system that was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import exp, log
from typing import NamedTuple

from r1plan.plan.serving.fit.design import Made
from r1plan.plan.serving.fit.solve import ServerFit, fitted

# What a server takes besides until the first token: tokenizing, scheduling, the way through its processes. By the rows
# it is 0.06 s (vLLM, dense) to 0.17 (mixtures on eight cards).
_BESIDE_S = 0.1
# Measured were ten times as many requests as are at once, the first of which all ask at the same moment.
_ROUNDS = 10


class Predicted(NamedTuple):
    """A row, and what its token and its prompt, with nothing else running, were predicted to take."""

    made: Made
    token_s: float
    prompt_s: float

    @property
    def off(self) -> float:
        """The logarithm of predicted over measured."""
        return log(self.token_s / self.made.row.token_s)

    @property
    def error(self) -> float:
        """By how large a share of the measured time it is off."""
        return abs(self.token_s / self.made.row.token_s - 1)

    @property
    def first_token_s(self) -> float:
        """Seconds to the first token in the mean: in the first round half of the prompts are read before."""
        return _BESIDE_S + self.token_s + self.prompt_s * (1 + self.made.row.at_once / 2 / _ROUNDS)

    @property
    def total_error(self) -> float:
        """By how large a share the tokens a second of all requests are off."""
        row = self.made.row
        total = row.at_once * row.output / (self.first_token_s + row.output * self.token_s)
        return abs(total / row.total_tok_s - 1)


class ErrorLine(NamedTuple):
    """Of a group of rows: how many, the bias in the middle, and the error in the middle and of the ninth in ten."""

    group: str
    rows: int
    bias: float
    median: float
    ninth: float


def by_fit(made: Iterable[Made], fit: ServerFit) -> list[Predicted]:
    """What `fit` predicts of each row."""
    return [Predicted(each, fit.token_s(each), fit.prompt_s(each)) for each in made]


def left_out(made: Sequence[Made], group: Callable[[Made], object], which: object) -> list[Predicted]:
    """What the rows of all other groups predict of one."""
    others = [each for each in made if group(each) != which]
    return by_fit((each for each in made if group(each) == which), fitted(others))


def error_lines(predicted: Sequence[Predicted], group: Callable[[Predicted], str]) -> Iterator[ErrorLine]:
    """The errors of each group, in the order of their names."""
    groups: dict[str, list[Predicted]] = {}
    for each in predicted:
        groups.setdefault(group(each), []).append(each)
    for name, rows in sorted(groups.items()):
        errors = [each.error for each in rows]
        bias = exp(quantile([each.off for each in rows], 0.5)) - 1
        yield ErrorLine(name, len(rows), bias, quantile(errors, 0.5), quantile(errors, 0.9))


def quantile(values: Sequence[float], level: float) -> float:
    """The value that a share `level` of `values` does not pass; between two of them it is on the line."""
    ordered = sorted(values)
    place = level * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
