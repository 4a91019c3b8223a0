"""Files are where the interface says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.errors import UsageError
from r1plan.settings import Directories, catalog_folders, directories, expanded


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


def test_a_home_of_nobody_is_wrong_usage_and_a_file_of_nobody_is_no_file() -> None:
    with pytest.raises(UsageError, match="R1PLAN_HOME is '~no-such-user/x', and there is no such user"):
        directories({"R1PLAN_HOME": "~no-such-user/x"})
    assert expanded(Path("~no-such-user/x")) == Path("~no-such-user/x")


@pytest.mark.parametrize("home", [None, ""])
def test_a_user_without_a_home_is_told_what_to_set(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 9)
    with pytest.raises(UsageError, match="no home directory") as raised:
        directories({} if home is None else {"HOME": home})
    assert "R1PLAN_HOME" in (raised.value.hint or "")
