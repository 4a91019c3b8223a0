"""Thinking and answer are read in every form that servers give them, in pieces of any size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from r1plan.catalog.load import load_dialects, load_providers
from r1plan.engine.chat import ChatEngine, Message
from r1plan.engine.connect import connect
from r1plan.engine.target import custom_target, remote_target
from r1plan.errors import ProviderError
from tests.wire.asking import AT, QUESTION, Told, ask, engine_for
from tests.wire.chunks import DONE, usage
from tests.wire.server import Reply, serving


def chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None, **fields: Any) -> bytes:
    """A chunk with nothing else in it, as each byte may be a piece of its own."""
    body = {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}]}
    return b"data: " + json.dumps(body | fields, ensure_ascii=False).encode() + b"\n\n"


Texts = Callable[[bytes, str], tuple[str, str]]
END = chunk(finish="stop") + chunk(choices=[], usage=usage(10, 50)) + DONE
LONG = "The answer is 42, and a long sentence follows it."


def said(*contents: str) -> bytes:
    """A stream whose chunks hold `contents`."""
    return b"".join(chunk({"content": each}) for each in contents) + END


def single(text: str) -> bytes:
    """A stream of one character a chunk."""
    return said(*text)


def sizes(body: bytes) -> tuple[int, ...]:
    """Odd sizes of pieces; the smallest for short streams alone."""
    return (1, 2, 3, 7, 64) if len(body) < 300 else (1, 7, 64) if len(body) < 700 else (3, 64)


@pytest.fixture(scope="module")
def texts() -> Iterator[Texts]:
    """The thinking and the answer of a body, the same in pieces of every size."""
    with serving(lambda _asked: reply[0]) as wire:
        reply = [Reply(b"")]
        engines: dict[str, ChatEngine] = {}

        def read(body: bytes, provider: str) -> tuple[str, str]:
            engine = engines.setdefault(provider, engine_for(provider, wire.url, "m"))
            found = set()
            for size in sizes(body):
                reply[0] = Reply(body, piece_bytes=size)
                found.add(Told(wire, list(engine.stream(QUESTION))).texts)
            assert len(found) == 1, found
            return found.pop()

        yield read
        for engine in engines.values():
            engine.close()


ORPHANS = [
    pytest.param("\n</think>\n\nThe answer", "The answer", id="a closing tag"),
    pytest.param("</think>The answer", "The answer", id="a closing tag without space"),
    pytest.param("<think>\n\n</think>\n\nThe answer", "The answer", id="an empty block"),
    pytest.param("</thinking>\nThe answer", "The answer", id="of the longer name"),
    pytest.param("<thinking>\n</thinking>\n\nThe answer", "The answer", id="an empty block of the longer name"),
    pytest.param("<think>\n</thinking> is odd", "<think>\n</thinking> is odd", id="of two names"),
    pytest.param("</think>\n</think>\nThe answer", "The answer", id="two of them"),
    pytest.param("</thin is no tag", "</thin is no tag", id="half a tag"),
    pytest.param("The </think> tag", "The </think> tag", id="a tag in the answer"),
    pytest.param("`</think>` ends it", "`</think>` ends it", id="a tag in code"),
    pytest.param("<think>", "<think>", id="an opening tag alone"),
]


@pytest.mark.parametrize("provider", ["deepseek", "vllm"])
@pytest.mark.parametrize(("content", "answer"), ORPHANS)
def test_a_leading_orphan_closer_after_a_thinking_field_is_dropped_and_no_other_tag(
    texts: Texts, provider: str, content: str, answer: str
) -> None:
    thought = chunk({"reasoning_content": "hm"})
    for body in (thought + said(content), thought + single(content)):
        assert texts(body, provider) == ("hm", answer)


IN_CODE = [
    "Close the block with `</think>` and write the answer after it.",
    "Use ``<think>`` or ``a ` </think>``.",
    "An example:\n```xml\n<think>\nhm\n</think>\n```\nThat is all.",
    "~~~\n<think>hm</think>\n~~~\n",
    "````\n```\n</think>\n```\n````\nDone.",
]


@pytest.mark.parametrize("text", IN_CODE)
@pytest.mark.parametrize("provider", ["deepseek", "ollama", "together"])
def test_tags_in_code_are_text_whoever_answers(texts: Texts, provider: str, text: str) -> None:
    for body in (said(text), single(text)):
        assert texts(body, provider) == ("", text)


@pytest.mark.parametrize(
    "text",
    ["<think>hm</think>42", "hm</think>42", "Write <think> and then </think> around it.", "</think>", "<think>"],
)
def test_where_no_file_says_that_thinking_comes_inside_the_content_tags_are_text(texts: Texts, text: str) -> None:
    for provider in ("deepseek", "openai", "openrouter"):
        assert texts(single(text), provider) == ("", text)


INLINE = [
    pytest.param("<think>one</think>A<think>two</think>B", "onetwo", "AB", id="a second block"),
    pytest.param("<think>\none\n</think>\n\nA\n<think>\ntwo\n</think>\n\nB", "one\ntwo", "A\n\n\nB", id="on own lines"),
    pytest.param("Sure.\n<think>hm</think>42", "hm", "Sure.\n42", id="a preamble"),
    pytest.param("Sure. <think>\nhm\n</think>\n42", "hm", "Sure. \n42", id="a preamble on the same line"),
    pytest.param("hm\n</think>\n\n42", "hm\n", "42", id="only the closing tag"),
    pytest.param("<think>hm", "hm", "", id="it never ends"),
    pytest.param("<think>a<think>b</think>c</think>42", "a<think>bc", "42", id="one in another"),
    pytest.param("<think>hm</think>\n</think>\n42", "hm", "42", id="closed twice"),
    pytest.param("<think>\n<think>\nhm</think>42", "hm", "42", id="opened twice"),
    pytest.param("<think>say `</think>` here</think>42", "say `</think>` here", "42", id="a tag in code in thinking"),
    pytest.param("<think>the ` sign</think>42", "the ` sign", "42", id="a lone backtick"),
    pytest.param("<think>\n```py\nx\n</think>\n\n42", "```py\nx\n", "42", id="a block left open"),
    pytest.param("The <think> tag and the </think> tag.", "", "The <think> tag and the </think> tag.", id="words"),
    pytest.param("1 < 2 and <thin and </thi", "", "1 < 2 and <thin and </thi", id="what only begins so"),
    pytest.param("42\n\n", "", "42\n\n", id="white space at the end of an answer"),
]


@pytest.mark.parametrize(("text", "thinking", "answer"), INLINE)
def test_where_a_file_says_so_thinking_is_split_wherever_it_stands(
    texts: Texts, text: str, thinking: str, answer: str
) -> None:
    assert texts(single(text), "ollama") == (thinking, answer)
    whole = texts(said(text), "ollama")
    assert [part.strip() for part in whole] == [thinking.strip(), answer.strip()]


@pytest.mark.parametrize("name", ["think", "thinking", "thought"])
def test_a_server_of_ones_own_is_split_by_every_spelling_and_others_as_their_file_says(texts: Texts, name: str) -> None:
    body = single(f"<{name}>hm</{name}>42")
    assert texts(body, "llama-server") == ("hm", "42")
    assert texts(body, "together") == (("hm", "42") if name != "thought" else ("", f"<{name}>hm</{name}>42"))
    with serving(Reply(body, piece_bytes=3)) as wire:
        engine = connect(custom_target(wire.url, "m", load_dialects()["openai"]), {})
        assert Told(wire, list(engine.stream(QUESTION))).texts == ("hm", "42")
        engine.close()


def test_an_offer_says_for_itself_whether_its_thinking_comes_inside_the_content() -> None:
    body = Reply(said("<think>hm</think>42"), piece_bytes=7)
    for model, expected in (("deepseek/deepseek-r1", ("hm", "42")), ("new/model", ("", "<think>hm</think>42"))):
        with serving(body) as wire:
            target = remote_target(model, "openrouter", load_providers(), AT, wire.url)
            engine = connect(target, {"OPENROUTER_API_KEY": "sk-1"})
            assert Told(wire, list(engine.stream(QUESTION))).texts == expected
            engine.close()


def test_thinking_in_a_field_wins_over_tags(texts: Texts) -> None:
    body = chunk({"reasoning_content": "hm"}) + said("a <think>b</think>\n<think>c</think>")
    assert texts(body, "ollama") == ("hm", "a <think>b</think>\n<think>c</think>")


def typed(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


THOUGHT = typed("thinking", thinking="hm")
TEXT = typed("text", text="42")
SUMMARY = typed("reasoning", summary=[typed("summary_text", text="hm")])
DETAIL = typed("reasoning.text", text="hm")
PICTURE = typed("image_url", image_url={"url": "x"})

# What a delta or a message holds, and the thinking and the answer in it.
PARTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "thinking and text": ({"content": [THOUGHT, TEXT]}, "hm", "42"),
    "thinking as a list": ({"content": [typed("thinking", thinking=[typed("text", text="hm")]), TEXT]}, "hm", "42"),
    "reasoning": ({"content": [typed("reasoning", text="hm"), TEXT]}, "hm", "42"),
    "reasoning with a summary": ({"content": [SUMMARY, TEXT]}, "hm", "42"),
    "output_text": ({"content": [typed("output_text", text="42")]}, "", "42"),
    "no type": ({"content": [{"text": "42"}]}, "", "42"),
    "a thought of Gemini": ({"content": [{"text": "hm", "thought": True}, {"text": "42"}]}, "hm", "42"),
    "strings": ({"content": ["4", "2"]}, "", "42"),
    "one part without a list": ({"content": TEXT}, "", "42"),
    "text as an object": ({"content": [typed("text", text={"value": "42"})]}, "", "42"),
    "refusal part": ({"content": [typed("refusal", refusal="No.")]}, "", "No."),
    "refusal": ({"refusal": "No.", "content": None}, "", "No."),
    "content null": ({"content": None, "reasoning_content": "hm"}, "hm", ""),
    "reasoning_details": ({"reasoning_details": [DETAIL], "content": "42"}, "hm", "42"),
    "a summary in them": ({"reasoning_details": [typed("reasoning.summary", summary="hm")]}, "hm", ""),
    "encrypted": ({"reasoning_details": [typed("reasoning.encrypted", data="AAA=")], "content": "42"}, "", "42"),
    "details beside a field": ({"reasoning": "hm", "reasoning_details": [DETAIL]}, "hm", ""),
    "thinking blocks": ({"thinking_blocks": [{**THOUGHT, "signature": "x"}], "content": "42"}, "hm", "42"),
    "thinking": ({"thinking": "hm", "content": "42"}, "hm", "42"),
    "reasoning as an object": ({"reasoning": {"content": "hm"}, "content": "42"}, "hm", "42"),
    "redacted thinking": ({"content": [typed("redacted_thinking", data="AAA="), TEXT]}, "", "42"),
    "a picture beside text": ({"content": [PICTURE, TEXT]}, "", "42"),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("whole", [False, True], ids=["delta", "message"])
def test_typed_parts_and_every_field_of_thinking_are_read(texts: Texts, name: str, whole: bool) -> None:
    message, thinking, answer = PARTS[name]
    choice: dict[str, Any] = {"index": 0, "message" if whole else "delta": message}
    assert texts(chunk(choices=[choice]) + END, "openrouter") == (thinking, answer)


def test_details_are_read_in_pieces_and_not_again_once_a_field_has_given_them(texts: Texts) -> None:
    def details(text: str) -> dict[str, Any]:
        return {"reasoning_details": [{"type": "reasoning.text", "text": text}]}

    body = chunk(details("h")) + chunk(details("m")) + said("42")
    assert texts(body, "openrouter") == ("hm", "42")
    body = chunk({"reasoning": "h"}) + chunk({"reasoning": "m"}) + chunk(details("hm")) + said("42")
    assert texts(body, "openrouter") == ("hm", "42")


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ([{"type": "image_url", "image_url": {"url": "data:..."}}], "image_url"),
        ([{"type": "audio", "data": "AAA="}], "audio"),
        ({"video": 1}, "dict"),
        (42, "int"),
        (True, "bool"),
        ([42], "int"),
    ],
)
def test_an_answer_that_is_no_text_is_never_an_empty_answer(content: Any, form: str) -> None:
    for size in (1, 7, 64):
        told = ask(Reply(chunk({"content": content}) + END, piece_bytes=size))
        assert isinstance(told.error, ProviderError)
        assert told.error.message == f"DeepSeek sent an answer that is no text, but '{form}'."
        assert told.error.fault == "bad_stream"
    beside = ask(Reply(chunk({"content": content}) + said("42")))
    assert (beside.texts[1], beside.end.usage.flags) == ("42", ("unreadable_part",))


def message(**fields: Any) -> bytes:
    """A last chunk with an empty delta, and a message told whole."""
    return chunk(choices=[{"index": 0, "delta": {}, "message": fields, "finish_reason": "stop"}])


PIECES = chunk({"content": "The answer"}) + chunk({"content": " is 42."})
COUNTS = chunk(choices=[], usage=usage(10, 50)) + DONE


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(PIECES + message(content="The answer is 42."), ("", "The answer is 42."), id="the same"),
        pytest.param(PIECES + message(content="The answer is 42. So."), ("", "The answer is 42. So."), id="more"),
        pytest.param(PIECES + message(content="It is 42."), ("", "The answer is 42."), id="another"),
        pytest.param(PIECES + message(content=None), ("", "The answer is 42."), id="nothing"),
        pytest.param(
            chunk({"reasoning_content": "hm"}) + message(reasoning_content="hm", content="42"),
            ("hm", "42"),
            id="answer",
        ),
        pytest.param(
            PIECES + message(reasoning_content="hm", content="The answer is 42."),
            ("hm", "The answer is 42."),
            id="its thinking",
        ),
        pytest.param(message(content="42"), ("", "42"), id="only the message"),
        pytest.param(message(reasoning_content="hm", content="</think>42"), ("hm", "42"), id="an orphan in it"),
        pytest.param(
            chunk(choices=[{"index": 0, "message": {"content": "4"}}])
            + chunk(choices=[{"index": 0, "message": {"content": "2"}, "finish_reason": "stop"}]),
            ("", "42"),
            id="messages that are pieces",
        ),
        pytest.param(
            PIECES + chunk(finish="stop") + message(content="The answer is 42."), ("", "The answer is 42."), id="late"
        ),
    ],
)
def test_a_message_told_whole_gives_only_what_no_delta_gave(
    texts: Texts, body: bytes, expected: tuple[str, str]
) -> None:
    assert texts(body + COUNTS, "deepseek") == expected
    assert ask(Reply(body + COUNTS)).end.usage.flags == ()


def test_a_message_told_whole_gives_only_the_rest_where_thinking_stands_in_it(texts: Texts) -> None:
    body = chunk({"content": "<think>h"}) + message(content="<think>hm</think>42") + COUNTS
    assert texts(body, "ollama") == ("hm", "42")


@pytest.mark.parametrize(
    ("choices", "answer"),
    [
        ([{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "42"}}], "42"),
        ([{"index": 0, "delta": {"content": "42"}}, {"index": 1, "delta": {"content": "no"}}], "42"),
        ([{"delta": {"content": "42"}}], "42"),
        ([{"index": None, "delta": {"content": "42"}}], "42"),
        ([None, {"index": 0, "delta": {"content": "42"}}], "42"),
        ([{"index": 0, "text": "42"}], "42"),
        ([{"index": 0, "text": "42", "delta": {"content": "42"}}], "42"),
    ],
)
def test_only_the_first_choice_counts_in_chunks_and_in_old_completions(
    texts: Texts, choices: list[Any], answer: str
) -> None:
    other = chunk(choices=[{"index": 1, "delta": {"content": "no"}, "finish_reason": "stop"}])
    assert texts(other + chunk(choices=choices) + END, "deepseek") == ("", answer)


ROW = b'data: {"choices": [{"index": 0, "delta": {"content": "4"}}]}'
SECOND = b'{"choices": [{"index": 0, "delta": {"content": "2"}, "finish_reason": "stop"}]}'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(ROW + b"\ndata: " + SECOND + b"\ndata: [DONE]\n\n", id="no blank lines"),
        pytest.param(ROW + SECOND + b"\n\n", id="two objects in one"),
        pytest.param(b"data: " + ROW + b"\n\ndata: data: " + SECOND + b"\n\n", id="the field's name twice"),
        pytest.param(ROW + b"\n\n" + SECOND + b"\n\n", id="a bare line"),
        pytest.param(ROW.replace(b"data: ", b"data:") + b"\n\ndata:" + SECOND + b"\n\n", id="no space"),
        pytest.param(ROW + b"\r\rdata: " + SECOND + b"\r\r", id="CR alone"),
        pytest.param(ROW + b"\r\n\r\ndata: " + SECOND + b"\r\n\r\n", id="CR LF"),
        pytest.param(b"\xef\xbb\xbf" + ROW + b"\n\ndata: " + SECOND + b"\n\n", id="a mark of the byte order"),
        pytest.param(b"\n\n \n" + ROW + b"\n\ndata: " + SECOND, id="blanks before, nothing behind"),
        pytest.param(
            b"id: 1\nretry: " + b"9" * 5000 + b"\n" + ROW + b"\n\n: x\n\ndata: " + SECOND + b"\n\n", id="fields"
        ),
        pytest.param(ROW.replace(b", ", b",\ndata: ") + b"\n\ndata: " + SECOND + b"\n\n", id="an object in two lines"),
        pytest.param(ROW + b"\n\nevent: message\nid\ndata: " + SECOND + b"\n\n", id="a field without a colon"),
        pytest.param(b"data: [" + ROW[6:] + b"," + SECOND + b"]\n\n", id="a list of chunks"),
    ],
)
def test_the_lines_of_a_stream_are_read_as_servers_write_them(texts: Texts, body: bytes) -> None:
    assert texts(body, "deepseek") == ("", "42")


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        pytest.param(b"a\x00b", "a\x00b", id="NUL"),
        pytest.param(b"a\tb", "a\tb", id="a raw tab"),
        pytest.param(b"a\xe2\x82b", "a\ufffdb", id="half of a character"),
        pytest.param(b"a\xffb", "a\ufffdb", id="no UTF-8"),
        pytest.param("a\u2028b\x85".encode(), "a\u2028b\x85", id="what Python calls line ends"),
        pytest.param("a🎉".encode(), "a🎉", id="four bytes"),
    ],
)
def test_bytes_that_are_no_json_or_no_text_lose_no_more_than_themselves(texts: Texts, raw: bytes, answer: str) -> None:
    assert texts(said("RAW").replace(b"RAW", raw), "deepseek") == ("", answer)


def test_a_number_that_no_type_holds_is_one_event_that_cannot_be_read() -> None:
    for number in ("9" * 5000, "1e99999999999999999999", "-1e-99999999999999999999"):
        told = ask(Reply(f'data: {{"x": {number}, "y": 1.5}}\n\n'.encode() + said("42"), piece_bytes=64))
        assert told.texts[1] == "42"
    assert json.loads('{"y": 1.5}', parse_float=Decimal)["y"] == Decimal("1.5")


def test_a_turn_that_holds_tags_goes_back_as_it_was_shown() -> None:
    request = replace(QUESTION, messages=(*QUESTION.messages, Message("assistant", LONG, "hm"), *QUESTION.messages))
    told = ask(Reply(said("42")), "ollama", model="m", request=request)
    assert told.wire.requests[0]["messages"][1]["content"] == LONG
