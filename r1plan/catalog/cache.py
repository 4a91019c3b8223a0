"""A copy of what was read from the catalogue, in the cache directory, for as long as no file of it changes.

The copy is only ever faster: where it is missing, stale, damaged or cannot be written, the files are read.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from r1plan import __version__
from r1plan.catalog.reading.files import CatalogFile
from r1plan.settings import directories

T = TypeVar("T")

_CODE = Path(__file__).resolve().parent
_MODULES = frozenset(
    {
        "r1plan.catalog.hardware",
        "r1plan.catalog.model",
        "r1plan.catalog.priors",
        "r1plan.catalog.provider",
        "r1plan.catalog.quality",
        "r1plan.catalog.policy",
        "r1plan.catalog.price",
    }
)
_PLAIN = frozenset({"datetime.date", "datetime.datetime", "datetime.time", "datetime.timezone", "datetime.timedelta"})
_PLAIN |= {"decimal.Decimal", "builtins.frozenset"}
# A file that changed this lately may change again without its time showing it.
_SETTLED_NS = 2_000_000_000


def cached(name: str, files: Sequence[CatalogFile], build: Callable[[], T], now_ns: int | None = None) -> T:
    """What `build` makes of `files`: the copy kept as `name`, or else built anew.

    What was built is kept unless a file changed shortly before `now_ns`, an instant in Unix nanoseconds (the clock's).
    """
    path = directories().cache / "catalog" / f"{name}.pickle"
    stamp, newest_ns = _stamp(files)
    try:
        content = path.read_bytes()
        if content.startswith(stamp):
            value: T = _ValuesOnly(io.BytesIO(content[len(stamp) :])).load()
            return value
    except Exception:  # noqa: S110  (a damaged pickle may raise anything, and the files are there)
        pass
    value = build()
    if newest_ns < (time.time_ns() if now_ns is None else now_ns) - _SETTLED_NS:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(stamp + pickle.dumps(value, protocol=5))
            unfinished.replace(path)
    return value


def _stamp(files: Sequence[CatalogFile]) -> tuple[bytes, int]:
    """What the copy depends on, as bytes, and when any of it changed last: the files, our code, the versions."""
    code = sorted(_CODE.rglob("*.py"))
    parts, newest_ns = [sys.version, __version__], 0
    for path in [*code, *(each.path for each in files)]:
        try:
            stat = path.stat()
        except OSError:
            return b"gone", time.time_ns()
        newest_ns = max(newest_ns, stat.st_mtime_ns)
        parts.append(f"{path}:{stat.st_mtime_ns}:{stat.st_size}")
    return "\n".join(parts).encode("utf-8", "surrogateescape") + b"\0", newest_ns


class _ValuesOnly(pickle.Unpickler):
    """Builds the catalogue's own values and nothing else, whatever someone may have put into the file."""

    def find_class(self, module: str, name: str) -> Any:
        if module not in _MODULES and f"{module}.{name}" not in _PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} is not a value of the catalogue")
        return super().find_class(module, name)
