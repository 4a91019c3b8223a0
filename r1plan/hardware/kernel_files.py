"""Files of /proc and /sys: small, and any of them may be missing, unreadable or empty."""

from __future__ import annotations

from pathlib import Path


def text(path: Path) -> str | None:
    """The file's text without surrounding blanks, or None when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def integer(path: Path) -> int | None:
    """The whole number that the file holds, decimal or 0x hexadecimal, or None."""
    found = text(path)
    try:
        return None if found is None else int(found, 0)
    except ValueError:
        return None


def key_values(path: Path, separator: str | None = None) -> dict[str, str]:
    """Lines of `key<separator>value` (blanks by default) as a mapping; {} when there is no such file."""
    pairs = (line.split(separator, 1) for line in (text(path) or "").splitlines())
    return {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}
