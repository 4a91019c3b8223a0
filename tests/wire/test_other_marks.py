"""A server of one's own that gives another model's thinking as the model writes it, in odd pieces."""

from __future__ import annotations

import pytest

from r1plan.engine.thinking import OTHER_MARKS
from tests.wire.asking import ask
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply


def reply(text: str, characters: int, piece_bytes: int) -> Reply:
    pieces = [text[start : start + characters] for start in range(0, len(text), characters)]
    body = b"".join(chunk({"content": each}) for each in pieces) + chunk(finish="stop", usage=usage(9, 20)) + DONE
    return Reply(body, piece_bytes=piece_bytes)


@pytest.mark.parametrize("piece_bytes", [7, 1 << 20])
@pytest.mark.parametrize("characters", [1, 4, 1000])
@pytest.mark.parametrize("marks", OTHER_MARKS, ids=lambda each: each[0])
def test_the_thinking_is_told_apart(marks: tuple[str, str], characters: int, piece_bytes: int) -> None:
    told = ask(reply(f"{marks[0]}\nhm [1] ◁ <b>\n{marks[1]}\n\nIt is [42].", characters, piece_bytes), "vllm")
    assert told.texts == ("hm [1] ◁ <b>", "It is [42].")


@pytest.mark.parametrize("marks", OTHER_MARKS, ids=lambda each: each[0])
def test_a_template_may_have_opened_it(marks: tuple[str, str]) -> None:
    assert ask(reply(f"hm\n{marks[1]}\n42", 3, 5), "llama-server").texts == ("hm\n", "42")


@pytest.mark.parametrize(
    "text", ["Magistral writes [THINK] first.", "`[THINK]`, as in [THINKING]", "a [T] and ◁", "<|START"]
)
def test_a_word_on_them_is_text(text: str) -> None:
    assert ask(reply(text, 2, 9), "vllm").texts == ("", text)


def test_a_provider_that_names_its_marks_has_no_others() -> None:
    text = "[THINK]\nhm\n[/THINK]\n42"
    assert ask(reply(text, 5, 9), "together").texts == ("", text)
