"""CONTRIBUTING.md cannot lie: what it names is there, and every package is on its map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`((?:r1plan|tests|profiles|pricing)/[^`<]*)`", TEXT)))
ERRANDS = ("A provider", "An architecture", "A hardware row", "A price", "A command", "An importer")


@pytest.mark.parametrize("path", NAMED)
def test_a_file_that_is_named_exists(path: str) -> None:
    found = ROOT / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


@pytest.mark.parametrize("errand", ERRANDS)
def test_an_errand_names_its_files(errand: str) -> None:
    paragraph = TEXT.split(f"**{errand}.**")[1].split("\n\n")[0]
    assert re.search(r"`(?:r1plan|profiles|pricing)/", paragraph)


def test_every_package_is_on_the_map() -> None:
    packages = {f"r1plan/{path.parent.name}/" for path in (ROOT / "r1plan").glob("*/__init__.py")}
    assert packages <= set(NAMED)


def test_the_map_and_the_errands_are_one_page() -> None:
    assert len(TEXT.splitlines()) <= 80
