"""The schemas for editors are those of the types, and every file of ours points to its own."""

from __future__ import annotations

import json

import pytest

from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.schema import folder, schemas
from tests.catalog.ours import our_files

OURS = [
    *((each, "model") for each in our_files("profiles", "models")),
    *((each, "hardware") for each in our_files("profiles", "hardware")),
    *((each, "cpu") for each in our_files("profiles", "hardware/cpus")),
    *((each, "dialect") for each in our_files("profiles", "dialects")),
    *((each, "provider") for each in our_files("profiles", "providers")),
    *((each, "route") for each in our_files("profiles", "routes")),
    *((each, "forecast") for each in our_files("profiles") if each.path.stem == "forecast"),
    *((each, "rentals") for each in our_files("profiles") if each.path.stem == "rentals"),
    *((each, "served-scores") for each in our_files("profiles") if each.path.stem == "served-scores"),
    *((each, "price-list") for each in our_files("pricing")),
    *((each, "calendar") for each in our_files("pricing", "calendars")),
]


@pytest.mark.parametrize("name", schemas())
def test_the_written_schema_is_up_to_date(name: str) -> None:
    written = (folder() / f"{name}.json").read_text("utf-8")
    assert written == schemas()[name], "run: python -m r1plan.catalog.schema"


def test_no_other_schema_lies_about() -> None:
    assert {each.stem for each in folder().iterdir()} == set(schemas())


@pytest.mark.parametrize(("file", "name"), OURS, ids=[each.label for each, _ in OURS])
def test_a_file_points_an_editor_to_its_schema(file: CatalogFile, name: str) -> None:
    first = file.path.read_text("utf-8").splitlines()[0]
    target = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.path.parent / target).resolve() == (folder() / f"{name}.json").resolve()


def test_an_editor_is_told_that_prices_are_text_and_fields_are_closed() -> None:
    rates = json.loads(schemas()["price-list"])["$defs"]["Rates"]
    assert rates["properties"]["output"] == {"pattern": r"^[0-9]+(\.[0-9]+)?$", "title": "Output", "type": "string"}
    assert rates["additionalProperties"] is False


def test_an_editor_is_told_that_a_count_may_be_a_sum() -> None:
    paths = json.loads(schemas()["dialect"])["$defs"]["UsagePaths"]
    text = {"pattern": r"^[^\s.]+(\.[^\s.]+)*$", "type": "string"}
    (way, _) = paths["properties"]["input"]["anyOf"]
    assert way["items"]["anyOf"] == [text, {"items": text, "minItems": 1, "type": "array"}]
