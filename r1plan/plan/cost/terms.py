"""On what terms one has a machine: one's own and only its electricity counts, rented by the hour, or bought."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from r1plan.units import DAYS_A_MONTH

TermsKind = Literal["electricity", "rented", "bought"]

HOURS_A_MONTH = 24 * DAYS_A_MONTH
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTerms:
    """What has to be paid for a machine, in US dollars. `source` says who told the prices, and when.

    "electricity": `usd_per_kwh` alone, for every hour of the month, at work or waiting. "rented": `usd_per_gpu_hour`
    for each card and every hour of the month that is reserved, electricity included. "bought": `purchase_usd` for the
    whole machine over `years`, and electricity. A price that is None was not said: what depends on it is unknown.
    """

    kind: TermsKind
    usd_per_kwh: Decimal | None = None
    usd_per_gpu_hour: Decimal | None = None
    purchase_usd: Decimal | None = None
    years: float | None = None
    source: str = ""
