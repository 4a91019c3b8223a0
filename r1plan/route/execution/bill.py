"""A provider's own bill in the row of a request. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.schema import MONEY_DIGITS

BILL_DIFFERS = "bill_differs"

# A bill and a price may round differently.
_SAME_SHARE, _SAME_USD = Decimal("0.01"), Decimal("0.000001")


def as_logged(usd: Decimal | None) -> Decimal | None:
    """`usd` to as many places as a report adds up: a server that counts in binary fractions sends more."""
    return None if usd is None else round(usd, MONEY_DIGITS).normalize()


def with_bill(entry: UsageEntry, *, whole: bool) -> UsageEntry:
    """`entry` with what its bill says: its cost where no price is known, else one of the bounds of its cost.

    `whole`: the request has come to its end, so that nothing is billed after that.
    """
    bill, cost, low, high = entry.reported_usd, entry.cost_usd, entry.cost_low_usd, entry.cost_high_usd
    if bill is None:
        return entry
    if cost is None:
        if low is None:
            low, high = bill, bill if whole else None
        cost, flags = bill, entry.flags
    else:
        differs = abs(bill - cost) > max(_SAME_USD, _SAME_SHARE * max(bill, cost))
        flags = (*entry.flags, BILL_DIFFERS) if differs else entry.flags
    return replace(
        entry,
        cost_usd=cost,
        cost_low_usd=low if low is None else min(low, bill),
        cost_high_usd=high if high is None else max(high, bill),
        flags=flags,
    )


def differs(entry: UsageEntry) -> bool:
    """Whether the bill and the price of a row tell two costs."""
    return BILL_DIFFERS in entry.flags
