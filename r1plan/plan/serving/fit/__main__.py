"""Fits the constants of servers to measured ones, and says how far they are off: `python -m r1plan.plan.serving.fit`.

--write      writes them to r1plan/plan/serving/speed/fitted.py
--rows FILE  judges the constants as they are written on the rows of another table of the same columns
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from r1plan.catalog.load import load_hardware, load_models
from r1plan.plan.serving.fit.design import Made, made_of
from r1plan.plan.serving.fit.errors import ErrorLine, Predicted, by_fit, error_lines, left_out, quantile
from r1plan.plan.serving.fit.rows import MeasuredServers, measured_of
from r1plan.plan.serving.fit.solve import fitted
from r1plan.plan.serving.fit.write import module_text, spread_of
from r1plan.plan.serving.fit.written import as_written
from r1plan.plan.serving.speed.era import ModelKind

_ROOT = Path(__file__).parents[4]
_TABLE = _ROOT / "tests" / "measured" / "server_speeds.csv"
_MODULE = Path(__file__).parents[1] / "speed" / "fitted.py"
_MANY = 64

Group = Callable[[Predicted], str]
_GROUPS: tuple[tuple[str, Group], ...] = (
    ("system", lambda each: each.made.row.system),
    ("server and kind of model", lambda each: f"{each.made.row.era.server} {each.made.row.era.kind}"),
    ("model", lambda each: f"{each.made.row.model} {each.made.row.dtype}"),
    ("version", lambda each: " ".join(each.made.row.era)),
    ("requests at once", lambda each: f"{each.made.row.at_once:4}"),
)


def main() -> None:
    """Fit, judge, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    for line in _judged(given.rows) if given.rows else _fitted(write=given.write):
        print(line)


def _judged(path: Path) -> Iterator[str]:
    measured = _read(path)
    yield from _unusable(measured)
    yield from _report(by_fit(_made(measured), as_written()))


def _fitted(*, write: bool) -> Iterator[str]:
    measured = _read(_TABLE)
    yield from _unusable(measured)
    made = _made(measured)
    fit = fitted(made)
    for name in sorted(fit.constants):
        yield f"{name:28} {fit.constants[name]:10.4g}  ±{fit.errors[name]:.0%}"
    for era, factor in sorted(fit.eras.items()):
        yield f"{' '.join(era):48} {factor:.2f}"
    yield "\nfitted to these rows"
    yield from _report(by_fit(made, fit))
    for system in sorted({each.row.system for each in made}):
        yield f"\n{system} left out"
        yield from _report(left_out(made, lambda each: each.row.system, system))
    out: dict[ModelKind, list[Predicted]] = {}
    for era in sorted({each.row.era for each in made}):
        out.setdefault(era.kind, []).extend(left_out(made, lambda each: each.row.era, era))
    for kind, predicted in sorted(out.items()):
        yield f"{kind}: nine in ten of rows of a version left out are within {spread_of(predicted):.0%} either way"
    if write:
        _MODULE.write_text(module_text(fit, out), encoding="utf-8")


def _read(path: Path) -> MeasuredServers:
    with path.open(encoding="utf-8", newline="") as lines:
        return measured_of(csv.DictReader(line for line in lines if not line.startswith("#")))


def _made(measured: MeasuredServers) -> list[Made]:
    return made_of(measured.rows, load_models(), {each.id: each for each in load_hardware().gpus.values()})


def _unusable(measured: MeasuredServers) -> Iterator[str]:
    yield f"{len(measured.rows)} rows"
    for why, rows in measured.unusable.items():
        yield f"{rows:6} left out: {why}"


def _report(predicted: Sequence[Predicted]) -> Iterator[str]:
    for title, group in _GROUPS:
        yield f"  time a token by {title}: rows, bias, median error, 90th percentile"
        for line in error_lines(predicted, group):
            yield _line(line)
    many = [each.total_error for each in predicted if each.made.row.at_once == _MANY]
    if many:
        yield f"  tokens a second in all at {_MANY} at once: median error {quantile(many, 0.5):.1%} of {len(many)}"


def _line(line: ErrorLine) -> str:
    return f"    {line.group:40} {line.rows:5} {line.bias:+7.1%} {line.median:7.1%} {line.ninth:7.1%}"


if __name__ == "__main__":
    main()
