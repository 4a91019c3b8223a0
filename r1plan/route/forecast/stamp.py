"""What a log row keeps of a forecast, so that later ones learn from it and the report can check it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from r1plan.ledger.entry import UsageEntry

if TYPE_CHECKING:
    from r1plan.route.forecast.cost import CostForecast
    from r1plan.route.forecast.forecast import PromptFacts


def stamped(entry: UsageEntry, ask: PromptFacts, cost: CostForecast | None) -> UsageEntry:
    """`entry` with what was known of `ask` before it was sent, and what it was expected to `cost` there."""
    return replace(
        entry,
        kind=ask.kind,
        conversation=ask.conversation,
        estimated_input_tokens=ask.estimated_input_tokens,
        forecast_p50_usd=cost.p50_usd if cost else None,
        forecast_p90_usd=cost.p90_usd if cost else None,
    )
