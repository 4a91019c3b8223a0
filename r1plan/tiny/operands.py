"""Numbers a question is about, and the rule that keeps the evaluation's numbers out of training."""

import random
import zlib
from dataclasses import dataclass
from typing import Literal

Operation = Literal["+", "-", "×", "<>"]
"""`<>` compares."""

HELD_OUT_ONE_IN = 20
SUM_DIGITS = 4
COMPARISON_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """One operation on two non-negative whole numbers."""

    operation: Operation
    a: int
    b: int

    @property
    def held_out(self) -> bool:
        """True for the one pair in twenty that training never sees, in either order (a difference has one order)."""
        low, high = (self.a, self.b) if self.operation == "-" else sorted((self.a, self.b))
        return zlib.crc32(f"{self.operation}:{low}:{high}".encode()) % HELD_OUT_ONE_IN == 0


def in_range(pair: Pair) -> bool:
    """Whether r1-tiny is taught this: sums and differences to 9999, products to 999 × 99, comparisons to 99999."""
    if pair.operation == "×":
        return max(pair.a, pair.b) <= 999 and min(pair.a, pair.b) <= 99
    return len(str(max(pair.a, pair.b))) <= (COMPARISON_DIGITS if pair.operation == "<>" else SUM_DIGITS)


def whole(rng: random.Random, digits: int) -> int:
    """A number of exactly so many digits; one digit includes 0."""
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def draw(rng: random.Random, operation: Operation, held_out: bool, digits: int = SUM_DIGITS) -> Pair:
    """A pair in range whose `held_out` is as asked; lengths are even from one digit to `digits`."""
    while True:
        if operation == "×":
            a, b = whole(rng, rng.choice((1, 1, 2, 2, 3, 3))), whole(rng, rng.choice((1, 1, 2, 2)))
            if rng.random() < 0.5:
                a, b = b, a
        elif operation == "<>" or (operation == "-" and rng.random() < 0.35):
            a, b = _alike(rng, digits)
        else:
            a, b = whole(rng, rng.randint(1, digits)), whole(rng, rng.randint(1, digits))
        pair = Pair(operation, a, b)
        if pair.held_out == held_out:
            return pair


def _alike(rng: random.Random, digits: int) -> tuple[int, int]:
    """Two numbers to compare: any two, or two that first differ somewhere in the middle, or the same twice."""
    length = rng.randint(1, digits)
    a = whole(rng, length)
    roll = rng.random()
    if roll < 0.05:
        return a, a
    if roll < 0.5:
        shared = rng.randint(0, length - 1)
        tail = 10 ** (length - shared)
        b = a // tail * tail + rng.randrange(tail)
        return (a, b) if len(str(a)) == len(str(b)) else (a, a + 1 if len(str(a + 1)) == length else a - 1)
    return a, whole(rng, rng.choice((length, rng.randint(1, digits))))
