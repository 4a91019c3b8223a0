"""What a request costs, to the last decimal."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.price import Rates
from r1plan.prices.cost import CACHE_HIT_UNKNOWN, Cost, cost_of, token_rates
from r1plan.prices.usage import HIT_OVER_INPUT, THINKING_OVER_OUTPUT, Usage

D = Decimal


def mtok(miss: str, hit: str | None, output: str) -> Rates:
    """Rates as a price page writes them: USD per million tokens."""
    return Rates(input_cache_miss=D(miss), input_cache_hit=None if hit is None else D(hit), output=D(output))


V31 = mtok("0.56", "0.07", "1.68")


def use(entire: int, hit: int | None, output: int, thinking: int | None) -> Usage:
    return Usage(input_tokens=entire, cache_hit_tokens=hit, output_tokens=output, thinking_tokens=thinking)


@pytest.mark.parametrize(
    ("usage", "miss", "cached", "thinking", "answer", "unknown", "saving", "flags"),
    [
        pytest.param(
            use(1_000_000, 0, 1_000_000, 0), "0.56", "0", "0", "1.68", "0", "0", (), id="a-million-of-each"
        ),
        pytest.param(
            use(1_000, 600, 500, 400), "0.000224", "0.000042", "0.000672", "0.000168", "0", "0.000294", (), id="known"
        ),
        pytest.param(use(1, 1, 1, 1), "0", "0.00000007", "0.00000168", "0", "0", "0.00000049", (), id="one-token"),
        pytest.param(use(0, 0, 0, 0), "0", "0", "0", "0", "0", "0", (), id="nothing"),
        pytest.param(use(0, 0, 0, None), "0", "0", "0", "0", "0", "0", (), id="no-output-has-no-thinking"),
        pytest.param(
            use(1_000, 600, 500, None), "0.000224", "0.000042", None, None, "0.00084", "0.000294", (), id="no-split"
        ),
        pytest.param(
            use(1_000, None, 500, 400), "0.00056", "0", "0.000672", "0.000168", "0", "0", (CACHE_HIT_UNKNOWN,),
            id="hit-unknown-is-billed-as-fresh",
        ),
        pytest.param(
            use(1_000, 1_001, 500, 400), "0.00056", "0", "0.000672", "0.000168", "0", "0", (HIT_OVER_INPUT,),
            id="hit-over-input",
        ),
        pytest.param(
            use(1_000, 1_000, 500, 500), "0", "0.00007", "0.00084", "0", "0", "0.00049", (), id="both-at-their-limit"
        ),
        pytest.param(
            use(1_000, 600, 500, 501), "0.000224", "0.000042", None, None, "0.00084", "0.000294",
            (THINKING_OVER_OUTPUT,), id="thinking-over-output",
        ),
    ],
)  # fmt: skip
def test_each_part_is_billed_at_its_own_price(
    usage: Usage,
    miss: str,
    cached: str,
    thinking: str | None,
    answer: str | None,
    unknown: str,
    saving: str,
    flags: tuple[str, ...],
) -> None:
    total = sum(D(each) for each in (miss, cached, thinking, answer, unknown) if each is not None)
    assert cost_of(usage, token_rates(V31)) == Cost(
        input_miss_usd=D(miss),
        cache_hit_usd=D(cached),
        thinking_usd=None if thinking is None else D(thinking),
        answer_usd=None if answer is None else D(answer),
        thinking_unknown_usd=D(unknown),
        total_usd=D(total),
        cache_saving_usd=D(saving),
        flags=flags,
    )


@pytest.mark.parametrize(
    ("rates", "rule", "cached", "saving"),
    [
        pytest.param(mtok("3", None, "7"), "miss-price", "3", "0", id="none-published-is-the-fresh-price"),
        pytest.param(mtok("0.55", None, "2.19"), "half-of-miss", "0.275", "0.275", id="half"),
        pytest.param(mtok("0.55", "0.14", "2.19"), "half-of-miss", "0.14", "0.41", id="a-published-price-goes-first"),
        pytest.param(mtok("0", "0", "0"), "miss-price", "0", "0", id="free"),
    ],
)
def test_cached_input_without_a_published_price_follows_the_rule(
    rates: Rates, rule: Literal["miss-price", "half-of-miss"], cached: str, saving: str
) -> None:
    cost = cost_of(use(1_000_000, 1_000_000, 0, 0), token_rates(rates, rule))
    assert (cost.cache_hit_usd, cost.cache_saving_usd) == (D(cached), D(saving))


def test_flags_of_the_usage_stay_and_none_is_doubled() -> None:
    flagged = Usage(input_tokens=1, output_tokens=0, cache_hit_tokens=2, flags=("x", HIT_OVER_INPUT))
    assert cost_of(flagged, token_rates(V31)).flags == ("x", HIT_OVER_INPUT)


def test_a_narrow_decimal_context_of_the_caller_rounds_nothing() -> None:
    with localcontext(prec=3):
        cost = cost_of(use(123_456_789, 0, 987_654_321, 1), token_rates(mtok("0.003625", None, "3.96")))
    assert cost.input_miss_usd == D("0.447530860125")
    assert cost.total_usd == D("0.447530860125") + D("3911.11111116")


tokens = st.integers(0, 10**12)
prices = st.decimals(0, 1000, places=6)


@given(tokens, st.none() | tokens, tokens, st.none() | tokens, prices, st.none() | prices, prices)
def test_the_parts_add_up_and_the_split_changes_no_total(
    entire: int, hit: int | None, output: int, thinking: int | None, miss: D, cached: D | None, out: D
) -> None:
    rates = token_rates(Rates(input_cache_miss=miss, input_cache_hit=cached, output=out))
    cost = cost_of(use(entire, hit, output, thinking), rates)
    parts = (cost.input_miss_usd, cost.cache_hit_usd, cost.thinking_usd, cost.answer_usd, cost.thinking_unknown_usd)
    assert sum(each or 0 for each in parts) == cost.total_usd
    assert min(each or 0 for each in parts) >= 0
    assert cost.total_usd == cost_of(use(entire, hit, output, None), rates).total_usd
    fresh = cost_of(use(entire, 0, output, None), rates)
    assert cost.total_usd + cost.cache_saving_usd == fresh.total_usd
