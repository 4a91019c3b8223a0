"""What a request costs: the one billing arithmetic, used by the forecast, the ledger and (through SQL) the report."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from typing import Literal, NamedTuple

from r1plan.catalog.price import Rates
from r1plan.prices.usage import HIT_OVER_INPUT, THINKING_OVER_OUTPUT, Usage

CACHE_HIT_UNKNOWN = "cache_hit_unknown"

# Wide enough for any count of tokens times any price; a result that would have to be rounded is an error, never a cent.
EXACT = Context(prec=80, traps=[Inexact])
_PER_TOKEN = Decimal("0.000001")
_HALF = Decimal("0.5")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TokenRates:
    """USD for one token. `saving` is what a cached input token saves against a fresh one."""

    miss: Decimal
    hit: Decimal
    output: Decimal
    saving: Decimal


def token_rates(rates: Rates, cache_hit_rule: Literal["miss-price", "half-of-miss"] = "miss-price") -> TokenRates:
    """`rates` for one token. `cache_hit_rule` prices cached input where none was published."""
    hit = rates.input_cache_hit
    if hit is None:
        miss = rates.input_cache_miss
        hit = EXACT.multiply(miss, _HALF) if cache_hit_rule == "half-of-miss" else miss
    return TokenRates(
        miss=EXACT.multiply(rates.input_cache_miss, _PER_TOKEN),
        hit=EXACT.multiply(hit, _PER_TOKEN),
        output=EXACT.multiply(rates.output, _PER_TOKEN),
        saving=EXACT.multiply(EXACT.subtract(rates.input_cache_miss, hit), _PER_TOKEN),
    )


class Cost(NamedTuple):
    """USD of one request, exact.

    `thinking_usd` and `answer_usd` are None when the output cannot be split; all of it is then `thinking_unknown_usd`,
    which is 0 otherwise. `flags` say what was unknown or impossible in the usage.
    """

    input_miss_usd: Decimal
    cache_hit_usd: Decimal
    thinking_usd: Decimal | None
    answer_usd: Decimal | None
    thinking_unknown_usd: Decimal
    total_usd: Decimal
    cache_saving_usd: Decimal
    flags: tuple[str, ...] = ()


def cost_of(usage: Usage, rates: TokenRates) -> Cost:
    """What `usage` costs at `rates`, to the last decimal.

    An unknown or impossible number of cached tokens is billed as fresh input. Thinking is billed like the answer, so an
    unknown or impossible number of thinking tokens changes the split and not the total.
    """
    multiply, add = EXACT.multiply, EXACT.add
    flags = usage.flags
    entire, hit = usage.input_tokens, usage.cache_hit_tokens
    if hit is None or not 0 <= hit <= entire:
        flags = _with(flags, CACHE_HIT_UNKNOWN if hit is None else HIT_OVER_INPUT)
        miss_usd, hit_usd, saving_usd = multiply(rates.miss, entire), _ZERO, _ZERO
    else:
        miss_usd, hit_usd = multiply(rates.miss, entire - hit), multiply(rates.hit, hit)
        saving_usd = multiply(rates.saving, hit)
    output, thinking = usage.output_tokens, usage.thinking_tokens
    output_usd = multiply(rates.output, output)
    thinking_usd: Decimal | None = None
    answer_usd: Decimal | None = None
    unknown_usd = _ZERO
    if thinking is not None and not 0 <= thinking <= output:
        flags = _with(flags, THINKING_OVER_OUTPUT)
        thinking = None
    if thinking is None and output:
        unknown_usd = output_usd
    else:
        thinking_usd = multiply(rates.output, thinking or 0)
        answer_usd = multiply(rates.output, output - (thinking or 0))
    total = add(add(miss_usd, hit_usd), output_usd)
    return Cost(miss_usd, hit_usd, thinking_usd, answer_usd, unknown_usd, total, saving_usd, flags)


def _with(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag in flags else (*flags, flag)
