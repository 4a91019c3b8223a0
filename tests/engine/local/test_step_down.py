"""What is given up where there is no room: a table of each step, and what holds of all ways down."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.engine.local.room.step_down import FileLayers, Lack, LackDuring, Ladder, LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.units import GIB, MIB

PLANNED = LoadSettings(context_tokens=16384, gpu_layers=65)
DENSE = FileLayers(64, 300 * MIB)
MIXTURE = FileLayers(61, 6 * GIB, has_experts=True, small_cache=True)


def after(now: LoadSettings, lack: Lack, file: FileLayers = DENSE, *pinned: str) -> LoadSettings | None:
    return Ladder(LoadFallback(pinned=frozenset(pinned)), file).next(now, lack)


@pytest.mark.parametrize(
    ("now", "lack", "file", "expected"),
    [
        pytest.param(PLANNED, Lack("cache", "CUDA0"), DENSE, {"kv_type": "q8_0"}, id="a cache: its type"),
        pytest.param(PLANNED, Lack("context", "CUDA0"), DENSE, {"n_ubatch": 256}, id="beside it: the micro-batch"),
        pytest.param(
            replace(PLANNED, n_ubatch=256), Lack("working", "CUDA0"), DENSE, {"n_ubatch": 128}, id="and again"
        ),
        pytest.param(
            replace(PLANNED, n_ubatch=128), Lack("working", "CUDA0"), DENSE, {"kv_type": "q8_0"}, id="then the type"
        ),
        pytest.param(
            replace(PLANNED, kv_type="bf16"), Lack("cache", "CUDA0"), DENSE, {"kv_type": "q8_0"}, id="bf16 is wide too"
        ),
        pytest.param(
            replace(PLANNED, kv_type="q8_0"), Lack("cache", "CUDA0"), DENSE, {"context_tokens": 8192}, id="then half"
        ),
        pytest.param(
            replace(PLANNED, flash_attn=False),
            Lack("cache", "CUDA0"),
            DENSE,
            {"context_tokens": 8192},
            id="no quantised cache without flash attention",
        ),
        pytest.param(
            PLANNED, Lack("cache", "CUDA0"), MIXTURE, {"context_tokens": 8192}, id="a compressed cache stays as it is"
        ),
        pytest.param(
            replace(PLANNED, kv_type="q8_0", context_tokens=4096),
            Lack("cache", "CUDA0"),
            DENSE,
            {"gpu_layers": 57},
            id="then an eighth of the layers",
        ),
        pytest.param(
            replace(PLANNED, kv_type="q8_0", context_tokens=4096, gpu_layers=0),
            Lack("cache", "CPU"),
            DENSE,
            {"context_tokens": 2048},
            id="main memory: half of the context again",
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=0),
            Lack("working", "CUDA0"),
            DENSE,
            {"uses_cards": False},
            id="a card without layers is the first to go",
        ),
        pytest.param(
            replace(PLANNED, kv_type="q8_0", context_tokens=1024, gpu_layers=1, n_ubatch=128),
            Lack("working", "CUDA0"),
            DENSE,
            {"gpu_layers": 0},
            id="its last layer before it",
        ),
        pytest.param(
            PLANNED,
            Lack("weights", "CUDA0", 20 * GIB, 17 * GIB),
            DENSE,
            {"gpu_layers": 54},
            id="weights: as many layers as are too much",
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=None), Lack("weights", "CUDA0"), DENSE, {"gpu_layers": 57}, id="all layers"
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=None), Lack("weights"), FileLayers(), {"gpu_layers": 0}, id="nothing known"
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=62, experts_on_host=40),
            Lack("weights", "CUDA0", 50 * GIB, 33 * GIB),
            MIXTURE,
            {"experts_on_host": 43},
            id="experts leave before layers",
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=62, experts_on_host=61),
            Lack("weights", "CUDA0"),
            MIXTURE,
            {"gpu_layers": 55},
            id="then layers",
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=64, tensor_split=(32, 32)),
            Lack("weights", "CUDA1", 10 * GIB, 9 * GIB),
            DENSE,
            {"gpu_layers": 60, "tensor_split": (32, 28)},
            id="of the card that is too full",
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=64, tensor_split=(40, 24)),
            Lack("weights"),
            DENSE,
            {"gpu_layers": 56, "tensor_split": (32, 24)},
            id="of the fullest, where none is named",
        ),
        pytest.param(
            replace(PLANNED, gpu_layers=0, mapped=False), Lack("weights", "CPU"), DENSE, {"mapped": True}, id="a copy"
        ),
    ],
)
def test_the_least_loss_comes_first(
    now: LoadSettings, lack: Lack, file: FileLayers, expected: dict[str, object]
) -> None:
    found = after(now, lack, file)
    assert found is not None
    changed = {each.name for each in fields(LoadSettings) if getattr(found, each.name) != getattr(now, each.name)}
    assert {name: getattr(found, name) for name in changed} == expected


@pytest.mark.parametrize(
    ("now", "lack", "pinned"),
    [
        (replace(PLANNED, gpu_layers=0), Lack("weights", "CPU"), ()),
        (PLANNED, Lack("weights", "CUDA0"), ("gpu_layers",)),
        (PLANNED, Lack("cache", "CUDA0"), ("kv_type", "context_tokens", "gpu_layers")),
    ],
    ids=["mapped pages need no memory", "pinned layers", "all pinned"],
)
def test_nothing_is_left_to_give_up(now: LoadSettings, lack: Lack, pinned: tuple[str, ...]) -> None:
    assert after(now, lack, DENSE, *pinned) is None


def test_a_context_that_grows_keeps_its_model_and_first_what_is_read() -> None:
    ladder = Ladder(LoadFallback(), DENSE, growing=True)
    lack, now, seen = Lack("context", "CUDA0"), PLANNED, []
    while (found := ladder.next(now, lack)) is not None:
        now = found
        seen.append((now.n_ubatch, now.kv_type))
    assert seen == [(256, "f16"), (128, "f16"), (128, "q8_0")]
    assert now.gpu_layers == PLANNED.gpu_layers


NAMES = ("kv_type", "n_ubatch", "gpu_layers", "experts_on_host", "context_tokens", "mapped", "uses_cards")


@given(
    pinned=st.frozensets(st.sampled_from(NAMES)),
    during=st.lists(st.sampled_from(["weights", "cache", "context", "working"]), min_size=1, max_size=4),
    device=st.sampled_from([None, "CPU", "CUDA0", "CUDA1", "device 1", "CUDA_Host", "Vulkan7"]),
    missing=st.one_of(st.none(), st.integers(0, 100 * GIB)),
    layers=st.one_of(st.none(), st.integers(0, 200)),
    split=st.sampled_from([(), (32, 32), (0, 64), (10, 20, 30)]),
    file=st.sampled_from([DENSE, MIXTURE, FileLayers()]),
)
def test_every_way_down_ends_and_leaves_what_is_pinned(
    pinned: frozenset[str],
    during: list[LackDuring],
    device: str | None,
    missing: int | None,
    layers: int | None,
    split: tuple[int, ...],
    file: FileLayers,
) -> None:
    ladder = Ladder(LoadFallback(pinned=pinned), file)
    planned = now = LoadSettings(context_tokens=65536, gpu_layers=layers, tensor_split=split, mapped=False)
    for step in range(400):
        free = None if missing is None else 0
        found = ladder.next(now, Lack(during[step % len(during)], device, missing, free))
        if found is None:
            break
        assert found != now
        assert found.context_tokens <= now.context_tokens
        assert found.gpu_layers is None or 0 <= found.gpu_layers <= (now.gpu_layers or found.gpu_layers)
        assert found.experts_on_host <= max(file.number, now.experts_on_host)
        assert all(each >= 0 for each in found.tensor_split)
        now = found
    else:
        pytest.fail("it never ends")
    assert all(getattr(now, name) == getattr(planned, name) for name in pinned)
