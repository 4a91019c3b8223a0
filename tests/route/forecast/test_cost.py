"""The expected cost against a sum over every outcome, and its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.price import ContextTier
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.route.decision.candidate import Candidate
from r1plan.route.forecast.cache import CacheForecast
from r1plan.route.forecast.cost import CostForecast, cost_forecast
from r1plan.route.forecast.forecast import Forecast, forecast, longest
from r1plan.route.forecast.ground import Assumed, NothingSent, OwnRequests
from r1plan.route.forecast.lengths import Atom, Sample, from_samples
from r1plan.route.forecast.statistics import Failures, ObservedSpeed
from tests.prices.test_book import real_book
from tests.route.worlds import AT, PRIORS, ask, book, candidate, here, log, outputs, past, priced, rates

ACME = candidate("acme")
PEAK = book(acme=priced("m", "0.50 / 0.05 / 2.00", "1.00 / 0.10 / 4.00"))
FLAT = book(acme=priced("m", "0.50 / 0.05 / 2.00"))


def made(
    totals: list[int], *, at: datetime = AT, hit: int = 0, chance: float = 0.0, broken: float = 0.0, tok_s: float = 50.0
) -> Forecast:
    """A forecast of outputs of those lengths, two thirds thinking, after an input of 10,000 tokens."""
    samples = [Sample(each * 2 // 3, each - each * 2 // 3) for each in totals]
    return Forecast(
        at=at,
        input_tokens=10_000,
        input_ratio=1.0,
        input_ratio_rows=0,
        most_output_tokens=90_000,
        lengths=from_samples(samples, OwnRequests(None)),
        cache=CacheForecast(hit_tokens=hit, chance=chance, is_warm=chance > 0, ground=NothingSent()),
        speed=ObservedSpeed(
            first_token_s=2, first_token_p90_s=4, decode_tok_s=tok_s, decode_p10_tok_s=tok_s / 2, rows=9, ground="log"
        ),
        failures=Failures(unsent_chance=0.05, broken_chance=broken, rows=9),
    )


def by_brute_force(each: Forecast, who: Candidate, prices: PriceBook) -> tuple[Fraction, Fraction, Fraction]:
    """The mean, the median and the ninth decile of the cost: every outcome priced by itself as a bill would.

    An outcome is a length, whether the prefix was cached, and whether the attempt broke off, was billed, and was made
    again. The bounds are of one attempt, and over n lengths and one more that may be longer than all.
    """
    mean = Fraction(0)
    bills: list[tuple[Fraction, Fraction]] = []
    atoms = [(each.lengths.atoms[n], False) for n in range(len(each.lengths.atoms))]
    atoms.append((Atom(longest(each), 0.0, 0.0, each.lengths.beyond), True))
    for atom, _ in atoms:
        output = round(atom.thinking + atom.answer)
        ended = each.at + timedelta(seconds=each.speed.first_token_s + output / each.speed.decode_tok_s)
        price = prices.price_for(
            *who.source,
            started_at=each.at,
            first_token_at=each.at + timedelta(seconds=each.speed.first_token_s),
            ended_at=ended,
            input_tokens=each.input_tokens,
        )
        assert price is not None
        for hit, share in ((each.cache.hit_tokens, each.cache.chance), (0, 1 - each.cache.chance)):
            usage = Usage(input_tokens=each.input_tokens, cache_hit_tokens=hit, output_tokens=output)
            bill = Fraction(cost_of(usage, price.per_token).total_usd)
            for times, chance in ((1, 1 - each.failures.broken_chance), (2, each.failures.broken_chance)):
                mean += Fraction(atom.chance) * Fraction(share) * Fraction(chance) * times * bill
            bills.append((bill, Fraction(atom.bounding) * Fraction(share)))
    bills.sort()

    def quantile(level: Fraction) -> Fraction:
        below = Fraction(0)
        for bill, share in bills:
            below += share
            if below >= level - Fraction(1, 10**9):
                return bill
        return bills[-1][0]

    return mean, quantile(Fraction(1, 2)), quantile(Fraction(9, 10))


def costed(each: Forecast, prices: PriceBook, who: Candidate = ACME) -> CostForecast:
    found = cost_forecast(each, who, prices)
    assert found is not None
    return found


LONG = [300 * n for n in range(1, 40)]


@pytest.mark.parametrize(
    ("each", "prices"),
    [
        pytest.param(made(LONG), FLAT, id="flat"),
        pytest.param(made(LONG, hit=9_000, chance=0.7), FLAT, id="perhaps-cached"),
        pytest.param(made(LONG, hit=9_000, chance=1.0, broken=0.1), FLAT, id="cached-and-breaking-off"),
        pytest.param(made(LONG, at=AT + timedelta(minutes=118)), PEAK, id="into-the-peak"),
        pytest.param(made(LONG, at=AT + timedelta(hours=3, minutes=58)), PEAK, id="out-of-the-peak"),
        pytest.param(
            made(LONG, at=AT + timedelta(minutes=118), hit=9_000, chance=0.4, broken=0.05), PEAK, id="all-at-once"
        ),
        pytest.param(made([100]), FLAT, id="one-earlier-request"),
        pytest.param(made(LONG, at=AT + timedelta(minutes=110), tok_s=1.0), PEAK, id="slow-through-the-whole-peak"),
    ],
)
def test_it_is_the_sum_over_every_outcome(each: Forecast, prices: PriceBook) -> None:
    found = costed(each, prices)
    mean, p50, p90 = by_brute_force(each, ACME, prices)
    assert float(found.expected_usd) == pytest.approx(float(mean), rel=1e-6)
    assert (Fraction(found.p50_usd), Fraction(found.p90_usd)) == (p50, p90)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 60_000), min_size=1, max_size=80),
    st.integers(0, 24 * 60),
    st.integers(0, 10_000),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.sampled_from(["deepseek/deepseek-flash", "deepseek/deepseek-v4-pro", "deepinfra/deepseek-ai/DeepSeek-R1-0528"]),
)
def test_it_is_that_sum_at_real_prices_too(
    totals: list[int], minutes: int, hit: int, chance: float, broken: float, name: str
) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=minutes)
    provider, _, model = name.partition("/")
    who = candidate(provider, model)
    each = made(totals, at=at, hit=hit, chance=chance, broken=broken)
    mean, _, _ = by_brute_force(each, who, real_book())
    assert float(costed(each, real_book(), who).expected_usd) == pytest.approx(float(mean), rel=0.01)


def test_a_forecast_from_a_log_is_that_sum_too() -> None:
    rows = outputs([500 + 37 * n for n in range(200)]) + [past(300 + n, status="length") for n in range(30)]
    each = forecast(ask(at=AT + timedelta(minutes=119)), ACME, log(*rows), 64_000)
    mean, _, _ = by_brute_force(each, ACME, PEAK)
    assert float(costed(each, PEAK).expected_usd) == pytest.approx(float(mean), rel=0.001)


@pytest.mark.parametrize(
    ("output", "tier"),
    [
        # Sent 100 s before the peak, first token after 2 s, 50 tokens a second.
        pytest.param(98 * 50 - 1, "off_peak", id="a-token-before"),
        pytest.param(98 * 50, "peak", id="at-the-edge"),
        pytest.param(98 * 50 + 1, "peak", id="a-token-after"),
    ],
)
def test_the_price_is_that_of_the_hour_in_which_it_ends(output: int, tier: str) -> None:
    at = AT + timedelta(hours=2) - timedelta(seconds=100)
    found = costed(made([output] * 20, at=at), PEAK)
    assert [(each.price.tier, round(each.chance, 6)) for each in found.periods] == [(tier, 1.0)]


def test_both_hours_are_shown_with_their_chances() -> None:
    at = AT + timedelta(hours=2) - timedelta(seconds=100)
    found = costed(made([1000] * 30 + [9000] * 10, at=at), PEAK)
    assert [(each.price.tier, round(each.chance, 6)) for each in found.periods] == [("off_peak", 0.75), ("peak", 0.25)]


def test_an_offer_that_ends_while_it_answers_keeps_its_price() -> None:
    ends = book(acme=priced("m", "0.50 / 0.05 / 2.00", effective_until=AT + timedelta(seconds=10)))
    assert costed(made(LONG), ends).expected_usd == costed(made(LONG), FLAT).expected_usd


def test_without_a_price_there_is_no_cost() -> None:
    assert cost_forecast(made(LONG), candidate("nobody"), FLAT) is None


def test_a_long_input_has_the_price_of_long_inputs() -> None:
    tiers = (ContextTier(above_input_tokens=9_999, rates=rates("1.00 / 0.10 / 4.00")),)
    dear = book(acme=priced("m", "0.50 / 0.05 / 2.00", context_tiers=tiers))
    assert costed(made(LONG), dear).expected_usd == 2 * costed(made(LONG), FLAT).expected_usd


def test_what_breaks_off_is_billed_and_made_again() -> None:
    once, twice = costed(made(LONG), FLAT), costed(made(LONG, broken=0.25), FLAT)
    assert twice.terms.failure_usd == pytest.approx(once.expected_usd / 4)
    assert twice.p90_usd == once.p90_usd


def test_a_sure_cache_makes_the_bounds_those_of_cached_input() -> None:
    sure, none = costed(made(LONG, hit=10_000, chance=1.0), FLAT), costed(made(LONG), FLAT)
    assert none.p90_usd - sure.p90_usd == Decimal("10000") * Decimal("0.45") / 1_000_000
    assert sure.terms.cache_saving_usd == Decimal("0.0045")


def test_bounds_without_enough_requests_go_to_the_longest_output() -> None:
    found = costed(made([100] * 5), FLAT)
    assert found.p90_usd == Decimal("0.005") + 90_000 * Decimal("0.000002")


def test_electricity_is_watts_for_as_long_as_it_takes() -> None:
    each = forecast(
        ask(), here(watts=360.0, usd_per_kwh=Decimal("0.25"), decode_tok_s=10.0, prefill_tok_s=1000.0), log(), None
    )
    found = costed(each, FLAT, here())
    seconds = 1000 / 1000 + (each.lengths.thinking + each.lengths.answer) / 10
    assert float(found.terms.electricity_usd) == pytest.approx(360 * seconds / 3_600_000 * 0.25)
    assert found.expected_usd == found.terms.electricity_usd + found.terms.failure_usd
    assert found.periods == ()


@pytest.mark.parametrize("power", [{}, {"watts": 0.0}, {"watts": 200.0}, {"usd_per_kwh": Decimal("0.3")}])
def test_electricity_is_never_nothing_and_never_unknown(power: dict[str, object]) -> None:
    each = forecast(ask(), here(**power), log(), None)
    assert each.electricity is not None
    assert each.electricity.is_assumed
    assert costed(each, FLAT, here()).p50_usd > 0
    assert Assumed in (type(each.electricity.watts_ground), type(each.electricity.tariff_ground))
    assert each.electricity.usd_per_kwh in (PRIORS.power.usd_per_kwh, Decimal("0.3"))


TOTALS = st.lists(st.integers(0, 50_000), min_size=1, max_size=50)


@given(TOTALS, st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 0.5))
def test_costs_are_not_negative_and_in_order(totals: list[int], hit: int, chance: float, broken: float) -> None:
    found = costed(made(totals, hit=hit, chance=chance, broken=broken), PEAK)
    assert found.expected_usd >= 0
    assert 0 <= found.p50_usd <= found.p90_usd
    terms = found.terms
    assert min(terms.input_miss_usd, terms.cache_hit_usd, terms.thinking_usd, terms.answer_usd, terms.failure_usd) >= 0


@given(TOTALS, st.lists(st.integers(0, 5_000), min_size=50, max_size=50))
def test_more_thinking_never_costs_less_at_one_price(totals: list[int], more: list[int]) -> None:
    less, longer = made(totals), made(totals)
    ordered = sorted(totals)
    samples = [Sample(each * 2 // 3 + extra, each - each * 2 // 3) for each, extra in zip(ordered, more, strict=False)]
    longer = replace(longer, lengths=from_samples(samples, OwnRequests(None)))
    one, other = costed(less, FLAT), costed(longer, FLAT)
    assert other.expected_usd >= one.expected_usd
    assert other.p50_usd >= one.p50_usd
    assert other.p90_usd >= one.p90_usd


def test_a_peak_that_passes_makes_a_longer_answer_cheaper() -> None:
    # The exception to the rule above, and a true one: the whole bill follows the hour of the end.
    at = AT + timedelta(hours=4) - timedelta(seconds=10)
    assert costed(made([2000] * 20, at=at), PEAK).p50_usd < costed(made([100] * 20, at=at), PEAK).p50_usd
