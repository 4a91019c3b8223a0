"""Each kind of warning has its sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest

from r1plan.render.spend.warnings import reason, warning_text
from r1plan.report.spend import ReportWarning, WarningKind


@pytest.mark.parametrize("kind", get_args(WarningKind))
def test_every_kind_of_warning_has_a_sentence(kind: WarningKind) -> None:
    text = warning_text(ReportWarning(kind=kind, count=2, file="log.jsonl", line=7, tool="litellm", ids=("a", "b")))
    assert text.endswith(".")
    assert "{" not in text


@pytest.mark.parametrize(("currency", "sign"), [("USD", "$"), ("CNY", "¥"), (None, "$")])
def test_a_bill_that_differs_is_told_in_its_currency(currency: str | None, sign: str) -> None:
    bill = ReportWarning(
        kind="bill_differs", provider="p", model="m", currency=currency, reported_usd=Decimal(3), priced_usd=Decimal(2)
    )
    assert warning_text(bill) == f"p's bills say {sign}3.00, our prices {sign}2.00, for 1 request to m."
    assert reason(bill) is None


def test_names_in_a_warning_are_no_part_of_its_wording() -> None:
    text = warning_text(ReportWarning(kind="bad_line", file="{tool}.jsonl", line=7, os_error="{ids}"))
    assert text == "{tool}.jsonl:7: left out: {ids}."
