"""The README cannot lie: what it shows is what the program prints."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.prices.book import PriceBook
from tests import readme


def test_every_command_of_the_readme_prints_what_stands_under_it(tmp_path: Path) -> None:
    shown = list(readme.commands(readme.README.read_text(encoding="utf-8")))
    assert len(shown) >= 3
    readme.furnish(tmp_path)
    for command, expected in shown:
        assert readme.steady(readme.run(command, str(tmp_path))) == readme.steady(expected), command


def test_the_price_that_the_readme_adds_is_in_force_from_its_instant(home: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", readme.README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
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
