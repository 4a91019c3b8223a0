"""Files are where the interface says they are."""

from __future__ import annotations

from pathlib import Path

from r1plan.settings import Directories, catalog_folders, directories


def test_one_home_holds_everything_when_it_is_set() -> None:
    root = Path("/somewhere")
    assert directories({"R1PLAN_HOME": "/somewhere"}) == Directories(root / "config", root / "data", root / "cache")


def test_without_a_home_the_xdg_directories_are_used() -> None:
    found = directories({"HOME": "/home/ann", "XDG_DATA_HOME": "/data"})
    assert found.logs == Path("/data/r1plan/logs")
    assert found.config == Path("/home/ann/.config/r1plan")
    assert found.cache == Path("/home/ann/.cache/r1plan")


def test_a_relative_xdg_path_is_ignored() -> None:
    assert directories({"HOME": "/home/ann", "XDG_CACHE_HOME": "cache"}).cache == Path("/home/ann/.cache/r1plan")


def test_the_users_catalogue_is_laid_over_ours(home: Path) -> None:
    ours, users = catalog_folders("pricing")
    assert ours == Path(__file__).parent.parent / "pricing"
    assert users == home / "config" / "pricing"
