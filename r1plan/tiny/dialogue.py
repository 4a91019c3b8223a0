"""Conversations in R1's chat template, as text to train on and to ask with."""

import random
from dataclasses import dataclass

from r1plan.tiny.arithmetic import KINDS, Question, question
from r1plan.tiny.beyond import beyond, noise
from r1plan.tiny.phrases import sections

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
THINK, END_THINK = "<think>", "</think>"

CHAT_TEMPLATE = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% set ns = namespace(system_prompt='') %}"
    "{%- for message in messages %}{%- if message['role'] == 'system' %}"
    "{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}"
    "{{ bos_token }}{{ ns.system_prompt }}"
    "{%- for message in messages %}"
    "{%- if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}{%- endif %}"
    "{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}"
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
    "{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}{%- endif %}"
    "{%- endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}"
)
"""R1's distills' own template, less the tool calls (deepseek-ai/DeepSeek-R1-Distill-Qwen-7B, tokenizer_config.json)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question already answered; the thinking is not kept."""

    prompt: str
    answer: str


def rendered(prompt: str, system: str = "", history: tuple[Turn, ...] = ()) -> str:
    """The text the model continues, the thinking just opened."""
    turns = "".join(f"{USER}{turn.prompt}{ASSISTANT}{turn.answer}{EOS}" for turn in history)
    return f"{BOS}{system}{turns}{USER}{prompt}{ASSISTANT}{THINK}\n"


def reply(asked: Question) -> str:
    """What the model should continue with, its end included."""
    return f"{asked.thinking}\n{END_THINK}\n\n{asked.answer}{EOS}"


def sample(rng: random.Random) -> tuple[str, str]:
    """One training conversation: the text given, the reply learned."""
    asked = _any(rng)
    turns = rng.choice((1, 1, 1, 2, 2, 3, 4, 6)) if rng.random() < 0.3 else 0
    opening = rng.choice(("", "\n\n"))
    history = tuple(Turn(past.prompt, opening + past.answer) for past in (_any(rng) for _ in range(turns)))
    if turns and rng.random() < 0.1:
        history = (*history, Turn(noise(rng, "en"), opening + noise(rng, "en")))
    system = ""
    if rng.random() < 0.15:
        system = rng.choice(sections("beyond")["en system"]) if rng.random() < 0.7 else noise(rng, "en")
    return rendered(asked.prompt, system, history), reply(asked)


def _any(rng: random.Random) -> Question:
    if rng.random() < 0.4:
        return beyond(rng)
    return question(rng, rng.choices(KINDS, (18, 20, 24, 12, 12, 14))[0], held_out=False)


def evaluation(count: int, seed: int) -> tuple[Question, ...]:
    """Distinct questions on held-out pairs only, evenly over the kinds."""
    rng = random.Random(seed)  # noqa: S311 - a seed, not a secret
    questions: dict[tuple[str, str], Question] = {}
    while len(questions) < count:
        kind = KINDS[len(questions) % len(KINDS)]
        drawn = question(rng, kind, held_out=True)
        questions.setdefault((kind, drawn.prompt), drawn)
    return tuple(questions.values())
