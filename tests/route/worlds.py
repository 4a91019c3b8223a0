"""Small worlds for decisions: a price book of a few rows, a log of a few requests, candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from r1plan.catalog.price import ClockTier, PriceList, PriceRow, Rates, Window
from r1plan.catalog.priors import CachePrior, LengthPrior, PowerPrior, Priors, SpeedPrior
from r1plan.ledger.past_request import PastRequest
from r1plan.prices.book import PriceBook
from r1plan.route.decision.candidate import Candidate, Power, local_candidate
from r1plan.route.forecast.forecast import PromptFacts
from r1plan.route.forecast.statistics import LogStatistics, log_statistics

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SPEED = SpeedPrior(first_token_s=2, first_token_p90_s=10, decode_tok_s=50, decode_p10_tok_s=20, source="assumed")
PRIORS = Priors(
    lengths=(
        LengthPrior(
            model="*", kind="*", thinking_tokens=1000, answer_tokens=500, p90_over_p50=4, basis="assumed", source="test"
        ),
        LengthPrior(
            model="long",
            kind="*",
            thinking_tokens=3000,
            answer_tokens=500,
            p90_over_p50=4,
            basis="published",
            source="t",
        ),
    ),
    provider_speed=SPEED,
    local_speed=replace(SPEED, decode_tok_s=10, decode_p10_tok_s=5),
    cache=(CachePrior(within_s=600, chance=0.9), CachePrior(within_s=86400, chance=0.3)),
    cache_source="test",
    failure_chance=0.02,
    failure_source="test",
    power=PowerPrior(usd_per_kwh=Decimal("0.20"), usd_per_kwh_source="test", watts=150, watts_source="test"),
)


def rates(text: str) -> Rates:
    """`"0.50 / 0.05 / 2.00"`: fresh input, cached input ("-": none published), output."""
    miss, hit, output = (part.strip() for part in text.split("/"))
    return Rates(
        input_cache_miss=Decimal(miss),
        input_cache_hit=None if hit == "-" else Decimal(hit),
        output=Decimal(output),
    )


def priced(model: str, base: str, peak: str | None = None, **changes: object) -> PriceRow:
    """A row in force since 2026, with a dearer price from 14:00 to 16:00 UTC where `peak` is given."""
    clock: tuple[ClockTier, ...] = ()
    if peak is not None:
        clock = (ClockTier(tier="peak", windows_utc=(Window(start=time(14), end=time(16)),), rates=rates(peak)),)
    row = PriceRow(
        model=model,
        rates=rates(base),
        tier="off_peak" if peak else "flat",
        clock=clock,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        sources=("test",),
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def book(**rows: PriceRow | tuple[PriceRow, ...]) -> PriceBook:
    """A price list for each provider named."""
    return PriceBook(
        {
            provider: PriceList(
                provider=provider, checked=date(2026, 11, 1), prices=each if isinstance(each, tuple) else (each,)
            )
            for provider, each in rows.items()
        }
    )


def candidate(provider: str, model: str = "m", **changes: object) -> Candidate:
    """R1 at a provider, with a context of 100,000 tokens."""
    made = Candidate(
        provider=provider,
        model=model,
        serves="DeepSeek-R1",
        model_key="deepseek-r1",
        family="r1",
        context_tokens=100_000,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def here(**power: object) -> Candidate:
    """A distill on this machine."""
    return local_candidate("R1-Distill-Qwen-7B:Q4_K_M", "R1-Distill-Qwen-7B", 32_768, Power(**power))  # type: ignore[arg-type]


def past(number: int = 0, **changes: object) -> PastRequest:
    """A request of 1,000 tokens in and 3,000 out that took 62 s and ended `number` minutes before AT."""
    ended = AT - timedelta(minutes=number + 1)
    values: dict[str, object] = {
        "schema": "r1plan.usage/1",
        "id": f"r{number}",
        "started_at": ended - timedelta(seconds=62),
        "first_token_at": ended - timedelta(seconds=60),
        "ended_at": ended,
        "provider": "acme",
        "model_requested": "m",
        "status": "ok",
        "input_tokens": 1000,
        "cache_hit_tokens": 0,
        "output_tokens": 3000,
        "thinking_tokens": 2000,
        "kind": "math",
        **changes,
    }
    return PastRequest(**values)  # type: ignore[arg-type]


def log(*rows: PastRequest, priors: Priors = PRIORS) -> LogStatistics:
    """What is known of `rows`, the newest first, where "m" at any provider is R1."""
    keys = {row.source: "deepseek-r1" for row in rows if row.model_requested == "m"}
    return log_statistics(rows, keys, priors)


def outputs(values: Sequence[int], **changes: object) -> list[PastRequest]:
    """A request of each output, half of it thinking."""
    return [
        past(number, output_tokens=each, thinking_tokens=each // 2, **changes) for number, each in enumerate(values)
    ]


def ask(**changes: object) -> PromptFacts:
    """A maths question of 1,000 tokens at AT."""
    return replace(PromptFacts(at=AT, estimated_input_tokens=1000, kind="math"), **changes)  # type: ignore[arg-type]
