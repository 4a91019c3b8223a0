"""JSON schemas of the catalogue's files, for editors: `python -m r1plan.catalog.schema` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path

from r1plan.catalog.hardware import CpuFile, HardwareFile
from r1plan.catalog.model import Model
from r1plan.catalog.policy import Route
from r1plan.catalog.price import HolidayCalendar, PriceList
from r1plan.catalog.priors import Priors
from r1plan.catalog.provider import Dialect, Provider
from r1plan.catalog.reading.validate import adapter
from r1plan.catalog.rentals import Rentals
from r1plan.catalog.served_scores import ServedScores
from r1plan.settings import catalog_folders

SHAPES = {
    "model": Model,
    "hardware": HardwareFile,
    "cpu": CpuFile,
    "dialect": Dialect,
    "provider": Provider,
    "route": Route,
    "forecast": Priors,
    "rentals": Rentals,
    "served-scores": ServedScores,
    "price-list": PriceList,
    "calendar": HolidayCalendar,
}


def schemas() -> dict[str, str]:
    """The text of each schema by the name of its file, without `.json`."""
    return {
        name: json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter(shape).json_schema()},
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
        for name, shape in SHAPES.items()
    }


def folder() -> Path:
    """Where our own schemas are: profiles/schemas."""
    return catalog_folders("profiles")[0] / "schemas"


if __name__ == "__main__":
    folder().mkdir(exist_ok=True)
    for file_name, text in schemas().items():
        (folder() / f"{file_name}.json").write_text(text, encoding="utf-8")
