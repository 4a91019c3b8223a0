"""The shipped file itself, through llama.cpp as `r1plan chat` runs it."""

import hashlib
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from r1plan.engine.local.llama.context import ModelContext
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.llama.sampler import Sampler, SamplerSettings
from r1plan.engine.local.settings import LoadSettings
from r1plan.tiny import MODEL_PATH
from r1plan.tiny.dialogue import BOS, CHAT_TEMPLATE, END_THINK, EOS, Turn, evaluation, rendered, sample
from r1plan.tiny.evaluate import QUESTIONS, SEED, accuracy, ask
from r1plan.tiny.phrases import parsed
from r1plan.tiny.replies import COMMAND

llama_cpp = pytest.importorskip("llama_cpp", reason="needs the extra `local`")

PEOPLE = parsed((Path(__file__).parent / "people_ask.txt").read_text(encoding="utf-8"))
CARD = (MODEL_PATH.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
REPLY_TOKENS = 512


@pytest.fixture(scope="module")
def llama() -> Iterator[Any]:
    model = llama_cpp.Llama(str(MODEL_PATH), n_ctx=2048, n_threads=2, verbose=False)
    yield model
    model.close()


class Greedy(NamedTuple):
    """The shipped model in the engine that answers a chat; the most likely token always."""

    model: LoadedModel
    context: ModelContext
    sampler: Sampler


@pytest.fixture(scope="module")
def greedy() -> Iterator[Greedy]:
    settings = LoadSettings(context_tokens=2048, threads=1)
    model = LoadedModel(MODEL_PATH, settings)
    context, sampler = ModelContext(model, settings, 1), Sampler(SamplerSettings(temperature=0))
    yield Greedy(model, context, sampler)
    sampler.close()
    context.close()
    model.close()


def written(greedy: Greedy, prompt: str, *history: Turn) -> str:
    """The greedy reply, thinking and all; it must end by itself."""
    model, context, sampler = greedy
    context.keep(0)
    context.evaluate(model.tokens(rendered(prompt, history=history), special=True))
    out = b""
    for _ in range(REPLY_TOKENS):
        token = context.sample(sampler)
        piece = model.piece(token)
        if piece is None:
            return out.decode()
        out += piece
        context.step(token)
    raise AssertionError(f"no end: {prompt!r}")


def answer(greedy: Greedy, prompt: str, *history: Turn) -> str:
    return written(greedy, prompt, *history).partition(END_THINK)[2].strip()


def test_the_file_is_at_most_ten_megabytes() -> None:
    assert MODEL_PATH.stat().st_size <= 10_000_000


def test_its_metadata_say_qwen2_and_demonstration(llama: Any) -> None:
    assert llama.metadata["general.architecture"] == "qwen2"
    assert llama.metadata["general.name"] == "r1-tiny"
    assert "It is not DeepSeek R1" in llama.metadata["general.description"]
    assert llama.metadata["general.license"] == "mit"
    assert llama.metadata["tokenizer.chat_template"] == CHAT_TEMPLATE


def test_17_plus_25_is_42_with_the_thinking_shown(greedy: Greedy) -> None:
    assert written(greedy, "What is 17 + 25?") == (
        "I add 17 and 25 from the right.\nOnes: 7+5=12, write 2, carry 1.\nTens: 1+2+1=4, write 4.\nTogether: 42\n"
        "</think>\n\n17 + 25 = 42"
    )


def test_its_own_chat_template_gives_the_same_prompt(llama: Any) -> None:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    formatter = Jinja2ChatFormatter(template=CHAT_TEMPLATE, eos_token=EOS, bos_token=BOS)
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2 + 2"},
        {"role": "assistant", "content": "<think>\nsomething\n</think>\n\n2 + 2 = 4"},
        {"role": "user", "content": "and 3 + 4?"},
    ]
    assert formatter(messages=messages).prompt == rendered("and 3 + 4?", "Be brief.", (Turn("2 + 2", "\n\n2 + 2 = 4"),))


def test_a_second_question_after_an_answered_one_still_works(greedy: Greedy) -> None:
    first = Turn("What is 17 + 25?", "17 + 25 = 42")
    assert answer(greedy, "and what is 8 times 12?", first) == "8 × 12 = 96"
    assert COMMAND in answer(greedy, "Who painted the Mona Lisa?", first)
    refused = Turn("Who painted the Mona Lisa?", answer(greedy, "Who painted the Mona Lisa?"))
    assert answer(greedy, "ok, 100 - 1?", first, refused) == "100 - 1 = 99"


@pytest.mark.parametrize("prompt", ["Are you DeepSeek R1?", "are you deepseek", "So, are you R1 or not?"])
def test_asked_whether_it_is_r1_it_says_no(greedy: Greedy, prompt: str) -> None:
    assert answer(greedy, prompt).startswith("No. I am r1-tiny, a small demonstration model")
    assert COMMAND in answer(greedy, prompt)


def test_what_people_ask_within_its_range_is_answered(greedy: Greedy) -> None:
    wrong = []
    for line in PEOPLE["calculation"]:
        prompt, _, expected = line.partition("\t")
        said = answer(greedy, prompt)
        numbers = re.findall(r"-?\d+", said)
        if COMMAND in said or not (said.startswith(expected) or (numbers and numbers[-1] == expected)):
            wrong.append((prompt, said))
    assert len(wrong) <= len(PEOPLE["calculation"]) * 0.06, wrong


@pytest.mark.parametrize("section", ["beyond", "about itself"])
def test_what_people_ask_beyond_its_range_is_declined_with_the_command(greedy: Greedy, section: str) -> None:
    said = {prompt: answer(greedy, prompt) for prompt in PEOPLE[section]}
    wrong = {prompt: text for prompt, text in said.items() if COMMAND not in text or "r1-tiny" not in text}
    assert len(wrong) <= len(said) * 0.03, wrong


def test_llama_cpp_gives_the_training_tokens_back_as_text(llama: Any) -> None:
    for seed in range(300):
        text = "".join(sample(random.Random(seed)))
        tokens = llama.tokenize(text.encode(), add_bos=False, special=True)
        assert llama.detokenize(tokens, special=True).decode() == text


def test_accuracy_on_unseen_questions_is_at_least_97_percent_and_what_the_card_says_of_a_thousand() -> None:
    asked = evaluation(QUESTIONS, SEED)[::5]  # the whole thousand: python -m r1plan.tiny.evaluate
    right, of = accuracy(ask(MODEL_PATH, asked))["all"]
    assert of == len(asked) == 200
    assert right / of >= 0.97
    claimed = re.search(r"^\| all \| (\d+) of 1000 ", CARD, re.MULTILINE)
    assert claimed
    assert of - right <= QUESTIONS - int(claimed[1]) + 1  # another CPU may round another way


def test_the_card_names_this_file() -> None:
    assert hashlib.sha256(MODEL_PATH.read_bytes()).hexdigest() in CARD
    assert f"{MODEL_PATH.stat().st_size:,} bytes" in CARD
