"""What a report can be grouped by is named, and what it cannot be is refused."""

from __future__ import annotations

import pytest

from r1plan.errors import NotFound, UsageError
from r1plan.report.keys import GroupKey, parse_keys


def test_keys_are_columns_or_tags() -> None:
    assert parse_keys("model, day,tag:a:b,,model") == (GroupKey("model"), GroupKey("day"), GroupKey("tag:a:b", "a:b"))
    assert parse_keys("") == ()
    with pytest.raises(NotFound) as unknown:
        parse_keys("provder")
    assert (unknown.value.message, unknown.value.hint) == (
        "unknown group 'provder'.",
        "did you mean provider, project, model?",
    )
    with pytest.raises(UsageError, match="'tag:' names no tag"):
        parse_keys("tag:")
