"""Bytes as a line over the cells of the KV cache, which can be solved for."""

from __future__ import annotations

from typing import NamedTuple


class LinearBytes(NamedTuple):
    """Bytes as a line over the cells of the KV cache."""

    fixed_bytes: int
    bytes_per_cell: int

    def at(self, cells: int) -> int:
        """The bytes at `cells`."""
        return self.fixed_bytes + self.bytes_per_cell * cells

    def plus(self, other: LinearBytes) -> LinearBytes:
        """Both at once."""
        return LinearBytes(self.fixed_bytes + other.fixed_bytes, self.bytes_per_cell + other.bytes_per_cell)

    def times(self, number: int) -> LinearBytes:
        """So many of them."""
        return LinearBytes(self.fixed_bytes * number, self.bytes_per_cell * number)
