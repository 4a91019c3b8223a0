"""Exports as files: what was billed, as each provider writes it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from r1plan.report.reconcile.sides import DAY_US
from tests.report.reconcile.made import EPOCH, Billed

_TYPES = {"input_miss": "input_cache_miss_tokens", "cache_hit": "input_cache_hit_tokens", "output": "output_tokens"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How DeepSeek's files of some time are written."""

    bom: bool = False
    newline: str = "\n"
    dashes: bool = True
    offset: str | None = None  # of start_time_iso in place of utc_date
    currency: str = "USD"
    decimals: int | None = None
    with_cost: bool = True
    granted: Decimal = Decimal(0)


def deepseek_zip(file: Path, some: Sequence[Billed], how: Dialect = Dialect()) -> Path:
    """An export of what was billed, amounts and costs."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("amount-2025-6.csv", _table(amount_rows(some, how), how))
        if how.with_cost:
            archive.writestr("cost-2025-6.csv", _table(cost_rows(some, how), how))
    return file


def amount_rows(some: Sequence[Billed], how: Dialect) -> list[list[str]]:
    sums: dict[tuple[int, str, str, str, str], int] = defaultdict(int)
    for each in some:
        place = (each.at_us + _shift(how)) // DAY_US, each.model, each.key or "main"
        sums[(*place, "request_count", "")] += 1
        for kind, name in _TYPES.items():
            assert each.rates is not None
            sums[(*place, name, format(each.rates.of(kind), "f"))] += each.tokens(kind)  # type: ignore[arg-type]
    head = ["user_id", *_day_names(how), "model", "api_key_name", "api_key", "type", "price", "amount"]
    return [
        head,
        *(
            ["u-77", *_day(day, how), model, key, "sk-12****89", name, price, str(amount)]
            for (day, model, key, name, price), amount in sums.items()
        ),
    ]


def cost_rows(some: Sequence[Billed], how: Dialect) -> list[list[str]]:
    money: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for each in some:
        money[(each.at_us + _shift(how)) // DAY_US, each.model] += each.usd()
    rows = [["user_id", *_day_names(how), "model", "wallet_type", "cost", "currency"]]
    for (day, model), usd in money.items():
        if how.decimals is not None:
            usd = usd.quantize(Decimal(1).scaleb(-how.decimals))
        granted = min(how.granted, usd)
        if granted:
            rows.append(["u-77", *_day(day, how), model, "GRANTED", format(granted, "f"), how.currency])
        rows.append(["u-77", *_day(day, how), model, "PAID", format(usd - granted, "f"), how.currency])
    return rows


def _shift(how: Dialect) -> int:
    return 0 if how.offset is None else int(how.offset[:3]) * 3_600_000_000


def _day_names(how: Dialect) -> list[str]:
    return ["utc_date"] if how.offset is None else ["start_time_iso", "end_time_iso"]


def _day(day: int, how: Dialect) -> list[str]:
    first, after = (EPOCH + timedelta(days=day + more) for more in (0, 1))
    if how.offset is not None:
        return [f"{at:%Y-%m-%dT%H:%M:%S}{how.offset}" for at in (first, after)]
    return [f"{first:%Y-%m-%d}" if how.dashes else f"{first:%Y%m%d}"]


def _table(rows: Sequence[Sequence[str]], how: Dialect) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=how.newline).writerows(rows)
    return ("\ufeff" if how.bom else "").encode() + text.getvalue().encode()


def activity(some: Sequence[Billed], decimals: int | None = None) -> list[dict[str, object]]:
    """OpenRouter's /activity of what was billed."""
    found: dict[tuple[int, str], list[Billed]] = defaultdict(list)
    for each in some:
        found[each.at_us // DAY_US, each.model].append(each)
    rows: list[dict[str, object]] = []
    for (day, model), its in sorted(found.items()):
        usd = sum((each.usd() for each in its), Decimal(0))
        rows.append(
            {
                "date": f"{EPOCH + timedelta(days=day):%Y-%m-%d}",
                "model": model,
                "model_permaslug": f"{model}-20250120",
                "endpoint_id": "e-1",
                "provider_name": "DeepInfra",
                "workspace_id": None,
                "usage": float(usd if decimals is None else round(usd, decimals)),
                "byok_usage_inference": 0,
                "requests": len(its),
                "prompt_tokens": sum(each.miss + each.hit for each in its),
                "completion_tokens": sum(each.output for each in its),
                "reasoning_tokens": 0,
                "cached_tokens": sum(each.hit for each in its),
            }
        )
    return rows


def activity_json(file: Path, some: Sequence[Billed], decimals: int | None = None) -> Path:
    file.write_text(json.dumps({"data": activity(some, decimals)}))
    return file


def activity_csv(file: Path, some: Sequence[Billed], decimals: int | None = None) -> Path:
    rows = activity(some, decimals)
    with file.open("w", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return file
