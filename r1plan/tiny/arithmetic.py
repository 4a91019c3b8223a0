"""Questions r1-tiny can answer: what is asked, how it is worked out, what is answered."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from r1plan.tiny import working
from r1plan.tiny.operands import COMPARISON_DIGITS, SUM_DIGITS, Operation, Pair, draw, whole
from r1plan.tiny.phrases import sections
from r1plan.tiny.phrasing import expression, untidy
from r1plan.tiny.spelled import chinese, english
from r1plan.tiny.stories import REASONS, SECTION, story
from r1plan.tiny.working import Language, Working

Kind = Literal["sum", "difference", "product", "comparison", "chain", "story"]
KINDS: tuple[Kind, ...] = ("sum", "difference", "product", "comparison", "chain", "story")
WORK: dict[Operation, Callable[[int, int, Language], Working]] = {
    "+": working.add,
    "-": working.subtract,
    "×": working.multiply,
    "<>": working.compare,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question with the reply it should get; `pairs` are the operand pairs worked through, the asked one first."""

    kind: str
    prompt: str
    thinking: str
    answer: str
    pairs: tuple[Pair, ...] = ()


def question(rng: random.Random, kind: Kind, held_out: bool) -> Question:
    """A question of this kind; when not `held_out`, no held-out pair is asked or worked through."""
    lang: Language = "zh" if rng.random() < 0.2 else "en"
    while True:
        drawn = _draw(rng, kind, lang, held_out)
        if drawn.pairs[0].held_out if held_out else not any(pair.held_out for pair in drawn.pairs):
            return drawn


def _draw(rng: random.Random, kind: Kind, lang: Language, held_out: bool) -> Question:
    if kind == "comparison":
        return _comparison(rng, lang, held_out)
    if kind == "chain":
        return _chain(rng, lang, held_out)
    operations: dict[str, Operation] = {"sum": "+", "difference": "-", "product": "×"}
    operation = operations.get(kind) or cast("Operation", rng.choice("+-×"))
    pair = draw(rng, operation, held_out, 3 if kind == "story" and rng.random() < 0.9 else SUM_DIGITS)
    if kind == "story":
        if operation == "-" and pair.a < pair.b:
            return _draw(rng, kind, lang, held_out)
        worked = WORK[operation](pair.a, pair.b, lang)
        thinking = "\n".join((REASONS[lang][operation], *worked.lines))
        answer = f"The answer is {worked.result}." if lang == "en" else f"答案是 {worked.result}。"
        return Question(kind, untidy(rng, story(rng, pair, lang), lang), thinking, answer, worked.pairs)
    worked = WORK[operation](pair.a, pair.b, lang)
    answer = f"{pair.a} {operation} {pair.b} = {worked.result}"
    return Question(kind, _ask(rng, pair, worked.result, lang), "\n".join(worked.lines), answer, worked.pairs)


def _claim(rng: random.Random, result: int) -> int:
    """What the one who asks believes: right half of the time."""
    return result if rng.random() < 0.5 else abs(result + rng.choice((-10, -2, -1, 1, 2, 10, 100)))


def _ask(rng: random.Random, pair: Pair, result: int, lang: Language) -> str:
    asking = sections("asking")
    a, b = str(pair.a), str(pair.b)
    if max(pair.a, pair.b) < 100 and rng.random() < 0.12:
        spell = english if lang == "en" else chinese
        a, b = spell(pair.a), spell(pair.b)
    if rng.random() < 0.3:
        text = rng.choice(asking[f"{lang} {SECTION[pair.operation]}"]).format(a=a, b=b)
    else:
        text = rng.choice(asking[f"{lang} expression"]).format(
            e=expression(rng, (a, pair.operation, b), lang), c=_claim(rng, result)
        )
    return untidy(rng, text, lang)


def _comparison(rng: random.Random, lang: Language, held_out: bool) -> Question:
    pair = draw(rng, "<>", held_out, COMPARISON_DIGITS)
    a, b = pair.a, pair.b
    asked = rng.choice(("larger", "larger", "larger", "smaller", "smaller", "is larger", "is smaller"))
    prompt = rng.choice(sections("asking")[f"{lang} {asked}"]).format(a=a, b=b)
    worked = working.compare(a, b, lang)
    if asked.startswith("is "):
        sign = ">" if a > b else "<" if a < b else "="
        yes = sign == (">" if asked == "is larger" else "<")
        word = ("Yes" if yes else "No") if lang == "en" else ("是" if yes else "不是")
        answer = f"{word}: {a} {sign} {b}"
    elif a == b:
        answer = f"They are equal: {a}" if lang == "en" else f"两数相等：{a}"
    elif lang == "en":
        answer = f"The {asked} number is {max(a, b) if asked == 'larger' else min(a, b)}."
    else:
        answer = f"更大的数是 {max(a, b)}。" if asked == "larger" else f"更小的数是 {min(a, b)}。"
    return Question("comparison", untidy(rng, prompt, lang), "\n".join(worked.lines), answer, worked.pairs)


def _chain(rng: random.Random, lang: Language, held_out: bool) -> Question:
    first, second = rng.choice("+-"), rng.choice("+-")
    pair = draw(rng, cast("Operation", first), held_out, 3)
    c = whole(rng, rng.randint(1, 3))
    worked = working.left_to_right(pair.a, first, pair.b, second, c, lang)
    parts = (str(pair.a), first, str(pair.b), second, str(c))
    prompt = rng.choice(sections("asking")[f"{lang} expression"]).format(
        e=expression(rng, parts, lang), c=_claim(rng, worked.result)
    )
    answer = f"{' '.join(parts)} = {worked.result}"
    return Question("chain", untidy(rng, prompt, lang), "\n".join(worked.lines), answer, worked.pairs)
