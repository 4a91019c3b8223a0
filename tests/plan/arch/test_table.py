"""Each architecture has a row; a forgotten one does not type-check, and what none of them is, is refused by name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args

import pytest

from r1plan.catalog.model import Architecture, Model, Shape
from r1plan.errors import EngineError
from r1plan.models.unplanned import unplanned
from r1plan.plan.arch import table
from r1plan.plan.arch.table import row_of, spec_of
from r1plan.plan.arch.tensors import layer_tensors
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes
from r1plan.plan.llamacpp.compute.graph import HOST, Run
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.vllm.weights import weights_bytes
from tests.plan.catalogue import model
from tests.plan.deepseek32 import V32

R1, LLAMA, QWEN3 = model("DeepSeek-R1"), model("R1-Distill-Llama-8B"), model("R1-0528-Qwen3-8B")


def test_every_architecture_has_a_row_of_its_own() -> None:
    rows = [row_of(each) for each in get_args(Architecture) if unplanned(each) is None]
    assert len({id(row) for row in rows}) == len(rows) == 6


def test_one_that_nothing_is_planned_for_is_refused_with_who_runs_it() -> None:
    with pytest.raises(EngineError, match=r"deepseek41, and its cache") as caught:
        row_of("deepseek41")
    assert "vLLM" in (caught.value.hint or "")


def type_check(folder: Path, members: tuple[str, ...]) -> str:
    """What mypy says of the table where the architectures are `members`, everything that it imports left empty."""
    source = Path(table.__file__).read_text(encoding="utf-8")
    stubs: dict[Path, list[str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("r1plan."):
            stub = folder.joinpath(*node.module.split(".")).with_suffix(".pyi")
            stubs[stub] = ["from typing import Any, Literal", *(f"{each.name}: Any" for each in node.names)]
    stubs[folder / "r1plan" / "catalog" / "model.pyi"] = [
        "from typing import Any, Literal",
        f"Architecture = Literal[{', '.join(repr(each) for each in members)}]",
        "class Shape: latent_attention: Any; windowed_attention: Any; indexer: Any; experts: Any",
    ]
    stubs[folder / "r1plan" / "plan" / "arch" / "spec.pyi"] = [
        "from typing import Any, Literal",
        "class ArchitectureSpec: needs: Any; takes: Any",
        'ShapePart = Literal["latent_attention", "windowed_attention", "indexer", "experts"]',
    ]
    rows = re.findall(r"import (\w+)\n", source)
    for stub, lines in stubs.items():
        stub.parent.mkdir(parents=True, exist_ok=True)
        for above in [each for each in stub.parents if folder in each.parents]:
            (above / "__init__.py").touch()
        if any(name in rows and name.isupper() for name in (line.split(":")[0] for line in lines)):
            lines = ["from r1plan.plan.arch.spec import ArchitectureSpec", *lines[1:]]
            lines = [line.replace(": Any", ": ArchitectureSpec") for line in lines]
        stub.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "r1plan" / "plan" / "arch" / "table.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "cache", "-p", "r1plan"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def test_an_architecture_without_a_row_does_not_type_check(tmp_path: Path) -> None:
    known = get_args(Architecture)
    assert type_check(tmp_path, known).startswith("Success")
    said = type_check(tmp_path, (*known, "qwen3moe"))
    assert """to "assert_never" has incompatible type "Literal['qwen3moe']";""" in said


def test_a_name_without_a_row_has_no_tensors() -> None:
    with pytest.raises(AssertionError, match="qwen3moe"):
        layer_tensors(cast("Architecture", "qwen3moe"), QWEN3.shape, expert_layer=True)


MIXTURE = {"experts": R1.shape.experts}
LATENT = {"latent_attention": R1.shape.latent_attention}


@pytest.mark.parametrize(
    ("of", "changed", "said"),
    [
        pytest.param(LLAMA, MIXTURE, "'llama' with experts", id="mixtral"),
        pytest.param(QWEN3, MIXTURE, "'qwen3' with experts", id="qwen3-with-experts"),
        pytest.param(QWEN3, LATENT, "'qwen3' with latent attention", id="qwen3-with-mla"),
        pytest.param(R1, {"indexer": V32.shape.indexer}, "'deepseek2' with indexer", id="r1-with-an-indexer"),
        pytest.param(V32, {"indexer": None}, "'deepseek32' without indexer", id="v3.2-without-an-indexer"),
        pytest.param(V32, {"latent_attention": None}, "'deepseek32' without latent attention", id="v3.2-expanded"),
        pytest.param(V32, {"experts": None}, "'deepseek32' without experts", id="v3.2-dense"),
    ],
)
def test_no_byte_is_guessed_of_a_shape_that_the_architecture_does_not_have(
    of: Model, changed: dict[str, Any], said: str
) -> None:
    shape: Shape = replace(of.shape, **changed)
    one = PlacedRuns((Run(1, shape.experts is not None, HOST, HOST),), 0, 1)
    for guess in (
        lambda: spec_of(of.architecture, shape),
        lambda: layer_tensors(of.architecture, shape, expert_layer=True),
        lambda: stock_weights(of.architecture, shape, "Q4_K_M"),
        lambda: compute_bytes(of.architecture, shape, EngineSettings(), 1024, one),
        lambda: weights_bytes(replace(of, shape=shape), "BF16", Parallel()),
    ):
        with pytest.raises(EngineError) as caught:
            guess()
        assert said in caught.value.message
        assert caught.value.hint


def test_a_dense_file_of_r1s_architecture_and_an_expanded_one_are_planned_for() -> None:
    for changed in ({"experts": None}, {"latent_attention": None}):
        shape: Shape = replace(R1.shape, **cast("dict[str, Any]", changed))
        assert stock_weights("deepseek2", shape, "Q4_K_M").total_bytes > 0
