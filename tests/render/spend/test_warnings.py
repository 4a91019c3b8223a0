"""Each kind of warning has its sentence."""

from __future__ import annotations

from typing import get_args

import pytest

from r1plan.render.spend.warnings import warning_text
from r1plan.report.spend import ReportWarning, WarningKind


@pytest.mark.parametrize("kind", get_args(WarningKind))
def test_every_kind_of_warning_has_a_sentence(kind: WarningKind) -> None:
    text = warning_text(ReportWarning(kind=kind, count=2, file="log.jsonl", line=7, tool="litellm", ids=("a", "b")))
    assert text.endswith(".")
    assert "{" not in text


def test_names_in_a_warning_are_no_part_of_its_wording() -> None:
    text = warning_text(ReportWarning(kind="bad_line", file="{tool}.jsonl", line=7, os_error="{ids}"))
    assert text == "{tool}.jsonl:7: left out: {ids}."
