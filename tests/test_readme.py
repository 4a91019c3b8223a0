"""The README cannot lie: what it shows is what the program prints."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.budgets import Budgets, load_budgets
from r1plan.catalog.load import load_holidays, load_models, load_prices
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.prices.book import PriceBook
from r1plan.units import MIB
from tests import readme
from tests.bench import peers


def test_every_command_of_the_readme_prints_what_stands_under_it(tmp_path: Path) -> None:
    shown = list(readme.commands(readme.README.read_text(encoding="utf-8")))
    assert len(shown) >= 3
    readme.furnish(tmp_path)
    for command, expected in shown:
        assert readme.steady(readme.run(command, str(tmp_path))) == readme.steady(expected), command


def test_the_table_of_peers_is_what_their_formulas_give() -> None:
    assert readme.peers_table(readme.README.read_text(encoding="utf-8")) == peers.markdown()


def test_what_the_program_knows_is_counted() -> None:
    assert readme.known(readme.README.read_text(encoding="utf-8")) == readme.knowledge()


def test_the_peers_miss_by_what_was_found() -> None:
    ratios = {peer.label.split(",")[0]: peer.ratio for peer in peers.PEERS[:-1]}
    assert ratios == pytest.approx(
        {
            "gguf-parser-go 0.25.0": 0.556,
            "Ollama 0.33.0-rc2": 0.194,
            "hf-mem 0.5.6": 0.194,
            "llm-checker 3.8.1": 4.21,
            "whichllm 0.5.21": 7.55,
            "llmfit 1.1.17": 24.9,
        },
        rel=0.005,
    )
    assert peers.PEERS[-1].ratio == pytest.approx(82.0, rel=0.005)


def test_the_peers_are_measured_against_what_we_say_ourselves() -> None:
    shape = load_models()["DeepSeek-R1"].shape
    assert kv_bytes_per_cell(shape, "f16") * peers.CONTEXT == peers.TRUTH_MIB * MIB


def test_the_price_that_the_readme_adds_is_in_force_from_its_instant(home: Path) -> None:
    shown = readme.README.read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(provider:.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    path = home / "config" / "pricing" / "deepseek.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    book = PriceBook(load_prices(), load_holidays())
    start = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
    added = book.price_at("deepseek", "deepseek-flash", start)
    before = book.price_at("deepseek", "deepseek-flash", start.replace(hour=3, minute=59, second=59))
    assert added is not None
    assert before is not None
    assert (added.rates.output, before.rates.output) == (Decimal("0.80"), Decimal("1.2"))


def test_the_budgets_that_the_readme_shows_are_read(tmp_path: Path) -> None:
    shown = readme.README.read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(monthly_usd:.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    (tmp_path / "budgets.yaml").write_text(text, encoding="utf-8")
    assert load_budgets(tmp_path) == Budgets(
        monthly_usd=Decimal(20), providers={"deepseek": Decimal(10)}, projects={"search": Decimal(5)}
    )
