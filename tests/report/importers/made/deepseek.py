"""DeepSeek exports as its platform writes them, made of random days.

The shapes: amount files `user_id,utc_date,model,api_key_name,api_key,type,price,amount`, a line a day × model × key ×
type × price with the price per token and none for request_count; cost files
`user_id,utc_date,model,wallet_type,cost,currency`; since August 2026 `start_time_iso,end_time_iso` with an offset, the
end exclusive, in place of `utc_date`. Seen in the zips of the platform's usage page, 2025 to 2026: no BOM or one, LF or
CRLF, days as YYYY-MM-DD or YYYYMMDD, a wallet `Paid` or `Granted`, an account in USD or CNY.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random

PRICES = {
    "USD": {
        "input_cache_miss_tokens": ("0.00000014", "0.00000028"),
        "input_cache_hit_tokens": ("0.0000000028", "0.0000000056"),
        "output_tokens": ("0.00000028", "0.00000056"),
    },
    "CNY": {
        "input_cache_miss_tokens": ("0.000001", "0.000002"),
        "input_cache_hit_tokens": ("0.00000002", "0.000000025"),
        "output_tokens": ("0.000002", "0.0000135"),
    },
}
MODELS = ("deepseek-chat", "deepseek-reasoner", "deepseek-v4-pro")
KEYS = ("laptop", "CI, nightly", "naïve 键", "")


@dataclass(frozen=True)
class Made:
    """The records of an amount file and of the cost file beside it, as their readers find them."""

    amounts: list[dict[str, str]]
    costs: list[dict[str, str]]


def made(
    seed: int,
    *,
    days: int = 12,
    currency: str = "USD",
    account: str = "8ff3052b-a0a5",
    day_format: str = "%Y-%m-%d",
    offset_hours: int | None = None,
    first: date = date(2026, 6, 24),
) -> Made:
    """`days` days of an account; with `offset_hours` in the newer shape, cut at that offset's midnight."""
    random = Random(seed)
    amounts, costs = [], []
    for number in range(days):
        day = first + timedelta(days=number)
        when = _day(day, day_format, offset_hours)
        for model in random.sample(MODELS, random.randint(1, len(MODELS))):
            spent = Decimal(0)
            for name in random.sample(KEYS, random.randint(1, len(KEYS))):
                who = {"user_id": account, **when, "model": model, "api_key_name": name, "api_key": f"sk-{seed}***e267"}
                kinds = random.sample(list(PRICES[currency]), random.randint(1, 3))
                for kind in kinds:
                    # A day on which the price changed has a line for each of its prices.
                    for price in random.sample(PRICES[currency][kind], random.randint(1, 2)):
                        count = random.choice([0, 1, random.randint(2, 5_000), random.randint(10**6, 10**10)])
                        amounts.append({**who, "type": kind, "price": price, "amount": str(count)})
                        spent += Decimal(price) * count
                if random.random() < 0.9:
                    count = random.randint(1, 4_000)
                    amounts.append({**who, "type": "request_count", "price": "", "amount": str(count)})
            costs += _costs(random, {"user_id": account, **when, "model": model}, spent, currency)
    random.shuffle(amounts)
    return Made(amounts, costs)


def _day(day: date, day_format: str, offset_hours: int | None) -> dict[str, str]:
    if offset_hours is None:
        return {"utc_date": day.strftime(day_format)}
    start = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=offset_hours)))
    return {"start_time_iso": start.isoformat(), "end_time_iso": (start + timedelta(days=1)).isoformat()}


def _costs(random: Random, where: dict[str, str], spent: Decimal, currency: str) -> list[dict[str, str]]:
    granted = (spent / 4).quantize(Decimal("1e-16")) if random.random() < 0.3 else Decimal(0)
    parts = {"Paid": spent - granted, "Granted": granted}
    return [
        {**where, "wallet_type": wallet, "cost": f"{part:.16f}", "currency": currency}
        for wallet, part in parts.items()
        if part or wallet == "Paid"
    ]


def as_csv(
    records: Sequence[dict[str, str]], random: Random, *, mark: bool = False, line_end: str = "\n", quoted: bool = False
) -> bytes:
    """`records` as a CSV file, the columns in a random order."""
    names = list(records[0])
    random.shuffle(names)
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(out, names, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(records)
    return (b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode()


def as_zip(export: Made, random: Random, **form: bool) -> bytes:
    """The zip that the platform sends: both files of a period."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("amount-2026-06-24_2026-07-06.csv", as_csv(export.amounts, random, **form))  # type: ignore[arg-type]
        archive.writestr("cost-2026-06-24_2026-07-06.csv", as_csv(export.costs, random, **form))  # type: ignore[arg-type]
    return out.getvalue()
