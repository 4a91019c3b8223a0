"""Real bytes from loopback: who is asked next, and who never is; and what the log and the result say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.engine.chat import Answer, ChatRequest, Event, Message, Thinking
from r1plan.errors import LogError, ProviderError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.render.chat.words import note_text
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.record import Labels
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.retry import RetryPolicy
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Clock, Says, Server, Watcher, answering, closed_port, rows_in, target

REQUEST = ChatRequest(messages=(Message("user", "What is 6 times 7?"),))
GOOD = Says(thinking=("hm",), answer=("42", "."))


class Asked:
    """What one question came to."""

    def __init__(
        self,
        tmp_path: Path,
        *targets: AttemptTarget,
        clock: Clock | None = None,
        show: Callable[[Event], None] | None = None,
        thinking_shown: bool = True,
        **options: Any,
    ) -> None:
        self.clock = clock or Clock()
        audience = Watcher(show, sees_thinking=thinking_shown)
        self.shown, self.notes = audience.shown, audience.notes
        options = {"request": REQUEST, "log": UsageLog(tmp_path / "logs"), "labels": Labels(policy="test"), **options}
        context = RequestContext(audience=audience, clocks=self.clock.clocks(), **options)
        self.result: ChatResult = ask(targets, context)
        self.rows = rows_in(tmp_path / "logs")

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(each.provider, each.outcome) for each in self.result.attempts]

    @property
    def said(self) -> list[str]:
        return [each.kind for each in self.notes]


@pytest.mark.parametrize(
    "status", [307, 401, 402, 403, 404, 408, 410, 413, 425, 429, 500, 502, 503, 504, 520, 529, 599]
)
def test_a_refusal_that_may_not_hold_elsewhere_is_failed_over(status: int, tmp_path: Path) -> None:
    with answering(Says(status=status)) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("first", bad.url), target("second", good.url))
    assert (asked.result.answer, asked.result.error, asked.result.entry.provider) == ("42.", None, "second")
    assert asked.outcomes == [("first", "refused"), ("second", "ok")]
    assert (len(bad.asked), len(good.asked), asked.clock.waits) == (1, 1, [])
    assert asked.said == ["failed_over"]
    assert "asking second/flash instead" in note_text(asked.notes[0])
    first = asked.result.attempts[0].entry
    assert first is not None
    assert first.http_status == status


@pytest.mark.parametrize("status", [401, 402])
def test_a_provider_whose_key_or_balance_does_not_do_is_not_asked_for_another_model(
    status: int, tmp_path: Path
) -> None:
    with answering(Says(status=status)) as bad, answering(GOOD) as good:
        other = replace(target("first", bad.url), model="pro")
        asked = Asked(tmp_path, target("first", bad.url), other, target("second", good.url))
    assert asked.outcomes == [("first", "refused"), ("second", "ok")]
    assert len(bad.asked) == 1


def test_a_provider_that_cannot_be_reached_is_not_asked_for_another_model(tmp_path: Path) -> None:
    with answering(GOOD) as good:
        first = target("first", closed_port())
        asked = Asked(tmp_path, first, replace(first, model="pro"), target("second", good.url))
    assert asked.outcomes == [("first", "unreachable"), ("second", "ok")]


@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_that_would_hold_elsewhere_is_returned(status: int, tmp_path: Path) -> None:
    with answering(Says(status=status)) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("first", bad.url), target("second", good.url))
    assert isinstance(asked.result.error, ProviderError)
    assert asked.result.error.status == status
    assert (len(bad.asked), len(good.asked)) == (1, 0)
    assert asked.outcomes == [("first", "refused")]


def test_a_provider_that_cannot_be_reached_is_failed_over(tmp_path: Path) -> None:
    with answering(GOOD) as good:
        asked = Asked(tmp_path, target("first", closed_port()), target("second", good.url))
    assert asked.outcomes == [("first", "unreachable"), ("second", "ok")]


@pytest.mark.parametrize(
    "broken",
    [Says(ends=False), Says(error_in_stream=True)],
    ids=["closed before the first token", "an error in the stream before the first token"],
)
def test_a_stream_that_breaks_before_its_first_token_is_failed_over(broken: Says, tmp_path: Path) -> None:
    with answering(broken) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("first", bad.url), target("second", good.url))
    assert (asked.result.answer, len(good.asked)) == ("42.", 1)


def test_a_server_that_only_keeps_the_connection_alive_is_failed_over(tmp_path: Path) -> None:
    with answering(Says(keeps_alive_s=5.0)) as slow, answering(GOOD) as good:
        asked = Asked(tmp_path, target("slow", slow.url, first_token_s=0.1), target("good", good.url))
    assert asked.outcomes == [("slow", "first_token_timeout"), ("good", "ok")]
    first = asked.result.attempts[0].entry
    assert first is not None
    # It was taken, so it may be billed.
    assert first.cost_low_usd == 0
    assert first.cost_high_usd
    assert asked.result.billed.high_usd == first.cost_high_usd + (asked.result.entry.cost_high_usd or 0)


@pytest.mark.parametrize(
    ("broken", "thinking_shown", "asks_another"),
    [
        pytest.param(Says(thinking=("hm", " so"), ends=False), True, False, id="in thinking that is shown"),
        pytest.param(Says(thinking=("hm", " so"), ends=False), False, True, id="in thinking that is hidden"),
        pytest.param(Says(answer=("4",), ends=False), True, False, id="in the answer"),
        pytest.param(Says(answer=("4",), ends=False), False, False, id="in the answer, thinking hidden"),
        pytest.param(
            Says(thinking=("hm",), answer=("4",), error_in_stream=True), False, False, id="error in the answer"
        ),
    ],
)
def test_nobody_else_is_asked_after_the_first_visible_token(
    broken: Says, thinking_shown: bool, asks_another: bool, tmp_path: Path
) -> None:
    with answering(broken) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("first", bad.url), target("second", good.url), thinking_shown=thinking_shown)
    assert len(good.asked) == asks_another
    if asks_another:
        assert asked.result.answer == "42."
    else:
        assert asked.result.error is not None
        assert asked.result.thinking + asked.result.answer == "".join(broken.thinking + broken.answer)
        assert asked.result.go_on == "second/flash"
        assert asked.said == ["broke_off"]


def test_each_attempt_has_two_rows_and_names_the_first(tmp_path: Path) -> None:
    with answering(Says(status=503)) as bad, answering(Says(ends=False)) as worse, answering(GOOD) as good:
        asked = Asked(tmp_path, target("a", bad.url), target("b", worse.url), target("c", good.url))
    assert [(row["provider"], row["status"]) for row in asked.rows] == [
        ("a", "started"), ("a", "failed"), ("b", "started"), ("b", "failed"), ("c", "started"), ("c", "ok"),
    ]  # fmt: skip
    ids = [row["id"] for row in asked.rows[::2]]
    assert [row["id"] for row in asked.rows[1::2]] == ids
    assert [row["attempt_of"] for row in asked.rows] == [None, None, ids[0], ids[0], ids[0], ids[0]]
    assert len(set(ids)) == 3


def test_the_bounds_of_all_attempts_add_up(tmp_path: Path) -> None:
    with answering(Says(thinking=("so", " it"), ends=False)) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("a", bad.url), target("b", good.url), thinking_shown=False)
    first, second = (each.entry for each in asked.result.attempts)
    assert first is not None
    assert second is not None
    billed = asked.result.billed
    assert billed.low_usd == (first.cost_low_usd or 0) + (second.cost_low_usd or 0)
    assert billed.high_usd == (first.cost_high_usd or 0) + (second.cost_high_usd or 0)
    # What the two servers would bill: the first for the two tokens that it sent at least, the second for what it says.
    true = 2 * Decimal("0.60") / 10**6 + (20 * Decimal("0.15") + 3 * Decimal("0.60")) / 10**6
    assert billed.low_usd <= true <= billed.high_usd


def test_a_busy_provider_is_asked_again_when_nobody_else_is_left(tmp_path: Path) -> None:
    with answering(Says(status=429), Says(status=503), GOOD) as busy:
        asked = Asked(tmp_path, target("only", busy.url))
    assert asked.result.answer == "42."
    assert asked.outcomes == [("only", "refused"), ("only", "refused"), ("only", "ok")]
    # A second and two, half of each by chance, of which half came.
    assert asked.clock.waits == [0.75, 1.5]
    assert asked.said == ["retrying", "retrying"]
    assert len(asked.rows) == 6


def test_what_the_server_asks_to_wait_is_waited(tmp_path: Path) -> None:
    with answering(Says(status=429, headers={"Retry-After": "7"}), GOOD) as busy:
        asked = Asked(tmp_path, target("only", busy.url))
    assert asked.result.answer == "42."
    assert asked.clock.waits == [7.5]


def test_another_is_asked_before_anybody_waits(tmp_path: Path) -> None:
    with (
        answering(Says(status=429, headers={"Retry-After": "5"}), GOOD) as busy,
        answering(Says(status=503)) as down,
    ):
        asked = Asked(tmp_path, target("a", busy.url), target("b", down.url))
    assert [provider for provider, _ in asked.outcomes] == ["a", "b", "b", "b", "a"]
    # The second is done with waiting, 0.75 s and 1.5 s, before the first is ready again.
    assert asked.clock.waits == [0.75, 1.5, 3.25]
    assert asked.result.answer == "42."


def test_the_first_to_be_ready_again_is_asked_first(tmp_path: Path) -> None:
    with (
        answering(Says(status=429, headers={"Retry-After": "1"}), GOOD) as soon,
        answering(Says(status=429, headers={"Retry-After": "5"}), GOOD) as late,
    ):
        asked = Asked(tmp_path, target("late", late.url), target("soon", soon.url))
    assert asked.outcomes == [("late", "refused"), ("soon", "refused"), ("soon", "ok")]
    assert asked.clock.waits == [1.5]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("61", "61 s"),
        ("600", "10 minutes"),
        ("86400", "24 hours"),
        ("99999999999", "for years"),
        ("9" * 400, "for years"),
        ("1, 600", "10 minutes"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "for years"),
    ],
)
def test_a_wait_that_is_too_long_is_not_waited(header: str, said: str, tmp_path: Path) -> None:
    with answering(Says(status=429, headers={"Retry-After": header}), GOOD) as busy:
        asked = Asked(tmp_path, target("only", busy.url))
    assert (len(busy.asked), asked.clock.waits) == (1, [])
    assert isinstance(asked.result.error, ProviderError)
    hint = f"it asks to wait {said}; ask again then, or choose another provider with --provider."
    assert asked.result.error.hint == hint


def test_who_asks_for_too_long_a_wait_gives_way_at_once(tmp_path: Path) -> None:
    with answering(Says(status=503, headers={"Retry-After": "99999999999"})) as busy, answering(GOOD) as good:
        asked = Asked(tmp_path, target("a", busy.url), target("b", good.url))
    assert (asked.result.answer, asked.clock.waits, len(busy.asked)) == ("42.", [], 1)


@pytest.mark.parametrize("header", ["-5", "soon", "", "Tue, 99 Nov 2026 05:00:30 GMT", "5 apples"])
def test_a_wait_that_nobody_understands_leaves_our_own(header: str, tmp_path: Path) -> None:
    with answering(Says(status=429, headers={"Retry-After": header}), GOOD) as busy:
        asked = Asked(tmp_path, target("only", busy.url))
    assert (asked.result.answer, asked.clock.waits) == ("42.", [0.75])


def test_no_provider_is_asked_more_often_than_patience_allows(tmp_path: Path) -> None:
    with answering(Says(status=503)) as down:
        asked = Asked(tmp_path, target("only", down.url), retry=RetryPolicy(times=2))
    assert len(down.asked) == 2
    assert asked.result.error is not None


@pytest.mark.parametrize("status", [402, 408, 504, 520, 524])
def test_nobody_is_asked_again_who_may_have_taken_the_request_or_has_no_balance(status: int, tmp_path: Path) -> None:
    with answering(Says(status=status)) as down:
        Asked(tmp_path, target("only", down.url))
    assert len(down.asked) == 1


def test_ctrl_c_ends_the_waiting_and_every_row_has_its_end(tmp_path: Path) -> None:
    class Impatient(Clock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    with answering(Says(status=429)) as busy:
        asked = Asked(tmp_path, target("only", busy.url), clock=Impatient())
    assert (asked.result.finish, asked.result.error) == ("aborted", None)
    assert [row["status"] for row in asked.rows] == ["started", "failed"]


def test_a_target_that_cannot_be_opened_is_passed_over_and_leaves_no_row(tmp_path: Path) -> None:
    def no_key() -> Any:
        raise ProviderError("no key for First.", "set FIRST_API_KEY")

    with answering(GOOD) as good:
        closed = target("first", good.url)
        closed = replace(closed, connect=no_key)
        asked = Asked(tmp_path, closed, target("second", good.url))
        assert asked.outcomes == [("first", "not_opened"), ("second", "ok")]
        assert [row["provider"] for row in asked.rows] == ["second", "second"]
        with pytest.raises(ProviderError, match="no key for First"):
            Asked(tmp_path, closed)


def test_the_document_of_a_question_lists_every_attempt(tmp_path: Path) -> None:
    with answering(Says(status=402)) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("first", bad.url), target("second", good.url))
    assert [(each.provider, each.model, each.outcome) for each in asked.result.attempts] == [
        ("first", "flash", "refused"),
        ("second", "flash", "ok"),
    ]


@pytest.mark.parametrize(
    ("reply", "asks_another"),
    [(Says(status=503), True), (Says(ends=False), False)],
    ids=["refused, so not billed", "taken, so perhaps billed"],
)
def test_nobody_else_is_asked_when_what_may_be_billed_has_no_row(
    reply: Says, asks_another: bool, tmp_path: Path
) -> None:
    class Full(UsageLog):
        def append(self, entry: UsageEntry) -> Path | None:
            raise LogError("the disk is full.", "add this row")

    with answering(reply) as bad, answering(GOOD) as good:
        asked = Asked(tmp_path, target("a", bad.url), target("b", good.url), log=Full(tmp_path / "logs"))
    assert len(good.asked) == asks_another
    assert asked.result.log_error is not None


def fails_three_times(tmp_path: Path, bad: Server, clock: Clock) -> None:
    for _ in range(3):
        Asked(tmp_path, target("bad", bad.url), clock=clock, retry=RetryPolicy(times=1))


def test_a_provider_that_failed_three_times_is_passed_over_by_the_next_run(tmp_path: Path) -> None:
    clock = Clock()
    with answering(Says(status=503)) as bad, answering(GOOD) as good:
        fails_three_times(tmp_path, bad, clock)
        asked = Asked(tmp_path, target("bad", bad.url), target("good", good.url), clock=clock)
        assert asked.outcomes == [("bad", "skipped"), ("good", "ok")]
        assert asked.said == ["skipped"]
        assert len(bad.asked) == 3
        clock.passed_s += 31
        asked = Asked(tmp_path, target("bad", bad.url), target("good", good.url), clock=clock)
        assert asked.outcomes == [("bad", "refused"), ("good", "ok")]


def test_when_all_have_failed_too_often_the_first_is_asked_all_the_same(tmp_path: Path) -> None:
    clock = Clock()
    with answering(Says(status=503), Says(status=503), Says(status=503), GOOD) as bad:
        fails_three_times(tmp_path, bad, clock)
        targets = target("bad", bad.url), replace(target("bad", bad.url), model="other")
        asked = Asked(tmp_path, *targets, clock=clock)
    assert (asked.result.answer, asked.outcomes, asked.said) == ("42.", [("bad", "ok")], [])


def test_without_a_log_a_process_still_knows_its_own_failures(tmp_path: Path) -> None:
    clock, log = Clock(), UsageLog(tmp_path / "logs", writes=False)
    with answering(Says(status=503)) as bad, answering(GOOD) as good:
        for _ in range(3):
            Asked(tmp_path, target("bad", bad.url), clock=clock, retry=RetryPolicy(times=1), log=log)
        asked = Asked(tmp_path, target("bad", bad.url), target("good", good.url), clock=clock, log=log)
    assert asked.outcomes == [("bad", "skipped"), ("good", "ok")]
    assert asked.rows == []


def stops_at(number: int, error: BaseException) -> Callable[[Event], None]:
    seen: list[Event] = []

    def show(event: Event) -> None:
        if isinstance(event, Answer | Thinking):
            seen.append(event)
        if len(seen) == number:
            raise error

    return show


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError()], ids=["Ctrl-C", "closed pipe"])
def test_what_the_person_stops_is_not_asked_elsewhere(error: BaseException, tmp_path: Path) -> None:
    with answering(GOOD) as one, answering(GOOD) as other:
        asked = Asked(
            tmp_path, target("a", one.url), target("b", other.url), show=stops_at(1, error), thinking_shown=False
        )
    assert (asked.result.finish, len(other.asked)) == ("aborted", 0)
