"""`--by`: a question that waits for a cheaper hour, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from r1plan.ask.question import AskOptions
from r1plan.cli.chat.asking import ChatAsker
from r1plan.cli.chat.screen import Told
from r1plan.cli.chat.start import Start, single
from r1plan.conversation.session import Session, Wishes
from r1plan.engine.chat import ChatRequest
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.context import Clocks
from tests.cli.chat.test_chat import chat, log_rows, remote
from tests.route.providers import Says, answering

# A Tuesday, in DeepSeek's peak hours: 01:00 to 04:00 and 06:00 to 10:00 UTC, at twice the price.
PEAK = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
OFF_PEAK = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


class Clock:
    """Time that passes only in sleep."""

    def __init__(self, at: datetime, stopped_after: int | None = None) -> None:
        self.at, self.sleeps, self.stopped_after = at, 0, stopped_after

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        if self.sleeps == self.stopped_after:
            raise KeyboardInterrupt
        self.at += timedelta(seconds=seconds)


def asker(home: Path, clock: Clock, said: list[str], by: datetime) -> ChatAsker:
    options = AskOptions(log=UsageLog(home / "data" / "logs"))
    clocks = Clocks(now=clock.now, sleep=clock.sleep)
    return ChatAsker(options, ChatRequest(messages=()), by=by, say=said.append, clocks=clocks)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "test")
    return Session(wishes=Wishes(provider="deepseek"))


def ask(home: Path, clock: Clock, by: datetime, session: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    with answering(Says(answer=("Yes.",))) as server:
        monkeypatch.setenv("R1PLAN_DEEPSEEK_BASE_URL", server.url)
        asking = asker(home, clock, said, by)
        try:
            result = asking.ask(asking.plan(session, "Well?"), Told(said.append))
        finally:
            asking.close()
        assert (result.answer, len(server.asked)) == ("Yes.", 1)
    return said


def test_a_question_waits_for_the_cheaper_hour_and_says_so(
    home: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(PEAK)
    (said,) = ask(home, clock, PEAK + timedelta(hours=10), session, monkeypatch)
    assert clock.at == OFF_PEAK
    assert "Sent to deepseek/deepseek-flash at 2026-11-24 10:00 UTC it is expected to cost $0.000" in said
    assert "Waiting 2 h; Ctrl-C stops, and nothing is sent then." in said
    (row,) = log_rows(home)
    assert datetime.fromisoformat(row["started_at"]) == OFF_PEAK
    assert row["cost_usd"] is not None
    assert Decimal(row["cost_usd"]) == Decimal("0.0000036")  # 20 tokens at 0.15 and 1 at 0.60 USD a million


def test_a_question_that_has_no_cheaper_hour_is_sent_at_once(
    home: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(PEAK)
    (said,) = ask(home, clock, PEAK + timedelta(hours=1), session, monkeypatch)
    assert (clock.at, clock.sleeps) == (PEAK, 0)
    assert said == "Sent now: no hour before 2026-11-24 09:00 UTC is cheaper."


def test_ctrl_c_ends_the_wait_and_nothing_is_sent(
    home: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with answering(Says(answer=("Yes.",))) as server:
        monkeypatch.setenv("R1PLAN_DEEPSEEK_BASE_URL", server.url)
        asking = asker(home, Clock(PEAK, stopped_after=3), said, PEAK + timedelta(hours=10))
        with pytest.raises(KeyboardInterrupt):
            asking.plan(session, "Well?")
        asking.close()
        assert server.asked == []
        again = asker(home, Clock(PEAK, stopped_after=3), said, PEAK + timedelta(hours=10))
        with pytest.raises(typer.Exit) as ended:
            single(again, Start(session, None, None), "Well?", as_json=False)
        again.close()
        assert (ended.value.exit_code, server.asked) == (130, [])
    assert said[-1] == "Stopped; nothing was sent."
    assert log_rows(home) == []


def test_explain_only_says_when_it_would_be_sent() -> None:
    with answering(Says()) as server:
        done = chat("Well?", "--provider", "deepseek", "--explain", "--by", "18:00", **remote(server.url))
        assert server.asked == []
    assert done.returncode == 0
    told = " ".join(done.stdout.split())  # as the clock of this machine has it: off-peak, or in peak hours
    assert "Send it now: no hour before" in told or "UTC it is expected to cost $" in told


@pytest.mark.parametrize("option", ["--json", "--explain"])
def test_what_is_for_one_question_needs_a_prompt(option: str) -> None:
    assert chat("", option).returncode == 2
