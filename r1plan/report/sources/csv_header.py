"""Where the header of a CSV stands, what it is separated by, and which columns it names."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass

_SEPARATORS = (",", ";", "\t", "|")
_LOOKED_AT_LINES = 12


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """The columns of a CSV in order, as it spells them, the separator, and how many lines stand above the header."""

    columns: tuple[str, ...]
    separator: str
    lines_above: int


def csv_header(text: str, wanted: Collection[str]) -> CsvHeader | None:
    """The header in `text`, the beginning of a file: the line that names most of `wanted`, by `column_key`.

    None where no line has two columns. Of lines that name equally many the first counts.
    """
    keys = {column_key(name) for name in wanted}
    best: tuple[int, CsvHeader] | None = None
    for above, line in enumerate(text.removeprefix("\ufeff").splitlines()[:_LOOKED_AT_LINES]):
        for separator in _SEPARATORS:
            columns = _cells(line, separator)
            if len(columns) < 2:
                continue
            named = len(keys & {column_key(each) for each in columns})
            better = best is None or named > best[0]
            if better or (best and named == best[0] == 0 and above == 0 and len(columns) > len(best[1].columns)):
                best = named, CsvHeader(columns, separator, above)
    return best[1] if best else None


def column_key(name: str) -> str:
    """A column's name as two exports of one tool have it in common: in small letters, without blanks around it."""
    return name.strip().strip('"').strip().casefold()


def _cells(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=separator), ()))
    except csv.Error:
        return ()
