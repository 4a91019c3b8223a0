"""The numbers of a header under its architecture's keys, each checked where it is read."""

from __future__ import annotations

from r1plan.errors import EngineError
from r1plan.models.gguf.file import Gguf
from r1plan.models.gguf.header import Items, shown

_MOST = 1 << 31


class Numbers:
    """Reads `gguf` under the keys of `architecture`."""

    def __init__(self, gguf: Gguf, architecture: str) -> None:
        self.gguf, self.architecture = gguf, architecture

    def number(self, key: str, *, least: int = 1, most: int = _MOST, default: int | None = None) -> int:
        """The whole number of that key, the largest of a list by layer. Raises EngineError."""
        value = self.gguf.metadata.get(self._full(key), default)
        if isinstance(value, Items):
            value = max(value.values, default=None)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(key, f"expected a whole number from {least} to {most:,}, got {shown(value)}")
        return value

    def list(self, key: str) -> tuple[int, ...]:
        """The whole numbers of that key, by layer. Raises EngineError."""
        value = self.gguf.metadata.get(self._full(key))
        held = value.values if isinstance(value, Items) else ()
        numbers = tuple(each for each in held if isinstance(each, int))
        if not numbers or len(numbers) != len(held):
            raise self.wrong(key, f"expected a list of whole numbers, got {shown(value)}")
        return numbers

    def has(self, key: str) -> bool:
        """Whether the header says something under that key."""
        return self._full(key) in self.gguf.metadata

    def wrong(self, key: str, why: str) -> EngineError:
        """The error for what stands under that key."""
        return EngineError(
            f"{self.gguf.name}: {self._full(key)}: {why}.", "the file's metadata are incomplete; choose another"
        )

    def _full(self, key: str) -> str:
        return f"{self.architecture}.{key}"
