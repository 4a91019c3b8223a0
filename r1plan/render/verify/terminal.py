"""A verified model for a terminal: the answer, what is off and why, then plan and reality term by term."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.measurements.measurement import Measurement
from r1plan.render.text.table import column_widths, table_row
from r1plan.render.text.wrap import wrapped
from r1plan.render.verify.words import (
    TERM_NAMES,
    device_name,
    disturbed_text,
    kept_text,
    off_texts,
    value_text,
    verdict_text,
)
from r1plan.units import MIB
from r1plan.verify.terms import VerifyTerm, terms_of

_HEADS = ("", "what", "planned", "measured", "off")
_SIDES = "<<>>>"
_NONE = "–"


def verify_lines(measurement: Measurement, width: int, *, is_kept: bool = True) -> Iterator[str]:
    """The lines, at most `width` columns wide where the terminal is not narrower than the table.

    `is_kept`: the readings were stored.
    """
    terms = terms_of(measurement)
    yield from wrapped(verdict_text(measurement), width)
    for text in off_texts(terms, measurement.disturbances):
        yield from wrapped(text, width, first="  ", later="    ")
    if said := disturbed_text(measurement):
        yield from wrapped(said, width, first="  ", later="    ")
    yield ""
    names = {each.device: device_name(measurement, each.device, each.card) for each in measurement.buffers}
    rows = [_HEADS, *_rows(terms, names)]
    widths = column_widths(rows)
    for row in rows:
        yield table_row(row, widths, _SIDES)
    if is_kept:
        yield ""
        yield from wrapped(kept_text(measurement), width)


def _rows(terms: tuple[VerifyTerm, ...], names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    said = ""
    for each in terms:
        if each.planned is None and each.unit == "bytes" and (each.measured or 0) < MIB:
            continue
        group = names.get(each.device or "", "")
        yield (
            group if group != said else "",
            _what(each),
            _NONE if each.planned is None else value_text(each.planned, each.unit),
            _NONE if each.measured is None else value_text(each.measured, each.unit),
            _off(each),
        )
        said = group


def _what(each: VerifyTerm) -> str:
    name = TERM_NAMES[each.what]
    return name if each.depth is None else f"{name}, {each.depth:,} in the cache"


def _off(each: VerifyTerm) -> str:
    share = each.off_share
    if share is None:
        return ""
    mark = " !" if each.is_below or each.is_above else ""
    tenths = f"{share * 100:+.1f} %"
    return f"{'0.0 %' if tenths in ('+0.0 %', '-0.0 %') else tenths}{mark}"
