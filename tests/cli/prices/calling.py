"""`r1plan prices` called as a person or a program calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

OWN = """provider: deepseek
checked: 2026-12-02
prices:
  - model: deepseek-flash
    rates: {input_cache_miss: '0.10', input_cache_hit: '0.001', output: '0.40'}
    effective_from: 2026-12-01T04:00:00+08:00
    effective_from_precision: instant
    effective_until: null
    effective_until_precision: open
    sources: [my bill]
    confidence: high
"""
# The group's own app, and an error turned into a message as __main__ does it.
RUN = """
import sys
import typer.main
from r1plan.__main__ import _print_error
from r1plan.cli.prices.command import app
from r1plan.errors import R1PlanError
try:
    typer.main.get_command(app).main(args=sys.argv[1:], prog_name="r1plan prices")
except R1PlanError as error:
    _print_error(error)
    sys.exit(error.exit_code)
"""


def prices(
    *arguments: object, columns: int = 120, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": str(columns), **(environ or {})},
    )


def document(*arguments: object, code: int = 0, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    done = prices(*arguments, "--json", environ=environ)
    assert (done.returncode, done.stderr) == (code, "")
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields
