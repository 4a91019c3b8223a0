"""How fast the last pull came is kept, and nothing else is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.models.pull.rate import keep_rate, measured_rate


def test_a_rate_is_kept_until_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "pulled"
    assert measured_rate(folder) is None
    keep_rate(folder, 100_000_000, 4.0)
    assert measured_rate(folder) == 25e6
    keep_rate(folder, 100_000_000, 2.0)
    assert measured_rate(folder) == 50e6


@pytest.mark.parametrize(("size", "seconds"), [(15_999_999, 1.0), (0, 1.0), (100_000_000, 0.0)])
def test_too_little_tells_nothing(tmp_path: Path, size: int, seconds: float) -> None:
    keep_rate(tmp_path / "pulled", size, seconds)
    assert measured_rate(tmp_path / "pulled") is None


@pytest.mark.parametrize("text", ["", "nan", "inf", "-5", "0", "x" * 500, "1e400"])
def test_what_is_no_rate_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / "rate").write_text(text)
    assert measured_rate(tmp_path) is None


def test_where_it_cannot_be_written_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "pulled").write_text("a file")
    keep_rate(tmp_path / "pulled", 100_000_000, 4.0)
    assert measured_rate(tmp_path / "pulled") is None
