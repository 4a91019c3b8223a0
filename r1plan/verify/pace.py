"""How fast a context reads a prompt and generates, at two depths: tokens of no meaning, timed until it settles.

As llama-bench does, a generated token is one that was chosen beforehand: drawing it from what the model finds likely
takes time of its own, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import median, quantiles
from typing import Literal, Protocol

from r1plan.measurements.measurement import SpeedReading

_SEED = 20_250_120
_WARM_TOKENS = 64
# The median of readings that scatter evenly is off by 1.253 of their deviation over the root of their number, which is
# the distance of their quartiles over 1.349.
_OFF_BY_QUARTILES = 1.253 / 1.349
# Of one reading nobody knows how far it is off.
_OFF_ALONE = 0.05
_FEWEST, _MOST = 3, 64
# Generated between two looks at the clock, as long as those take; and from one depth before it is gone back to.
_CHUNK_S, _MOST_CHUNK, _WINDOW = 0.1, 16, 64
_DEPTH_STEP = 256

PaceStage = Literal["warming", "prefill", "decode", "filling"]


class TimedContext(Protocol):
    """What is timed: `r1plan.engine.local.llama.context.ModelContext`, or what is like it."""

    batch: int
    size: int

    def keep(self, count: int) -> int:
        """Forget all but the first `count` tokens."""
        ...

    def evaluate(self, tokens: Sequence[int]) -> None:
        """Read at most `batch` tokens."""
        ...

    def step(self, token: int) -> None:
        """Read one, as when generating."""
        ...

    def wait(self) -> None:
        """Until all is calculated."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceBounds:
    """How long is measured: `figure_s` for each of four figures, `fill_s` to fill the cache to the second depth.

    A figure is read until its median is known to `spread`.
    """

    figure_s: float = 15.0
    fill_s: float = 40.0
    spread: float = 0.02
    prompt_tokens: int = 512
    deep_tokens: int = 4096


QUICK = PaceBounds(figure_s=2.0, fill_s=8.0, spread=0.04, deep_tokens=2048)


@dataclass(frozen=True, slots=True)
class Pace:
    """Readings by rising depth. The second depth is left out where the context or the time does not hold it."""

    prefill: tuple[SpeedReading, ...]
    decode: tuple[SpeedReading, ...]


def pace(
    context: TimedContext,
    vocabulary_size: int,
    bounds: PaceBounds,
    tick: Callable[[], float],
    told: Callable[[PaceStage, int], None] = lambda _stage, _depth: None,
) -> Pace:
    """Measure `context`, which is empty afterwards.

    `tick` is a clock of seconds. `told` is called before each stage, with the depth at which it is.
    """
    timed = _Timed(context, vocabulary_size, bounds, tick)
    told("warming", 0)
    timed.warm()
    told("prefill", 0)
    prefill = [timed.prefill(0)]
    told("decode", 0)
    decode = [timed.decode(1)]
    depth = timed.second_depth(prefill[0])
    if depth:
        told("filling", depth)
        timed.fill(depth)
        told("prefill", depth)
        prefill.append(timed.prefill(depth))
        told("decode", depth)
        decode.append(timed.decode(depth))
    context.keep(0)
    return Pace(tuple(prefill), tuple(decode))


class _Timed:
    def __init__(
        self, context: TimedContext, vocabulary_size: int, bounds: PaceBounds, tick: Callable[[], float]
    ) -> None:
        self._context, self._vocabulary_size, self._bounds, self._tick = context, vocabulary_size, bounds, tick
        self._random = Random(_SEED)  # noqa: S311  the same tokens each time
        # A small context has room for the prompt at both depths, and for what is generated.
        self._prompt = max(1, min(bounds.prompt_tokens, context.size // 4))
        self._window = max(1, min(_WINDOW, context.size // 8))

    def warm(self) -> None:
        """What is done once only is done here: kernels are compiled, pages of the file are read."""
        context = self._context
        context.keep(0)
        self._read(min(_WARM_TOKENS, self._prompt, context.batch))
        for token in self._tokens(min(2, self._window)):
            context.step(token)
            context.wait()

    def prefill(self, depth: int) -> SpeedReading:
        """Read the prompt after `depth` tokens, again and again."""

        def once() -> float:
            self._context.keep(depth)
            began = self._tick()
            self._read(self._prompt)
            return (self._tick() - began) / self._prompt

        return self._settled(once, depth, self._prompt)

    def decode(self, depth: int) -> SpeedReading:
        """Generate after `depth` tokens, which are evaluated unless it is 1, going back where it has gone far."""
        context, behind, chunk = self._context, self._window, 1
        if depth == 1:
            context.keep(0)
            self._read(1)

        def once() -> float:
            nonlocal behind, chunk
            if behind + chunk > self._window:
                context.keep(depth)
                behind = 0
            words = self._tokens(chunk)
            began = self._tick()
            for token in words:
                context.step(token)
                context.wait()
            seconds = (self._tick() - began) / chunk
            behind += chunk
            chunk = max(1, min(_MOST_CHUNK, self._window, round(_CHUNK_S / max(seconds, 1e-9))))
            return seconds

        once()  # how long one takes
        return self._settled(once, depth + self._window // 2, self._window)

    def second_depth(self, first: SpeedReading) -> int:
        """How deep the cache is filled: as far as asked, as it has room for, and as time allows. 0: nowhere."""
        room = self._context.size - self._prompt - self._window
        in_time = int(self._bounds.fill_s / first.seconds_a_token)
        depth = min(self._bounds.deep_tokens, room, in_time) // _DEPTH_STEP * _DEPTH_STEP
        return depth if depth > 2 * self._window else 0

    def fill(self, depth: int) -> None:
        """Have `depth` tokens in the cache."""
        self._context.keep(0)
        self._read(depth)

    def _settled(self, once: Callable[[], float], depth: int, tokens: int) -> SpeedReading:
        seconds: list[float] = []
        began = self._tick()
        while True:
            seconds.append(once())
            spread = _off(seconds)
            is_settled = len(seconds) >= _FEWEST and spread <= self._bounds.spread
            if is_settled or len(seconds) >= _MOST or self._tick() - began >= self._bounds.figure_s:
                return SpeedReading(
                    depth=depth,
                    tokens=tokens,
                    repeats=len(seconds),
                    seconds_a_token=median(seconds),
                    spread=spread,
                )

    def _read(self, count: int) -> None:
        for begin in range(0, count, self._context.batch):
            self._context.evaluate(self._tokens(min(self._context.batch, count - begin)))
        self._context.wait()

    def _tokens(self, count: int) -> list[int]:
        return [self._random.randrange(self._vocabulary_size) for _ in range(count)]


def _off(seconds: Sequence[float]) -> float:
    """By how large a share the median of the readings may be off."""
    if len(seconds) < 2:
        return _OFF_ALONE
    low, _, high = quantiles(seconds, n=4, method="inclusive")
    return _OFF_BY_QUARTILES * (high - low) / sqrt(len(seconds)) / median(seconds)
