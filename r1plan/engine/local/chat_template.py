"""A file's chat template, which is a program of whoever made the file: run apart, within bounds."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r1plan.engine.chat import Effort
from r1plan.errors import EngineError

_SCRIPT = Path(__file__).with_name("render_template.py")
_ANOTHER = "look for another GGUF of the model, or give its template: --chat-template FILE.jinja"
_GIVE = "give --chat-template another, such as chat_template.jinja of the model's repository."
_CHUNK_BYTES = 1 << 16
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


@dataclass(frozen=True, slots=True)
class TemplateLimits:
    """What one rendering may take. Real templates take 2 ms and write some thousand characters of their own."""

    cpu_s: float = 1.0
    wall_s: float = 20.0
    memory_bytes: int = 256 << 20
    characters: int = 1 << 18


class ChatTemplate:
    """The template of the file called `name`, in a process that is started at once and ends with this object.

    A template that takes too much costs its process, and the next call gets a new one.
    """

    def __init__(self, name: str, limits: TemplateLimits = TemplateLimits()) -> None:
        self._name = name
        self._limits = limits
        self._source: dict[str, str] | None = None
        self._mend = _ANOTHER
        self._end = self._start()

    def use(self, source: str, *, bos: str, eos: str, given: bool = False) -> None:
        """Take the template's text: the file's own, or one that was given. Raises EngineError where it is none."""
        self._source = None
        self._mend = _GIVE if given else _ANOTHER
        request = {"source": source, "bos": bos, "eos": eos}
        self._ask(request)
        self._source = request

    def __call__(self, messages: list[dict[str, str]], effort: Effort | None = None) -> str:
        """The prompt for `messages`, which tells the model to think as hard as `effort`; None: that it is to think.

        Raises EngineError for a template that fails, refuses them or takes too much.
        """
        return self._ask({"messages": messages} | ({} if effort is None else {"effort": effort}))

    def close(self) -> None:
        """End the process."""
        self._end()

    def _start(self) -> weakref.finalize[[subprocess.Popen[bytes]], ChatTemplate]:
        limits = self._limits
        if not hasattr(select, "poll"):  # nor is there what bounds its memory
            raise EngineError(
                "a model here cannot answer on this system, which does not bound what its chat template takes.",
                "ask a provider: r1plan chat --provider deepseek; on Windows, WSL runs models too.",
            )
        words = [sys.executable, "-P", "-s", _SCRIPT, limits.cpu_s, limits.memory_bytes, limits.characters]
        try:
            # A group of its own, which Ctrl-C does not reach.
            self._process = subprocess.Popen(
                [str(each) for each in words],
                env=_environment(),
                process_group=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise EngineError(
                f"{self._name}: no process can be started for its chat template: {error.strerror or error}.",
                "end other programs, or raise the limit on processes.",
            ) from error
        return weakref.finalize(self, _end, self._process)

    def _ask(self, request: dict[str, Any]) -> str:
        if self._process.poll() is not None:
            self.close()
            self._end = self._start()
            if self._source is not None:
                self._answer(self._source)
        return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> str:
        try:
            line = self._exchanged(json.dumps(request).encode())
            answer = json.loads(line)
        except BaseException as error:
            self.close()  # what is still to come must not answer the next request
            if isinstance(error, OSError | EOFError | ValueError | RecursionError):
                raise self._ended() from error
            raise
        if isinstance(text := answer.get("text"), str):
            return text
        refused = answer.get("refused")
        said = " ".join(str(answer.get("failed") if refused is None else refused).split()).rstrip(".")
        if refused is not None:
            has_system = any(each["role"] == "system" for each in request.get("messages", ()))
            mend = "try without --system." if has_system else self._mend
            raise EngineError(f"{self._name}: its chat template refuses this: {said}.", mend)
        raise EngineError(f"{self._name}: its chat template failed: {said}.", self._mend)

    def _exchanged(self, request: bytes) -> bytes:
        """The line that answers `request`. Raises OSError when none comes in time, or one that is too long."""
        sink, source = self._process.stdin, self._process.stdout
        if sink is None or source is None:
            raise EOFError
        sink.write(request + b"\n")
        sink.flush()
        waiting = select.poll()
        waiting.register(source, select.POLLIN)
        deadline_s = time.monotonic() + self._limits.wall_s
        line = bytearray()
        # A character takes up to 12 bytes in JSON.
        while not line.endswith(b"\n") and len(line) < 12 * self._limits.characters + _CHUNK_BYTES:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not waiting.poll(left_s * 1000):
                raise TimeoutError
            chunk = os.read(source.fileno(), _CHUNK_BYTES)
            if not chunk:
                raise EOFError
            line += chunk
        return bytes(line)

    def _ended(self) -> EngineError:
        limits = self._limits
        return EngineError(
            f"{self._name}: its chat template takes more than {limits.cpu_s:g} s of processor time "
            f"or {limits.memory_bytes >> 20} MiB.",
            self._mend,
        )


def _environment() -> dict[str, str]:
    """What Python needs to start and to find the same libraries; nothing else, as there may be keys in it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what it was still to be told
                pipe.close()
