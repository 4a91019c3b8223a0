"""Opens a file with its context, by the settings that were planned or by the next that find room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from r1plan.engine.local.conversation_cache import ConversationCache
from r1plan.engine.local.llama.library import devices
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.load import OutOfMemory, load_model
from r1plan.engine.local.room.no_room import lack_of, no_room_left
from r1plan.engine.local.room.step_down import FileLayers, Lack, Ladder, LoadChange, LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.units import GIB

_MOST_TRIES = 12  # each may read the whole file again
_LITTLE_BYTES = GIB
_OF_THE_MODEL = ("gpu_layers", "tensor_split", "experts_on_host", "uses_cards", "mapped")


class OpenFile(NamedTuple):
    """A file in memory with its context. Whoever has it closes both, the context first."""

    model: LoadedModel
    cache: ConversationCache


class FileOpener:
    """Opens the file at `path`, whose context may grow to `most` tokens; where there is no room, as `fallback` allows.

    `progress` is told the share of the weights that is loaded.
    """

    def __init__(
        self,
        path: Path,
        most: int,
        log: EngineLog,
        fallback: LoadFallback,
        progress: Callable[[float], object] | None = None,
    ) -> None:
        self._path, self._most, self._log = path, most, log
        self._fallback, self._progress = fallback, progress
        self._model: LoadedModel | None = None

    def open(self, planned: LoadSettings) -> OpenFile:
        """What `fallback.changed` is told of where it is not as `planned`.

        Raises OutOfMemory where nothing finds room, and EngineError. Nothing stays in memory then.
        """
        try:
            return self._opened(planned)
        except BaseException:
            self._forget()
            raise

    def _opened(self, planned: LoadSettings) -> OpenFile:
        now = planned
        lacks: list[Lack] = []
        ladder: Ladder | None = None
        while True:
            try:
                opened = self._try(now)
                break
            except OutOfMemory as error:
                lacks.append(lack_of(error))
                ladder = ladder or Ladder(self._fallback, layers_of(self._path))
                found = self._replanned(planned, lacks) or ladder.next(now, lacks[-1])
                if found is None or len(lacks) >= _MOST_TRIES:
                    raise no_room_left(error, lacks, planned, ladder) from error
            except EngineError:
                # The type of a cache that this model or this build does not take.
                if ladder is None or now.kv_type == planned.kv_type:
                    raise
                ladder.refused.add("kv_type")
                found = ladder.next(replace(now, kv_type=planned.kv_type), lacks[-1])
                if found is None:
                    raise
            if any(getattr(found, name) != getattr(now, name) for name in _OF_THE_MODEL):
                self._forget()
            now = found
        if ladder is not None:
            self._fallback.changed(change_of(planned, now, lacks, ladder))
        return opened

    def _try(self, settings: LoadSettings) -> OpenFile:
        if self._model is None:
            self._model = load_model(self._path, settings, self._log, self._progress)
        cache = ConversationCache(
            self._model, self._path.name, settings, self._most, self._log, fallback=self._fallback
        )
        return OpenFile(self._model, cache)

    def _replanned(self, planned: LoadSettings, lacks: list[Lack]) -> LoadSettings | None:
        """What is planned with the memory that is free now, where that is another plan; once, and as is pinned.

        None where so little lacks that what is loaded may stay.
        """
        lack = lacks[-1]
        if len(lacks) > 1 or (lack.during != "weights" and (lack.missing_bytes or 0) < _LITTLE_BYTES):
            return None
        self._forget()  # which has its part of what is free
        found = self._fallback.replan([each.free_bytes for each in devices() if each.kind in ("gpu", "igpu")])
        if found is None:
            return None
        kept = {name: getattr(planned, name) for name in self._fallback.pinned}
        return None if (again := replace(found, **kept)) == planned else again

    def _forget(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None


def change_of(planned: LoadSettings, now: LoadSettings, lacks: list[Lack], ladder: Ladder) -> LoadChange:
    """What is told of it, with how much slower it is by the plan, and who else has the memory."""
    fallback = ladder.fallback
    before, after = fallback.tok_s(planned), fallback.tok_s(now)
    device = lacks[-1].device
    return LoadChange(
        before=planned,
        after=now,
        lacks=tuple(lacks),
        layers=ladder.file.number and ladder.file.number + 1,
        holders=fallback.holders(device) if device is not None else (),
        speed=after / before if before and after else None,
    )


def layers_of(path: Path) -> FileLayers:
    """What the header of the file at `path` says of its layers."""
    from r1plan.models.gguf.file import read_gguf
    from r1plan.models.gguf.source import LocalFile

    try:
        gguf = read_gguf(LocalFile(path))
    except EngineError:
        return FileLayers()
    architecture = gguf.text("general.architecture") or ""
    count = gguf.whole(f"{architecture}.block_count") or 0
    return FileLayers(
        count,
        gguf.tensor_bytes // count if count else 0,
        bool(gguf.whole(f"{architecture}.expert_count")),
        gguf.whole(f"{architecture}.attention.kv_lora_rank") is not None,
    )
