"""One request: what came is kept however it ended, and its row says how."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan import interrupts
from r1plan.catalog.load import load_holidays, load_prices
from r1plan.engine.chat import Answer, ChatRequest, Event, Finished, Message, Thinking, WasThinking
from r1plan.errors import LogError, ProviderError, ProviderFault
from r1plan.hardware.energy import Energy
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.book import EffectivePrice, PriceBook
from r1plan.prices.usage import Usage
from r1plan.route.execution.context import Clocks, RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.notes import Note
from r1plan.route.execution.record import Labels, no_price
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Watcher

USAGE = Usage(
    input_tokens=1000,
    cache_hit_tokens=640,
    output_tokens=300,
    thinking_tokens=250,
    provenance={"input_tokens": "reported", "output_tokens": "reported"},
)

REQUEST = ChatRequest(messages=(Message("user", "?"),))


@dataclass
class Scripted:
    """An engine that says what it is told to, and raises where it is told to."""

    events: list[Event | BaseException]
    so_far: Usage | None = None
    served: str | None = None
    billed: Decimal | None = None
    provider: str = "deepseek"
    model: str = "deepseek-flash"
    closed: bool = False

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        try:
            for event in self.events:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            self.closed = True

    def usage_so_far(self) -> Usage | None:
        return self.so_far

    def served_so_far(self) -> str | None:
        return self.served

    def billed_so_far(self) -> Decimal | None:
        return self.billed

    def close(self) -> None:
        pass


@dataclass
class Clock:
    """A second passes at each look."""

    at: datetime = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    looks: int = 0

    def now(self) -> datetime:
        self.looks += 1
        return self.at + timedelta(seconds=self.looks)

    def tick(self) -> float:
        return float(self.looks)


def price(entry: UsageEntry) -> EffectivePrice | None:
    book = PriceBook(load_prices(), load_holidays())
    return book.price_at(entry.provider, entry.model_requested, entry.placed_at)


class Written(UsageLog):
    """A log that keeps its rows in memory as they are."""

    def __init__(self) -> None:
        super().__init__(Path("/logs"), writes=False)
        self.rows: list[UsageEntry] = []

    def append(self, entry: UsageEntry) -> Path:
        self.rows.append(entry)
        return Path("/logs/2026-11.jsonl")


def run(engine: Scripted, log: UsageLog, audience: Watcher | None = None, **options: Any) -> ChatResult:
    """One request, as a question with one target is asked."""
    target = AttemptTarget(
        provider=engine.provider,
        model=engine.model,
        connect=lambda: engine,
        price_for=options.pop("price_for", no_price),
        meter=options.pop("meter", None),
        power_usd_per_kwh=options.pop("power_usd_per_kwh", None),
    )
    options = {"request": REQUEST, "audience": audience or Watcher(), **options}
    return ask([target], RequestContext(log=log, **options))


def go(
    engine: Scripted, *, shown: list[Event] | None = None, priced: bool = True, clock: Clock | None = None
) -> tuple[ChatResult, Written]:
    log, clock = Written(), clock or Clock()
    result = run(
        engine,
        log,
        None if shown is None else Watcher(shown.append),
        labels=Labels(project="p", tags={"team": "a"}),
        price_for=price if priced else no_price,
        clocks=Clocks(now=clock.now, tick=clock.tick),
    )
    return result, log


def test_an_answer_is_shown_kept_priced_and_logged() -> None:
    shown: list[Event] = []
    engine = Scripted([Thinking("hm"), Answer("Ye"), Answer("s."), Finished(reason="stop", usage=USAGE)])
    result, log = go(engine, shown=shown)
    assert shown == engine.events
    assert (result.thinking, result.answer, result.finish) == ("hm", "Yes.", "stop")
    begun, entry = log.rows
    assert (begun.status, begun.id, begun.ended_at) == ("started", entry.id, None)
    assert entry == result.entry
    assert (entry.status, entry.project, entry.tags) == ("ok", "p", {"team": "a"})
    # 05:00 UTC is off-peak: 360 x 0.15 + 640 x 0.003 + 300 x 0.60, a million tokens each.
    assert entry.cost_usd == Decimal("0.00023592")
    assert entry.price_id is not None
    assert result.logged_in == Path("/logs/2026-11.jsonl")


def test_without_a_price_the_cost_is_unknown_and_not_nothing() -> None:
    result, log = go(Scripted([Answer("x"), Finished(reason="stop", usage=USAGE)]), priced=False)
    assert result.cost is None
    assert log.rows[-1].cost_usd is None


def test_an_answer_that_turns_out_to_be_thinking_moves_there() -> None:
    result, _ = go(Scripted([Answer("hm"), WasThinking(), Answer("Yes."), Finished(reason="stop", usage=USAGE)]))
    assert (result.thinking, result.answer) == ("hm", "Yes.")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), BrokenPipeError()], ids=["Ctrl-C", "closed pipe"])
def test_an_interruption_keeps_what_came_and_logs_it_as_aborted(interruption: BaseException) -> None:
    engine = Scripted([Thinking("hm"), Answer("Ye"), interruption], so_far=USAGE)
    result, log = go(engine)
    assert (result.answer, result.finish, log.rows[-1].status) == ("Ye", "aborted", "aborted")
    assert log.rows[-1].output_tokens == 300
    assert engine.closed


def test_a_failure_is_returned_after_its_row_is_written() -> None:
    error = ProviderError("it broke")
    result, log = go(Scripted([Answer("Ye"), error]))
    assert result.error is error
    assert (result.answer, log.rows[-1].status) == ("Ye", "failed")
    assert log.rows[-1].input_tokens is None


def test_a_limit_is_a_status_of_its_own() -> None:
    _, log = go(Scripted([Answer("x"), Finished(reason="length", usage=USAGE)]))
    assert log.rows[-1].status == "length"


def test_a_log_that_cannot_be_written_does_not_cost_the_answer() -> None:
    class Full(Written):
        def append(self, entry: UsageEntry) -> Path:
            raise LogError("the disk is full.", "add this row")

    result = run(Scripted([Answer("Yes."), Finished(reason="stop", usage=USAGE)]), Full())
    assert result.answer == "Yes."
    assert result.log_error is not None
    assert result.logged_in is None


def test_untold_cached_input_gives_the_cost_a_lower_bound() -> None:
    usage = Usage(
        input_tokens=1000, output_tokens=0, provenance={"input_tokens": "reported", "output_tokens": "reported"}
    )
    entry = go(Scripted([Answer("x"), Finished(reason="stop", usage=usage)]))[0].entry
    assert entry.cost_high_usd == Decimal("0.00015")
    assert entry.cost_low_usd == Decimal("0.000003")


@pytest.mark.parametrize(
    ("interruption", "status", "reason"),
    [
        pytest.param(KeyboardInterrupt(), "aborted", "interrupted", id="Ctrl-C"),
        pytest.param(BrokenPipeError(), "aborted", "closed_pipe", id="closed pipe"),
        pytest.param(ProviderError("?", fault="timeout"), "failed", "timeout", id="timeout"),
        pytest.param(ProviderError("?", fault="connection_lost"), "failed", "connection_lost", id="connection lost"),
        pytest.param(ProviderError("?"), "failed", "server_failed", id="the server said so"),
    ],
)
def test_what_broke_off_has_bounds_and_a_reason(interruption: BaseException, status: str, reason: str) -> None:
    guessed = Usage(
        input_tokens=9, output_tokens=3, provenance={"input_tokens": "estimated", "output_tokens": "estimated"}
    )
    entry = go(Scripted([Thinking("Let me see"), Answer(" Ye"), interruption], so_far=guessed))[0].entry
    assert (entry.status, entry.end_reason) == (status, reason)
    assert entry.cost_low_usd == 4 * Decimal("0.60") / 10**6
    assert entry.cost_usd is not None
    assert entry.cost_high_usd is not None
    assert entry.cost_low_usd <= entry.cost_usd < entry.cost_high_usd


def test_what_broke_off_keeps_the_model_that_the_stream_had_named() -> None:
    engine = Scripted([Answer("Ye"), ProviderError("?", fault="stalled")], served="flash-0925")
    assert go(engine)[0].entry.model_served == "flash-0925"


def test_what_the_provider_says_it_bills_is_in_the_row_though_the_stream_broke_off() -> None:
    bill = Decimal("0.00021")
    whole: list[Event] = [Answer("x"), Finished(reason="stop", usage=USAGE, reported_usd=bill)]
    assert go(Scripted([*whole]))[0].entry.reported_usd == bill
    broken = go(Scripted([Answer("x"), ProviderError("?", fault="connection_lost")], billed=bill))[0].entry
    assert (broken.status, broken.reported_usd) == ("failed", bill)
    left = go(Scripted([*whole, KeyboardInterrupt()], billed=Decimal(7)))[0].entry
    assert left.reported_usd == bill
    assert go(Scripted([Answer("x"), Finished(reason="stop", usage=USAGE)]))[0].entry.reported_usd is None


@pytest.mark.parametrize("fault", ["refused", "unreachable"])
def test_what_was_never_answered_is_known_to_cost_nothing(fault: ProviderFault) -> None:
    entry = go(Scripted([ProviderError("no", fault=fault)]))[0].entry
    assert (entry.status, entry.end_reason) == ("failed", fault)
    assert (entry.input_tokens, entry.output_tokens) == (0, 0)
    assert entry.cost_usd == entry.cost_low_usd == entry.cost_high_usd == 0


def test_a_request_that_never_ends_is_bounded_by_its_first_row() -> None:
    begun = go(Scripted([Answer("x"), Finished(reason="stop", usage=USAGE)]))[1].rows[0]
    assert begun.cost_low_usd == 0
    assert begun.cost_high_usd is not None
    assert begun.cost_high_usd > Decimal("0.01")


def test_a_peak_that_may_begin_meanwhile_counts() -> None:
    """At 00:50 UTC the peak of 01:00 is near; at 12:00 there is none (pricing/deepseek.yaml)."""
    before = replace(Clock(), at=datetime(2026, 11, 24, 0, 50, tzinfo=UTC))
    after = replace(Clock(), at=datetime(2026, 11, 24, 12, 0, tzinfo=UTC))
    highs = []
    for clock in (before, after):
        entry = go(Scripted([Answer("x"), Finished(reason="stop", usage=USAGE)]), clock=clock)[1].rows[0]
        assert entry.cost_high_usd is not None
        highs.append(entry.cost_high_usd)
    assert highs[0] == 2 * highs[1]


def test_no_text_is_logged_unless_asked_for() -> None:
    events: list[Event | BaseException] = [Thinking("secret"), Answer("secret"), Finished(reason="stop", usage=USAGE)]
    for log_text in (False, True):
        log = Written()
        run(Scripted(events), log, request=ChatRequest(messages=(Message("user", "secret"),)), log_text=log_text)
        assert [("secret" in entry.to_line()) for entry in log.rows] == [False, log_text]


@pytest.mark.parametrize(
    ("tariff", "cost", "price_id"),
    [(None, None, None), (Decimal("0.30"), Decimal("0.00045"), "electricity@0.30")],
    ids=["tariff not known", "tariff known"],
)
def test_electricity_costs_what_the_tariff_says(
    tariff: Decimal | None, cost: Decimal | None, price_id: str | None
) -> None:
    result = run(
        Scripted([Answer("x"), Finished(reason="stop", usage=USAGE)], provider="local"),
        Written(),
        meter=lambda: lambda: Energy(Decimal("1.5"), "rapl"),
        power_usd_per_kwh=tariff,
    )
    entry = result.entry
    assert (entry.energy_wh, entry.cost_usd, entry.price_id) == (Decimal("1.5"), cost, price_id)
    assert (entry.provenance["energy_wh"], entry.flags) == ("counted", ("energy_rapl",))


class Loses(UsageLog):
    """A log in memory, during each row of which something happens."""

    def __init__(self, happens: Callable[[UsageEntry], None]) -> None:
        super().__init__(Path("/logs"), writes=False)
        self.rows: list[UsageEntry] = []
        self._happens = happens

    def append(self, entry: UsageEntry) -> None:
        self.rows.append(entry)
        self._happens(entry)


def ends(log: Written | Loses) -> list[tuple[str, str | None, Decimal | None]]:
    return [(each.status, each.end_reason, each.cost_high_usd) for each in log.rows[1:]]


def test_a_signal_between_the_first_row_and_the_sending_sends_nothing_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_received", "_ends_by"):
        monkeypatch.setattr(interrupts, name, None)  # no later test may find this signal

    def interrupted(entry: UsageEntry) -> None:
        if entry.status == "started":
            os.kill(os.getpid(), signal.SIGTERM)

    log, engine = Loses(interrupted), Scripted([Answer("never")])
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    hook = sys.unraisablehook
    interrupts.listen()
    try:
        result = run(engine, log, price_for=price)
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
    assert (result.finish, result.answer, engine.closed) == ("aborted", "", False)
    assert ends(log) == [("aborted", "interrupted", Decimal(0))]


@pytest.mark.parametrize("error", [OSError(28, "full"), ValueError("ours")], ids=["disk", "a fault of ours"])
def test_what_is_raised_between_the_first_row_and_the_sending_ends_the_row_at_no_cost(error: Exception) -> None:
    log, engine = Written(), Scripted([Answer("never")])

    def no_meter() -> Any:
        raise error

    with pytest.raises(type(error)):
        run(engine, log, meter=no_meter, price_for=price)
    assert (ends(log), engine.closed) == ([("aborted", "interrupted", Decimal(0))], False)


def test_a_note_that_cannot_be_told_ends_the_row_at_no_cost() -> None:
    class Deaf(Watcher):
        def tell(self, note: Note) -> None:
            raise OSError(28, "full")

    refused = Scripted([ProviderError("no.", fault="unreachable")], provider="a")
    engines = [refused, Scripted([Answer("never")], provider="b")]
    targets = [
        AttemptTarget(provider=each.provider, model="m", connect=lambda each=each: each)  # type: ignore[misc]
        for each in engines
    ]
    log = Written()
    with pytest.raises(OSError, match="full"):
        ask(targets, RequestContext(log=log, request=REQUEST, audience=Deaf()))
    assert [(each.provider, each.status) for each in log.rows] == [
        ("a", "started"),
        ("a", "failed"),
        ("b", "started"),
        ("b", "aborted"),
    ]
    assert not engines[1].closed


@pytest.mark.parametrize("error", [OSError(5, "broken"), ValueError("ours"), RuntimeError("theirs")])
def test_a_fault_of_the_engine_that_nobody_translated_ends_the_row_and_is_raised(error: Exception) -> None:
    log, engine = Written(), Scripted([Thinking("hm"), error])
    with pytest.raises(type(error)):
        run(engine, log)
    assert [(each.status, each.end_reason) for each in log.rows[1:]] == [("failed", "engine_failed")]
    assert engine.closed


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), OSError(5, "terminal gone")])
def test_an_audience_that_cannot_be_written_to_ends_the_request(error: OSError) -> None:
    def full(event: Event) -> None:
        raise error

    log = Written()
    result = run(Scripted([Answer("4"), Answer("2")]), log, Watcher(full))
    assert (result.finish, result.error, result.answer) == ("aborted", None, "4")
    assert [(each.status, each.end_reason) for each in log.rows[1:]] == [("aborted", "closed_pipe")]
