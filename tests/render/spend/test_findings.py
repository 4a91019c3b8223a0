"""What stands out, said: each finding is one sentence with its basis and with what avoids it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from r1plan.render.spend.document import spend_json
from r1plan.render.spend.findings import finding_lines, finding_texts
from r1plan.report.findings.broken_prefix import BrokenPrefix, BrokenTurn
from r1plan.report.findings.changed_message import ChangedMessage
from r1plan.report.findings.cut_at_limit import CutAtLimit
from r1plan.report.findings.dearest import DearestRequests, DearRequest
from r1plan.report.findings.failures import FailingProvider
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.findings.lost_answers import LostAnswers, LostReason
from r1plan.report.findings.peak_hours import PeakHours
from r1plan.report.findings.retries import Retries
from r1plan.report.findings.served_change import ServedChange, ServedModel
from r1plan.report.findings.thinking_drift import ThinkingDrift
from r1plan.report.findings.tool_differs import ToolDiffers
from r1plan.report.period import Period, whole_month
from r1plan.report.spend import SpendReport, Totals

D = Decimal
AT = datetime(2025, 9, 3, 15, 0, tzinfo=UTC)


def report(*findings: SpendFinding, timezone: str = "UTC") -> SpendReport:
    return SpendReport(
        period=whole_month("2025-09", timezone),
        by=(),
        totals=Totals(requests=100, cost_usd=D("2.00")),
        findings=findings,
    )


RETRIES = Retries(
    basis="measured", requests=3, low_usd=D("0.5"), high_usd=D("0.5"), provider="p", at_provider=3, unanswered=0
)
LOST = LostAnswers(
    basis="estimated",
    requests=4,
    low_usd=D("0.02"),
    high_usd=D("0.24"),
    reasons=(LostReason(reason="interrupted", requests=3), LostReason(reason="connection_lost", requests=1)),
)
BROKEN = BrokenPrefix(
    basis="estimated",
    requests=2,
    low_usd=D("0.1"),
    high_usd=D("0.1"),
    conversations=1,
    lost_tokens=20_480,
    worst=(BrokenTurn(id="b", before_id="a", conversation="c", at=AT, lost_tokens=10_240),),
)
NAMED = replace(
    BROKEN, worst=(replace(BROKEN.worst[0], changed=ChangedMessage(number=1, role="system", at=10)), *BROKEN.worst)
)
CUT = CutAtLimit(
    basis="measured",
    requests=3,
    low_usd=D(0),
    high_usd=D("0.3"),
    eaten=0,
    provider="p",
    model="m",
    longest_tokens=8192,
)
PEAK = PeakHours(
    basis="estimated",
    requests=34,
    low_usd=D(0),
    high_usd=D("0.45"),
    dear_usd=D("0.61"),
    clock_usd=D("0.65"),
    provider="p",
    model="m",
    cheap_hours_utc=("16:30-00:30",),
    dear_hours_utc=(),
    last_at=AT,
)
DRIFT = ThinkingDrift(
    basis="estimated",
    requests=9,
    low_usd=D("0.2"),
    high_usd=D("0.2"),
    provider="p",
    model="m",
    ratio_before=4.0,
    ratio_after=6.25,
    thinking_before=3210,
)
ANSWERED = ServedModel(model="x", requests=1, first_at=AT, last_at=AT, cost_usd=D(1))
SERVED = ServedChange(
    basis="measured",
    requests=1,
    low_usd=D(1),
    high_usd=D(1),
    provider="p q",
    model="m",
    source="answers",
    served=(ANSWERED,),
)
DEAR = DearRequest(
    id="r1",
    at=AT,
    provider="p",
    model="m",
    project=None,
    input_tokens=1,
    cache_hit_tokens=None,
    output_tokens=1,
    thinking_tokens=None,
    cost_usd=D("0.5"),
)
DEAREST = DearestRequests(basis="measured", requests=1, low_usd=D("0.5"), high_usd=D("0.5"), dearest=(DEAR,))


@pytest.mark.parametrize(
    ("finding", "sentence", "avoid"),
    [
        pytest.param(
            RETRIES,
            "$0.50 for 3 attempts at p beside those that answered (measured).",
            "r1plan chat --max-cost 0.06",
            id="retries",
        ),
        pytest.param(
            replace(RETRIES, at_provider=2, unanswered=1, high_usd=None),
            "$0.50 to an unknown amount for 3 attempts beside those that answered, 2 of them at p; 1 question got no "
            "answer at all (measured).",
            "r1plan chat --max-cost 0.06",
            id="retries-at-several",
        ),
        pytest.param(
            replace(RETRIES, low_usd=D(0), high_usd=D(0)),
            "3 attempts at p that did not answer, and cost nothing (measured).",
            "r1plan chat --max-cost 0.06",
            id="free-retries",
        ),
        pytest.param(
            LOST,
            "$0.02 to $0.24 for 4 answers that never came whole: 3 interrupted, 1 connection lost (estimated).",
            "r1plan chat --max-cost 0.06",
            id="lost",
        ),
        pytest.param(
            replace(LOST, reasons=LOST.reasons[1:], requests=1),
            "$0.02 to $0.24 for 1 answer that never came whole, connection lost (estimated).",
            "r1plan chat --route fastest",
            id="lost-by-the-seller",
        ),
        pytest.param(
            FailingProvider(basis="measured", requests=5, low_usd=D(0), high_usd=D(0), provider="p", of_requests=50),
            "5 of 50 requests to p failed, 10 % (measured).",
            "r1plan chat --route cheapest",
            id="failed",
        ),
        pytest.param(
            BROKEN,
            "$0.10 for 20.5k tokens that the cache lost in 2 turns of 1 conversation (estimated).",
            "Keep what a conversation begins with as it was; chat --log-text lets the report name what changed.",
            id="cache",
        ),
        pytest.param(
            NAMED,
            "$0.10 for 20.5k tokens that the cache lost in 2 turns of 1 conversation: in b message 1 (system) changed "
            "at its character 10 (estimated).",
            "Keep what a conversation begins with as it was.",
            id="changed-message",
        ),
        pytest.param(
            CUT,
            "$0.30 for 3 answers cut at their limit, most at p m (measured).",
            "r1plan chat --max-tokens 17000",
            id="cut",
        ),
        pytest.param(
            replace(CUT, eaten=2),
            "$0.30 for 3 answers cut at their limit, 2 of them with nothing left after the thinking, most at p m "
            "(measured).",
            "r1plan chat --max-thinking 4100",
            id="eaten",
        ),
        pytest.param(
            PEAK,
            "At most $0.45 less at 16:30-00:30 UTC for 34 requests that cost $0.61 at dearer hours (estimated).",
            "r1plan chat --by 00:30",
            id="hours",
        ),
        pytest.param(
            replace(PEAK, cheap_hours_utc=(), dear_hours_utc=("01:00-04:00", "06:00-10:00")),
            "At most $0.45 less outside 01:00-04:00 and 06:00-10:00 UTC for 34 requests that cost $0.61 at dearer "
            "hours (estimated).",
            "r1plan chat --by 01:00",
            id="dear-hours",
        ),
        pytest.param(
            replace(PEAK, clock_ended_at=AT),
            "At most $0.45 less at 16:30-00:30 UTC for 34 requests that cost $0.61 at dearer hours; that clock ended "
            "on 2025-09-03 (estimated).",
            None,
            id="hours-of-the-past",
        ),
        pytest.param(
            DRIFT,
            "$0.20 more: p m thinks 6.2 tokens for each of the answer, 4 before (estimated).",
            "r1plan chat --max-thinking 6500",
            id="longer-thinking",
        ),
        pytest.param(
            replace(DRIFT, ratio_after=2.0, low_usd=D(0), high_usd=D(0)),
            "p m thinks 2 tokens for each of the answer, 4 before (estimated).",
            None,
            id="shorter-thinking",
        ),
        pytest.param(
            SERVED,
            "p q m was answered by x: 1 request, $1.00 (measured).",
            "r1plan prices list --provider 'p q'",
            id="alias",
        ),
        pytest.param(
            replace(SERVED, served=(ANSWERED, replace(ANSWERED, model="y, then z from 2026 (thinking)"))),
            "p q m was answered by x, from 2025-09-03 on y (thinking): 1 request, $1.00 (measured).",
            "r1plan prices list --provider 'p q'",
            id="alias-that-changed",
        ),
        pytest.param(
            ToolDiffers(
                basis="measured",
                requests=7,
                low_usd=D(0),
                high_usd=D(0),
                tool="litellm",
                tool_usd=D(3),
                priced_usd=D(2),
            ),
            "litellm reckoned $3.00 for 7 requests; at the prices of then it is $2.00 (measured).",
            "r1plan prices verify",
            id="tool",
        ),
        pytest.param(
            DEAREST,
            "r1 cost $0.50, of p m, 2025-09-03 15:00 UTC (measured).",
            "r1plan chat --max-cost 0.06",
            id="dearest",
        ),
        pytest.param(
            replace(DEAREST, dearest=(DEAR, DEAR), low_usd=D(1)),
            "r1 cost $0.50, of p m, 2025-09-03 15:00 UTC; the dearest 2 cost 50 % of all (measured).",
            "r1plan chat --max-cost 0.06",
            id="dearest-two",
        ),
    ],
)
def test_a_finding_is_a_sentence_and_what_avoids_it(finding: SpendFinding, sentence: str, avoid: str | None) -> None:
    (text,) = finding_texts(report(finding))
    assert (text.sentence, text.command or text.advice) == (sentence, avoid)
    assert text.command is None or text.command.startswith("r1plan ")


def test_by_when_to_be_answered_is_on_the_clock_of_the_report() -> None:
    (text,) = finding_texts(report(PEAK, timezone="Asia/Shanghai"))
    assert text.command == "r1plan chat --by 08:30"


def test_the_first_screen_has_few_and_says_how_many_are_left() -> None:
    quiet = replace(CUT, worth_telling=False)
    some = report(quiet, RETRIES, LOST, BROKEN, CUT, DRIFT)
    assert [text.is_first for text in finding_texts(some)] == [False, True, True, True, True, False]
    for width in (40, 80, 120):
        lines = list(finding_lines(some, width))
        assert max(map(len, lines[:-1])) <= max(width, 60)
        assert lines[-1] == "2 more findings of less weight: --format md, or --json."
    assert list(finding_lines(report(quiet), 80)) == ["1 finding of less weight: --format md, or --json."]
    assert list(finding_lines(report(), 80)) == []


def test_a_command_stands_behind_its_sentence_where_it_has_room_and_below_it_elsewhere() -> None:
    sentence = "cut: $0.30 for 3 answers cut at their limit, most at p m (measured)."
    command = "→ r1plan chat --max-tokens 17000"
    assert list(finding_lines(report(CUT), len(f"{sentence} {command}"))) == [f"{sentence} {command}"]
    assert list(finding_lines(report(CUT), len(f"{sentence} {command}") - 1)) == [sentence, f"  {command}"]


def test_a_name_cannot_break_a_line_or_a_command() -> None:
    evil = replace(SERVED, provider="p\n\x1b[31m$(rm)", model="m\tn")
    (text,) = finding_texts(report(evil))
    assert not {"\n", "\t", "\x1b"} & set(text.sentence + (text.command or ""))
    assert "'p $(rm)'" in (text.command or "")


def test_json_holds_each_with_its_facts() -> None:
    document = json.loads(spend_json(report(NAMED, SERVED)))
    first, second = document["findings"]
    assert (first["kind"], first["basis"], first["requests"], first["low_usd"]) == (
        "broken_prefix",
        "estimated",
        2,
        "0.1",
    )
    assert first["message"].startswith("$0.10 for 20.5k tokens")
    assert (first["command"], first["advice"]) == (None, "Keep what a conversation begins with as it was.")
    assert first["facts"]["worst"][0]["changed"] == {"number": 1, "role": "system", "at": 10, "was_removed": False}
    assert second["facts"]["served"][0] == {
        "model": "x",
        "requests": 1,
        "first_at": "2025-09-03T15:00:00+00:00",
        "last_at": "2025-09-03T15:00:00+00:00",
        "cost_usd": "1",
    }


def test_amounts_in_yuan_are_in_fields_of_yuan() -> None:
    yuan = SpendReport(
        period=Period(), by=(), totals=Totals(requests=1, cost_usd=D(9)), currency="CNY", findings=(DEAREST,)
    )
    (found,) = json.loads(spend_json(yuan))["findings"]
    assert (found["low_usd"], found["low_cny"]) == (None, "0.5")
    assert (found["facts"]["dearest"][0]["cost_usd"], found["facts"]["dearest"][0]["cost_cny"]) == (None, "0.5")
    assert found["message"].startswith("r1 cost ¥0.50")
    assert found["command"] is None  # a limit is in dollars
