"""What is timed, how often and how deep: on a context whose clock is made up, so that every figure is known."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from r1plan.verify.pace import QUICK, PaceBounds, pace


class Simulated:
    """A context that takes so long: a second a prompt token or generated token, and more with each token in it."""

    def __init__(self, size: int, prompt_s: float, token_s: float, cached_s: float = 0.0, noise: float = 0.0) -> None:
        self.size, self.batch = size, 512
        self.tokens: list[int] = []
        self.now = 0.0
        self.deepest = 0
        self._prompt_s, self._token_s, self._cached_s, self._noise = prompt_s, token_s, cached_s, noise
        self._random = Random(7)

    def keep(self, count: int) -> int:
        assert count <= len(self.tokens), "only what was evaluated can be kept"
        del self.tokens[count:]
        return count

    def evaluate(self, tokens: Sequence[int]) -> None:
        assert 0 < len(tokens) <= self.batch
        self._take(self._prompt_s * len(tokens) + self._cached_s * len(self.tokens) * len(tokens), tokens)

    def step(self, token: int) -> None:
        self._take(self._token_s + self._cached_s * len(self.tokens), [token])

    def wait(self) -> None:
        pass

    def tick(self) -> float:
        return self.now

    def _take(self, seconds: float, tokens: Sequence[int]) -> None:
        assert all(0 <= each < 1000 for each in tokens)
        self.now += seconds * (1 + self._noise * self._random.uniform(-1, 1))
        self.tokens += tokens
        self.deepest = max(self.deepest, len(self.tokens))
        assert len(self.tokens) <= self.size, "the context is full"


def test_a_steady_context_is_read_at_two_depths_and_exactly() -> None:
    simulated = Simulated(8192, prompt_s=1e-3, token_s=0.02)
    found = pace(simulated, 1000, PaceBounds(), simulated.tick)
    assert [each.depth for each in found.prefill] == [0, 4096]
    assert [each.depth for each in found.decode] == [33, 4128]
    assert [each.tok_s for each in found.prefill] == pytest.approx([1000, 1000])
    assert [each.tok_s for each in found.decode] == pytest.approx([50, 50])
    assert all(each.repeats == 3 and each.spread == pytest.approx(0, abs=1e-9) for each in found.decode)
    assert simulated.tokens == []


def test_what_a_token_of_depth_costs_is_seen_between_the_depths() -> None:
    simulated = Simulated(8192, prompt_s=1e-5, token_s=0.02, cached_s=2e-6)
    near, far = pace(simulated, 1000, PaceBounds(), simulated.tick).decode
    slope = (far.seconds_a_token - near.seconds_a_token) / (far.depth - near.depth)
    assert slope == pytest.approx(2e-6, rel=0.02)


@pytest.mark.parametrize("size", [256, 512, 700, 1024, 2048, 4097, 5000, 131_072])
def test_every_context_is_measured_without_running_over(size: int) -> None:
    simulated = Simulated(size, prompt_s=1e-4, token_s=0.01)
    found = pace(simulated, 1000, PaceBounds(), simulated.tick)
    assert found.prefill[0].depth == 0
    assert len(found.prefill) == len(found.decode)
    assert simulated.deepest <= size
    if size >= 1024:
        assert found.prefill[-1].depth >= 256


@pytest.mark.parametrize("bounds", [PaceBounds(), QUICK], ids=["whole", "quick"])
@pytest.mark.parametrize(
    ("prompt_s", "token_s"),
    [
        pytest.param(0.04, 2.0, id="experts from disk"),
        pytest.param(0.02, 0.5, id="slow processor"),
        pytest.param(1e-4, 0.01, id="card"),
        pytest.param(1e-7, 1e-5, id="faster than any"),
    ],
)
def test_it_takes_no_longer_than_its_bounds(bounds: PaceBounds, prompt_s: float, token_s: float) -> None:
    simulated = Simulated(32_768, prompt_s=prompt_s, token_s=token_s, noise=0.3)
    pace(simulated, 1000, bounds, simulated.tick)
    # A reading that has begun is ended: each figure may be over by one of its own.
    over = 2 * 512 * prompt_s * 1.3 + 2 * max(0.2, token_s) * 1.3 + 64 * prompt_s + 8 * token_s
    assert simulated.now <= 4 * bounds.figure_s + bounds.fill_s * 1.4 + over


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_a_noisy_context_is_read_until_its_median_is_known(noise: float) -> None:
    simulated = Simulated(8192, prompt_s=1e-4, token_s=0.01, noise=noise)
    found = pace(simulated, 1000, PaceBounds(), simulated.tick)
    for each in (*found.prefill, *found.decode):
        assert each.spread <= 0.02 or each.repeats == 64
        assert each.repeats >= 3
    assert found.decode[0].tok_s == pytest.approx(100, rel=0.05)


def test_one_reading_says_that_it_is_one() -> None:
    simulated = Simulated(8192, prompt_s=1.0, token_s=30.0)
    found = pace(simulated, 1000, PaceBounds(), simulated.tick)
    assert len(found.prefill) == 1, "there is no time for the second depth"
    assert (found.prefill[0].repeats, found.prefill[0].spread) == (1, 0.05)
    assert found.decode[0].repeats == 1


def test_a_break_comes_through_at_once() -> None:
    simulated = Simulated(8192, prompt_s=1e-3, token_s=0.02)

    def told(stage: str, _depth: int) -> None:
        if stage == "filling":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pace(simulated, 1000, PaceBounds(), simulated.tick, told)
