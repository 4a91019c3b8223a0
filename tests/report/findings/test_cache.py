"""What the cache lost, and which message changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.report.findings.broken_prefix import BrokenPrefix
from r1plan.report.findings.changed_message import ChangedMessage, changed_message, kept_messages
from tests.report.findings.finding import HIT, MISS, asked, found

MINUTE = timedelta(minutes=1)
FIRST = asked("a", conversation="c", input_tokens=2048, output_tokens=10)


def turn(after: timedelta = MINUTE, **changes: object) -> UsageEntry:
    values = {"conversation": "c", "input_tokens": 4096, "cache_hit_tokens": 0, "output_tokens": 10, **changes}
    return replace(asked("b", after), **values)  # type: ignore[arg-type]


# Somebody else, so that the seller is known to cache.
OTHER = asked("x", input_tokens=128, cache_hit_tokens=64, output_tokens=0)


@pytest.mark.parametrize(
    ("second", "lost"),
    [
        pytest.param(turn(), 2048, id="nothing-was-there"),
        pytest.param(turn(cache_hit_tokens=1023), 1025, id="less-than-half"),
        pytest.param(turn(input_tokens=1000), 960, id="a-shorter-turn-in-whole-blocks"),
    ],
)
def test_a_turn_breaks_where_the_cache_has_less_than_half_of_the_one_before(second: UsageEntry, lost: int) -> None:
    broken = found(BrokenPrefix, FIRST, second, OTHER)
    assert broken is not None
    assert (broken.requests, broken.conversations, broken.lost_tokens) == (1, 1, lost)
    assert broken.low_usd == broken.high_usd == lost * (MISS - HIT) / 1_000_000
    assert [(each.id, each.before_id, each.changed) for each in broken.worst] == [("b", "a", None)]


def test_a_turn_is_whole_where_half_was_there_or_nothing_can_be_told() -> None:
    short: dict[str, Any] = {"input_tokens": 1023}
    cases: list[tuple[dict[str, Any], UsageEntry]] = [
        ({}, turn(cache_hit_tokens=2048)),
        ({}, turn(cache_hit_tokens=1024)),
        (short, turn()),  # too short to tell
        ({}, turn(timedelta(hours=2))),  # long after
        ({}, turn(model_requested="deepseek-chat")),
        ({}, turn(cache_hit_tokens=None)),
        ({}, turn(status="failed")),
    ]
    rows = [OTHER, turn(conversation="alone"), turn(conversation=None, id="nobody's")]
    for number, (changes, second) in enumerate(cases):
        rows.append(replace(FIRST, id=f"a{number}", conversation=f"c{number}", **changes))
        rows.append(replace(second, id=f"b{number}", conversation=f"c{number}"))
    assert found(BrokenPrefix, *rows) is None


def test_where_nobody_caches_nothing_is_broken() -> None:
    assert found(BrokenPrefix, FIRST, turn()) is None


def test_the_price_of_its_own_moment_counts() -> None:
    # The discount of the night until 5 September 2025: half of the miss and of the hit.
    night = timedelta(days=-6, hours=6)
    broken = found(BrokenPrefix, asked("a", night, conversation="c", input_tokens=2048), turn(night + MINUTE), OTHER)
    assert broken is not None
    assert broken.high_usd == 2048 * (Decimal("0.135") - Decimal("0.035")) / 1_000_000


def text(*messages: tuple[str, str]) -> dict[str, object]:
    return {"messages": [{"role": role, "content": content} for role, content in messages], "answer": "."}


def test_the_message_that_changed_is_named_where_the_log_keeps_the_text() -> None:
    first = asked(
        "a", conversation="c", input_tokens=2048, text=text(("system", "It is 12:00. Be brief."), ("user", "Hi"))
    )
    second = turn(text=text(("system", "It is 12:01. Be brief."), ("user", "Hi"), ("assistant", "."), ("user", "?")))
    broken = found(BrokenPrefix, first, second, OTHER)
    assert broken is not None
    assert broken.worst[0].changed == ChangedMessage(number=1, role="system", at=10)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param([("user", "a")], [("user", "a"), ("user", "b")], None, id="one-more"),
        pytest.param([("user", "a")], [("user", "a")], None, id="the-same"),
        pytest.param([], [("user", "a")], None, id="the-first"),
        pytest.param([("user", "a")], [], ChangedMessage(number=1, role="user", at=0, was_removed=True), id="gone"),
        pytest.param([("user", "a")], [("system", "a")], ChangedMessage(number=1, role="user", at=0), id="role"),
        pytest.param([("user", "ab")], [("user", "abc")], ChangedMessage(number=1, role="user", at=2), id="longer"),
        pytest.param(
            [("user", "a"), ("user", "xy")],
            [("user", "a"), ("user", "xz")],
            ChangedMessage(number=2, role="user", at=1),
            id="the-second",
        ),
    ],
)
def test_the_first_message_that_is_another_has_changed(
    before: list[tuple[str, str]], after: list[tuple[str, str]], changed: ChangedMessage | None
) -> None:
    one, other = ([{"role": role, "content": content} for role, content in each] for each in (before, after))
    assert changed_message(one, other) == changed


def test_no_text_is_taken_from_lines_that_are_no_rows(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = ['{"id":"a","text":', '{"id":"a","text":[]}', '{"id":"a","text":{"messages":["x"]}}', '["a","text"]', "\xff"]
    rows.append('{"id":"a","text":{"messages":[{"role":"user","content":"x"}]}}')
    log.write_text("\n".join(rows), encoding="utf-8")
    assert kept_messages({"a"}, [log, tmp_path, tmp_path / "none"]) == {"a": [{"role": "user", "content": "x"}]}
