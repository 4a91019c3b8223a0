"""What is known of hardware: the families, or the rows that a word finds, each on one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from r1plan.catalog.hardware import Accelerator, AppleChip, CpuSheet
from r1plan.hardware.names.listing import Family, KnownHardware
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count
from r1plan.render.text.wrap import wrapped

_UNSOURCED = "~"
_LEAST_NAME_CELLS = 20


def family_lines(families: Sequence[Family], cards: int, processors: int, width: int) -> Iterator[str]:
    """The families for a terminal of `width` columns, after one sentence on how to see the rows that there are."""
    yield from wrapped(
        f"{count(cards, 'graphics card')} and chips and {count(processors, 'processor')} are known; "
        "r1plan hardware WORD lists those with that word in their name.",
        width,
    )
    yield ""
    of_cards = [_family_row(each) for each in families if each.kind == "card"]
    of_processors = [_family_row(each) for each in families if each.kind == "processor"]
    rows = [("WORD", "rows", "memory", "bandwidth"), *of_cards, ("", "", "", ""), *of_processors]
    yield from _table(rows, "<>>>", width)


def _family_row(family: Family) -> tuple[str, ...]:
    memory = _span(family.memory_gib, "GiB") if family.memory_gib else ""
    bandwidth = _span(family.bandwidth_gb_s, "GB/s") if family.bandwidth_gb_s else ""
    return family.word, f"{family.count}", memory, bandwidth


def known_lines(known: KnownHardware, width: int) -> Iterator[str]:
    """The rows for a terminal of `width` columns, cards before processors, and what the marks mean."""
    if known.cards:
        yield from _table([_card_row(each) for each in known.cards], "<>><", width)
    if known.cards and known.cpus:
        yield ""
    if known.cpus:
        yield from _table([_cpu_row(each) for each in known.cpus], "<>>><", width)
    if any("bandwidth_gb_s" in each.unsourced for each in known.cards):
        yield ""
        yield from wrapped(f"{_UNSOURCED} is from general knowledge: no source was opened.", width)


def known_document(known: KnownHardware) -> dict[str, Any]:
    """The rows as `r1plan.hardware/1`, with all that the catalogue says of them."""
    return {
        "schema": "r1plan.hardware/1",
        "cards": [asdict(each) for each in known.cards],
        "processors": [asdict(each) for each in known.cpus],
    }


def _card_row(sheet: Accelerator) -> tuple[str, ...]:
    mark = _UNSOURCED if "bandwidth_gb_s" in sheet.unsourced else ""
    bandwidth = "unknown" if sheet.bandwidth_gb_s is None else f"{mark}{sheet.bandwidth_gb_s:,.0f} GB/s"
    if isinstance(sheet, AppleChip):
        return sheet.id, f"{_sizes(sheet.memory_options_gib)} GiB", bandwidth, "unified"
    sizes = sheet.memory_options_gib or ((sheet.vram_gib,) if sheet.vram_gib else ())
    target = sheet.gfx or (f"sm_{sheet.compute_capability.replace('.', '')}" if sheet.compute_capability else "")
    told = [target, "unified" if sheet.unified else "", "laptop" if sheet.laptop else ""]
    memory = f"{_sizes(sizes)} GiB" if sizes else "the RAM's"
    return sheet.id, memory, bandwidth, ", ".join(each for each in told if each)


def _cpu_row(sheet: CpuSheet) -> tuple[str, ...]:
    instructions = "AMX" if sheet.amx else "AVX-512" if sheet.avx512 else "AVX2" if sheet.avx2 else ""
    return (
        sheet.name,
        count(sheet.cores, "core"),
        f"{sheet.channels} x {sheet.memory_type}-{sheet.mt_s}",
        f"{sheet.bandwidth_gb_s:,.0f} GB/s",
        instructions,
    )


def _sizes(sizes: Sequence[float]) -> str:
    """The sizes it is sold with: "24", "36 or 48", "48 to 128" of more."""
    if len(sizes) > 2:
        return f"{min(sizes):g} to {max(sizes):g}"
    return " or ".join(f"{each:g}" for each in sizes)


def _span(figures: tuple[float, float], unit: str) -> str:
    least, most = figures
    return f"{least:,.0f} {unit}" if round(least) == round(most) else f"{least:,.0f} to {most:,.0f} {unit}"


def _table(rows: Sequence[Sequence[str]], sides: str, width: int) -> Iterator[str]:
    """The rows, each on one line: where they are too wide, the names give way, and then the ends."""
    widths = column_widths(rows)
    room = max(widths[0] - max(0, table_width(widths) - width), _LEAST_NAME_CELLS)
    rows = [(_cut(name, room), *rest) for name, *rest in rows]
    widths = column_widths(rows)
    return (_cut(table_row(row, widths, sides), width) for row in rows)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 1)] + "…"
