"""Text without sense, so that r1-tiny meets every letter, sign and script before a user sends it."""

import random

from r1plan.tiny.phrases import sections
from r1plan.tiny.working import Language

SYLLABLES = (
    "ba be bi bo ca co cra de di dro el en fa fi flo ga gen gri ha he in jo ka ki la le lin ma me mor na ne nu o pa pe "
    "pla qua ra re ri sa se sho st ta te ti tor u va ve wi xi ya zo tion ing er ly ness ment able est ed s"
)
SIGNS = "-=*#.+_~!?/\\|<>a0123456789xzh。！哈"
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789 !#$%&()*+-./:;<=>?@[]^_{|}~"
LATIN, GREEK_CYRILLIC, PICTURES = (0xC0, 0x24F), (0x391, 0x44F), (0x1F300, 0x1F64F)
KANA, HANGUL, ARABIC = (0x3041, 0x30FE), (0xAC00, 0xD7A3), (0x627, 0x64A)


def invented(rng: random.Random) -> str:
    """A word nobody has written."""
    word = "".join(rng.choices(SYLLABLES.split(), k=rng.randint(2, 4)))
    if rng.random() < 0.15:
        word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 10)))
    return word.capitalize() if rng.random() < 0.2 else word


def some_words(rng: random.Random, lang: Language, most: int = 7) -> str:
    """Words one after another, some of them invented; in Chinese, characters."""
    count = rng.randint(2, most)
    if lang == "zh":
        return "".join(han(rng) for _ in range(2 * count))
    words = sections("beyond")["en stray"][0].split()
    return " ".join(invented(rng) if rng.random() < 0.2 else rng.choice(words) for _ in range(count))


def han(rng: random.Random) -> str:
    """One of the 3,755 characters of GB 2312's first level."""
    place = rng.randrange(3755)
    return bytes((0xB0 + place // 94, 0xA1 + place % 94)).decode("gb2312")


def gibberish(rng: random.Random, lang: Language) -> str:
    """Loose words, one sign over and over, keys struck, other alphabets, emoji, or words with signs between."""
    make = rng.randrange(8)
    if make < 2:
        return some_words(rng, lang, rng.choice((30, 60, 60, 200)))
    if make == 2:
        return rng.choice(SIGNS) * rng.randint(1, 50)
    if make == 3:
        return "".join(rng.choices(KEYS, k=rng.randint(1, 30)))
    if make == 4:
        ranges = [rng.choice((LATIN, GREEK_CYRILLIC, (0x20, 0x20))) for _ in range(rng.randint(1, 25))]
    elif make == 5:
        ranges = [PICTURES] * rng.randint(1, 4)
    elif make == 6:
        ranges = [rng.choice((KANA, HANGUL, ARABIC)) for _ in range(rng.randint(2, 20))]
    else:
        words = (rng.choice("+-*/=%()") if rng.random() < 0.3 else invented(rng) for _ in range(rng.randint(2, 8)))
        return " ".join(words)
    return "".join(chr(rng.randint(*limits)) for limits in ranges)
