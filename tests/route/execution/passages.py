"""Texts that repeat themselves, and honest ones that only look so, made from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from random import Random

Make = Callable[[Random], str]

_VOCABULARY = """
    the of number result prime factor because therefore however equation sum we have know then value case check first
    second let x y is are not be to from equals total gives this that when which where again maybe consider angle side
    length area root even odd greater smaller than both each other half twice times minus plus divided by remainder
"""
_WORDS = _VOCABULARY.split()
_SIGNS = (
    "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家"
)


def prose(rng: Random, words: int) -> str:
    """Sentences of words taken at random."""
    return " ".join(
        f"{rng.choice(_WORDS)}{rng.choice(('', '', '', '', '', ',', '.', '.'))}" for _ in range(max(words, 1))
    )


def _doubting(rng: Random, words: int) -> str:
    return f"Wait, {prose(rng, words)}. But {prose(rng, words // 2)}, hmm. "


def _exact(words: int) -> Make:
    def make(rng: Random) -> str:
        passage = f"{prose(rng, words)}. "
        return f"{prose(rng, rng.randrange(500))} " + passage * max(7, 4000 // words)

    return make


def _counting(rng: Random) -> str:
    before, after = prose(rng, rng.randrange(4, 30)), prose(rng, rng.randrange(4, 30))
    return "".join(
        f"Wait, {before} in attempt {number} {after}. " for number in range(1, 2 + 9000 // len(before + after))
    )


def _shuffled(rng: Random) -> str:
    sayings = [_doubting(rng, rng.randrange(8, 25)) for _ in range(rng.randrange(2, 7))]
    return "".join(rng.choice(sayings) for _ in range(160))


def _chinese(rng: Random) -> str:
    passage = "等等，" + "".join(rng.choice(_SIGNS) for _ in range(rng.randrange(5, 120))) + "。"
    return passage * (4000 // len(passage))


def _no_blanks(rng: Random) -> str:
    passage = "".join(rng.choice("abcdef") for _ in range(rng.randrange(1, 40)))
    return passage * (40_000 // len(passage))


LOOPS: Mapping[str, Make] = {
    "one-word": _exact(1),
    "three-words": _exact(3),
    "a-sentence": lambda rng: _exact(rng.randrange(6, 30))(rng),
    "a-paragraph": lambda rng: _exact(rng.randrange(60, 250))(rng),
    "a-page": lambda rng: _exact(rng.randrange(600, 2500))(rng),
    "with-a-counter": _counting,
    "in-any-order": _shuffled,
    "in-chinese": _chinese,
    "blank-lines": lambda rng: prose(rng, 50) + "\n" * 12000,
    "no-blanks": _no_blanks,
    "one-digit": lambda rng: "The result is 0." + "0" * 12000,
    "table-rows": lambda rng: "| name | value |\n|---|---|\n" + "| alpha | the same |\n" * 600,
}


def _pi(count: int) -> str:
    """Digits of pi, by Machin's formula."""
    unit: int = 10 ** (count + 10)

    def arctan(inverse: int) -> int:
        power = total = unit // inverse
        for odd in range(3, 4 * count, 2):
            power //= -inverse * inverse
            total += power // odd
        return total

    return str(4 * (4 * arctan(5) - arctan(239)))[:count]


def _hanoi(disks: int, source: str = "A", target: str = "C", spare: str = "B") -> Iterator[str]:
    if disks:
        yield from _hanoi(disks - 1, source, spare, target)
        yield f"Move disk {disks} from {source} to {target}."
        yield from _hanoi(disks - 1, spare, target, source)


def _bubbles(rng: Random) -> str:
    row, told = [rng.randrange(100) for _ in range(24)], []
    for end in range(len(row), 1, -1):
        for at in range(end - 1):
            if row[at] > row[at + 1]:
                row[at], row[at + 1] = row[at + 1], row[at]
                told.append(f"swap {at} and {at + 1}: {row}")
    return "\n".join(told)


def _refrains(rng: Random) -> str:
    refrain = "\n".join(prose(rng, 8) for _ in range(4))
    return "\n\n".join(f"{prose(rng, 40)}\n\n{refrain}" for _ in range(12))


def _christmas(rng: Random) -> str:
    gifts = [prose(rng, 6) for _ in range(12)]
    verses = (f"On day {day} my true love gave to me " + ", ".join(gifts[day::-1]) for day in range(12))
    return "\n".join(verses)


def _tests(rng: Random) -> str:
    return "\n\n".join(
        f"def test_{rng.choice(_WORDS)}_{number}(self) -> None:\n    made = build({rng.randrange(999)})\n"
        f"    self.assertEqual(made.{rng.choice(_WORDS)}, {rng.randrange(999)})"
        for number in range(150)
    )


def _divisions(rng: Random) -> str:
    divisor = rng.randrange(7, 30)
    return "\n".join(
        f"n = {n}: {n}^2 + {n} + 41 = {n * n + n + 41}, and {n * n + n + 41} mod {divisor} is "
        f"{(n * n + n + 41) % divisor}, so {'yes, it divides' if (n * n + n + 41) % divisor == 0 else 'no'}."
        for n in range(1, 501)
    )


def _bottles(_rng: Random) -> str:
    return "\n".join(
        f"{n} bottles of beer on the wall, {n} bottles of beer. Take one down and pass it around, "
        f"{n - 1} bottles of beer on the wall."
        for n in range(99, 0, -1)
    )


def _careful(rng: Random) -> str:
    return " ".join(
        f"{rng.choice(('Wait,', 'Hmm,', 'Actually,', 'Let me check:', 'So'))} {prose(rng, rng.randrange(6, 40))}."
        for _ in range(300)
    )


def _drafted(rng: Random) -> str:
    draft = _tests(rng)[:4000]
    return f"{prose(rng, 300)}\n{draft}\n{prose(rng, 200)}\n{draft}\n{prose(rng, 100)}"


def _lines(count: int, line: Callable[[int], str]) -> str:
    return "\n".join(map(line, range(1, count + 1)))


def _digits(rng: Random, _line: int) -> str:
    return " ".join(str(rng.randrange(10**9, 10**10)) for _ in range(5))


def _bytes(rng: Random, line: int) -> str:
    return f"{16 * line:08x}  " + " ".join(f"{rng.choice((0, 0, 255, rng.randrange(256))):02x}" for _ in range(16))


HONEST: Mapping[str, Make] = {
    "prose": lambda rng: prose(rng, 6000),
    "careful-thinking": _careful,
    "chinese": lambda rng: "".join(rng.choice(_SIGNS + "，。") for _ in range(8000)),
    "digits-of-pi": lambda _rng: _pi(3000),
    "digits-in-groups": lambda rng: _lines(200, lambda n: _digits(rng, n)),
    "counting": lambda _rng: ", ".join(map(str, range(1, 2001))),
    "numbered-items": lambda _rng: _lines(1000, lambda n: f"Item {n}"),
    "numbered-sentences": lambda rng: _lines(500, lambda n: f"{n}. {prose(rng, 12)}"),
    "cases-that-fail": lambda _rng: _lines(500, lambda n: f"Case n = {n}: no solution, as the remainder is not zero."),
    "divisions": _divisions,
    "times-table": lambda _rng: _lines(30, lambda a: "| " + " | ".join(str(a * b) for b in range(1, 31)) + " |"),
    "truth-table": lambda rng: "\n".join(
        f"| {' | '.join(bits)} | {rng.choice(('true', 'false'))} |" for bits in product(("T", "F"), repeat=8)
    ),
    "zeros": lambda _rng: _lines(20, lambda _: "[" + ", ".join(["0"] * 20) + "]"),
    "identity-matrix": lambda _rng: _lines(40, lambda a: " ".join(str(int(a == b)) for b in range(1, 41))),
    "csv": lambda rng: _lines(600, lambda n: f"{n},{rng.choice(_WORDS)},{rng.randrange(99)},0,0,false"),
    "json": lambda rng: _lines(500, lambda n: f'{{"id": {n}, "name": "{rng.choice(_WORDS)}", "active": true}},'),
    "hex-dump": lambda rng: _lines(200, lambda n: _bytes(rng, n)),
    "code": _tests,
    "drafted-and-written": _drafted,
    "sorting": _bubbles,
    "hanoi": lambda _rng: "\n".join(_hanoi(9)),
    "refrains": _refrains,
    "bottles": _bottles,
    "twelve-days": _christmas,
    "rules-of-tables": lambda rng: ("-" * 200 + "\n" + prose(rng, 20) + "\n") * 2 + "=" * 1500 + prose(rng, 400),
}
