"""Fireworks' exports with every trap, after its pages "Exporting Billing Metrics" and "Exporting Usage Costs"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.report.importers.made.truth import Made, Truth, counts, micros

MODELS = (
    "accounts/fireworks/models/deepseek-r1-0528",
    "accounts/fireworks/models/deepseek-r1",
    "accounts/me/models/own",
)
OTHERS = ("EMBEDDING_INFERENCE_USAGE", "AUDIO_TRANSCRIPTION_USAGE", "FINE_TUNING_USAGE")
START = datetime(2025, 7, 1, tzinfo=UTC)


def metrics(random: Random, number: int, *, newer: bool) -> Iterator[Made]:
    """`number` lines of `export-metrics`; the newer ones tell what was cached. Some lines are there twice."""
    for index in range(number):
        made = _line(random, index, newer)
        yield made
        if random.random() < 0.1:  # two requests alike
            yield made


def _line(random: Random, index: int, newer: bool) -> Made:
    used, model = counts(random), random.choice(MODELS)
    at = START + timedelta(minutes=97 * index % (730 * 1440))
    written = random.choice(
        (f"{at:%Y-%m-%d %H:%M:%S} UTC", f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S} +0000 UTC")
    )
    record: dict[str, Any] = {
        "email": "a@example.org", "start_time": written, "end_time": written,
        "usage_type": "TEXT_COMPLETION_INFERENCE_USAGE", "accelerator_type": "", "accelerator_seconds": "",
        "base_model_name": model, "model_bucket": "DeepSeek R1", "parameter_count": "671000000000",
        "prompt_tokens": str(used.input), "completion_tokens": str(used.output),
    }  # fmt: skip
    if newer:
        record |= {"cached_prompt_tokens": str(used.hit), "uncached_prompt_tokens": str(used.input - used.hit)}
    row: dict[str, Any] = {
        "id": "", "provider": "fireworks", "model": model, "input_tokens": used.input, "output_tokens": used.output,
        "cache_hit_tokens": used.hit if newer else None, "started_us": micros(at), "ended_us": micros(at),
    }  # fmt: skip
    match random.randrange(10):
        case 0:  # a deployment of one's own: GPUs by the second
            record |= {
                "accelerator_type": "NVIDIA_H200_141GB",
                "accelerator_seconds": "3600.5",
                "usage_type": "DEPLOYMENT",
            }
            return Made(record=record | {"prompt_tokens": "", "completion_tokens": ""}, traps=("gpu_time",))
        case 1:
            return Made(record=record | {"usage_type": random.choice(OTHERS)}, traps=("not_chat",))
        case 2:
            record["base_model_name"] = model.rpartition("/")[2]
            row["model"] = f"accounts/fireworks/models/{record['base_model_name']}"
        case 3 if newer:
            record["uncached_prompt_tokens"] = str(used.input + 1)
            return Made(record=record, truth=Truth(**row | {"cache_hit_tokens": None}), traps=("counts_contradict",))
        case 4:  # a sum of a day
            record["end_time"] = f"{at + timedelta(days=1):%Y-%m-%d %H:%M:%S} UTC"
            return Made(
                record=record,
                truth=Truth(**row | {"requests": None, "ended_us": None, "span_us": 86_400_000_000}),
                traps=("sums_of_requests",),
            )
    return Made(record=record, truth=Truth(**row))


def cost(day: str, value: str, usd: Decimal | str, split: str = "model") -> dict[str, str]:
    """A line of `export-usage-costs`."""
    return {
        "account_id": "me", "date": day, "group_by_dimension": split, "group_by_value": value,
        "subtotal_usd": f"{Decimal(usd):.9f}", "currency": "USD",
    }  # fmt: skip
