"""Which engine understands which option."""

from __future__ import annotations

from typing import get_args

import pytest

from r1plan.cli.engines import ENGINES, engine_for
from r1plan.errors import UsageError
from r1plan.plan.plan import EngineName
from r1plan.plan.planner import EngineOption

PLANNERS = {name: made().planner for name, made in ENGINES.items()}
NOT_UNDERSTOOD = [
    (name, option) for name in PLANNERS for option in get_args(EngineOption) if option not in PLANNERS[name].understands
]


def test_every_engine_has_a_planner_of_its_name() -> None:
    assert set(ENGINES) == set(get_args(EngineName))
    assert all(planner.engine == name for name, planner in PLANNERS.items())


def test_every_option_is_understood_by_some_engine_and_not_by_all() -> None:
    for option in get_args(EngineOption):
        knowing = [name for name, planner in PLANNERS.items() if option in planner.understands]
        assert 0 < len(knowing) < len(PLANNERS), option


@pytest.mark.parametrize(("name", "option"), NOT_UNDERSTOOD)
def test_a_planner_refuses_the_others_options_by_its_declaration(name: EngineName, option: EngineOption) -> None:
    with pytest.raises(UsageError, match=f"with --engine {name}: ") as refused:
        engine_for(name, [option], "x.gguf")
    assert "llama.cpp" in refused.value.message
    assert refused.value.message.startswith("--model x.gguf" if "FILE" in option else option)


@pytest.mark.parametrize("name", ENGINES)
def test_a_planner_accepts_what_it_declares(name: EngineName) -> None:
    assert engine_for(name, list(PLANNERS[name].understands), "x.gguf").planner.engine == name
