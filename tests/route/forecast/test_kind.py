"""Kinds and languages of prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.policy import Kind
from r1plan.route.forecast.kind import kind_of, language_of

PROMPTS: list[tuple[Kind, str]] = [
    ("code", "Write a Python function that reverses a linked list."),
    ("code", "```\nfor i in range(3): print(i)\n```\nWhy does it stop at 2?"),
    ("code", "def f(x):\n    return x + 1\n\nWhat is wrong?"),
    ("code", "diff --git a/x.py b/x.py\n@@ -1 +1 @@\n-a\n+b\nReview this."),
    ("code", "I get Traceback (most recent call last) when I import the module"),
    ("code", "#include <stdio.h>\nint main() { return 0; }"),
    ("code", "SELECT name FROM users WHERE id = 3; how do I make this faster?"),
    ("math", "What is 17 * 25?"),
    ("math", "Prove that there are infinitely many primes."),
    ("math", r"Evaluate $\int_0^1 x^2 dx$."),
    ("math", "Solve for x: 3x + 4 = 19"),
    ("math", "How many ways are there to seat 5 people at a round table?"),
    ("short_question", "Who wrote The Trial?"),
    ("short_question", "What is the capital of Australia?"),
    ("short_question", "¿Dónde está la estación?"),
    ("writing", "Write a short poem about the sea."),
    ("writing", "Please summarize the meeting notes in three sentences: we met and talked about the roof."),
    ("writing", "Übersetze den Satz ins Englische: Der Himmel ist blau."),
    ("long_text", "The meeting went on and people talked about the roof. " * 200),
    ("other", "I had a long day and my cat looked at me in a strange way, as if it knew what was coming next."),
]


@pytest.mark.parametrize(("kind", "prompt"), PROMPTS, ids=[prompt[:30] for _, prompt in PROMPTS])
def test_a_prompt_has_its_kind(kind: Kind, prompt: str) -> None:
    assert kind_of(prompt) == kind


LANGUAGES = [
    ("en", "What is the best way to get from the station to the museum?"),
    ("de", "Was ist der beste Weg, um von dem Bahnhof zu dem Museum zu kommen?"),
    ("fr", "Quel est le meilleur chemin pour aller de la gare au musée ?"),
    ("es", "¿Cuál es el mejor camino para ir de la estación al museo y qué se ve por el camino?"),
    ("it", "Qual è il modo migliore per andare dalla stazione al museo? Non sono della città."),
    ("nl", "Wat is de beste weg van het station naar het museum, en hoe kom ik er?"),
    ("zh", "从车站到博物馆的最佳路线是什么？"),
    ("ja", "駅から博物館までの一番いい道は何ですか。"),
    ("ko", "역에서 박물관까지 가는 가장 좋은 길은 무엇입니까?"),
    ("ru", "Как лучше всего добраться от вокзала до музея?"),
    ("ar", "ما هي أفضل طريقة للوصول من المحطة إلى المتحف؟"),
    ("zh", "请解释 Python 的 list comprehension 是什么，怎么用，有哪些注意事项"),
    (None, "1 + 1"),
    (None, ""),
    (None, "xyzzy plugh"),
]


@pytest.mark.parametrize(
    ("language", "prompt"), LANGUAGES, ids=[f"{code}-{n}" for n, (code, _) in enumerate(LANGUAGES)]
)
def test_a_prompt_has_its_language(language: str | None, prompt: str) -> None:
    assert language_of(prompt) == language


@given(st.text())
def test_any_text_has_a_kind(text: str) -> None:
    assert kind_of(text) in ("code", "math", "long_text", "short_question", "writing", "other")
    assert language_of(text) is None or len(language_of(text) or "") == 2


def test_a_whole_book_is_not_searched() -> None:
    assert kind_of("word " * 100_000 + "def f(x):\n  return {};\n```") == "long_text"


def test_patterns_do_not_run_away() -> None:
    # Each of these would take minutes with a pattern that backtracks over and over.
    for text in ("$" * 20_000, "(" * 20_000, "a(" * 10_000, "fasse " + "x" * 20_000, "$=" * 10_000, " " * 20_000):
        kind_of(text)
