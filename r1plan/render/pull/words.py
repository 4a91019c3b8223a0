"""The sentences of `models pull` and `models remove`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, assert_never

from r1plan.models.pull.rate import ASSUMED_BYTES_PER_S
from r1plan.models.pull.remove import disk_bytes
from r1plan.models.pull.watcher import (
    ChangedThere,
    ChecksFile,
    Discarded,
    NotReached,
    PullEvent,
    WaitsForOther,
    WaitsForServer,
)
from r1plan.render.text.units import count

if TYPE_CHECKING:
    from r1plan.models.pull.pinned import WantedModel
    from r1plan.models.pull.pull import PulledModel
    from r1plan.models.pull.record import BlobRecord

_MINUTE_S, _HOUR_S = 60, 3600


def chosen_text(wanted: WantedModel, size: int) -> str:
    """What was chosen for this machine; what is too slow for anybody is only the best of what was named."""
    what = f"{wanted.model}:{wanted.quant}"
    had = f"{size_text(size)} from {wanted.files.repo}"
    if wanted.slow_tok_s is None:
        return f"{what} is what this machine should run: {had}."
    return f"{what} is the best of it for this machine, and slow: {wanted.slow_tok_s:.2g} tok/s; {had}."


def offer_text(why: str, wanted: WantedModel, size: int, host: str, measured_bytes_per_s: float | None) -> str:
    """The question whether what is not here is to be fetched: what, how large, how long, from where."""
    if wanted.model is not None:
        why = f"{wanted.model}:{wanted.quant} is not on this machine."
    rate = measured_bytes_per_s or ASSUMED_BYTES_PER_S
    basis = "as the last download" if measured_bytes_per_s else "which is assumed"
    time = f"about {duration_text(size / rate)} at {size_text(int(rate))}/s, {basis}"
    return f"{why} Fetch {size_text(size)} from {wanted.files.repo} at {host}, {time}?"


def begin_text(repo: str, files: int, size: int, here: int) -> str:
    """What is to be fetched, and how much of it is here."""
    rest = f", of which {size_text(here)} are here" if here else ""
    return f"{repo}: {count(files, 'file')}, {size_text(size)}{rest}."


def progress_text(done: int, size: int, bytes_per_s: float | None) -> str:
    """How far it is, as a line of its own."""
    text = f"{done * 100 // size if size else 100} %: {size_text(done)} of {size_text(size)}"
    if bytes_per_s and done < size:
        text += f", {size_text(int(bytes_per_s))}/s, {duration_text((size - done) / bytes_per_s)} left"
    return text


def event_text(event: PullEvent) -> str:
    """What happened, as a sentence."""
    match event:
        case WaitsForServer(host, seconds, status, reason):
            what = f"{host} is busy (HTTP {status})" if status is not None else f"the connection was lost ({reason})"
            return f"{what}: trying again in {seconds:.0f} s."
        case WaitsForOther(file):
            return f"{file} is being fetched by another program: waiting for it."
        case ChecksFile(file, size):
            return f"checking the {size_text(size)} of {file} that are here."
        case ChangedThere(file):
            return f"{file} changed at the server: beginning anew with what is there now."
        case Discarded(file):
            return f"{file} was here with wrong bytes: they were removed, and it is fetched anew."
        case NotReached(host):
            return f"{host} cannot be reached; what is here is complete."
    assert_never(event)


def stopped_text(done: int, size: int) -> str:
    """What remains of a pull that was stopped."""
    return f"stopped: {size_text(done)} of {size_text(size)} are kept; the same command goes on from there."


def pulled_lines(pulled: PulledModel, name: str) -> Iterator[str]:
    """Where the file is, and what to do with it."""
    yield str(pulled.path)
    yield f"Run it: {run_command(name)}"


def run_command(name: str) -> str:
    """The one command that talks with what is called `name`."""
    return f"r1plan chat --model {shlex.quote(name)}"


def removal_text(records: Iterable[BlobRecord]) -> str:
    """What is to be removed."""
    every = list(records)
    names = ", ".join(each.file for each in every)
    return f"{names} of {every[0].repo} ({size_text(sum(disk_bytes(each) for each in every))}) would be removed."


def removed_text(names: Iterable[str], freed: int) -> str:
    """What was removed."""
    return f"removed {', '.join(names)}: {size_text(freed)} are free again."


def size_text(size: int) -> str:
    """Bytes on a disk or a wire: "19.9 GB", "740.0 MB", "12 kB"."""
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1000:,.0f} kB" if size >= 1000 else f"{size} bytes"


def duration_text(seconds: float) -> str:
    """Some time that is left: "45 s", "12 min", "3 h 05 min"."""
    whole = max(round(seconds), 0)
    if whole < 2 * _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min"
    return f"{whole // _HOUR_S:,} h {whole % _HOUR_S // _MINUTE_S:02d} min"
