"""What `r1plan doctor` found, as the JSON document `r1plan.doctor/1`."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from r1plan.doctor.build.offer import BuildOffer
from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.report import Finding, Health
from r1plan.doctor.slow.cause import SlowCause, Slowness
from r1plan.render.doctor.words import told

_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def health_document(health: Health) -> dict[str, Any]:
    """The document. `state` is ok, note or broken; `mend` is null where there is nothing to do.

    `steps` say it step by step, each with the command that is typed, null where there is none. The engine's `build` is
    the one for the cards here, wanted or not; `causes` are what slows models down, with their figures.
    """
    return {"schema": "r1plan.doctor/1", "ok": not health.is_broken, "checks": list(map(_check, health.findings))}


def _check(finding: Finding) -> dict[str, Any]:
    said = told(finding)
    steps = [{"text": step.text, "command": step.command} for step in said.steps]
    found: dict[str, Any] = {
        "check": said.topic,
        "state": finding.state,
        "found": said.found,
        "mend": said.mend,
        "steps": steps,
    }
    if isinstance(finding, InstalledEngine):
        found["build"] = None if finding.offer is None else _build(finding.offer)
    if isinstance(finding, Slowness):
        found["causes"] = [_cause(each) for each in finding.causes]
    return found


def _build(offer: BuildOffer) -> dict[str, Any]:
    return {
        "backend": offer.recipe.backend,
        "command": offer.command,
        "minutes": None if offer.minutes is None else round(offer.minutes, 1),
        "missing": [asdict(each) for each in offer.recipe.missing],
    }


def _cause(cause: SlowCause) -> dict[str, Any]:
    """Its name, as "narrow-link", and its figures."""
    name = _INNER_CAPITAL.sub("-", type(cause).__name__).lower()
    figures = {key: str(value) if key == "path" else value for key, value in asdict(cause).items()}
    return {"cause": name, **figures}
