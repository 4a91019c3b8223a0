"""The measured servers that tests fit and judge on."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from r1plan.catalog.load import load_hardware
from r1plan.plan.serving.fit.design import Made, made_of
from r1plan.plan.serving.fit.rows import MeasuredServers, measured_of
from tests.plan.catalogue import MODELS

TABLE = Path(__file__).parents[2] / "measured" / "server_speeds.csv"


@cache
def measured() -> MeasuredServers:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return measured_of(csv.DictReader(line for line in lines if not line.startswith("#")))


@cache
def made() -> tuple[Made, ...]:
    return tuple(made_of(measured().rows, MODELS, load_hardware().gpus))
