"""Small word problems: who has what, and what happens to it."""

import random

from r1plan.tiny.gibberish import invented
from r1plan.tiny.operands import Pair
from r1plan.tiny.phrases import sections
from r1plan.tiny.spelled import chinese, english
from r1plan.tiny.working import Language

SECTION = {"+": "sum", "-": "difference", "×": "product"}
REASONS: dict[Language, dict[str, str]] = {
    "en": {
        "+": "This asks for a total: a sum.",
        "-": "This asks what is left or missing: a difference.",
        "×": "Equal groups: a product.",
    },
    "zh": {"+": "求总数，用加法。", "-": "求剩下或相差多少，用减法。", "×": "每份一样多，用乘法。"},
}


def story(rng: random.Random, pair: Pair, lang: Language) -> str:
    """A word problem whose answer is the pair's result."""
    stories = sections("stories")
    name, other = rng.sample(stories[f"{lang} people"], 2)
    thing = rng.choice(stories[f"{lang} things"])
    if lang == "en" and rng.random() < 0.15:
        name, thing = invented(rng).capitalize(), invented(rng) + "s"
    text = rng.choice(stories[f"{lang} {SECTION[pair.operation]}"])
    for slot in ("lost", "gained", "left", "total", "group"):
        if f"{{{slot}}}" in text:
            text = text.replace(f"{{{slot}}}", rng.choice(stories[f"{lang} {slot}"]))
    spelled = max(pair.a, pair.b) < 100 and rng.random() < 0.12
    number = (english if lang == "en" else chinese) if spelled else str
    text = text.format(n=name, m=other, t=thing, a=number(pair.a), b=number(pair.b))
    return text.replace("，", ",") if lang == "zh" and rng.random() < 0.1 else text
