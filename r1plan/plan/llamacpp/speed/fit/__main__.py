"""Fit the constants of cards on the measured rows of a checkout, and say how far they are off."""

from __future__ import annotations

import argparse
from pathlib import Path

from r1plan.plan.llamacpp.speed import constants
from r1plan.plan.llamacpp.speed.fit.cards import fit_cards
from r1plan.plan.llamacpp.speed.fit.report import lines, sources, spreads
from r1plan.plan.llamacpp.speed.fit.rows import MEASURED, SpeedRow, measured_rows
from r1plan.plan.llamacpp.speed.fit.written import constants_module


def _machine(row: SpeedRow) -> object:
    return row.machine


def _file(row: SpeedRow) -> object:
    return row.machine, row.model, row.quant


def main() -> None:
    """Run it as `python -m r1plan.plan.llamacpp.speed.fit`."""
    parser = argparse.ArgumentParser(prog="python -m r1plan.plan.llamacpp.speed.fit", description=__doc__)
    parser.add_argument("--rows", type=Path, default=MEASURED, help="folder of the measured rows (%(default)s)")
    parser.add_argument("--write", action="store_true", help="write the constants beside this package")
    asked = parser.parse_args()
    fit = fit_cards(measured_rows(asked.rows))
    left_out, by_file = fit.refitted_without(_machine), fit.left_out(_file)
    print("\n".join(lines(fit, left_out, by_file)))
    text = constants_module(fit, spreads(fit, left_out, by_file), sources(fit))
    if asked.write:
        Path(constants.__file__).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
