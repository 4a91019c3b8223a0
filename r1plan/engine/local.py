"""llama.cpp in this process, through llama-cpp-python, which is imported only when a model is loaded."""

from __future__ import annotations

import codecs
import ctypes
import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from r1plan.engine.chat import ChatRequest, Event, Finished, FinishReason, Message, Waiting
from r1plan.engine.prompt import opens_thinking, prompt_pieces
from r1plan.engine.thinking import CLOSE, OPEN, ThinkSplitter
from r1plan.errors import EngineError
from r1plan.prices.usage import Usage

DEFAULT_CONTEXT_TOKENS = 8192
THINKING_CLOSED = "thinking_closed"
"""The flag of a usage whose thinking was closed for the model, and would have gone on."""

# DeepSeek-R1's README, "Usage Recommendations": temperature 0.5 to 0.7 (0.6 recommended), top_p 0.95.
_TEMPERATURE, _TOP_P = 0.6, 0.95

_INSTALL = (
    "pip install 'r1plan[local]' (compiles for about 4 minutes); for a GPU put "
    'CMAKE_ARGS="-DGGML_CUDA=on" before it, or -DGGML_METAL=on (Apple), or -DGGML_VULKAN=on (AMD, Intel).'
)


class LocalEngine:
    """A GGUF file, loaded. `temperature` None: what the file recommends, else what DeepSeek recommends for R1.

    Raises EngineError, with one sentence, for every file that cannot be used. llama.cpp's own log is never shown.
    Between turns the longest common beginning of the prompts stays evaluated: those are the cached tokens.
    """

    def __init__(
        self,
        path: Path,
        model: str,
        *,
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        threads: int | None = None,
        temperature: float | None = None,
    ) -> None:
        _check_file(path)
        self._model = model
        self._log = _capture_log()
        self._llama = _load(path, context_tokens, threads or usable_cores(), self._log)
        self._vocab = self._llama._model.vocab
        self._context = min(self._llama.n_ctx(), self._llama._model.n_ctx_train())
        recommended = self._llama.metadata
        self._temperature = (
            _number(recommended, "general.sampling.temp", _TEMPERATURE) if temperature is None else temperature
        )
        self._top_p = _number(recommended, "general.sampling.top_p", _TOP_P)
        self._render = _template(self._llama, path)
        self._open, self._close = self._single_token(OPEN), self._single_token(CLOSE)
        self._closing = self._tokenize(CLOSE, special=True)
        self._close_asked = False
        self._pieces: dict[int, bytes | None] = {}
        self._usage: Usage | None = None

    @property
    def provider(self) -> str:
        """Always "local"."""
        return "local"

    @property
    def model(self) -> str:
        """The model's id or the file's name."""
        return self._model

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        """The answer, token by token. Raises EngineError.

        The usage is exact: output is what the model wrote but for the token that ends it, and thinking is the part
        of it up to `</think>`, the tag included. Where the thinking is closed for it, at `request.max_thinking` tokens
        or by `close_thinking`, the tag counts as if the model had written it, and the usage has a flag.
        """
        self._usage = None
        self._close_asked = False
        tokens, opened = self._prompt(request.messages)
        room = self._context - len(tokens)
        if room <= 0:
            raise EngineError(
                f"the prompt has {len(tokens)} tokens, and the context holds {self._context}.",
                "shorten it, or raise --context if the model and the memory allow.",
            )
        limit = room if request.max_tokens is None else min(room, request.max_tokens)
        cached = self._cached(tokens)
        splitter = ThinkSplitter(opened=opened)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        pieces, by_token = self._pieces, self._close is not None
        output = thinking = 0
        most_thinking = room if request.max_thinking is None else request.max_thinking
        flags: tuple[str, ...] = ()
        spliced: list[int] = []
        reason: FinishReason = "length"
        self._usage = _usage(len(tokens), cached, 0, 0)
        try:
            yield from self._read(tokens, cached, request)
            if opened and most_thinking == 0:
                flags = (THINKING_CLOSED,)
                spliced += self._closing
            for token in self._written(tokens, request, spliced):
                try:
                    data = pieces[token]
                except KeyError:
                    data = pieces[token] = self._piece(token)
                if data is None:
                    reason = "stop"
                    break
                output += 1
                if splitter.thinking:
                    thinking += 1
                if by_token:
                    if token == self._close:
                        if not splitter.thinking and not flags:
                            thinking = output
                        if mistaken := splitter.close():
                            yield mistaken
                    elif token == self._open and output == 1:
                        thinking = 1
                        splitter.open()
                    elif (text := decode(data)) and (event := splitter.piece(text)):
                        yield event
                elif text := decode(data):
                    before = splitter.thinking
                    yield from splitter.feed(text)
                    if splitter.thinking and not before:
                        thinking = output
                if output >= limit:
                    break
                if splitter.thinking and (thinking >= most_thinking or self._close_asked) and not flags:
                    flags = (THINKING_CLOSED,)
                    spliced += self._closing
            rest = splitter.piece(decode(b"", True)) if by_token else splitter.rest()
            if rest:
                yield rest
        except RuntimeError as error:  # llama_decode failed
            raise EngineError(f"llama.cpp stopped: {_last(self._log) or error}.", "try a smaller --context.") from error
        finally:
            self._usage = _usage(len(tokens), cached, output, thinking, flags)
        yield Finished(reason=reason, usage=self._usage, served_model=self._model)

    def usage_so_far(self) -> Usage | None:
        """The exact tokens of the request that ran last, or runs."""
        return self._usage

    def served_so_far(self) -> str:
        """The model: there is no other here."""
        return self._model

    def close_thinking(self) -> None:
        """End the thinking of the stream that runs after its next token."""
        self._close_asked = True

    def close(self) -> None:
        """Free the model."""
        self._llama.close()

    def _read(self, prompt: list[int], cached: int, request: ChatRequest) -> Iterator[Waiting]:
        """Evaluate a long prompt batch by batch, as llama.cpp would, so that it can be given up in between."""
        batch = self._llama.n_batch
        for end in range(cached + batch, len(prompt), batch):
            # The token that it samples is dropped; what was evaluated stays.
            next(self._tokens(prompt[:end], request))
            yield Waiting()

    def _written(self, prompt: list[int], request: ChatRequest, spliced: list[int]) -> Iterator[int]:
        """What the model writes after `prompt`; what is put into `spliced` comes next, and it writes on from there."""
        text = list(prompt)
        while True:
            for token in spliced:
                text.append(token)
                yield token
            spliced.clear()
            for token in self._tokens(text, request):
                text.append(token)
                yield token
                if spliced:
                    break
            else:
                return

    def _tokens(self, prompt: list[int], request: ChatRequest) -> Iterator[int]:
        from llama_cpp import LLAMA_DEFAULT_SEED

        self._llama.set_seed(LLAMA_DEFAULT_SEED if request.seed is None else request.seed)
        tokens: Iterator[int] = self._llama.generate(
            prompt,
            # Sorting a whole vocabulary for top_p costs more than it changes: the first 40 hold nearly all of 0.95.
            top_k=40,
            top_p=self._top_p if request.top_p is None else request.top_p,
            min_p=0.0,
            temp=self._temperature if request.temperature is None else request.temperature,
        )
        return tokens

    def _prompt(self, messages: Sequence[Message]) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the template has opened the thinking."""
        import jinja2

        try:
            pieces = prompt_pieces(messages, self._render)
        except (jinja2.TemplateError, ValueError, TypeError) as error:
            raise EngineError(f"{self._model}: its chat template failed: {error}.", "try without --system.") from error
        tokens: list[int] = []
        for piece in pieces:
            tokens += self._tokenize(piece.text, special=True) if piece.special else self._plain(piece.text)
        start = self._llama.token_bos()
        if self._llama._model.add_bos_token() and tokens[:1] != [start]:
            tokens.insert(0, start)
        return tokens, opens_thinking(pieces)

    def _tokenize(self, text: str, *, special: bool) -> list[int]:
        tokens: list[int] = self._llama.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=special)
        return tokens

    def _plain(self, text: str) -> list[int]:
        """What a person wrote, as plain tokens.

        llama.cpp leaves control tokens unparsed but still parses user-defined ones, as some files mark `<think>` or a
        turn's name: such a text is cut after its first character, so that it stays text.
        """
        from llama_cpp import LLAMA_TOKEN_ATTR_CONTROL, LLAMA_TOKEN_ATTR_USER_DEFINED, llama_vocab_get_attr

        tokens = self._tokenize(text, special=False)
        marked = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED
        for token in set(tokens):
            if llama_vocab_get_attr(self._vocab, token) & marked:
                name = self._llama._model.token_get_text(token)
                if name.strip() and (at := text.find(name)) >= 0:
                    return self._plain(text[: at + 1]) + self._plain(text[at + 1 :])
        return tokens

    def _cached(self, tokens: Sequence[int]) -> int:
        """How many of the prompt's first tokens llama.cpp has evaluated already. The last is always evaluated anew."""
        common: int = self._llama.longest_token_prefix(self._llama._input_ids.tolist(), tokens)
        return min(common, len(tokens) - 1)

    def _single_token(self, text: str) -> int | None:
        tokens = self._tokenize(text, special=True)
        return tokens[0] if len(tokens) == 1 else None

    def _piece(self, token: int) -> bytes | None:
        """The bytes that a token stands for; None for the ones that end a turn."""
        import llama_cpp

        if llama_cpp.llama_vocab_is_eog(self._vocab, token):
            return None
        size = 64
        while True:
            buffer = (ctypes.c_char * size)()
            length: int = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if length >= 0:
                return buffer.raw[:length]
            size = -length


def usable_cores() -> int:
    """The cores that this process may use: more threads than that make llama.cpp wait for itself."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores


def _usage(prompt: int, cached: int, output: int, thinking: int, flags: tuple[str, ...] = ()) -> Usage:
    return Usage(
        input_tokens=prompt,
        cache_hit_tokens=cached,
        output_tokens=output,
        thinking_tokens=thinking,
        provenance=dict.fromkeys(("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens"), "counted"),
        flags=flags,
    )


def _check_file(path: Path) -> None:
    """Raise EngineError when `path` cannot be a GGUF file at all."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise EngineError(f"there is no file '{path}'.", "check the path given to --model.") from error
    except IsADirectoryError as error:
        raise EngineError(f"'{path}' is a directory, not a GGUF file.", "name the .gguf file in it.") from error
    except OSError as error:
        raise EngineError(f"cannot read '{path}': {error.strerror}.", "check the path and its permissions.") from error
    if magic != b"GGUF":
        raise EngineError(f"'{path}' is not a GGUF file.", "llama.cpp reads GGUF only; look for a .gguf of the model.")


_LEVEL_ERROR, _LEVEL_CONTINUED = 4, 5  # ggml.h, enum ggml_log_level
_callbacks: list[object] = []  # llama.cpp keeps a bare pointer to the last one


def _capture_log() -> deque[str]:
    """Silence llama.cpp; its last error lines come into the returned deque."""
    try:
        import llama_cpp
    except ImportError as error:
        raise EngineError("llama-cpp-python is not installed.", _INSTALL) from error
    lines: deque[str] = deque(maxlen=20)

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
    def capture(level: int, text: bytes, _data: object) -> None:
        if level >= _LEVEL_ERROR:
            lines.append(text.decode("utf-8", "replace"))

    llama_cpp.llama_log_set(capture, ctypes.c_void_p(0))
    _callbacks[:] = [capture]
    return lines


def uses_gpu() -> bool:
    """Whether this build of llama.cpp puts a model's layers on a graphics card."""
    import llama_cpp

    return bool(llama_cpp.llama_supports_gpu_offload())


def _load(path: Path, context_tokens: int, threads: int, log: deque[str]) -> Any:
    import jinja2
    import llama_cpp

    try:
        return llama_cpp.Llama(
            str(path),
            n_ctx=context_tokens,
            n_threads=threads,
            n_threads_batch=threads,
            n_gpu_layers=-1 if uses_gpu() else 0,
            verbose=False,
        )
    except jinja2.TemplateError as error:
        raise EngineError(
            f"{path.name}: its chat template is wrong: {error}.", "look for another GGUF of the model."
        ) from error
    except (ValueError, AssertionError, OSError) as error:
        raise _load_error(path, context_tokens, "".join(log), str(error)) from error


def _load_error(path: Path, context_tokens: int, log: str, said: str) -> EngineError:
    """What llama.cpp's log means, as one sentence."""
    name = path.name
    again = "download it again; it may have been broken off."
    if "unknown model architecture" in log:
        architecture = log.partition("architecture: '")[2].partition("'")[0]
        return EngineError(
            f"{name}: this llama.cpp does not know the architecture '{architecture}'.",
            "a newer llama-cpp-python may, or the file is not of a language model.",
        )
    if any(
        each in log for each in ("not within the file bounds", "failed to read", "unexpectedly reached end of file")
    ):
        return EngineError(f"{name} is incomplete: the file ends before its contents do.", again)
    if "llama_context" in said:
        return EngineError(
            f"{name}: llama.cpp could not set up a context of {context_tokens} tokens.",
            "lower --context, or free memory.",
        )
    reason = log.strip().rpartition("\n")[2].rpartition(": ")[2] if log.strip() else said
    return EngineError(f"{name}: llama.cpp cannot load it: {reason.strip().rstrip('.')}.", again)


def _last(log: deque[str]) -> str:
    return log[-1].strip().rstrip(".") if log else ""


def _number(metadata: dict[str, str], key: str, default: float) -> float:
    try:
        return float(metadata[key])
    except (KeyError, ValueError):
        return default


def _template(llama: Any, path: Path) -> Any:
    """The file's chat template as a function from messages to a prompt. It runs in jinja2's sandbox."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    source = llama.metadata.get("tokenizer.chat_template")
    if not source:
        raise EngineError(f"{path.name} has no chat template.", "it may be a base model; use one made for chat.")

    def text(token: int) -> str:
        return llama._model.token_get_text(token) if token != -1 else ""

    formatter = Jinja2ChatFormatter(source, eos_token=text(llama.token_eos()), bos_token=text(llama.token_bos()))
    return lambda messages: formatter(messages=messages).prompt
