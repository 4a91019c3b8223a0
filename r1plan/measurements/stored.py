"""The measurements of this machine on the disk: one JSON file for each machine, file and settings, the newest wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, replace
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.files.private import read_private, write_private

if TYPE_CHECKING:
    from r1plan.measurements.measurement import Measurement

FOLDER = "measurements"
"""Where they are in the data directory."""

_ENDING = ".json"
_MOST_FILES = 1_000
_MOST_BYTES = 1 << 20
_MOST_SECONDS, _MOST_INTEGER = 1e9, 1 << 62


@dataclass(frozen=True, slots=True)
class StoredMeasurements:
    """What is in the folder: the newest first, and the names of files that hold no measurement, with why."""

    found: tuple[Measurement, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()


def store(folder: Path, measurement: Measurement) -> Path:
    """Keep `measurement` in place of an older one of the same machine, file and settings. Gives its path.

    It is whole or not there at all. Raises OSError where it cannot be written.
    """
    from msgspec.json import encode
    from msgspec.json import format as indented

    name = f"{key_of(measurement)}{_ENDING}"
    write_private(folder, name, indented(encode(measurement), indent=1) + b"\n")
    return folder / name


def stored(folder: Path) -> StoredMeasurements:
    """All that `folder` holds; nothing where it is not there. What cannot be read as one is named and left out."""
    try:
        names = sorted(each.name for each in folder.iterdir() if each.name.endswith(_ENDING))
    except OSError:
        return StoredMeasurements()
    found, damaged = [], []
    for name in names[:_MOST_FILES]:
        try:
            found.append(_read(folder, name))
        except (OSError, ValueError, RecursionError, OverflowError) as error:
            damaged.append((name, _why(error)))
    found.sort(key=lambda each: each.measured_at, reverse=True)
    return StoredMeasurements(tuple(found), tuple(damaged))


def key_of(measurement: Measurement) -> str:
    """The same for the same machine, file and settings, whatever its drivers and power limits were."""
    machine = replace(
        measurement.machine,
        cards=tuple(replace(each, driver=None, power_limit_w=None) for each in measurement.machine.cards),
    )
    what = (asdict(machine), measurement.file.digest, asdict(measurement.settings), measurement.engine.backends)
    return sha256(repr(what).encode()).hexdigest()[:32]


def _read(folder: Path, name: str) -> Measurement:
    from msgspec.json import Decoder

    from r1plan.measurements.measurement import Measurement

    content = read_private(folder, name)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"is larger than {_MOST_BYTES >> 20} MiB")
    found = Decoder(Measurement).decode(content)
    if found.measured_at.tzinfo is None:
        raise ValueError("measured_at: expected an instant with its offset")
    for what, figure in _figures(found):
        if not (isfinite(figure) and 0 <= figure <= _MOST_INTEGER):
            raise ValueError(f"{what}: {figure!r} cannot be")
    if any(not 0 < each.seconds_a_token <= _MOST_SECONDS for each in (*found.prefill, *found.decode)):
        raise ValueError("seconds_a_token: expected more than 0")
    return found


def _figures(found: Measurement) -> Iterator[tuple[str, float]]:
    yield "load_s", found.load_s
    yield from (("streamed_bytes", found.streamed_bytes), ("disk_bytes", found.disk_bytes))
    yield from (("file_bytes", found.file.file_bytes), ("active_params", found.file.active_params))
    yield "bits_per_weight", found.file.bits_per_weight
    for buffer in found.buffers:
        yield "planned_bytes", buffer.planned_bytes or 0
        yield "measured_bytes", buffer.measured_bytes or 0
    for speed in (*found.prefill, *found.decode):
        yield from (("depth", speed.depth), ("tokens", speed.tokens), ("spread", speed.spread))
        yield from (("planned", each) for each in (speed.planned and astuple(speed.planned)) or ())
    for term in found.speed_terms:
        yield "seconds", term.seconds
    for work in found.work:
        yield from (("layers", work.layers), ("expert_layers", work.expert_layers))
        yield from (("weights_read_bytes", work.weights_read_bytes), ("cache_read_bytes", work.cache_read_bytes))
    for card in found.machine.cards:
        yield "total_bytes", card.total_bytes
    if found.power is not None:
        yield from (("watts", found.power.watts), ("seconds", found.power.seconds))


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0] or type(error).__name__
