"""A sample month, generated: September 2025, in which DeepSeek changed its prices twice.

Every row says that nobody asked it: project "sample", policy "generated".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from r1plan.ledger.entry import Status, UsageEntry

MONTH = "2025-09"
SEED = 20250905

_START = datetime(2025, 9, 1, tzinfo=UTC)
_DAYS = 30
_REQUESTS_A_DAY = 16
# Where a second decides the price: the end of the night discount, the new prices of 5 and 29 September.
_EDGES = (
    datetime(2025, 9, 3, 0, 30, tzinfo=UTC),
    datetime(2025, 9, 3, 16, 30, tzinfo=UTC),
    datetime(2025, 9, 5, 16, 0, tzinfo=UTC),
    datetime(2025, 9, 29, 0, 0, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A sort of request, how often it comes, and how many tokens a second it gets."""

    weight: int
    provider: str
    model: str
    served: str | None
    thinks: bool
    counts_thinking: bool
    has_cache: bool
    tokens_per_s: int


_R1 = "deepseek-ai/DeepSeek-R1"
_KINDS = (
    _Kind(42, "deepseek", "deepseek-reasoner", "deepseek-reasoner", True, True, True, 32),
    _Kind(22, "deepseek", "deepseek-chat", "deepseek-chat", False, True, True, 45),
    _Kind(9, "together", _R1, _R1, True, True, False, 60),
    _Kind(6, "fireworks", "accounts/fireworks/models/deepseek-r1-basic", None, True, False, True, 25),
    _Kind(4, "fireworks", "accounts/fireworks/models/deepseek-r1", None, True, False, True, 90),
    _Kind(3, "openrouter", "deepseek/deepseek-r1", None, True, True, False, 40),
    _Kind(14, "local", "R1-Distill-Qwen-7B", "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", True, True, True, 38),
)
_STATUSES: tuple[Status, ...] = ("ok", "length", "aborted", "failed")
_TASKS = ("code", "maths", "writing", "search")


def write_sample(path: Path) -> None:
    """Write the sample month as a usage log to `path`; the same bytes every time."""
    path.write_text("".join(entry.to_line() for entry in sample_entries()), "utf-8")


def sample_entries(seed: int = SEED) -> Iterator[UsageEntry]:
    """The requests of the sample month, in order of their end."""
    random = Random(seed)  # noqa: S311 -- a sample, not a secret
    ends = [
        _START + timedelta(days=day, seconds=random.randrange(86_400), milliseconds=random.randrange(1000))
        for day in range(_DAYS)
        for _ in range(_REQUESTS_A_DAY)
    ]
    ends += [edge + timedelta(seconds=off) for edge in _EDGES for off in (-1, 0, 1)]
    for number, ended_at in enumerate(sorted(ends), start=1):
        yield _entry(random, f"sample-{number:04d}", ended_at)


def _entry(random: Random, id_: str, ended_at: datetime) -> UsageEntry:
    (kind,) = random.choices(_KINDS, weights=[each.weight for each in _KINDS])
    (status,) = random.choices(_STATUSES, weights=(93, 3, 2, 2))
    entire = random.randrange(500, 24_000)
    hit = random.randrange(entire // 64 + 1) * 64 if random.random() < 0.7 else 0
    thinking = random.randrange(500, 14_000) if kind.thinks else 0
    output = thinking + random.randrange(60, 2_400)
    local = kind.provider == "local"
    if status == "failed":
        entire = hit = thinking = output = 0
    took = timedelta(seconds=round(0.8 + output / kind.tokens_per_s, 1))
    started_at = ended_at - took
    bounded = status == "aborted" and not local
    return UsageEntry(
        id=id_,
        started_at=started_at,
        first_token_at=None if status == "failed" else started_at + timedelta(seconds=0.8),
        ended_at=ended_at,
        provider=kind.provider,
        model_requested=kind.model,
        model_served=None if status == "failed" else kind.served,
        project="sample",
        tags={"task": random.choice(_TASKS)},
        policy="generated",
        status=status,
        input_tokens=entire,
        cache_hit_tokens=hit if kind.has_cache else None,
        output_tokens=output,
        thinking_tokens=thinking if kind.counts_thinking else None,
        provenance=dict.fromkeys(("input_tokens", "output_tokens"), "counted" if local else "reported"),
        cost_low_usd=Decimal(output // 2) * Decimal("0.0000004") if bounded else None,
        cost_high_usd=Decimal(output) * Decimal("0.000003") if bounded else None,
        energy_wh=Decimal(output) * Decimal("0.0021") if local else None,
    )
