"""Every importer makes of every made record the row that it is, and counts every trap: against a plain Python loop."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from random import Random

import pytest

from r1plan.report.importers.agents.claude_code import CLAUDE_CODE
from r1plan.report.importers.agents.dsh import DSH
from r1plan.report.importers.agents.llm import LLM
from r1plan.report.importers.fireworks import FIREWORKS
from r1plan.report.importers.helicone import HELICONE
from r1plan.report.importers.importer import Importer
from r1plan.report.importers.langfuse import LANGFUSE
from r1plan.report.importers.litellm import LITELLM
from r1plan.report.importers.openai import OPENAI
from r1plan.report.importers.openrouter import OPENROUTER
from r1plan.report.importers.otel import OTEL
from tests.report.importers.made import (
    claude_code,
    dsh,
    fireworks,
    helicone,
    langfuse,
    litellm,
    llm,
    openai,
    openrouter,
    otel,
)
from tests.report.importers.made.truth import Made, Truth
from tests.report.importers.reading import Read, read

Maker = Callable[[Random, int], Iterable[Made]]
TOOLS: dict[str, tuple[Importer, Maker]] = {
    "litellm": (LITELLM, litellm.spend_logs),
    "openrouter's log": (OPENROUTER, openrouter.log),
    "openrouter's generations": (OPENROUTER, openrouter.generations),
    "openrouter's activity": (OPENROUTER, openrouter.activity),
    "fireworks' metrics": (FIREWORKS, lambda random, number: fireworks.metrics(random, number, newer=False)),
    "fireworks' newer metrics": (FIREWORKS, lambda random, number: fireworks.metrics(random, number, newer=True)),
    "helicone": (HELICONE, helicone.requests),
    "langfuse's exports": (LANGFUSE, lambda random, number: langfuse.observations(random, number, camel=False)),
    "langfuse's pages": (LANGFUSE, lambda random, number: langfuse.observations(random, number, camel=True)),
    "claude code": (CLAUDE_CODE, claude_code.lines),
    "dsh": (DSH, dsh.session),
    "llm": (LLM, llm.calls),
    "otel": (OTEL, otel.spans),
    "openai's bodies": (OPENAI, openai.bodies),
    "openai's usage": (OPENAI, openai.buckets),
}
SECRETS = ("u-1", "end-7", "a@example.org", "e@example.org", "88dc28d0", "user-5", "user-9", "secret", "u-77", "u9")
NAMES = tuple(field.name for field in fields(Truth))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("tool", TOOLS)
def test_rows_traps_and_totals_are_those_of_a_plain_loop(tool: str, seed: int) -> None:
    importer, maker = TOOLS[tool]
    made = list(maker(Random(seed), 250))
    compare(read(importer, [each.record for each in made], made[-1].record), made)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_file_that_is_given_twice_is_each_row_and_each_trap_twice(tool: str) -> None:
    # Which of two rows with one id counts is for what reads the rows.
    importer, maker = TOOLS[tool]
    records = [each.record for each in maker(Random(6), 120)]
    once = read(importer, records, records[-1])
    twice = read(importer, [*records, *({**each, "raw_file": "2"} for each in records)], records[-1])
    assert sorted(map(repr, twice.rows)) == sorted(map(repr, [*once.rows, *once.rows]))
    assert (twice.traps, twice.skipped) == ({trap: 2 * count for trap, count in once.traps.items()}, 2 * once.skipped)


def test_spans_are_the_same_out_of_one_document() -> None:
    made = list(otel.spans(Random(3), 60))
    compare(read(OTEL, [otel.otlp(made)]), made)


def test_spans_are_the_same_out_of_a_document_a_line() -> None:
    made = list(otel.spans(Random(4), 60))
    compare(read(OTEL, [otel.otlp(made[:31]), otel.otlp(made[31:])]), made)


def compare(found: Read, made: Sequence[Made]) -> None:
    truths = [each.truth for each in made if each.truth]
    wanted = Counter(trap for each in made for trap in each.traps)
    assert found.traps == dict(wanted)
    assert sorted(map(_of_truth, truths), key=repr) == sorted((_of_row(row, truths[0]) for row in found.rows), key=repr)
    for name in ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens", "reported_usd", "tool_usd"):
        total = Decimal(0)
        for truth in truths:
            total += getattr(truth, name) or 0
        assert found.total(name) == total, name
    assert len({row["id"] for row in found.rows}) == len(truths)
    text = json.dumps(found.rows, default=str)
    assert not [secret for secret in SECRETS if secret in text]


def _of_truth(truth: Truth) -> dict[str, object]:
    return {name: getattr(truth, name) for name in NAMES if name != "id" or truth.id}


def _of_row(row: dict[str, object], like: Truth) -> dict[str, object]:
    """As `_of_truth`; of sums the id is made here."""
    is_guessed = "estimated" in str(row["provenance"])
    row = {**row, "span_us": row["span_us"] or 0, "is_guessed": is_guessed}
    return {name: row[name] for name in NAMES if name != "id" or like.id}
