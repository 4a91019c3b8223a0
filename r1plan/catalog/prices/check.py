"""`prices check`: every file that the user may have written, read one by one, so that one wrong file hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from r1plan.catalog import assemble
from r1plan.catalog.budgets import load_budgets
from r1plan.catalog.hardware import CpuFile, HardwareFile
from r1plan.catalog.load import load_dialects
from r1plan.catalog.model import Model
from r1plan.catalog.policy import Route
from r1plan.catalog.price import Holidays, PriceList
from r1plan.catalog.prices.rules import Problem, errors_of, notes_on, unknown_calendars
from r1plan.catalog.priors import load_priors
from r1plan.catalog.provider import Dialect, Provider
from r1plan.catalog.quality import load_quant_tables
from r1plan.catalog.reading.files import CatalogFile, files_of
from r1plan.catalog.reading.parse import line_of
from r1plan.catalog.reading.validate import load_file
from r1plan.catalog.rentals import load_rentals
from r1plan.catalog.served_scores import load_served_scores
from r1plan.errors import CatalogError
from r1plan.settings import directories

_CALENDARS = "calendars"
# What is one file, which a user's own of the same name replaces or adds to.
_SINGLE_FILES: dict[str, Callable[[], object]] = {
    "forecast": load_priors,
    "quant-quality": load_quant_tables,
    "rentals": load_rentals,
    "served-scores": load_served_scores,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `label` names the file; `line` is None where it is not known. A note does no harm."""

    label: str
    line: int | None
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """The outcome over `files` files with `rows` prices."""

    files: int
    rows: int
    findings: tuple[Finding, ...]

    @property
    def has_errors(self) -> bool:
        """Whether any of it cannot be used as it is."""
        return any(each.is_error for each in self.findings)


def check_prices(path: Path | None, at: datetime, stale_days: int) -> PriceCheck:
    """Check all price lists and calendars in use, or those of `path`: a file, or a folder like `pricing`.

    Without `path` the user's providers, hardware, routes, models, dialects and budgets are checked too.

    A list is stale when it was checked more than `stale_days` days before `at`. Raises CatalogError when `path` holds
    no YAML file.
    """
    lists, calendars = _in_use() if path is None else _given(path)
    own, findings = _own_files() if path is None else (0, [])
    holidays: dict[str, Holidays] = {}
    ours = () if path is None else _readable(files_of("pricing", _CALENDARS))
    for file in (*ours, *calendars):
        try:
            holidays = _with(holidays, assemble.holidays([file]))
        except CatalogError as error:
            findings.append(_unreadable(file, error))
    rows = 0
    for file in lists:
        try:
            prices = load_file(PriceList, file)
        except CatalogError as error:
            findings.append(_unreadable(file, error))
            continue
        rows += len(prices.prices)
        findings += _found(file, errors_of(prices, file.path.stem), is_error=True)
        findings += _found(file, unknown_calendars(prices, holidays), is_error=True)
        findings += _found(file, notes_on(prices, holidays, at, stale_days), is_error=False)
    return PriceCheck(len(lists) + len(calendars) + own, rows, tuple(findings))


def _in_use() -> tuple[Sequence[CatalogFile], Sequence[CatalogFile]]:
    return files_of("pricing"), files_of("pricing", _CALENDARS)


def _own_files() -> tuple[int, list[Finding]]:
    """How many other files of the catalogue the user has, and what is wrong with them, each for itself and together."""
    folder = directories().config
    found = [
        _own(Provider, "providers", lambda files: assemble.providers(files, load_dialects())),
        _own(HardwareFile, "hardware", assemble.hardware),
        _own(CpuFile, "hardware/cpus", assemble.cpus),
        _own(Route, "routes", assemble.routes),
        _own(Model, "models", assemble.models),
        _own(Dialect, "dialects", assemble.dialects),
    ]
    for stem, load in _SINGLE_FILES.items():
        if any(file.path.is_relative_to(folder) for file in files_of("profiles", stem=stem)):
            found.append((1, _wrong(load)))
    found.append((int((folder / "budgets.yaml").exists()), _wrong(lambda: load_budgets(folder))))
    # A wrong dialect is in the way of every provider too.
    return sum(number for number, _ in found), list(dict.fromkeys(each for _, findings in found for each in findings))


def _own(kind: type, part: str, together: Callable[[list[CatalogFile]], object]) -> tuple[int, list[Finding]]:
    """The same of one part of `profiles`; what cannot be read alone is left out of what is read together."""
    number = 0
    readable: list[CatalogFile] = []
    findings: list[Finding] = []
    for file in files_of("profiles", part):
        if file.path.is_relative_to(directories().config):
            number += 1
            try:
                load_file(kind, file)
            except CatalogError as error:
                findings.append(_unreadable(file, error))
                continue
        readable.append(file)
    return number, [*findings, *_wrong(lambda: together(readable))]


def _wrong(load: Callable[[], object]) -> list[Finding]:
    """What `load` raises, as a list of one finding."""
    try:
        load()
    except CatalogError as error:
        label = error.message.removesuffix(error.problem).removesuffix(": ")
        return [Finding(label, error.line, error.problem.removesuffix("."), is_error=True)]
    return []


def _given(path: Path) -> tuple[Sequence[CatalogFile], Sequence[CatalogFile]]:
    if path.is_dir():
        lists = [CatalogFile(each, str(each)) for each in sorted(path.glob("*.y*ml"))]
        calendars = [CatalogFile(each, str(each)) for each in sorted(path.glob(f"{_CALENDARS}/*.y*ml"))]
        if not lists and not calendars:
            raise CatalogError(
                f"{path}: holds no YAML file.", "a price list is called after its provider: deepseek.yaml"
            )
        return lists, calendars
    file = CatalogFile(path, str(path))
    return ([], [file]) if path.parent.name == _CALENDARS else ([file], [])


def _readable(files: Sequence[CatalogFile]) -> Sequence[CatalogFile]:
    """Those of `files` that hold a calendar: the others are not what is being checked."""
    found = []
    for file in files:
        try:
            assemble.holidays([file])
        except CatalogError:
            continue
        found.append(file)
    return found


def _with(known: Mapping[str, Holidays], added: Mapping[str, Holidays]) -> dict[str, Holidays]:
    merged = dict(known)
    for name, calendar in added.items():
        if old := merged.get(name):
            calendar = Holidays(old.days | calendar.days, max(old.known_until, calendar.known_until))
        merged[name] = calendar
    return merged


def _unreadable(file: CatalogFile, error: CatalogError) -> Finding:
    return Finding(file.label, error.line, error.problem.removesuffix("."), is_error=True)


def _found(file: CatalogFile, problems: Iterator[Problem], *, is_error: bool) -> Iterator[Finding]:
    for each in problems:
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in each.location).lstrip(".")
        yield Finding(file.label, line_of(file, each.location), f"{where}: {each.text}", is_error)
