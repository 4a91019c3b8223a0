"""What is read of a conversation, kept for the next run: the same answers, fewer tokens read, no wrong file."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import signal
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from r1plan.engine.chat import Answer, ChatRequest, Event, Message, Thinking
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.kept.file import StateHeader, found_state, read_state, write_state
from r1plan.engine.local.kept.keeper import StateKeeper, pays
from r1plan.engine.local.kept.place import StatePlace
from r1plan.engine.local.settings import LoadSettings
from r1plan.prices.usage import Usage
from r1plan.tiny import MODEL_PATH
from tests.engine.local.long_model import long_model

SETTINGS = LoadSettings(context_tokens=2048, threads=1)
TURNS = (
    Message("user", "What is 17 + 25? " * 20),
    Message("assistant", "17 + 25 = 42"),
    Message("user", "And 3 + 4? " * 20),
    Message("assistant", "3 + 4 = 7"),
)
NEXT = Message("user", "What is 8 + 9?")


def place(folder: Path) -> StatePlace:
    return StatePlace(folder / "talk.state", lambda _bytes: True)


def asked(
    messages: Sequence[Message],
    kept: StatePlace | None,
    settings: LoadSettings = SETTINGS,
    file: Path = MODEL_PATH,
    most: int = 2048,
) -> tuple[list[Event], Usage]:
    """What a new process is answered, and what it counted."""
    engine = LocalEngine(file, "m", settings, temperature=0.0, kept=kept, most_context_tokens=most)
    try:
        events = list(engine.stream(ChatRequest(messages=tuple(messages), max_tokens=24)))
        usage = engine.usage_so_far()
    finally:
        engine.close()
    assert usage is not None
    return events, usage


def said(events: Sequence[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, Answer | Thinking))


@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_a_restored_conversation_answers_as_one_that_is_read_anew(tmp_path: Path, kv_type: str) -> None:
    kept, settings = place(tmp_path), replace(SETTINGS, kv_type=kv_type)
    _, first = asked(TURNS[:3], kept, settings)
    assert first.cache_hit_tokens == 0
    fresh, unkept = asked([*TURNS, NEXT], None, settings)
    restored, usage = asked([*TURNS, NEXT], kept, settings)
    assert said(restored) == said(fresh) != ""
    assert usage.input_tokens == unkept.input_tokens
    assert unkept.cache_hit_tokens == 0
    assert first.input_tokens is not None
    # All of the prompt of before but `<think>\n` at its end, which no template says again.
    assert usage.cache_hit_tokens == first.input_tokens - 2


def test_the_file_is_its_owners_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    kept = place(tmp_path)
    asked(TURNS[:3], kept)
    assert [each.name for each in tmp_path.iterdir()] == ["talk.state"]
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


def test_only_what_the_next_prompt_begins_with_is_kept(tmp_path: Path) -> None:
    kept = place(tmp_path)
    _, usage = asked(TURNS[:3], kept)
    found = found_state(kept.path, StateKeeper(kept, MODEL_PATH)._of(SETTINGS))
    assert found is not None
    assert usage.input_tokens is not None
    assert usage.thinking_tokens
    assert found.header.tokens == usage.input_tokens - 2


def test_a_conversation_that_is_longer_than_the_first_context_is_restored_into_a_larger_one(tmp_path: Path) -> None:
    kept, small = place(tmp_path), replace(SETTINGS, context_tokens=256)
    _, first = asked(TURNS[:3], kept, small)
    _, usage = asked([*TURNS, NEXT], kept, small)
    assert usage.cache_hit_tokens == (first.input_tokens or 0) - 2 > 256


def test_a_short_conversation_is_read_again(tmp_path: Path) -> None:
    kept = place(tmp_path)
    asked([Message("user", "What is 17 + 25?")], kept)
    assert not kept.path.exists()


def test_nothing_is_kept_where_there_is_no_room_for_it(tmp_path: Path) -> None:
    wanted: list[int] = []

    def refuse(size: int) -> bool:
        wanted.append(size)
        return False

    kept = StatePlace(tmp_path / "talk.state", refuse)
    asked(TURNS[:3], kept)
    assert len(wanted) == 1
    assert wanted[0] > 100_000
    assert not kept.path.exists()


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    asked(TURNS[:3], place(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_an_answer_that_broke_off_keeps_what_was_there(tmp_path: Path) -> None:
    kept = place(tmp_path)
    asked(TURNS[:3], kept)
    before = kept.path.read_bytes()
    engine = LocalEngine(MODEL_PATH, "m", SETTINGS, temperature=0.0, kept=kept)
    stream = engine.stream(ChatRequest(messages=(*TURNS, Message("user", "And 1 + 1? " * 60))))
    next(each for each in stream if isinstance(each, Thinking))
    stream.close()  # type: ignore[attr-defined]
    engine.close()
    assert kept.path.read_bytes() == before


def test_a_little_more_is_not_written_again(tmp_path: Path) -> None:
    kept = place(tmp_path)
    asked(TURNS[:3], kept)
    before = kept.path.stat().st_mtime_ns
    asked([*TURNS, NEXT], kept)
    assert kept.path.stat().st_mtime_ns == before


def test_what_was_kept_is_no_use_for_another_conversation(tmp_path: Path) -> None:
    kept = place(tmp_path)
    asked(TURNS[:3], kept)
    _, usage = asked([Message("user", "Hello. " * 200)], kept)
    assert usage.cache_hit_tokens == 0


def test_a_state_of_another_file_type_of_cache_or_engine_is_not_taken(tmp_path: Path) -> None:
    kept = place(tmp_path)
    asked(TURNS[:3], kept)
    data = kept.path.read_bytes()
    again = [*TURNS, NEXT]
    for settings in (replace(SETTINGS, kv_type="q8_0"), replace(SETTINGS, flash_attn=False)):
        kept.path.write_bytes(data)
        kept.path.chmod(0o600)
        assert asked(again, kept, settings)[1].cache_hit_tokens == 0
    kept.path.write_bytes(data)
    assert asked(again, kept, file=long_model(tmp_path))[1].cache_hit_tokens == 0
    kept.path.write_bytes(data.replace(b'"engine":[["/', b'"engine":[["/another/'))
    assert asked(again, kept)[1].cache_hit_tokens == 0


def test_a_model_file_that_was_replaced_meanwhile_leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    kept, file = place(tmp_path), long_model(tmp_path)
    engine = LocalEngine(file, "m", SETTINGS, temperature=0.0, kept=kept)
    list(engine.stream(ChatRequest(messages=TURNS[:3])))
    other = tmp_path / "other"
    other.write_bytes(file.read_bytes())
    other.replace(file)
    engine.close()
    assert not kept.path.exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    asked(TURNS[:3], place(folder))
    return place(folder).path.read_bytes()


def damaged(whole: bytes) -> list[bytes]:
    """Cut at each kind of place, and with a bit turned anywhere: in the line, the tokens and the state."""
    chance = random.Random(7)
    line = whole.index(b"\n") + 1
    cuts = [0, 1, line - 1, line, line + 1, line + 4, line + 1000, line + 2500, len(whole) // 2, len(whole) - 1]
    cases = [whole[:at] for at in cuts]
    for low, high in ((0, line), (line, line + 2000), (line + 2000, line + 4000), (line, len(whole))):
        for _ in range(8):
            at, bit = chance.randrange(low, high), 1 << chance.randrange(8)
            cases.append(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
    return [
        *cases,
        whole + b"\0",
        whole + whole,
        b"\0" * len(whole),
        b"[]\n",
        b'{"schema":"r1plan.state/1"}\n',
        b"{" * 70000,
    ]


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


def test_no_damaged_state_is_given_to_the_engine(tmp_path: Path, whole: bytes) -> None:
    kept = place(tmp_path)
    of, content = StateKeeper(kept, MODEL_PATH)._of(SETTINGS), whole[whole.index(b"\n") :]
    put(kept.path, whole)
    assert (found := found_state(kept.path, of)) is not None
    assert read_state(kept.path, found) is not None
    for data in damaged(whole):
        put(kept.path, data)
        found = found_state(kept.path, of)
        taken = found is not None and read_state(kept.path, found) is not None
        # A rate in which another digit stands changes no content.
        assert not taken or data[data.index(b"\n") :] == content


@pytest.mark.parametrize("at", [2, 4000, -1])
def test_a_damaged_state_is_read_again_and_changes_no_word(tmp_path: Path, whole: bytes, at: int) -> None:
    kept, again = place(tmp_path), [*TURNS, NEXT]
    put(kept.path, bytes(byte ^ (index == at % len(whole)) for index, byte in enumerate(whole)))
    events, usage = asked(again, kept)
    assert said(events) == said(asked(again, None)[0])
    assert usage.cache_hit_tokens == 0


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "open to others", "unreadable"])
def test_what_is_no_file_of_ones_own_is_not_taken(tmp_path: Path, whole: bytes, kind: str) -> None:
    kept = place(tmp_path)
    real = tmp_path / "real"
    real.write_bytes(whole)
    real.chmod(0o600)
    if kind == "link":
        kept.path.symlink_to(real)
    elif kind == "pipe":
        os.mkfifo(kept.path, 0o600)
    elif kind == "folder":
        kept.path.mkdir()
    else:
        real.rename(kept.path)
        kept.path.chmod(0o644 if kind == "open to others" else 0)
    if kind == "unreadable" and os.geteuid() == 0:
        kept.path.unlink()  # root reads all: that it is not there at all
    _, usage = asked([*TURNS, NEXT], kept)
    assert usage.cache_hit_tokens == 0


@pytest.mark.parametrize(
    ("tokens", "state_bytes", "prefill", "disk", "expected"),
    [
        (256, 1_000_000, 1000.0, 1e9, True),
        (255, 1_000_000, 1000.0, 1e9, False),
        (8000, 2 << 30, 60.0, 5e8, True),
        (8000, 2 << 30, 8000.0, 5e8, False),
        (1000, 1_000_000_000, 1000.0, 1.5e9, False),
        (1001, 1_000_000_000, 1000.0, 1.5e9, True),
    ],
    ids=["least", "less", "a slow model", "a fast card", "as long", "longer"],
)
def test_it_is_kept_where_the_disk_is_faster_than_the_model(
    tokens: int, state_bytes: int, prefill: float, disk: float, expected: bool
) -> None:
    assert pays(tokens, state_bytes, prefill, disk) is expected


def test_a_second_turn_of_two_thousand_tokens_reads_only_these(tmp_path: Path) -> None:
    engine = LocalEngine(
        long_model(tmp_path), "m", replace(SETTINGS, context_tokens=8192), temperature=0.0, most_context_tokens=8192
    )
    first = Message("user", "What is 17 + 25?")
    list(engine.stream(ChatRequest(messages=(first,), max_tokens=60)))
    held = list(engine._cache.tokens)
    second = (first, Message("assistant", "17 + 25 = 42"), Message("user", "And 3 + 4? " * 285))
    prompt, _ = engine._vocabulary.prompt(second)
    same = next(at for at, (a, b) in enumerate(zip(held, prompt, strict=False)) if a != b)
    list(engine.stream(ChatRequest(messages=second, max_tokens=1)))
    usage = engine.usage_so_far()
    assert usage is not None
    assert usage.input_tokens == len(prompt) > 2000
    assert usage.cache_hit_tokens == same
    assert engine._cache.tokens[: len(prompt)] == prompt
    engine.close()


def header(tokens: int, size: int) -> StateHeader:
    return StateHeader(of={}, tokens=tokens, state_bytes=size, checksum=0, prefill_tok_s=1.0, disk_bytes_per_s=1.0)


def test_a_signal_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    path, size = tmp_path / "talk.state", 24 << 20
    state, stopped = (ctypes.c_uint8 * size)(), 0
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for delay_ms in range(1, 60, 4):
            signal.setitimer(signal.ITIMER_REAL, delay_ms / 1000)
            try:
                write_state(path, header(3, size), [1, 2, 3], state)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                stopped += 1
            assert {each.name for each in tmp_path.iterdir()} <= {"talk.state"}
            if path.exists():
                assert found_state(path, {}) is not None
                path.unlink()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert stopped


def test_a_disk_that_fills_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "talk.state"
    path.write_bytes(b"before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(OSError, match="large"):
            write_state(path, header(3, 1 << 17), [1, 2, 3], (ctypes.c_uint8 * (1 << 17))())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"talk.state": b"before"}
