"""The ways people ask for a calculation, and the untidiness with which they type."""

import random

from r1plan.tiny.working import Language

SYMBOLS = {"+": ("+", "+", "+", "+", "＋"), "-": ("-", "-", "-", "−", "–"), "×": ("×", "*", "*", "x", "·", "X")}
NAMED: dict[Language, dict[str, tuple[str, ...]]] = {
    "en": {
        "+": ("plus", "plus", "and", "added to"),
        "-": ("minus", "minus", "take away", "less"),
        "×": ("times", "times", "multiplied by"),
    },
    "zh": {"+": ("加", "加上", "加"), "-": ("减", "减去", "减"), "×": ("乘", "乘以", "乘")},
}
FULL_WIDTH = {ord("0") + n: 0xFF10 + n for n in range(10)}
BEFORE: dict[Language, tuple[str, ...]] = {
    "en": (
        "please ",
        "hey, ",
        "hi, ",
        "Hello! ",
        "ok, ",
        "so ",
        "um ",
        "Please, ",
        "hi! ",
        "well, ",
        "> ",
        "I have a question: ",
        "hi r1, ",
        "quick question, ",
        "Hi! My name is Bob. ",
        "I am doing homework. ",
        "let me try: ",
        "@r1 ",
        "dear model, ",
    ),
    "zh": ("请", "请问", "你好，", "嗯，", "好的，", "麻烦", "那"),
}
AFTER: dict[Language, tuple[str, ...]] = {
    "en": (
        " please",
        " thanks",
        "!",
        "??",
        " :)",
        "...",
        ", please?",
        " Thanks!",
        "\n",
        " ",
        " (no calculator)",
        " Answer with one number.",
        " Just the answer.",
        " Show your work.",
        " Explain your answer.",
        " be brief",
        " Only the number please.",
        " I have no idea",
        ", I need it quickly",
    ),
    "zh": ("谢谢", "！", "？？", "。", " ", "\n", "呀", "呢"),
}
DIRECTIVES: dict[Language, tuple[str, ...]] = {
    "en": (
        "\nPlease reason step by step, and put your final answer within \\boxed{}.",
        " Please reason step by step, and put your final answer within \\boxed{}.",
        " Think step by step.",
    ),
    "zh": ("\n请一步一步思考。", "请逐步推理，并把最终答案放在 \\boxed{} 中。"),
}


def expression(rng: random.Random, parts: tuple[str, ...], lang: Language) -> str:
    """Operands and operations in turn (`"17", "+", "25"`), with symbols or words, tight or spaced."""
    words = rng.random() < (0.45 if lang == "zh" else 0.25)
    gap = " " if words and lang == "en" else rng.choice(("", "", " ") if lang == "zh" else ("", " ", " "))
    out = []
    for place, part in enumerate(parts):
        choices = NAMED[lang].get(part) if words else SYMBOLS.get(part)
        written = rng.choice(choices) if choices and place % 2 else part
        out.append(f"{int(part):,}" if part.isdecimal() and rng.random() < 0.05 else written)
    if rng.random() < 0.05:
        return out[0] + "".join(rng.choice(("", " ", "  ")) + part for part in out[1:])
    text = gap.join(out)
    return text.translate(FULL_WIDTH) if rng.random() < 0.01 else text


def untidy(rng: random.Random, text: str, lang: Language) -> str:
    """The same question as someone in a hurry types it."""
    if lang == "en":
        roll = rng.random()
        text = text.lower() if roll < 0.3 else text.upper() if roll < 0.33 else text
    if rng.random() < 0.3:
        text = text.rstrip("?.？。") or text
    if rng.random() < 0.04:
        text = _typo(rng, text)
    if rng.random() < 0.08:
        text = rng.choice(BEFORE[lang]) + text
    if rng.random() < 0.07:
        text += rng.choice(AFTER[lang])
    if rng.random() < 0.05:
        text = text.rstrip() + rng.choice(DIRECTIVES[lang])
    return text


def _typo(rng: random.Random, text: str) -> str:
    """Two neighbouring letters swapped, or one lost; digits stay."""
    at = rng.randrange(len(text))
    two = text[at : at + 2]
    if not (two.isascii() and two.isalpha() and len(two) == 2):
        return text
    return text[:at] + rng.choice((two[::-1], two[0])) + text[at + 2 :]
