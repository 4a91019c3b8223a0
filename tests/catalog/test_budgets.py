"""budgets.yaml, which a person edits: amounts to the digit, and errors that name file, field and value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.budgets import Budgets, load_budgets
from r1plan.errors import CatalogError


def written(folder: Path, text: str) -> Path:
    (folder / "budgets.yaml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_there_are_no_budgets(tmp_path: Path) -> None:
    assert load_budgets(tmp_path) is None


def test_the_limits_are_read_to_the_digit(tmp_path: Path) -> None:
    text = 'monthly_usd: "20.50"\nproviders:\n  deepseek: 10\nprojects:\n  search: "0.10"\n'
    assert load_budgets(written(tmp_path, text)) == Budgets(
        monthly_usd=Decimal("20.50"), providers={"deepseek": Decimal(10)}, projects={"search": Decimal("0.10")}
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "monthly_usd: 20.5", r"budgets.yaml: monthly_usd: expected an amount in quotes, '20.5'", id="float"
        ),
        pytest.param('monthly_usd: "ten"', r"monthly_usd: expected an amount of 0 or more.*got 'ten'", id="text"),
        pytest.param("monthly_usd: true", r"monthly_usd: expected an amount", id="true"),
        pytest.param('monthly_usd: "NaN"', r"monthly_usd: expected an amount", id="not a number"),
        pytest.param(
            "providers:\n  deepseek: -1", r"providers.deepseek: expected an amount of 0 or more", id="negative"
        ),
        pytest.param("montly_usd: 5", r"unknown field 'montly_usd', did you mean monthly_usd", id="misspelt"),
        pytest.param("monthly_usd: [", r"budgets.yaml: line 1", id="not YAML"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_a_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=message) as raised:
        load_budgets(written(tmp_path, text))
    assert raised.value.hint
    assert "budgets.yaml" in raised.value.hint
