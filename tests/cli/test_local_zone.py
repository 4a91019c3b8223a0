"""The time zone of this computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.cli.local_zone import local_zone


@pytest.mark.parametrize(
    ("given", "zone"),
    [
        pytest.param("Europe/Berlin", "Europe/Berlin", id="a name"),
        pytest.param(":Asia/Tokyo", "Asia/Tokyo", id="as POSIX has it"),
        pytest.param("/usr/share/zoneinfo/America/New_York", "America/New_York", id="a file"),
        pytest.param("CET-1CEST", "UTC", id="no zone's name"),
        pytest.param("../../etc/passwd", "UTC", id="a way out"),
        pytest.param("UTC", "UTC", id="UTC"),
    ],
)
def test_the_environment_goes_first(given: str, zone: str, tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Kolkata\n")
    assert local_zone({"TZ": given}, tmp_path) == zone


def test_else_the_link_of_the_system_says_it_then_its_text_then_nobody(tmp_path: Path) -> None:
    assert local_zone({}, tmp_path) == "UTC"
    (tmp_path / "timezone").write_text("Asia/Kolkata\n")
    assert local_zone({"TZ": ""}, tmp_path) == "Asia/Kolkata"
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert local_zone({}, tmp_path) == "Europe/Berlin"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Nowhere/Land"], ids=["empty", "no text", "unknown"])
def test_what_says_nothing_is_utc(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "timezone").write_bytes(content)
    assert local_zone({}, tmp_path) == "UTC"
