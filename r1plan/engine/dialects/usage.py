"""What servers say they counted, brought to one normal form; and estimates, marked so, for what they don't say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from math import ceil
from typing import TypeVar

from r1plan.catalog.provider import UsagePaths
from r1plan.prices.usage import Provenance, Usage, checked

Ways = tuple[tuple[str, ...], ...] | None
"""The ways to read one count, as `UsagePaths` has them."""

CACHE_SPLIT = "cache_hit_plus_miss_not_input"
TOTAL = "input_plus_output_not_total"
_ABSURD_USD = 10**6

Number = TypeVar("Number", int, Decimal)


def estimated_tokens(text: str) -> int:
    """A guess from the length: about 0.3 tokens an ASCII character and 0.6 any other.

    Source: api-docs.deepseek.com/quick_start/token_usage.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    return ceil(0.3 * ascii_characters + 0.6 * (len(text) - ascii_characters))


class ReportedUsage:
    """What a server says it counted, taken from one part of its reply after another.

    What `paths` lead to is kept as it came; of each object the last values that are not null win, as some servers send
    it in two parts.
    """

    def __init__(self, paths: UsagePaths) -> None:
        self._paths = paths
        ways = (way for field in fields(paths) for way in getattr(paths, field.name) or ())
        self._roots = tuple(dict.fromkeys(path.partition(".")[0] for way in ways for path in way))
        self._said: dict[str, object] = {}

    def take(self, reply: Mapping[str, object]) -> None:
        """Take in one part of the reply: a chunk of a stream, or how a prediction stands."""
        for root in self._roots:
            value = reply.get(root)
            if isinstance(value, dict):
                old = self._said.get(root)
                news = {name: each for name, each in value.items() if each is not None}
                self._said[root] = old | news if isinstance(old, dict) else news
            elif value is not None:
                self._said[root] = value

    @property
    def is_complete(self) -> bool:
        """Whether both totals have come, of the input and of the output."""
        return None not in (self._count(self._paths.input), self._count(self._paths.output))

    @property
    def usd(self) -> Decimal | None:
        """The dollars that the server says it bills; None where it says none that could be a request's."""
        amount = next(self._found(self._paths.reported_usd, _dollars), None)
        return amount if amount is not None and amount < _ABSURD_USD else None

    def usage(self, *, prompt: str, thinking: str, answer: str) -> Usage:
        """One request's usage in the one normal form.

        What the server did not tell is estimated from the texts where that can be done. Cache hits are not guessed:
        None. Numbers that cannot be true are flagged, and the part they spoil is None.
        """
        provenance: dict[str, Provenance] = {}

        def known(field: str, value: int | None, estimate: int | None = None) -> int | None:
            if value is None and estimate is None:
                return None
            provenance[field] = "estimated" if value is None else "reported"
            return estimate if value is None else value

        paths = self._paths
        told_input, told_output = self._count(paths.input), self._count(paths.output)
        input_tokens = known("input_tokens", told_input, estimated_tokens(prompt)) or 0
        output_tokens = known("output_tokens", told_output, estimated_tokens(thinking + answer)) or 0
        hit, miss, total = self._count(paths.cache_hit), self._count(paths.cache_miss), self._count(paths.total)
        flags: list[str] = []
        if hit is not None and miss is not None and hit + miss != input_tokens:
            flags.append(CACHE_SPLIT)
            hit = None
        if None not in (total, told_input, told_output) and total != input_tokens + output_tokens:
            flags.append(TOTAL)
        share = _share(output_tokens, thinking, answer)
        usage = Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_hit_tokens=known("cache_hit_tokens", hit),
            thinking_tokens=known("thinking_tokens", self._count(paths.thinking), share),
            provenance=provenance,
            flags=tuple(flags),
        )
        return checked(usage)

    def _count(self, ways: Ways) -> int | None:
        return next(self._found(ways, _tokens), None)

    def _found(self, ways: Ways, read: Callable[[object], Number | None]) -> Iterator[Number]:
        """The sum along each way whose first path leads to something that `read` takes for a number."""
        for first, *others in ways or ():
            if (value := read(self._at(first))) is not None:
                more = (read(self._at(path)) for path in others)
                yield sum((each for each in more if each is not None), start=value)

    def _at(self, path: str) -> object:
        value: object = self._said
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


def _share(output_tokens: int, thinking: str, answer: str) -> int | None:
    """The part of the output that the thinking's text is. None without such text: it may have been kept from us."""
    if not thinking:
        return None
    if not answer:
        return output_tokens
    part = estimated_tokens(thinking)
    return round(output_tokens * part / (part + estimated_tokens(answer)))


def _tokens(value: object) -> int | None:
    """A number of tokens; None for what could be none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _dollars(value: object) -> Decimal | None:
    """A sum of money; None for what could be none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() and amount >= 0 else None
