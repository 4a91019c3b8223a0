"""What doctor says of measurements: nothing where there are none, and which files hold none."""

from __future__ import annotations

from pathlib import Path

from r1plan.doctor.measured import measured
from r1plan.measurements.stored import store
from r1plan.render.doctor.words import told
from tests.measurements.example import EXAMPLE


def test_nothing_is_said_where_nothing_was_measured(tmp_path: Path) -> None:
    assert measured(tmp_path / "measurements") == ()
    assert measured(tmp_path) == ()


def test_measurements_are_counted(tmp_path: Path) -> None:
    store(tmp_path, EXAMPLE)
    (found,) = measured(tmp_path)
    assert found.state == "ok"
    assert told(found).found == f"1 measurement of this machine in {tmp_path}."


def test_a_damaged_one_is_named_with_what_mends_it(tmp_path: Path) -> None:
    store(tmp_path, EXAMPLE)
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("{}")
    (found,) = measured(tmp_path)
    assert found.state == "note"
    said = told(found)
    assert "; a.json and 1 more cannot be read: " in said.found
    assert said.mend == "r1plan models verify MODEL measures again"
