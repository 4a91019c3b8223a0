"""How long to wait before the same provider is asked again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.route.execution.retry import RetryPolicy


@pytest.mark.parametrize(
    ("asked", "retry_after_s", "random", "waits_s"),
    [
        (1, None, 0.0, 0.5),
        (1, None, 0.5, 0.75),
        (2, None, 0.0, 1.0),
        (3, None, 0.5, 3.0),
        (1, 7.0, 0.0, 7.0),
        (2, 7.0, 0.5, 7.5),
        (1, 0.0, 0.0, 0.0),
        (1, -3.0, 0.0, 0.0),
    ],
)
def test_the_wait_doubles_and_a_servers_own_is_the_least(
    asked: int, retry_after_s: float | None, random: float, waits_s: float
) -> None:
    assert RetryPolicy().wait_s(asked, retry_after_s, random) == waits_s


@given(st.integers(1, 10), st.none() | st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_nobody_waits_less_than_the_server_asks_nor_twice_the_doubled_wait(
    asked: int, retry_after_s: float | None, random: float
) -> None:
    wait_s = RetryPolicy(first_s=1.0).wait_s(asked, retry_after_s, random)
    if retry_after_s is None:
        assert 2 ** (asked - 1) / 2 <= wait_s <= 2 ** (asked - 1)
    else:
        assert retry_after_s <= wait_s <= retry_after_s + 1
