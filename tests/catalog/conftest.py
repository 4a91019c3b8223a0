"""A user's own catalogue files, written into the test's home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from r1plan.settings import catalog_folders

WriteOwn = Callable[[str, str], Path]


@pytest.fixture
def write_own(home: Path) -> WriteOwn:
    """Writes a text to a path such as `profiles/models/mine.yaml` below the user's config directory."""

    def write(path: str, text: str) -> Path:
        file = home / "config" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def shipped(path: str) -> str:
    """The text of one of our own files, such as `profiles/models/deepseek-r1.yaml`."""
    kind, _, rest = path.partition("/")
    return (catalog_folders(kind)[0] / rest).read_text("utf-8")
