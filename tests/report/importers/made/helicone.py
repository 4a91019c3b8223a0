"""Helicone's `request_response_rmt` with every trap, after Helicone/helicone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from tests.report.importers.made.truth import Made, Truth, counts, later, micros, moment, spelled

SOLD = (
    ("DEEPSEEK", "https://api.deepseek.com/chat/completions", "deepseek-chat", "DEEPSEEK"),
    ("OPENAI", "https://api.deepseek.com/v1/chat/completions", "deepseek-reasoner", "deepseek"),
    ("CUSTOM", "https://openrouter.ai/api/v1/chat/completions", "deepseek/deepseek-r1", "openrouter"),
    (None, None, "deepseek-reasoner", "deepseek"),
)


def requests(random: Random, number: int) -> Iterator[Made]:
    """`number` rows of the table."""
    for index in range(number):
        used = counts(random)
        provider, url, model, seller = random.choice(SOLD)
        at = moment(random)
        over = later(random, at)
        nano_usd = random.randint(1, 10**9)
        record: dict[str, Any] = {
            "request_id": f"00000000-0000-4000-8000-{index:012d}",
            "response_id": f"11111111-0000-4000-8000-{index:012d}",
            "request_created_at": spelled(random, at), "response_created_at": spelled(random, over),
            "latency": 60000, "status": 200, "model": model, "provider": provider, "target_url": url,
            "prompt_tokens": used.input, "completion_tokens": used.output, "prompt_cache_read_tokens": used.hit,
            "prompt_cache_write_tokens": 0, "time_to_first_token": 900, "cost": nano_usd, "user_id": "u-77",
            "properties": {"Helicone-Session-Id": f"s{index % 3}", "team": "search"},
            "cache_reference_id": "00000000-0000-0000-0000-000000000000",
        }  # fmt: skip
        row: dict[str, Any] = {
            "id": record["request_id"], "provider": seller, "model": model, "input_tokens": used.input,
            "output_tokens": used.output, "cache_hit_tokens": used.hit, "tool_usd": nano_usd_as_usd(nano_usd),
            "started_us": micros(at), "ended_us": micros(over), "first_token_us": micros(at) + 900_000,
        }  # fmt: skip
        traps: tuple[str, ...] = ()
        counted = True
        match random.randrange(12):
            case 0:
                record["cache_reference_id"] = record["request_id"]
                counted, traps = False, ("response_cache",)
            case 1:
                record["status"], traps = random.choice((499, -3)), ("client_left",)
                row |= {"status": "aborted", "cost_low_usd": Decimal(0)}
            case 2:
                record |= {"status": 429, "prompt_tokens": None, "completion_tokens": None}
                record |= {"prompt_cache_read_tokens": None, "response_id": None}
                row |= {"status": "failed", "input_tokens": 0, "output_tokens": 0, "cache_hit_tokens": None}
            case 3:
                record |= {"prompt_tokens": used.input - used.hit, "total_tokens": used.total}
                traps = ("cached_beside_input",) if used.hit else ()
            case 4:
                record["total_tokens"] = used.total
            case 5:
                record["total_tokens"] = used.total + used.hit + 3
                row["cache_hit_tokens"], traps = None, ("counts_contradict",)
            case 6:
                record["target_url"] = "https://api.openai.com/v1/embeddings"
                counted, traps = False, ("not_chat",)
        yield Made(record=record, truth=Truth(**row) if counted else None, traps=traps)


def nano_usd_as_usd(nano_usd: int) -> Decimal:
    """Exactly."""
    return Decimal(nano_usd).scaleb(-9)
