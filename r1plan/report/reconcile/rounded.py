"""What the rounding of a bill's amounts explains, and what nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from r1plan.report.reconcile.remainder import Remainder
from r1plan.report.reconcile.result import BillDifference
from r1plan.report.reconcile.sides import BillLine

_ZERO = Decimal(0)
_HALF = Decimal("0.5")
_FEWEST_ALIKE, _TENTHS = 4, 8
# Of amounts with more decimals the last are what binary numbers leave.
_FEWEST_DECIMALS, _MOST_DECIMALS = 2, 9


def money_unit(lines: Iterable[BillLine]) -> Decimal:
    """To what the amounts of a bill are rounded: the last decimal that any of them has, of 2 to 9."""
    decimals = _FEWEST_DECIMALS
    for line in lines:
        if line.item == "money" and line.usd:
            exponent = line.usd.normalize().as_tuple().exponent
            decimals = max(decimals, -exponent if isinstance(exponent, int) else 0)
    return Decimal(1).scaleb(-min(decimals, _MOST_DECIMALS))


def close(remainders: Sequence[Remainder], unit_usd: Decimal) -> None:
    """Add the last line to each of `remainders`: rounding, where all amounts rounded alike explain it; or nothing does.

    Amounts are rounded to the nearest `unit_usd`, or all down or all up where that explains most of several.
    """
    rest = [(left, usd, left.cell.figures * unit_usd) for left in remainders if (usd := left.unexplained_usd)]
    told = [abs(usd) <= most * _HALF for _, usd, most in rest]
    for is_so in (
        [-most < usd < _ZERO for _, usd, most in rest],
        [_ZERO < usd < most for _, usd, most in rest],
    ):
        if sum(is_so) > sum(told) and sum(is_so) >= _FEWEST_ALIKE and 10 * sum(is_so) >= _TENTHS * len(rest):
            told = is_so
    for (left, usd, _), is_rounding in zip(rest, told, strict=True):
        line = BillDifference(cause="rounding", day=left.day, model=left.cell.model, usd=usd, unit_usd=unit_usd)
        if not is_rounding:
            # Where all tokens agree and no price is told, the price is what differs.
            is_price = left.cell.has_tokens and not left.cell.is_priced and not any(each.tokens for each in left.lines)
            line = replace(line, cause="price" if is_price else "unexplained", unit_usd=None)
        left.add(line)
