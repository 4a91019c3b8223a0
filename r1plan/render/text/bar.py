"""A quantity as a bar of characters, each part in a character of its own: no part is told by its colour alone."""

from __future__ import annotations

from collections.abc import Sequence


def bar(parts: Sequence[tuple[str, int]], columns: int) -> str:
    """`parts`, each a character and a size, side by side on `columns` columns.

    Each takes its share, and a column at least where it is above zero and there are columns enough.
    """
    some = [(character, size) for character, size in parts if size > 0]
    total = sum(size for _, size in some)
    if not total:
        return " " * columns
    least = 1 if len(some) <= columns else 0
    cells = [max(int(size * columns / total), least) for _, size in some]
    exact = [size * columns / total for _, size in some]
    # What rounding left over goes to those that lost most by it; what the small ones took comes from those that gained.
    while (over := sum(cells) - columns) < 0:
        cells[max(range(len(cells)), key=lambda each: exact[each] - cells[each])] += 1
    for _ in range(over):
        larger = [each for each, number in enumerate(cells) if number > least]
        cells[max(larger, key=lambda each: cells[each] - exact[each])] -= 1
    return "".join(character * number for (character, _), number in zip(some, cells, strict=True))
