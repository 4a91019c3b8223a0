"""What r1-tiny must not pretend to know: other questions, larger arithmetic, itself; and the plain reply to each."""

import random
from string import Formatter

from r1plan.tiny.arithmetic import Question
from r1plan.tiny.gibberish import gibberish, invented, some_words
from r1plan.tiny.operands import Pair, in_range, whole
from r1plan.tiny.phrases import sections
from r1plan.tiny.phrasing import untidy
from r1plan.tiny.replies import REPLIES, Topic
from r1plan.tiny.working import Language


def beyond(rng: random.Random) -> Question:
    """Something other than small arithmetic, with its reply."""
    lang: Language = "zh" if rng.random() < 0.25 else "en"
    topics: tuple[Topic, ...] = ("other", "larger", "greeting", "thanks", "who", "not")
    topic = rng.choices(topics, (56, 28, 3, 3, 5, 5))[0]
    text = sections("beyond")
    if topic == "other":
        prompt = noise(rng, lang) if rng.random() < 0.25 else _other(rng, lang)
    elif topic == "larger":
        prompt = _larger(rng, lang)
    else:
        prompt = rng.choice(text[f"{lang} {topic}"])
    prompt = untidy(rng, prompt, lang).strip(" ") or "?"
    reply = REPLIES["zh" if any("一" <= c <= "鿿" for c in prompt) else "en"][topic]
    return Question(topic, prompt, reply.thinking, reply.answer)


def _other(rng: random.Random, lang: Language) -> str:
    template = rng.choice(sections("beyond")[f"{lang} sentence"])
    return _fill(rng, template, lang)


def _fill(rng: random.Random, template: str, lang: Language) -> str:
    """Slots filled in; a number after a slot's name ({n2}) only sets it apart from the first."""
    fields = {field for _, field, _, _ in Formatter().parse(template) if field}
    return template.format_map({field: _slot(rng, field.rstrip("2345"), lang) for field in sorted(fields)})


def _slot(rng: random.Random, name: str, lang: Language) -> str:
    lengths = {"n": (1, 4), "any": (1, 4), "d": (1, 1), "wide": (3, 6), "big": (5, 12), "thousand": (2, 3)}
    if name in lengths:
        return str(whole(rng, rng.randint(*lengths[name])))
    if name == "year":
        return str(rng.randint(1000, 2030))
    if name == "some":
        return some_words(rng, lang)
    if name == "word" or rng.random() < 0.15:
        return invented(rng)
    lists = sections("beyond")
    return rng.choice(lists.get(f"{lang} {name}", lists[f"en {name}"]))


def _larger(rng: random.Random, lang: Language) -> str:
    lists = sections("beyond")
    if rng.random() < 0.4:
        text = _fill(rng, rng.choice(lists[f"{lang} beyond other"]), lang)
    else:
        asked = _fill(rng, rng.choice(lists["en beyond arithmetic"]), lang)
        text = rng.choice(lists[f"{lang} beyond question"]).format(s=asked)
    return text if _really_larger(text) else _larger(rng, lang)


def _really_larger(text: str) -> bool:
    """False where the numbers drawn happen to make a question that is in range."""
    digits = "".join(c if c.isdecimal() else " " for c in text).split()
    numbers = [int(run) for run in digits]
    if len(numbers) != 2:
        return True
    pair = Pair("<>", *numbers)
    compares = any(word in text for word in ("larger", "bigger", "哪个大"))
    multiplies = any(sign in text for sign in ("*", "×", " x ", "times", "乘"))
    if compares and "." not in text:
        return not in_range(pair)
    if multiplies and "-" not in text and "**" not in text:
        return not in_range(Pair("×", *numbers))
    return True


def noise(rng: random.Random, lang: Language) -> str:
    """Text that asks nothing, of any length and make."""
    roll = rng.random()
    if roll < 0.35:
        sentences = [_other(rng, lang) for _ in range(rng.randint(2, 5))]
        return rng.choice((" ", "\n", "\n\n")).join(sentences)
    if roll < 0.45:
        return f"{_other(rng, lang)} {rng.choice(('{}', '{}', '({})', 'v{}')).format(whole(rng, rng.randint(1, 4)))}"
    return gibberish(rng, lang)
