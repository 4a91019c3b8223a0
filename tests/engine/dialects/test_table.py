"""Every dialect that r1plan speaks has its engine and its file."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from r1plan.catalog.provider import Provider, UsagePaths, WireDialect
from r1plan.engine.connect import connect
from r1plan.engine.dialects.table import ENGINES
from r1plan.engine.target import RemoteTarget
from r1plan.errors import ProviderError
from tests.catalog.ours import DIALECTS, PROVIDERS


def test_every_dialect_has_a_row_and_a_file() -> None:
    assert set(ENGINES) == set(DIALECTS) == set(get_args(WireDialect))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_says_where_both_totals_are(dialect: object) -> None:
    usage = getattr(dialect, "usage", UsagePaths())
    assert usage.input
    assert usage.output


def test_what_a_provider_leaves_open_is_as_its_dialect_has_it() -> None:
    own = PROVIDERS["together"].usage
    assert own.cache_hit == (("usage.cached_tokens",), ("usage.prompt_tokens_details.cached_tokens",))
    assert (own.input, own.total) == (DIALECTS["openai"].usage.input, DIALECTS["openai"].usage.total)


def test_a_provider_can_say_that_a_count_is_nowhere() -> None:
    assert PROVIDERS["tgi"].usage.cache_hit == ()


def test_each_field_of_a_provider_wins_over_its_dialects() -> None:
    names = [each.name for each in fields(UsagePaths)]
    own = UsagePaths(**{name: ((f"own.{name}",),) for name in names})
    theirs = UsagePaths(**{name: ((f"dialect.{name}",),) for name in names})
    assert own.over(theirs) == own
    assert UsagePaths().over(theirs) == theirs


def test_who_speaks_no_dialect_is_not_asked() -> None:
    nobody = Provider(id="acme", name="Acme", dialect="none", needs_key=False, base_url="http://127.0.0.1:9")
    with pytest.raises(ProviderError, match="does not speak with Acme"):
        connect(RemoteTarget(nobody, "r1"), {})
