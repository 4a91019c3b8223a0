from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.catalog.quality import load_quant_tables
from r1plan.errors import CatalogError
from tests.catalog.ours import MODELS

TABLE = """
tables:
  - id: llama-3-8b
    name: Llama 3 8B
    params: 8030261248
    experts: false
    reference: F16
    source: my own runs
    rows:
      - {quant: Q4_K_M, bits_per_weight: 4.9, perplexity_ratio: %s}
"""


def lay(home: Path, text: str) -> None:
    folder = home / "config" / "profiles"
    folder.mkdir(parents=True)
    (folder / "quant-quality.yaml").write_text(text, encoding="utf-8")


def test_every_table_has_rows_and_never_gains_by_quantising() -> None:
    tables = load_quant_tables()
    general = [table.id for table in tables if not table.models]
    assert general == ["llama-3-8b", "llama-3-70b", "deepseek-r1-0528"]
    own = {model for table in tables for model in table.models}
    assert len(own) == sum(len(table.models) for table in tables)
    assert own <= set(MODELS)
    for table in tables:
        assert table.source
        assert all(row.perplexity_ratio >= 1 and row.bits_per_weight > 1 for row in table.rows)
        assert len({row.quant for row in table.rows}) == len(table.rows)


def test_a_users_table_replaces_ours(home: Path) -> None:
    before = load_quant_tables()
    lay(home, TABLE % "1.5")
    assert [row.perplexity_ratio for row in load_quant_tables()[0].rows] == [1.5]
    assert len(load_quant_tables()) == len(before)


def test_a_wrong_value_is_named_with_its_file_and_field(home: Path) -> None:
    lay(home, TABLE % "much")
    with pytest.raises(CatalogError, match=r"profiles/quant-quality\.yaml: .*perplexity_ratio: expected a number, got"):
        load_quant_tables()
