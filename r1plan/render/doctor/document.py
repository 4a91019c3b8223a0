"""What `r1plan doctor` found, as the JSON document `r1plan.doctor/1`."""

from __future__ import annotations

from typing import Any

from r1plan.doctor.report import Health
from r1plan.render.doctor.words import told


def health_document(health: Health) -> dict[str, Any]:
    """The document. `state` is ok, note or broken; `mend` is null where there is nothing to do."""
    checks = []
    for each in health.findings:
        said = told(each)
        checks.append({"check": said.topic, "state": each.state, "found": said.found, "mend": said.mend})
    return {"schema": "r1plan.doctor/1", "ok": not health.is_broken, "checks": checks}
