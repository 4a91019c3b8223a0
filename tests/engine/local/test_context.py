"""A model's cache: read, forgotten, grown and kept, and broken off by a signal; with the real engine on r1-tiny."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from threading import Event, Timer

import pytest

from r1plan import interrupts
from r1plan.engine.chat import Answer, ChatRequest, Message
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.conversation_cache import ConversationCache
from r1plan.engine.local.llama.at_work import Calculation, is_calculating
from r1plan.engine.local.llama.context import ModelContext
from r1plan.engine.local.llama.library import devices
from r1plan.engine.local.llama.log import EngineLog, _callback
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.llama.params import context_parameters
from r1plan.engine.local.llama.sampler import Sampler, SamplerSettings
from r1plan.engine.local.settings import LoadSettings
from r1plan.tiny import MODEL_PATH

SETTINGS = LoadSettings(context_tokens=512, threads=1)


@pytest.fixture(scope="module")
def model() -> Iterator[LoadedModel]:
    EngineLog()
    loaded = LoadedModel(MODEL_PATH, SETTINGS)
    yield loaded
    loaded.close()


@pytest.fixture
def context(model: LoadedModel) -> Iterator[ModelContext]:
    made = ModelContext(model, SETTINGS, 1)
    yield made
    made.close()


def greedy(context: ModelContext, prompt: list[int], count: int) -> list[int]:
    """The `count` most likely tokens after `prompt`."""
    sampler, found = Sampler(SamplerSettings(temperature=0)), []
    context.evaluate(prompt)
    for _ in range(count):
        found.append(context.sample(sampler))
        context.step(found[-1])
    sampler.close()
    return found


def test_what_is_kept_is_read_no_second_time_and_gives_the_same(model: LoadedModel, context: ModelContext) -> None:
    prompt = model.tokens("<｜User｜>What is 17 + 25?<｜Assistant｜><think>\n", special=True)
    written = greedy(context, prompt, 12)
    assert context.tokens == [*prompt, *written]
    assert context.keep(len(prompt) - 1) == len(prompt) - 1
    assert greedy(context, prompt[-1:], 12) == written


def test_a_state_gives_the_conversation_back(model: LoadedModel, context: ModelContext) -> None:
    prompt = model.tokens("<｜User｜>What is 8 + 9?<｜Assistant｜><think>\n", special=True)
    written = greedy(context, prompt, 8)
    state, tokens = context.state(), list(context.tokens)
    other = ModelContext(model, LoadSettings(context_tokens=1024, threads=1), 1)
    assert other.restore(state, tokens)
    assert other.tokens == [*prompt, *written]
    assert other.keep(len(prompt) - 1) == len(prompt) - 1
    assert greedy(other, prompt[-1:], 8) == written
    other.close()


def test_a_state_of_another_type_of_cache_is_not_taken(model: LoadedModel, context: ModelContext) -> None:
    other = ModelContext(model, LoadSettings(context_tokens=512, threads=1, kv_type="q8_0"), 1)
    other.evaluate(model.tokens("hello there", special=False))
    state, tokens = other.state(), list(other.tokens)
    other.close()
    context.evaluate([1, 2, 3])
    assert not context.restore(state, tokens)
    assert context.tokens == []
    assert context.keep(5) == 0


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_a_conversation_that_needs_more_grows_and_reads_only_what_is_new(kv_type: str) -> None:
    settings = LoadSettings(context_tokens=256, threads=1, kv_type=kv_type)
    engine = LocalEngine(MODEL_PATH, "r1-tiny", settings, most_context_tokens=1024, temperature=0.0)
    messages = [Message("user", "What is 17 + 25?")]
    read = []
    for _turn in range(6):
        events = list(engine.stream(ChatRequest(messages=tuple(messages))))
        usage = engine.usage_so_far()
        assert usage is not None
        read.append((usage.input_tokens or 0, usage.cache_hit_tokens or 0))
        text = "".join(each.text for each in events if isinstance(each, Answer))
        messages += [Message("assistant", text), Message("user", "And what is 8 + 9? " * 6)]
    engine.close()
    assert max(total for total, _ in read) > 256
    for (before, _), (total, cached) in pairwise(read):
        assert cached >= before - 8, "the template drops the thinking of earlier turns, and nothing before it"
        assert total > before


def test_what_a_context_holds_survives_growing(model: LoadedModel) -> None:
    cache = ConversationCache(model, "m", LoadSettings(context_tokens=256, threads=1), 2048, EngineLog())
    prompt = [5 + each % 90 for each in range(250)]
    list(cache.read(prompt[cache.begin(prompt) :]))
    longer = [*prompt, *([7] * 600)]
    assert cache.begin(longer) == len(prompt)
    assert cache.tokens == prompt
    list(cache.read(longer[len(prompt) :]))
    assert len(cache.tokens) == len(longer)
    cache.close()


@contextmanager
def listening() -> Iterator[None]:
    """The program's own handlers of signals, and those of before again."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    hook = sys.unraisablehook
    interrupts.listen()
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals as POSIX has them")
def test_ctrl_c_breaks_a_batch_off_and_leaves_what_was_read_before(model: LoadedModel) -> None:
    size = 16384
    context = ModelContext(model, LoadSettings(context_tokens=size, threads=1, n_batch=size, n_ubatch=size), 1)
    context.evaluate([5, 6, 7])
    whole = [5 + each % 90 for each in range(size - 8)]
    stop = Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    stop.start()
    with listening(), pytest.raises(KeyboardInterrupt):
        context.evaluate(whole)
    stop.join()
    assert context.keep(3) == 3
    assert context.tokens == [5, 6, 7]
    context.step(8)
    assert context.tokens == [5, 6, 7, 8]
    context.close()


def test_another_thread_can_end_what_is_calculated(model: LoadedModel) -> None:
    size = 16384
    context = ModelContext(model, LoadSettings(context_tokens=size, threads=1, n_batch=size, n_ubatch=size), 1)
    stop = Timer(0.05, context.abort)
    stop.start()
    with pytest.raises(KeyboardInterrupt):
        context.evaluate([5 + each % 90 for each in range(size - 8)])
    stop.join()
    context.close()


def test_loading_says_how_far_it_is_and_is_ended_by_what_that_raises() -> None:
    shares: list[float] = []
    LoadedModel(MODEL_PATH, SETTINGS, shares.append).close()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    def interrupted(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LoadedModel(MODEL_PATH, SETTINGS, interrupted)


def test_the_processor_is_among_the_devices() -> None:
    assert "cpu" in [each.kind for each in devices()]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals as POSIX has them")
def test_ctrl_c_does_not_wait_for_a_batch_that_cannot_be_broken_off_and_who_comes_next_does(
    context: ModelContext,
) -> None:
    """As on a card, where nothing is asked within a batch."""
    may_end, decode = Event(), context._decode

    def deaf(pointer: object, batch: object) -> int:
        may_end.wait(60)
        context._abort.take_down()
        code: int = decode(pointer, batch)
        return code

    context.evaluate([5, 6, 7])
    context._decode = deaf
    stop = Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    stop.start()
    with listening(), pytest.raises(KeyboardInterrupt):
        context.evaluate([8, 9])
    stop.join()
    assert is_calculating()
    context._decode = decode
    may_end.set()
    assert context.keep(4) == 4
    assert context.tokens == [5, 6, 7, 8]
    assert not is_calculating()


def test_a_context_that_is_closed_while_it_calculates_is_freed_after_that(model: LoadedModel) -> None:
    context = ModelContext(model, SETTINGS, 1)
    may_end, decode, seen = Event(), context._decode, []

    def deaf(pointer: object, batch: object) -> int:
        may_end.wait(60)
        code: int = decode(pointer, batch)
        seen.append(code)
        return code

    pointer = context.pointer
    context._calculator.begin(Calculation(lambda: deaf(pointer, context._batch_of_one)))
    context.close()
    assert seen == []
    may_end.set()
    other = ModelContext(model, SETTINGS, 1)
    other.evaluate([5, 6])  # after the other one: they share the thread
    assert len(seen) == 1
    other.close()


def test_what_is_said_of_each_token_pushes_nothing_out_of_the_log(model: LoadedModel) -> None:
    log = EngineLog(keeps_all=True)
    debugging, telling = 1, 2
    said = _callback[0]
    assert callable(said)
    said(telling, b"CUDA0 KV buffer size = 1.00 MiB\n", None)
    for _ in range(10_000):
        said(debugging, b"CUDA Graph id 1 reused\n", None)
    assert list(log.lines) == ["CUDA0 KV buffer size = 1.00 MiB\n"]


@pytest.mark.parametrize(("architecture", "whole"), [("deepseek4", False), ("deepseek2", True), (None, True)])
def test_of_what_a_window_sees_deepseek_v4_keeps_no_more(architecture: str | None, whole: bool) -> None:
    assert context_parameters(SETTINGS, 1, architecture).swa_full is whole
