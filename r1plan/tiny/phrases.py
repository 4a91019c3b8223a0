"""Reads text/*.txt: `[section]` headers, one phrase a line, `# ` comments."""

from functools import cache
from pathlib import Path

TEXT = Path(__file__).parent / "text"


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """Every section of text/<name>.txt, in order."""
    return parsed((TEXT / f"{name}.txt").read_text(encoding="utf-8"))


def parsed(text: str) -> dict[str, tuple[str, ...]]:
    """Sections by name."""
    found: dict[str, list[str]] = {"": []}
    section = ""
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]") and "{" not in line:
            section = line[1:-1]
            found[section] = []
        elif line.strip() and not line.startswith("# "):
            found[section].append(line)
    return {name: tuple(lines) for name, lines in found.items() if lines}
