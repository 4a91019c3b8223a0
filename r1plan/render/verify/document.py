"""A verified model for a program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from r1plan.measurements.measurement import Measurement
from r1plan.render.verify.words import disturbance_text, off_texts, verdict_text
from r1plan.verify.terms import VerifyTerm, terms_of, verdict_of

SCHEMA = "r1plan.verify/1"
_DIGITS = {"bytes": 0, "tok/s": 3, "s": 3, "W": 1}


def verify_document(measurement: Measurement, stored: Path | None, beside: Measurement | None = None) -> dict[str, Any]:
    """The fields, `schema` first. `stored` is where it was kept; None: nowhere. `beside` is the same in RAM."""
    from msgspec import to_builtins

    terms = terms_of(measurement)
    verdict = verdict_of(terms)
    readings = to_builtins(measurement)
    return {
        "schema": SCHEMA,
        "kind": "file",
        "model": measurement.file.model,
        "quant": measurement.file.quant,
        "text": verdict_text(measurement),
        "verdict": verdict,
        "as_planned": verdict == "as planned",
        "terms": [term_fields(each) for each in terms],
        "off": list(off_texts(terms, measurement.disturbances)),
        "disturbances": [{"what": each, "text": disturbance_text(each)} for each in measurement.disturbances],
        "measured_at": measurement.measured_at,
        "settings": readings["settings"],
        "machine": readings["machine"],
        "engine": readings["engine"],
        "file": readings["file"],
        "stored": None if stored is None else str(stored),
        "measurement": readings,
        "beside": None if beside is None else to_builtins(beside),
    }


def term_fields(each: VerifyTerm) -> Mapping[str, Any]:
    """One figure. `what` names it alone: with its device or its depth."""
    where = f" on {each.device}" if each.device else f" at {each.depth}" if each.depth is not None else ""
    return {
        "what": f"{each.what}{where}",
        "term": each.what,
        "device": each.device,
        "depth": each.depth,
        "planned": _rounded(each, each.planned),
        "measured": _rounded(each, each.measured),
        "unit": each.unit,
        "low": _rounded(each, each.low),
        "high": _rounded(each, each.high),
        "off_share": None if each.off_share is None else round(each.off_share, 4),
        "is_off": each.is_below or each.is_above,
        "basis": each.basis or None,
    }


def _rounded(each: VerifyTerm, value: float | None) -> float | int | None:
    if value is None:
        return None
    return round(value) if each.unit == "bytes" else round(value, _DIGITS[each.unit])
