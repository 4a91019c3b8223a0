"""Nothing is sent that is over budget, and what reaches its limit is cut, kept and accounted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from r1plan.catalog.budgets import Budgets
from r1plan.engine.chat import Answer, ChatRequest, Event, Finished, Message, Thinking
from r1plan.errors import LogError, OverBudget, ProviderError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.usage import Provenance, Usage
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.record import Labels
from r1plan.route.execution.target import AttemptTarget
from r1plan.route.spending.bounds import longest_input_tokens
from r1plan.route.spending.budget import SpendingLimits
from tests.route.execution.test_failover import GOOD, Asked
from tests.route.execution.test_failover import REQUEST as QUESTION
from tests.route.providers import (
    AT,
    FLASH,
    MISS_USD,
    OUTPUT_USD,
    Clock,
    Says,
    Watcher,
    answering,
    price_for,
    rows_in,
    target,
)

REQUEST = ChatRequest(messages=(Message("user", "Why?"),))
LONG = Says(thinking=(" so",) * 400, answer=(" 42",) * 400)
HEEDLESS = replace(LONG, keeps_limit=False)


READ_MOST = longest_input_tokens(QUESTION)


def usd(tokens: int, read: int = 20) -> Decimal:
    """What so many tokens of output cost, after so many of input."""
    return tokens * OUTPUT_USD + read * MISS_USD


def most_usd(tokens: int) -> Decimal:
    """What has so much room for output after the prompt, whose tokens are bounded by its bytes."""
    return usd(tokens, READ_MOST)


def at_most(amount: Decimal) -> SpendingLimits:
    return SpendingLimits(max_cost=amount)


def monthly(amount: str | Decimal, **others: Any) -> SpendingLimits:
    return SpendingLimits(budgets=Budgets(monthly_usd=Decimal(amount), **others))


def test_a_server_that_keeps_the_limit_is_told_what_the_money_allows(tmp_path: Path) -> None:
    with answering(LONG) as server:
        asked = Asked(tmp_path, target("a", server.url, reserve_usd="0.0001"), spending=at_most(most_usd(600)))
    assert server.asked[0]["max_tokens"] == 600
    entry = asked.result.entry
    assert (asked.result.finish, entry.status, entry.end_reason) == ("length", "length", "budget")
    assert entry.cost_usd == entry.cost_high_usd == usd(600)
    assert asked.said == ["cut"]
    assert asked.result.go_on == "a/flash"


@pytest.mark.parametrize("most", [100, 600], ids=["in the thinking", "in the answer"])
def test_a_server_that_does_not_is_cut_off_one_token_later(most: int, tmp_path: Path) -> None:
    with answering(HEEDLESS) as server:
        asked = Asked(tmp_path, target("a", server.url, reserve_usd="0.00006"), spending=at_most(most_usd(most)))
    result = asked.result
    assert (result.finish, result.entry.status, result.entry.end_reason) == ("length", "aborted", "budget")
    assert len((result.thinking + " " + result.answer).split()) == most + 1
    assert result.error is None
    low, high = result.entry.cost_low_usd, result.entry.cost_high_usd
    assert low is not None
    assert high is not None
    assert low <= usd(most + 1) <= high + OUTPUT_USD


def test_a_limit_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    with answering(GOOD) as server:
        asked = Asked(tmp_path, target("a", server.url), spending=at_most(Decimal(1)))
    assert "max_tokens" not in server.asked[0]
    assert (asked.result.entry.status, asked.result.entry.end_reason, asked.said) == ("ok", "stop", [])


def test_a_users_own_token_limit_stays_when_it_is_lower(tmp_path: Path) -> None:
    request = replace(REQUEST, max_tokens=5)
    with answering(LONG) as server:
        asked = Asked(
            tmp_path, target("a", server.url, reserve_usd="0.0001"), spending=at_most(most_usd(600)), request=request
        )
    assert server.asked[0]["max_tokens"] == 5
    assert asked.result.entry.end_reason == "length"


@pytest.mark.parametrize(
    ("spending", "project"),
    [
        (at_most(Decimal("0.0004")), None),
        (monthly("0.0004"), None),
        (SpendingLimits(budgets=Budgets(providers={"a": Decimal("0.0004")})), None),
        (SpendingLimits(budgets=Budgets(projects={"p": Decimal("0.0004")})), "p"),
    ],
    ids=["--max-cost", "the month's", "the provider's", "the project's"],
)
def test_over_budget_sends_nothing_and_leaves_no_row(
    spending: SpendingLimits, project: str | None, tmp_path: Path
) -> None:
    with answering(GOOD) as server, pytest.raises(OverBudget, match=r"\$0\.0005.*\$0\.0004") as raised:
        ask(
            [target("a", server.url, reserve_usd="0.0005")],
            RequestContext(
                request=REQUEST, labels=Labels(project=project), log=UsageLog(tmp_path / "logs"), spending=spending
            ),
        )
    assert raised.value.exit_code == 4
    assert raised.value.hint
    assert (server.asked, rows_in(tmp_path / "logs")) == ([], [])


def test_a_cheaper_target_is_asked_when_the_first_is_over_budget(tmp_path: Path) -> None:
    with answering(GOOD) as dear, answering(GOOD) as cheap:
        targets = target("dear", dear.url, reserve_usd="0.01"), target("cheap", cheap.url, reserve_usd="0.0001")
        asked = Asked(tmp_path, *targets, spending=at_most(Decimal("0.005")))
    assert asked.outcomes == [("dear", "over_budget"), ("cheap", "ok")]
    assert (len(dear.asked), asked.said) == (0, ["skipped"])


def test_what_an_attempt_may_have_cost_is_no_longer_there_for_the_next(tmp_path: Path) -> None:
    with answering(Says(ends=False)) as bad, answering(GOOD) as good:
        targets = target("bad", bad.url, reserve_usd="0.0005"), target("good", good.url, reserve_usd="0.0005")
        asked = Asked(tmp_path, *targets, spending=at_most(Decimal("0.0009")))
    assert asked.outcomes == [("bad", "connection_lost"), ("good", "over_budget")]
    assert asked.result.error is not None
    assert good.asked == []


def test_a_cost_that_nobody_knows_is_over_any_max_cost_and_only_noted_for_a_month(tmp_path: Path) -> None:
    with answering(GOOD) as server:
        unpriced = target("a", server.url, reserve_usd=None, priced=False)
        with pytest.raises(OverBudget, match="not known"):
            Asked(tmp_path, unpriced, spending=at_most(Decimal(1)))
        asked = Asked(tmp_path, unpriced, spending=monthly("1"))
    assert asked.said == ["uncounted"]


def test_a_prompt_that_alone_may_cost_too_much_is_not_sent(tmp_path: Path) -> None:
    request = ChatRequest(messages=(Message("user", "x" * 4000),))
    with answering(GOOD) as server, pytest.raises(OverBudget, match="the prompt alone"):
        Asked(
            tmp_path,
            target("a", server.url, reserve_usd="0.0001", input_tokens_most=None),
            request=request,
            spending=at_most(Decimal("0.0005")),
        )
    assert server.asked == []


def test_a_month_is_full_when_what_was_spent_and_set_aside_fills_it(tmp_path: Path) -> None:
    with answering(GOOD) as server:
        one = target("a", server.url, reserve_usd="0.0005")
        spending = monthly(Decimal("0.0005") + usd(3))
        Asked(tmp_path, one, spending=spending)
        # Settled: 3 tokens were written, and the p90 fits beside them.
        Asked(tmp_path, one, spending=spending)
        with pytest.raises(OverBudget, match="this month"):
            Asked(tmp_path, one, spending=spending)
        # In the next month it is empty again.
        Asked(tmp_path, one, spending=spending, clock=Clock(AT + timedelta(days=10)))
    assert len(server.asked) == 3


def test_a_request_that_outgrows_its_part_sets_more_aside_and_is_cut_at_the_end_of_the_month(tmp_path: Path) -> None:
    reserve = most_usd(50)
    with answering(HEEDLESS) as server:
        asked = Asked(tmp_path, target("a", server.url, reserve_usd=str(reserve)), spending=monthly(most_usd(300)))
    # Each piece is of three bytes, and who has passed its limit may take each for a token.
    assert len((asked.result.thinking + asked.result.answer).encode()) == 303 - len(" ")
    started = [Decimal(row["reserved_usd"]) for row in asked.rows if row["status"] == "started"]
    assert started == [reserve, 2 * reserve, 4 * reserve, most_usd(300)]
    assert [row["status"] for row in asked.rows[-1:]] == ["aborted"]
    assert len({row["id"] for row in asked.rows}) == 1


def test_runs_at_the_same_time_see_what_the_others_set_aside(tmp_path: Path) -> None:
    """The second begins while the first is in its answer."""
    spending = monthly("0.0009")
    refused: list[OverBudget] = []
    with answering(LONG) as first, answering(GOOD) as second:

        def show(event: Event) -> None:
            if isinstance(event, Answer) and not refused:
                with pytest.raises(OverBudget, match="set aside") as raised:
                    Asked(tmp_path, target("b", second.url), spending=spending)
                refused.append(raised.value)

        Asked(tmp_path, target("a", first.url), spending=spending, show=show)
    assert len(refused) == 1
    assert second.asked == []


def test_without_a_log_a_budget_counts_what_others_spent_and_this_process(tmp_path: Path) -> None:
    spending = monthly(Decimal("0.0005") + usd(3))
    log = UsageLog(tmp_path / "logs", writes=False)
    with answering(GOOD) as server:
        Asked(tmp_path, target("a", server.url), spending=spending)
        asked = Asked(tmp_path, target("a", server.url), spending=spending, log=log)
        assert asked.said == ["uncounted"]
        with pytest.raises(OverBudget):
            asked = Asked(tmp_path, target("a", server.url), spending=spending, log=log)
        assert asked.said == ["uncounted"]
        assert len(rows_in(tmp_path / "logs")) == 2


def test_a_budget_that_no_log_can_keep_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    context = RequestContext(request=REQUEST, log=UsageLog(tmp_path / "logs"), spending=monthly("1"))
    with answering(GOOD) as server, pytest.raises(LogError, match="is not a directory"):
        ask([target("a", server.url)], context)
    assert server.asked == []


@pytest.mark.parametrize(("most", "cut"), [(400, False), (399, True), (10, True)])
def test_thinking_at_a_provider_is_cut_at_its_limit_and_kept(most: int, cut: bool, tmp_path: Path) -> None:
    with answering(LONG) as server:
        asked = Asked(tmp_path, target("a", server.url), request=replace(REQUEST, max_thinking=most))
    if not cut:
        assert (asked.result.finish, asked.result.entry.end_reason) == ("stop", "stop")
        return
    assert (asked.result.finish, asked.result.entry.end_reason) == ("length", "thinking_limit")
    assert (len(asked.result.thinking.split()), asked.result.answer) == (most + 1, "")
    assert asked.said == ["cut"]


class Pieces:
    """An engine that sends so many tokens, one by one, whatever it is told; `at` runs before each."""

    provider, model = "a", "flash"

    def __init__(self, thinking: int, answer: int, at: dict[int, Any] | None = None) -> None:
        self.thinking, self.answer, self.sent = thinking, answer, 0
        self.at = at or {}

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        for number in range(self.thinking + self.answer):
            if number in self.at:
                self.at[number]()
            self.sent += 1
            yield Thinking(" w") if number < self.thinking else Answer(" w")
        usage = Usage(
            input_tokens=20,
            output_tokens=self.sent,
            cache_hit_tokens=0,
            provenance={"input_tokens": "reported", "output_tokens": "reported"},
        )
        yield Finished(reason="stop", usage=usage)

    def usage_so_far(self) -> Usage | None:
        return None

    def served_so_far(self) -> str | None:
        return None

    def billed_so_far(self) -> None:
        pass

    def close(self) -> None:
        pass


def scripted(engine: Any, reserve: Decimal) -> AttemptTarget:
    return AttemptTarget(
        provider="a",
        model="flash",
        connect=lambda: engine,
        price_for=price_for,
        reserve_usd=reserve,
        input_tokens_most=20,
    )


def quietly(targets: Sequence[AttemptTarget], log: UsageLog, spending: SpendingLimits) -> UsageEntry | None:
    """The row of the last request; None when the budget let none through."""
    context = RequestContext(request=REQUEST, log=log, spending=spending, clocks=Clock().clocks(0.0))
    try:
        return ask(targets, context).entry
    except OverBudget:
        return None


@settings(max_examples=25, deadline=None)
# A row that is led by blanks, where it would have begun on a boundary of the disk.
@example(budget=66, runs=[(0, 15, 1, 8), (0, 20, 1, 8), (0, 14, 1, 8), (0, 2, 1, 0)])
@given(
    budget=st.integers(0, 300),
    runs=st.lists(
        st.tuples(st.integers(0, 120), st.integers(0, 120), st.integers(1, 80), st.integers(0, 40)),
        min_size=1,
        max_size=5,
    ),
)
def test_runs_that_begin_inside_one_another_never_spend_more_than_a_token_each_over_the_budget(
    budget: int, runs: list[tuple[int, int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each run begins while the one before it is at a token of its own: they race for the same money."""
    log = UsageLog(tmp_path_factory.mktemp("logs"))
    spending = monthly(usd(budget, 0))
    engines: list[Pieces] = []

    def begin(number: int) -> None:
        if number == len(runs):
            return
        thinking, answer, reserve, inner_at = runs[number]
        engine = Pieces(thinking, answer, {inner_at: lambda: begin(number + 1)})
        engines.append(engine)
        quietly([scripted(engine, usd(reserve))], log, spending)

    begin(0)
    true = sum((usd(each.sent) for each in engines if each.sent), Decimal(0))
    assert true <= usd(budget, 0) + len(engines) * OUTPUT_USD


@settings(max_examples=60, deadline=None)
@given(
    budget=st.integers(0, 300),
    thinking=st.integers(0, 200),
    answer=st.integers(0, 200),
    reserve=st.integers(0, 100),
    month=st.booleans(),
)
def test_a_cut_is_never_more_than_a_token_over_and_its_cost_is_within_its_bounds(
    budget: int, thinking: int, answer: int, reserve: int, month: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = Pieces(thinking, answer)
    limit = usd(budget, 0)
    entry = quietly(
        [scripted(engine, usd(reserve))],
        UsageLog(tmp_path_factory.mktemp("logs")),
        monthly(limit) if month else at_most(limit),
    )
    if entry is None:
        assert engine.sent == 0
        return
    true = usd(engine.sent)
    assert true <= limit + OUTPUT_USD
    assert entry.cost_low_usd is not None
    assert entry.cost_high_usd is not None
    assert entry.cost_low_usd <= true <= entry.cost_high_usd + OUTPUT_USD
    whole = engine.sent == thinking + answer and entry.end_reason == "stop"
    assert whole or entry.end_reason == "budget"


class Honest(Pieces):
    """An engine that keeps `max_tokens`, and ends as it is told: well, without its counts, or not at all."""

    def __init__(self, tokens: int, ends: str) -> None:
        super().__init__(tokens, 0)
        self.ends = ends

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        if self.ends == "refused":
            raise ProviderError("no.", status=503, fault="refused")
        most = self.thinking if request.max_tokens is None else min(self.thinking, request.max_tokens)
        for _ in range(most):
            self.sent += 1
            yield Thinking(" w")
        if self.ends == "lost":
            raise ProviderError("gone.", fault="connection_lost")
        kind: Provenance = "estimated" if self.ends == "uncounted" else "reported"
        sure = dict.fromkeys(("input_tokens", "output_tokens"), kind)
        usage = Usage(input_tokens=20, output_tokens=self.sent, cache_hit_tokens=0, provenance=sure)
        yield Finished(reason="failed" if self.ends == "failed" else "stop", usage=usage)


ENDS = st.sampled_from(["refused", "lost", "uncounted", "failed", "well"])


@settings(max_examples=60, deadline=None)
@given(
    max_cost=st.integers(0, 400),
    odd=st.integers(0, 99),
    runs=st.lists(st.tuples(st.integers(0, 400), ENDS, st.integers(0, 60)), min_size=1, max_size=4),
    month=st.booleans(),
)
def test_all_that_the_attempts_at_a_question_may_be_billed_is_within_its_limit(
    max_cost: int, odd: int, runs: list[tuple[int, str, int]], month: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    limit = usd(max_cost, 0) + odd * Decimal("1e-9")
    engines = [Honest(tokens, ends) for tokens, ends, _ in runs]
    targets = [scripted(engine, usd(reserve)) for engine, (_, _, reserve) in zip(engines, runs, strict=True)]
    log = UsageLog(tmp_path_factory.mktemp("logs"))
    spending = monthly(limit) if month else at_most(limit)
    context = RequestContext(
        request=REQUEST, log=log, spending=spending, clocks=Clock().clocks(0.0), audience=Watcher(sees_thinking=False)
    )
    try:
        result = ask(targets, context)
    except OverBudget:
        assert not any(each.sent for each in engines)
        return
    most = [each.entry.cost_high_usd for each in result.attempts if each.entry]
    assert sum((each for each in most if each is not None), Decimal(0)) <= limit
    assert None not in most
    assert sum((usd(each.sent) for each in engines if each.sent), Decimal(0)) <= limit


@pytest.mark.parametrize(("tokens", "is_left"), [(1300, True), (1000, False)], ids=["little", "much"])
def test_what_the_next_one_needs_of_max_cost_is_left_for_it_where_that_is_little(
    tokens: int, is_left: bool, tmp_path: Path
) -> None:
    most = usd(tokens)
    with answering(Says(thinking=(" so",) * 5, ends=False)) as bad, answering(GOOD) as good:
        targets = target("bad", bad.url, reserve_usd=str(usd(100))), target("good", good.url, reserve_usd=str(usd(300)))
        asked = Asked(tmp_path, *targets, spending=at_most(most), thinking_shown=False)
    assert asked.outcomes == [("bad", "connection_lost"), ("good", "ok" if is_left else "over_budget")]
    first = asked.result.attempts[0].entry
    assert first is not None
    if not is_left:
        assert bad.asked[0]["max_tokens"] == (most - READ_MOST * MISS_USD) // OUTPUT_USD
        return
    assert bad.asked[0]["max_tokens"] == (most - usd(300) - READ_MOST * MISS_USD) // OUTPUT_USD
    assert first.cost_high_usd is not None
    assert most - usd(300) - OUTPUT_USD < first.cost_high_usd <= most - usd(300)
    assert usd(good.asked[0]["max_tokens"], READ_MOST) <= most - first.cost_high_usd


@pytest.mark.parametrize(
    ("months", "room"),
    [
        pytest.param(1, 100, id="all that is left is one request's"),
        pytest.param(64, 100, id="as much as for 64"),
        pytest.param(640, 1000, id="ten times as much"),
        pytest.param(1_000_000, None, id="more than the longest answer takes"),
    ],
)
def test_a_request_is_sent_with_max_tokens_for_its_own_part_of_the_month(
    months: int, room: int | None, tmp_path: Path
) -> None:
    need = most_usd(100)
    with answering(GOOD) as server:
        asked = Asked(tmp_path, target("a", server.url, reserve_usd=str(need)), spending=monthly(need * months))
    sent = server.asked[0].get("max_tokens")
    expected = None if room is None else (need * max(1, months // 64) - READ_MOST * MISS_USD) // OUTPUT_USD
    assert sent == expected
    assert Decimal(asked.rows[0]["reserved_usd"]) >= Decimal(asked.rows[0]["cost_high_usd"])


@pytest.mark.parametrize(
    ("piece", "tokens"),
    [
        pytest.param(" 思考思考思考思考", 8, id="long pieces"),
        pytest.param("思考", 2, id="short pieces"),
        pytest.param(" think", 1, id="words"),
        pytest.param("🤔", 3, id="emoji"),
        pytest.param("думать", 3, id="Cyrillic"),
    ],
)
def test_a_server_that_heeds_no_limit_is_cut_off_in_any_language(piece: str, tokens: int, tmp_path: Path) -> None:
    """Whatever it makes of its text: once it has passed its limit, each byte is taken for a token."""
    with answering(Says(thinking=(piece,) * 600, keeps_limit=False)) as server:
        asked = Asked(tmp_path, target("a", server.url, reserve_usd=str(most_usd(40))), spending=monthly(most_usd(120)))
    assert asked.result.entry.end_reason == "budget"
    came = len(asked.result.thinking.strip()) // len(piece.strip())
    assert came * tokens <= 120 + tokens


def test_usage_of_nothing_fills_a_budget_all_the_same(tmp_path: Path) -> None:
    """Estimates count: as much as nine in ten such requests stay under."""
    need, log = most_usd(400), UsageLog(tmp_path / "logs")
    with answering(Says(answer=(" word",) * 300, usage=False)) as server:
        one = replace(
            target("a", server.url, reserve_usd=str(need)), mark=lambda entry: replace(entry, forecast_p90_usd=need)
        )
        asked = Asked(tmp_path, one, log=log, spending=monthly(need * Decimal("1.5")))
        assert asked.result.entry.provenance["output_tokens"] == "estimated"
        with pytest.raises(OverBudget):
            Asked(tmp_path, one, log=log, spending=monthly(need * Decimal("1.5")))
    assert len(server.asked) == 1


@pytest.mark.parametrize("spending", [at_most(Decimal(1)), monthly("100")], ids=["--max-cost", "the month's"])
def test_a_model_whose_longest_answer_nobody_knows_is_sent_a_limit(spending: SpendingLimits, tmp_path: Path) -> None:
    unbounded = replace(FLASH, max_output_tokens=None)
    with answering(GOOD) as server:
        one = replace(target("a", server.url), price_for=lambda _entry: unbounded)
        asked = Asked(tmp_path, one, spending=spending)
    assert server.asked[0]["max_tokens"] == 8192
    assert asked.result.finish == "stop"
