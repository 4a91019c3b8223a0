"""When a provider is left alone, and when it may try again: from its last requests alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.ledger.entry import Status
from r1plan.ledger.requests import LoggedRequest
from r1plan.route.execution.circuit_breaker import FAILURES_TO_OPEN, LONGEST_WAIT, Breaker, state

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def went(
    seconds: float,
    end_reason: str = "unreachable",
    status: Status = "failed",
    *,
    http_status: int | None = None,
    began: bool = False,
    provider: str = "deepseek",
) -> LoggedRequest:
    """A request that ended that many seconds after AT."""
    ended = AT + timedelta(seconds=seconds)
    return LoggedRequest(
        id=f"{provider}-{seconds}",
        started_at=ended - timedelta(seconds=0.5),
        first_token_at=ended if began else None,
        ended_at=ended,
        provider=provider,
        status=status,
        end_reason=end_reason,
        http_status=http_status,
    )


def well(seconds: float) -> LoggedRequest:
    return went(seconds, "stop", "ok", began=True)


def at(rows: list[LoggedRequest], seconds: float) -> Breaker:
    return state(rows, "deepseek", AT + timedelta(seconds=seconds))


THREE = [went(0), went(1), went(2)]


@pytest.mark.parametrize(
    ("rows", "seconds", "is_"),
    [
        pytest.param([], 0, "closed", id="nothing is known"),
        pytest.param(THREE[:2], 2, "closed", id="two failures"),
        pytest.param(THREE, 2, "open", id="three"),
        pytest.param(THREE, 31.9, "open", id="just before 30 s"),
        pytest.param(THREE, 32, "half-open", id="after 30 s"),
        pytest.param([*THREE, went(32)], 91.9, "open", id="a fourth: twice as long"),
        pytest.param([*THREE, went(32)], 92, "half-open", id="a fourth: twice as long, and over"),
        pytest.param([*THREE, well(40)], 41, "closed", id="then a success"),
        pytest.param([went(0), well(1), went(2), went(3)], 3, "closed", id="a success in between"),
        pytest.param([went(n) for n in range(40)], 39 + 899, "open", id="never longer than 15 minutes"),
        pytest.param([went(n) for n in range(40)], 39 + 900, "half-open", id="15 minutes are over"),
        pytest.param(THREE, 3700, "closed", id="an hour later it is forgotten"),
        pytest.param([went(n, provider="novita") for n in range(3)], 3, "closed", id="another's failures"),
    ],
)
def test_the_state_follows_from_the_last_requests(rows: list[LoggedRequest], seconds: float, is_: str) -> None:
    assert at(rows, seconds).state == is_


@pytest.mark.parametrize(
    ("row", "weighs"),
    [
        pytest.param(went(5, "refused", http_status=429), 1, id="429"),
        pytest.param(went(5, "refused", http_status=503), 1, id="503"),
        pytest.param(went(5, "refused", http_status=402), 3, id="402"),
        pytest.param(went(5, "refused", http_status=520), 1, id="520"),
        pytest.param(went(5, "refused", http_status=529), 1, id="529"),
        pytest.param(went(5, "refused", http_status=404), None, id="404 is the model's"),
        pytest.param(went(5, "refused", http_status=413), None, id="413 is the request's"),
        pytest.param(went(5, "refused", http_status=307), None, id="307 is the address's"),
        pytest.param(went(5, "server_failed", http_status=503), 1, id="503 inside a 200"),
        pytest.param(went(5, "server_failed", http_status=402), 3, id="402 inside a 200"),
        pytest.param(went(5, "server_failed", http_status=400), None, id="400 inside a 200"),
        pytest.param(went(5, "bad_stream"), 1, id="no answer at all"),
        pytest.param(went(5, "refused", http_status=401), None, id="401 is the user's to mend"),
        pytest.param(went(5, "refused", http_status=400), None, id="400 is the request's"),
        pytest.param(went(5, "refused"), None, id="a refusal of before there was a status in the row"),
        pytest.param(went(5, "first_token_timeout"), 1, id="no first token"),
        pytest.param(went(5, "stalled", began=True), 1, id="stalled in the answer"),
        pytest.param(went(5, "connection_lost", began=True), 1, id="connection lost in the answer"),
        pytest.param(went(5, "server_failed"), 1, id="the server said so"),
        pytest.param(went(5, "interrupted", "aborted"), None, id="Ctrl-C before anything came"),
        pytest.param(went(5, "interrupted", "aborted", began=True), 0, id="Ctrl-C in the answer"),
        pytest.param(went(5, "budget", "aborted", began=True), 0, id="cut by a budget"),
        pytest.param(went(5, "length", "length", began=True), 0, id="cut by length"),
    ],
)
def test_what_a_request_says_of_its_provider(row: LoggedRequest, weighs: int | None) -> None:
    before = at([went(0), went(1)], 6).failures
    after = at([went(0), went(1), row], 6).failures
    assert after == (0 if weighs == 0 else before + (weighs or 0))


def test_one_request_tries_and_the_others_wait_for_it() -> None:
    tries = LoggedRequest(id="try", started_at=AT + timedelta(seconds=40), provider="deepseek", status="started")
    assert at([*THREE, tries], 41).state == "open"
    # One that never ends does not keep it shut for ever.
    assert at([*THREE, tries], 40 + LONGEST_WAIT.total_seconds()).state == "half-open"


ROWS = st.lists(
    st.builds(
        went,
        st.floats(0, 1000),
        st.sampled_from(["unreachable", "refused", "stop", "timeout", "interrupted"]),
        st.sampled_from(["ok", "failed", "aborted"]),
        http_status=st.sampled_from([None, 402, 429, 400]),
        began=st.booleans(),
    ),
    max_size=12,
)


@given(ROWS, st.integers(), st.floats(0, 1000))
def test_the_order_of_the_rows_does_not_matter(rows: list[LoggedRequest], seed: int, seconds: float) -> None:
    rows = list({row.ended_at: row for row in rows}.values())
    shuffled = rows[:]
    Random(seed).shuffle(shuffled)
    assert at(rows, seconds) == at(shuffled, seconds)


@given(ROWS)
def test_an_open_breaker_lets_through_when_it_says(rows: list[LoggedRequest]) -> None:
    found = at(rows, 1000)
    if found.state == "open":
        assert found.until is not None
        assert found.failures >= FAILURES_TO_OPEN
        assert found.until - (AT + timedelta(seconds=1000)) <= LONGEST_WAIT
        assert state(rows, "deepseek", found.until).state != "open"
