"""A spend report as charges of FOCUS 1.2, the FinOps Open Cost and Usage Specification, as CSV.

A row is what a day's usage of one kind cost at one unit price: https://focus.finops.org/focus-specification/v1-2/.
The rows add up to the report's cost. Requests whose cost is not known have rows of their own, without it: FOCUS wants a
cost in each, and 0 would be a lie. `x_CostLow` and `x_CostHigh` are their bounds. A log knows no account, so that the
provider stands for it; the list price is what is billed. An empty cell is a null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from csv import writer
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

from r1plan.money import exact
from r1plan.render.text.cell import harmless_cell
from r1plan.render.text.sanitize import one_line
from r1plan.report.series.charges import Charge, ChargeKind
from r1plan.report.spend import SpendReport

COLUMNS = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency"),
    *("ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost"),
    *("ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory"),
    *("PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
    *("ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags"),
    *("x_ApiKeyName", "x_CostHigh", "x_CostLow", "x_Model", "x_ServedModel", "x_UsageKind"),
)
_METERS: Mapping[ChargeKind, str] = {
    "fresh_input": "Fresh Input Tokens",
    "cached_input": "Cached Input Tokens",
    "thinking": "Thinking Tokens",
    "answer": "Answer Tokens",
    "output": "Output Tokens",
    "requests": "Requests",
    "electricity": "Electricity",
    "uncertain": "Requests Of Uncertain Cost",
    "unpriced": "Requests Without A Price",
    "uncosted": "Requests Without A Cost",
}
# The others are of tokens.
_UNITS: Mapping[ChargeKind, str] = {
    "requests": "Requests",
    "electricity": "Wh",
    **dict.fromkeys(("uncertain", "unpriced", "uncosted"), "Requests"),
}


def spend_focus(report: SpendReport) -> str:
    """The charges of the report, which must hold them, with a line of names."""
    text = StringIO()
    table = writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    zone = ZoneInfo(report.period.timezone)
    for charge in report.charges:
        cells = _cells(charge, report.currency, zone)
        table.writerow([cells.get(name) for name in COLUMNS])
    return text.getvalue()


def _cells(charge: Charge, currency: str, zone: ZoneInfo) -> dict[str, str | None]:
    """The columns that have a value."""
    provider, model = harmless_cell(charge.provider), harmless_cell(charge.model)
    month = charge.day.replace(day=1)
    usd, unit_price, quantity, low, high = (
        None if each is None else exact(each)
        for each in (charge.usd, charge.unit_usd, charge.quantity, charge.low_usd, charge.high_usd)
    )
    unit = _UNITS.get(charge.kind, "Tokens") if quantity is not None else None
    sku = f"{provider}/{model}/{charge.kind}"
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), usd),
        **dict.fromkeys(("BillingAccountId", "InvoiceIssuerName", "ProviderName", "PublisherName"), provider),
        "BillingCurrency": currency,
        "BillingPeriodStart": _instant(month, zone),
        "BillingPeriodEnd": _instant((month + timedelta(days=32)).replace(day=1), zone),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{model}: {_METERS[charge.kind].lower()}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": _instant(charge.day, zone),
        "ChargePeriodEnd": _instant(charge.day + timedelta(days=1), zone),
        **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), quantity),
        **dict.fromkeys(("ConsumedUnit", "PricingUnit"), unit),
        **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), unit_price),
        "PricingCategory": "Other" if charge.price_id is None else "Standard",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Local inference" if charge.provider == "local" else provider,
        "ServiceSubcategory": "Generative AI",
        "SkuId": sku,
        "SkuMeter": _METERS[charge.kind],
        "SkuPriceId": sku if unit_price is None else f"{charge.price_id or provider}/{charge.kind}={unit_price}",
        **dict.fromkeys(("SubAccountId", "SubAccountName"), _cell(charge.project)),
        "Tags": _tags(charge.tags),
        "x_ApiKeyName": _cell(charge.key),
        "x_CostHigh": high,
        "x_CostLow": low,
        "x_Model": model,
        "x_ServedModel": _cell(charge.served),
        "x_UsageKind": charge.kind,
    }


def _cell(text: str | None) -> str | None:
    return harmless_cell(text) if text is not None and text.strip() else None


def _tags(document: str | None) -> str | None:
    """The tags as an object of texts, in the order of their names."""
    if document is None:
        return None
    tags = {
        one_line(str(name)): None if value is None else one_line(str(value))
        for name, value in json.loads(document).items()
    }
    return json.dumps(tags, ensure_ascii=False, sort_keys=True)


def _instant(day: date, zone: ZoneInfo) -> str:
    """Midnight of `day` in `zone`, as FOCUS writes an instant."""
    at = datetime.combine(day, time.min, zone).astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
