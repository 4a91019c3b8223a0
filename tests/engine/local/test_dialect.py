"""Models think between marks of their own, and every token is one of thinking or of answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.engine.chat import (
    CONTEXT_NEARLY_FULL,
    MARK_UNKNOWN,
    THINKING_CLOSED,
    Answer,
    ChatRequest,
    Event,
    Finished,
    Message,
    Thinking,
    WasThinking,
)
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.dialect import (
    THINK,
    Channels,
    ThinkingMarks,
    is_harmony,
    thinking_marks,
    unknown_mark,
)
from r1plan.engine.local.settings import LoadSettings
from r1plan.engine.thinking import ThinkSplitter
from r1plan.errors import EngineError
from r1plan.tiny import MODEL_PATH

QUESTION = Message("user", "What is 17 + 25?")
R1_TURNS = (
    "{{ bos_token }}{% for m in messages %}<｜{{ m.role | capitalize }}｜>{{ m.content }}{% endfor %}<｜Assistant｜>"
)


@contextmanager
def running(template: str | None = None, path: Path = MODEL_PATH, temperature: float = 0.0) -> Iterator[LocalEngine]:
    made = LocalEngine(
        path,
        "it",
        LoadSettings(context_tokens=512, threads=1),
        temperature=temperature,
        chat_template=template,
    )
    try:
        yield made
    finally:
        made.close()


def texts(events: list[Event]) -> tuple[str, str]:
    thinking = answer = ""
    for event in events:
        match event:
            case Thinking(text):
                thinking += text
            case Answer(text):
                answer += text
            case WasThinking():
                thinking, answer = thinking + answer, ""
    return thinking, answer


def end(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


@pytest.mark.parametrize(
    ("template", "tokens", "found"),
    [
        pytest.param("<｜Assistant｜><think>\n", (), THINK, id="R1"),
        pytest.param("split('</think>')[-1]", (), THINK, id="folds it out"),
        pytest.param("<|START_THINKING|>", (), ThinkingMarks("<|START_THINKING|>", "<|END_THINKING|>"), id="Command"),
        pytest.param("[THINK]…[/THINK]", (), ThinkingMarks("[THINK]", "[/THINK]"), id="Magistral"),
        pytest.param("<seed:think>", (), ThinkingMarks("<seed:think>", "</seed:think>"), id="Seed-OSS"),
        pytest.param("◁think▷", (), ThinkingMarks("◁think▷", "◁/think▷"), id="Kimi-VL"),
        pytest.param("no word of it", ("[THINK]", "[/THINK]"), ThinkingMarks("[THINK]", "[/THINK]"), id="vocabulary"),
        pytest.param("[THINK]", ("<think>", "</think>"), ThinkingMarks("[THINK]", "[/THINK]"), id="template first"),
        pytest.param("no word of it", (), THINK, id="nothing says it"),
    ],
)
def test_the_marks_are_those_of_the_template_or_the_vocabulary(
    template: str, tokens: tuple[str, ...], found: ThinkingMarks
) -> None:
    assert thinking_marks(template, lambda text: text in tokens) == found


@pytest.mark.parametrize(
    ("template", "mark"),
    [
        ("<think>", None),
        ("{{ message.reasoning_content }} <|im_start|>", None),
        ("<|deep_thought|>x<|/deep_thought|>", "<|deep_thought|>"),
        ("[REASONING]", "[REASONING]"),
        ("<|channel|>analysis<|message|> <|thought|>", None),
    ],
)
def test_marks_that_are_not_known_are_seen(template: str, mark: str | None) -> None:
    assert unknown_mark(template) == mark


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    "marks", [("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"), ("<seed:think>", "</seed:think>"), ("<t>", "</t>")]
)
def test_any_marks_are_told_from_text_in_any_pieces(marks: tuple[str, str], piece: int) -> None:
    text = f"{marks[0]}a [T] ◁ <b> c{marks[1]}the [TH answer ◁"
    splitter = ThinkSplitter(names=(), marks=(marks,))
    events: list[Event] = []
    for start in range(0, len(text), piece):
        events += splitter.feed(text[start : start + piece])
    events += splitter.rest()
    assert texts(events) == ("a [T] ◁ <b> c", "the [TH answer ◁")


def test_thinking_between_other_marks_is_closed_and_counted() -> None:
    with running(R1_TURNS + "[THINK]") as engine:
        closing = len(engine._vocabulary.tokens("[/THINK]", special=True))
        assert closing > 1
        events = list(engine.stream(ChatRequest(messages=(QUESTION,), max_thinking=7)))
        usage = end(events).usage
        assert (usage.thinking_tokens, usage.flags) == (7 + closing, (THINKING_CLOSED,))
        assert "THINK" not in "".join(texts(events))
        assert texts(events)[1]


def test_thinking_is_closed_in_the_middle_of_a_block_of_code() -> None:
    with running(R1_TURNS + "[THINK]") as engine:
        # What the model writes in a fence is never taken for the end; that it was closed from outside is known.
        events = list(engine.stream(ChatRequest(messages=(Message("user", "```\n17 + 25 ="),), max_thinking=3)))
        assert end(events).usage.thinking_tokens == 3 + len(engine._closing)


def test_a_template_without_an_opening_gets_one_for_r1_alone(tmp_path: Path) -> None:
    r1 = tmp_path / "DeepSeek-R1-Distill-Qwen-1.5B-Q8_0.gguf"
    shutil.copy(MODEL_PATH, r1)
    with running(R1_TURNS, r1) as engine:
        tokens, opened = engine._vocabulary.prompt((QUESTION,))
        assert opened
        assert tokens[-2] == engine._vocabulary.single("<think>")
        assert tokens == engine._vocabulary.tokens(
            "<｜begin▁of▁sentence｜><｜User｜>What is 17 + 25?<｜Assistant｜><think>\n", special=True
        )
    with running(R1_TURNS) as engine:
        assert not engine._vocabulary.prompt((QUESTION,))[1]
    with running(R1_TURNS + "<think>\n\n</think>", r1) as engine:
        tokens, opened = engine._vocabulary.prompt((QUESTION,))
        assert not opened
        assert tokens.count(engine._vocabulary.single("<think>") or -1) == 1


def test_instructions_go_into_the_question_of_r1_alone(tmp_path: Path) -> None:
    r1 = tmp_path / "DeepSeek-R1-Q8_0.gguf"
    shutil.copy(MODEL_PATH, r1)
    system = Message("system", "Be brief.")
    with running(R1_TURNS, r1) as engine:
        told, _ = engine._vocabulary.prompt((system, QUESTION))
        asked, _ = engine._vocabulary.prompt((Message("user", "Be brief.\n\nWhat is 17 + 25?"),))
        assert told == asked
    with running(R1_TURNS) as engine:
        assert engine._vocabulary.prompt((system, QUESTION)) != engine._vocabulary.prompt((QUESTION,))


@pytest.mark.parametrize("name", ["enable_thinking", "thinking"])
def test_a_template_that_may_think_is_told_to(name: str) -> None:
    with running(R1_TURNS + f"{{% if {name} %}}<think>\n{{% else %}}</think>{{% endif %}}") as engine:
        assert engine._vocabulary.prompt((QUESTION,))[1]


def test_a_thinking_that_cannot_be_told_apart_is_flagged() -> None:
    with running(R1_TURNS + "<|deep_thought|>") as engine:
        events = list(engine.stream(ChatRequest(messages=(QUESTION,))))
    assert end(events).usage.flags == (MARK_UNKNOWN,)


@pytest.mark.parametrize("left", [24, 30, 45])
def test_thinking_leaves_room_for_an_answer(left: int) -> None:
    made = LocalEngine(MODEL_PATH, "it", LoadSettings(context_tokens=256, threads=1), temperature=0.0)
    try:
        turns = [QUESTION]
        while len(made._vocabulary.prompt(turns)[0]) < made._cache.most - left - 8:
            turns = [Message("user", "1"), Message("assistant", "1"), *turns]
        room = made._cache.most - len(made._vocabulary.prompt(turns)[0])
        events = list(made.stream(ChatRequest(messages=tuple(turns))))
    finally:
        made.close()
    usage = end(events).usage
    assert usage.flags == (CONTEXT_NEARLY_FULL, THINKING_CLOSED)
    assert usage.thinking_tokens is not None
    assert room - room // 4 <= usage.thinking_tokens <= room - room // 4 + 2
    assert texts(events)[1]


def test_a_limit_of_the_users_own_is_no_want_of_room() -> None:
    with running() as engine:
        events = list(engine.stream(ChatRequest(messages=(QUESTION,), max_tokens=20)))
    assert (end(events).reason, end(events).usage.flags) == ("length", ())


def test_a_template_can_be_given() -> None:
    with running("{{ messages[0].content }}") as engine:
        tokens, opened = engine._vocabulary.prompt((Message("user", "1 + 1"),))
        plain = engine._vocabulary.tokens("1 + 1", special=False)
        assert (tokens[-len(plain) :], opened) == (plain, False)
    with pytest.raises(EngineError, match="its chat template failed"), running("{% for"):
        pass


def test_channels_say_which_text_is_the_answer() -> None:
    ids = dict(zip(Channels.MARKS, (1, 2, 3, 4), strict=True))
    written = [(2, ""), (9, "anal"), (9, "ysis"), (3, ""), (9, "hm"), (4, ""), (1, ""), (9, "assistant"), (2, "")]
    written += [(9, "final"), (3, ""), (9, "42")]
    channels = Channels(ids)
    assert [channels.turns(token, text) for token, text in written] == [
        *("header", "header", "header", "thinking", "body", "header", "header", "header", "header", "header", "answer"),
        "body",
    ]
    assert is_harmony("<|start|>assistant<|channel|>analysis<|message|>")
    assert not is_harmony("<|im_start|>")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    most=st.none() | st.integers(0, 30),
    limit=st.none() | st.integers(1, 60),
    template=st.sampled_from([None, R1_TURNS, R1_TURNS + "[THINK]", R1_TURNS + "<think>"]),
)
def test_every_token_is_one_of_thinking_or_of_answer(
    engines: dict[str | None, LocalEngine], seed: int, most: int | None, limit: int | None, template: str | None
) -> None:
    engine = engines[template]
    request = ChatRequest(messages=(QUESTION,), max_thinking=most, max_tokens=limit, seed=seed)
    events = list(engine.stream(request))
    usage = end(events).usage
    thought, answered = texts(events)
    written = list(engine._cache.tokens)[usage.input_tokens :]
    # The last token is read by the model only where another follows it.
    assert usage.output_tokens - len(written) in (0, 1)
    assert usage.thinking_tokens is not None
    assert 0 <= usage.thinking_tokens <= usage.output_tokens
    if most is not None and WasThinking() not in events:  # thinking that is over when it is seen
        assert usage.thinking_tokens <= most + len(engine._closing)
        assert THINKING_CLOSED not in usage.flags or usage.thinking_tokens >= most
    if engine._close is None:
        return
    # The text is what the tokens say, and its thinking what those say that are counted so.
    marks = {engine._open, engine._close}

    def said(tokens: list[int]) -> str:
        pieces = [b"\xff" if each in marks else engine._vocabulary.piece(each) or b"" for each in tokens]
        return "".join(b"".join(pieces).decode("utf-8", "ignore").split())

    def bare(text: str) -> str:
        return "".join(text.replace("\ufffd", "").split())

    assert bare(thought + answered).startswith(said(written))
    if usage.thinking_tokens <= len(written):
        assert bare(thought) == said(written[: usage.thinking_tokens])


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str | None, LocalEngine]]:
    """One engine a template, which writes nearly at random."""
    made: dict[str | None, LocalEngine] = {}
    for template in (None, R1_TURNS, R1_TURNS + "[THINK]", R1_TURNS + "<think>"):
        settings_ = LoadSettings(context_tokens=256, threads=1)
        made[template] = LocalEngine(MODEL_PATH, "it", settings_, temperature=30.0, chat_template=template)
    yield made
    for each in made.values():
        each.close()
