"""The memory of each device as a bar: what was taken before, what the plan puts there, and what stays free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple

from r1plan.hardware.machine import Machine
from r1plan.render.text.units import card_name, memory_size

PartKind = Literal["others", "weights", "kv_cache", "compute", "overhead", "free"]

# The document's terms in the order in which they lie on the bar.
_TERMS: dict[PartKind, str] = {
    "weights": "weights",
    "kv_cache": "KV cache",
    "compute": "compute buffers",
    "overhead": "overhead",
}
_KINDS = {"host": "Main memory", "unified": "Memory of GPU and processor", "disk": "Disk"}


class BarPart(NamedTuple):
    """One part; `kind` chooses its colour, `begins` and `long` are in per cent of the bar, `remark` tells its basis."""

    kind: PartKind
    name: str
    size: str
    remark: str
    begins: float
    long: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBar:
    """One device, or several that hold the same. `ends` is where its memory ends, in per cent of the bar."""

    title: str
    note: str
    parts: tuple[BarPart, ...]
    ends: float


class _Row(NamedTuple):
    """A row of the document's `memory`, with the device's name and, of a card among several, its number."""

    name: str
    card: str
    fields: Mapping[str, Any]

    @property
    def shown(self) -> tuple[str, ...]:
        """What a person would see of it: rows alike in this share a bar."""
        sizes = {name: size for name, size in self.fields.items() if name.endswith("_bytes")}
        return (self.name, *(f"{name} {memory_size(size)}" for name, size in sizes.items()))


def device_bars(memory: Iterable[Mapping[str, Any]], machine: Machine) -> tuple[DeviceBar, ...]:
    """A bar for each row of the document's `memory`; neighbours in which a person sees no difference share one."""
    return tuple(_bar(list(alike)) for _, alike in groupby(_rows(memory, machine), lambda row: row.shown))


def _rows(memory: Iterable[Mapping[str, Any]], machine: Machine) -> Iterator[_Row]:
    names = {f"gpu{gpu.index}": card_name(gpu.name) for gpu in machine.gpus}
    for fields in memory:
        device = str(fields["device"])
        card = device if len(names) > 1 and device in names else ""
        yield _Row(_KINDS.get(fields["kind"]) or names.get(device, device), card, fields)


def _bar(rows: Sequence[_Row]) -> DeviceBar:
    name, _, fields = rows[0]
    if fields["kind"] == "disk":
        return _disk(name, fields)
    capacity, free, total = fields["capacity_bytes"], fields["free_bytes"], fields["total_bytes"]
    parts: list[tuple[PartKind, str, int, str]] = [("others", "taken already", capacity - free, "")]
    parts += [(term, word, fields[f"{term}_bytes"], fields["basis"][term]) for term, word in _TERMS.items()]
    parts.append(
        ("free", "free", free - total, _margin(memory_size(fields["margin_bytes"]), memory_size(free - total)))
    )
    note = f"{memory_size(total - free)} too much" if total > free else ""
    cards = f" ({rows[0].card}{f' to {rows[-1].card}' if len(rows) > 1 else ''})" if rows[0].card else ""
    number, each = (f"{len(rows)} x ", "each ") if len(rows) > 1 else ("", "")
    title = f"{number}{name}{cards}: {each}{memory_size(total)} of {memory_size(free)} free"
    return _laid_out(title, note, parts, capacity)


def _margin(kept: str, free: str) -> str:
    """How much of what is free is kept so, as it is written."""
    return "" if kept == memory_size(0) else "all kept as a margin" if kept == free else f"with a margin of {kept}"


def _disk(name: str, fields: Mapping[str, Any]) -> DeviceBar:
    read, whole = fields["total_bytes"], fields["capacity_bytes"]
    parts: list[tuple[PartKind, str, int, str]] = [
        ("weights", "experts read when a token needs them", read, fields["basis"]["weights"]),
        ("free", "held in memory", whole - read, ""),
    ]
    return _laid_out(f"{name}: {memory_size(read)} of the file's {memory_size(whole)}", "", parts, whole)


def _laid_out(title: str, note: str, parts: Iterable[tuple[PartKind, str, int, str]], capacity: int) -> DeviceBar:
    """The parts end to end; the bar is as long as the memory, or as what would have to go into it."""
    held = [(kind, name, size, remark) for kind, name, size, remark in parts if size > 0]
    whole = max(capacity, sum(size for _, _, size, _ in held)) or 1
    placed, begins = [], 0
    for kind, name, size, remark in held:
        placed.append(BarPart(kind, name, memory_size(size), remark, _share(begins, whole), _share(size, whole)))
        begins += size
    return DeviceBar(title=title, note=note, parts=tuple(placed), ends=_share(capacity, whole))


def _share(part: int, whole: int) -> float:
    return round(part / whole * 100, 2)
