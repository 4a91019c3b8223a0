"""The two sides of a comparison as values: what a provider billed, and what the log holds.

All instants are microseconds since 1970 in UTC, prices are of one token, money is in the currency of the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

Kind = Literal["input", "input_miss", "cache_hit", "output"]
"""What tokens are billed as; "input" where a bill does not tell cached from fresh ones."""

DAY_US = 86_400_000_000


class TokenPrices(NamedTuple):
    """What one token costs, by kind."""

    miss: Decimal
    hit: Decimal
    output: Decimal

    def of(self, kind: Kind) -> Decimal:
        """The rate of `kind`; that of fresh input for all input."""
        return self.hit if kind == "cache_hit" else self.output if kind == "output" else self.miss


Rated = tuple[Kind, Decimal | None]
"""Tokens of one kind at one price; None: no price is known."""


Item = Literal["input", "input_miss", "cache_hit", "output", "requests", "money"]
"""What a line of a bill counts: tokens of a kind, requests, or all the money of its day and model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One figure of an export about `model`, from `start_us` until `until_us`; what it does not say is None.

    `amount` counts `item`, `price` is that of one token and `usd` the money of this line alone. A line of "money" has
    `usd` alone, the sum of so many `figures`, and holds beside what the other lines come to. `is_single`: the sum of
    requests that stand in the export one by one, each at its own instant.
    """

    start_us: int
    until_us: int
    model: str
    item: Item
    amount: int | None = None
    price: Decimal | None = None
    usd: Decimal | None = None
    key: str | None = None
    figures: int = 1
    is_single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedTokens:
    """Tokens of one kind at one price in the log, in the quarter of an hour from `slot_us`."""

    slot_us: int
    model: str
    kind: Kind
    price: Decimal | None
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequests:
    """The requests of a quarter of an hour in the log, and what they cost.

    `requests` are those with tokens that have ended for sure, `empty` those without any; `has_unknown_number`: they are
    sums, and of how many nobody said. `usd` is what they cost
    together, of which `charged_usd` the provider itself said for want of a price. `broken` ones are in neither: their
    cost lies between the bounds, None where there is none. `guessed` ones, of which nobody counted the tokens, are in
    `usd`, and may cost `guessed_low_usd` (0 or less) to `guessed_high_usd` more than that.
    """

    slot_us: int
    model: str
    requests: int = 0
    empty: int = 0
    has_unknown_number: bool = False
    usd: Decimal = Decimal(0)
    charged_usd: Decimal = Decimal(0)
    broken: int = 0
    broken_low_usd: Decimal = Decimal(0)
    broken_high_usd: Decimal | None = Decimal(0)
    guessed: int = 0
    guessed_low_usd: Decimal = Decimal(0)
    guessed_high_usd: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSpan:
    """The book's rates of a model from `start_us` until `until_us`, for inputs above and up to so many tokens.

    `price_id` names the row of the book, the same for all names of a model; `served` what answered to it.
    """

    model: str
    start_us: int
    until_us: int
    rates: TokenPrices
    input_above: int = -1
    input_up_to: int | None = None
    price_id: str = ""
    served: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRequest:
    """A request near `edge_us`, at which the price or the day changes.

    It belongs to the day of `placed_us`, and `decided_us` decides its price. It costs `usd`, None where that is not
    known.
    """

    id: str
    edge_us: int
    model: str
    started_us: int
    placed_us: int
    decided_us: int
    input_tokens: int
    cache_hit_tokens: int
    output_tokens: int
    usd: Decimal | None = None

    def tokens(self, kind: Kind) -> int:
        """How many it has of `kind`."""
        match kind:
            case "input":
                return self.input_tokens
            case "input_miss":
                return self.input_tokens - self.cache_hit_tokens
            case "cache_hit":
                return self.cache_hit_tokens
            case "output":
                return self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an export says. `source` is the tool's name, `provider` ours; `currency` None: it does not say.

    `start_us` and `until_us`: the days that it covers, None where it has no line. `granted_usd` was paid from what the
    provider gave; `byok_usd` is owed to others under keys of the user's own, and in no line. `other_usd`: money in
    another currency, by its name. `names`: pairs of names of one model. `left_out`: records in no line, by trap.
    """

    source: str
    provider: str
    lines: tuple[BillLine, ...]
    currency: str | None = None
    start_us: int | None = None
    until_us: int | None = None
    granted_usd: Decimal | None = None
    byok_usd: Decimal | None = None
    other_usd: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    names: tuple[tuple[str, str], ...] = ()
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What the log holds of one provider, in `currency`.

    `start_us` and `until_us`: the time that it is known to cover, None: open. `names` are pairs of names of one model:
    asked for and answered. `keys` are the names of keys and projects in it.
    """

    tokens: tuple[LoggedTokens, ...]
    requests: tuple[LoggedRequests, ...]
    prices: tuple[PriceSpan, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    keys: frozenset[str] = frozenset()
    currency: str = "USD"
    start_us: int | None = None
    until_us: int | None = None
