"""How llama.cpp lays a graph's tensors into one buffer: first the best fitting gap, else the end.

The rules are ggml's at build 0c1e57098 (ggml/src/ggml-alloc.c, ggml_dyn_tallocr_alloc and ggml_dyn_tallocr_free_bytes);
gaps that no later tensor fits are part of what the engine really reserves, so they are part of the prediction.
"""

from __future__ import annotations

_ENDLESS = 1 << 62


class Arena:
    """One buffer being planned. `peak` is the most bytes that were in use at once, gaps included.

    `alignment`: what each tensor's size is rounded up to, a power of two.
    """

    __slots__ = ("_gaps", "alignment", "peak")

    def __init__(self, alignment: int) -> None:
        self.alignment = alignment
        self.peak = 0
        self._gaps = [[0, _ENDLESS]]  # offset and size, by offset; the last one has no end

    def padded(self, size: int) -> int:
        """`size` as it counts here."""
        return (size + self.alignment - 1) & -self.alignment

    def take(self, size: int) -> int:
        """The offset for a tensor of `size` bytes."""
        size = self.padded(size)
        gaps, best, best_size = self._gaps, -1, _ENDLESS
        for number in range(len(gaps) - 1):
            if size <= gaps[number][1] <= best_size:
                best, best_size = number, gaps[number][1]
        gap = gaps[best]
        offset = gap[0]
        gap[0] += size
        gap[1] -= size
        if not gap[1]:
            del gaps[best]
        self.peak = max(self.peak, offset + size)
        return offset

    def give_back(self, offset: int, size: int) -> None:
        """Free `size` bytes at `offset`, joined with the gaps beside it."""
        size = self.padded(size)
        gaps = self._gaps
        number = 0
        while gaps[number][0] < offset:
            number += 1
        after = gaps[number]
        before = gaps[number - 1] if number else None
        if before is not None and before[0] + before[1] == offset:
            before[1] += size
            if offset + size == after[0]:
                before[1] += after[1]
                del gaps[number]
        elif offset + size == after[0]:
            after[0] = offset
            after[1] += size
        else:
            gaps.insert(number, [offset, size])
