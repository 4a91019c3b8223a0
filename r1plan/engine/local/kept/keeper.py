"""Keeps what was read of a conversation from one run to the next, where that is faster than to read it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from r1plan.engine.chat import Message
from r1plan.engine.local.conversation_cache import ConversationCache, common_length
from r1plan.engine.local.kept.file import FoundState, StateHeader, found_state, read_state, write_state
from r1plan.engine.local.kept.place import StatePlace
from r1plan.engine.local.llama.context import NotDecoded
from r1plan.engine.local.llama.library import library_file
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.interrupts import ends_by
from r1plan.models.gguf.file import SHARD

_LEAST_TOKENS = 256
_GAIN = 1.5  # so much faster it has to be: a disk that was fast once may be busy
_MOST_SAVING_S = 3.0
# What was just written lies in main memory, and reads from there: no faster than a usual disk until it was read once.
_MOST_UNREAD_BYTES_PER_S = 500e6


class StateKeeper:
    """The state of the conversation at `place`, with the model of the file at `path`, which is about to be loaded."""

    def __init__(self, place: StatePlace, path: Path) -> None:
        self._place, self._path = place, path
        self._files = _files(path)
        self._found: FoundState | None = None
        self._disk_bytes_per_s: float | None = None
        self._looked = False

    def restore(self, cache: ConversationCache, prompt: Sequence[int]) -> None:
        """Have in the still empty `cache` what is kept of `prompt`, once, where reading it takes longer."""
        if self._looked or cache.tokens:
            return
        self._looked = True
        found = self._found = found_state(self._place.path, self._of(cache.context.settings))
        if found is None:
            return
        header, common = found.header, common_length(found.tokens, prompt)
        if not pays(common, header.state_bytes, header.prefill_tok_s, header.disk_bytes_per_s):
            return
        began = perf_counter()
        try:
            state = read_state(self._place.path, found)
        except MemoryError:
            return
        if state is None:
            self._found = None
            return
        self._disk_bytes_per_s = header.state_bytes / max(perf_counter() - began, 1e-6)
        cache.adopt(found.tokens, state, room=len(prompt))

    def save(
        self,
        cache: ConversationCache,
        messages: Sequence[Message],
        thinking_tokens: int,
        prompt: Callable[[Sequence[Message]], tuple[list[int], bool]],
    ) -> None:
        """Keep what of `cache` the next prompt begins with, where that pays and takes no time that anybody notices.

        `messages` were answered last, with so much thinking; `prompt` makes tokens of messages.
        Nothing is said where it cannot be written: it is read again then. Ctrl-C leaves what was kept before.
        """
        if ends_by() is not None or cache.context.pointer is None or _files(self._path) != self._files:
            return
        held = cache.tokens[: reusable(cache.tokens, messages, thinking_tokens, prompt)]
        rate = cache.prefill_tok_s or (self._found.header.prefill_tok_s if self._found else None)
        kept = common_length(self._found.tokens, held) if self._found else 0
        if rate is None or len(held) - kept < _LEAST_TOKENS or cache.context.keep(len(held)) != len(held):
            return
        size, disk = cache.context.state_bytes, self._disk_bytes_per_s or _MOST_UNREAD_BYTES_PER_S
        # What is written has to pay by what it adds to what is kept already.
        if not pays(len(held) - kept, size, rate, disk) or size > disk * _MOST_SAVING_S:
            return
        try:
            if self._place.make_room(size):
                state = cache.context.state()
                header = StateHeader(
                    of=self._of(cache.context.settings),
                    tokens=len(held),
                    state_bytes=len(state),
                    checksum=0,
                    prefill_tok_s=rate,
                    disk_bytes_per_s=disk,
                )
                write_state(self._place.path, header, held, state)
        except (OSError, MemoryError, NotDecoded):
            return

    def _of(self, settings: LoadSettings) -> dict[str, Any]:
        """What a state depends on: the very files, how the cache is held, and the engine's build."""
        engine = _states([library_file()])
        kept = {"kv_type": settings.kv_type, "flash_attn": settings.flash_attn}
        return {"files": self._files, "engine": engine, **kept}


def reusable(
    held: Sequence[int],
    messages: Sequence[Message],
    thinking_tokens: int,
    prompt: Callable[[Sequence[Message]], tuple[list[int], bool]],
) -> int:
    """How much of what is evaluated the next prompt begins with: templates leave out the thinking of earlier turns."""
    if not thinking_tokens:
        return len(held)
    try:
        following, _ = prompt((*messages, Message("assistant", ""), Message("user", "")))
    except EngineError:
        return len(held)
    return common_length(held, following)


def pays(tokens: int, state_bytes: int, prefill_tok_s: float, disk_bytes_per_s: float) -> bool:
    """Whether to read a state of so many bytes from the disk is faster than to have its model read `tokens` again."""
    return tokens >= _LEAST_TOKENS and tokens / prefill_tok_s > _GAIN * state_bytes / disk_bytes_per_s


def _files(path: Path) -> list[list[Any]]:
    """Which files the model is in, and that they are still the same; none where that cannot be seen."""
    named = SHARD.match(path.name)
    numbers = range(1, int(named[3]) + 1) if named else ()
    shards = [path.with_name(f"{named[1]}-{number:05d}-of-{named[3]}.gguf") for number in numbers] if named else [path]
    return _states(shards)


def _states(files: Sequence[Path]) -> list[list[Any]]:
    try:
        states = [(os.path.realpath(each), each.stat()) for each in files]
    except OSError:
        return []
    return [[real, status.st_size, status.st_mtime_ns] for real, status in states]
