"""What kind of prompt it is, and in which language: one word each, for forecasts and rules. Pure.

The word goes into the log row, because the log holds no prompt: so later forecasts can tell kinds apart.
"""

from __future__ import annotations

import re

from r1plan.catalog.policy import Kind

_LONG_CHARACTERS = 8_000
_SHORT_CHARACTERS = 200
# Enough to tell; a pasted book need not be searched to its end.
_LOOKED_AT = 20_000

_CODE = re.compile(
    r"```|^\s*(?:def |class |import |from \w+ import |#include|func |fn |public |private |const |let |var |SELECT )"
    r"|^(?:diff --git|@@ )|[;{}]\s*$|=>|->|\w+\([^)\n]*\)\s*[:{]|Traceback"
    r"|\b(?:stack trace|segfault|compile[rd]?|refactor|unit tests?|regex|python|javascript|typescript|java|rust|golang|"
    r"sql|bash|dockerfile|kubernetes|function|bug|api|pull request)\b",
    re.MULTILINE | re.IGNORECASE,
)
_MATH = re.compile(
    r"\\(?:frac|int|sum|sqrt|boxed|begin|mathbb|cdot|leq|geq)|\$[^$\n]*[=^_\\+*/-][^$\n]*\$|\d\s*[-+*/^×÷]\s*\d|\b\d*x\s*[-+=^]"
    r"|[∫∑√≤≥≠∞∈∀∃]|\b(?:prove|proof|theorem|lemma|integral|derivative|equation|polynomial|matrix|eigen\w+|probability|"
    r"modulo|prime|triangle|solve for|how many ways|integers?|sum of|remainder|beweise|gleichung|calcul\w+)\b",
    re.IGNORECASE,
)
_WRITING = re.compile(
    r"\b(?:write|draft|rewrite|rephrase|translate|summari[sz]e|summary|essay|story|poem|letter|e-?mail|blog|article|"
    r"schreib\w*|übersetz\w*|fass\w* .{0,40}zusammen|écri\w*|tradui\w*|résum\w*|escrib\w*|traduc\w*)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？]\s*$|^\s*(?:who|what|when|where|which|why|how|is|are|does|do|can)\b", re.IGNORECASE)

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_WORDS = {
    "en": "the of and to is in that it for you with this are what how not have from",
    "de": "der die das und ist nicht ein eine mit für auf den wie was ich sie von zu",
    "fr": "le la les des et est une un que pour dans pas avec sur qui je vous ce",
    "es": "el los las que una un es por con para como del se qué en y está más",
    "it": "il che di una per con non sono come della gli è un più questo cosa",
    "pt": "o os que uma um para com não como do da em é por mais você está são",
    "nl": "de het een van en is dat niet met voor op zijn wat hoe ik je aan",
}
_LANGUAGE_OF = {
    word: {code for code, words in _WORDS.items() if word in words.split()}
    for word in {each for words in _WORDS.values() for each in words.split()}
}
_SHARE_OF_SCRIPT = 0.2
_WORD = re.compile(r"[^\W\d_]+")


def kind_of(prompt: str) -> Kind:
    """The kind of the last turn `prompt`. Code goes before maths: a loop holds arithmetic too."""
    looked_at = prompt[:_LOOKED_AT]
    code, maths = (len(pattern.findall(looked_at)) for pattern in (_CODE, _MATH))
    if code >= 2 or (code and code >= maths):
        return "code"
    if maths:
        return "math"
    if len(prompt) >= _LONG_CHARACTERS:
        return "long_text"
    if _WRITING.search(looked_at):
        return "writing"
    if len(prompt) <= _SHORT_CHARACTERS and _QUESTION.search(prompt):
        return "short_question"
    return "other"


def language_of(prompt: str) -> str | None:
    """The language of `prompt` as two letters, by its script or its commonest words; None where neither tells."""
    looked_at = prompt[:_LOOKED_AT]
    letters = sum(map(len, _WORD.findall(looked_at)))
    if not letters:
        return None
    for code, script in _SCRIPTS:
        # Kana beside Han is Japanese, however few.
        if len(script.findall(looked_at)) >= (1 if code == "ja" else _SHARE_OF_SCRIPT * letters):
            return code
    counts = dict.fromkeys(_WORDS, 0)
    for word in _WORD.findall(looked_at.casefold()):
        for code in _LANGUAGE_OF.get(word, ()):
            counts[code] += 1
    first, second = sorted(counts.values(), reverse=True)[:2]
    return max(counts, key=lambda each: counts[each]) if first > second else None
