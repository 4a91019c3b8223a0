"""Imports go one way (design), each heavy library has one owner, and no command imports what it doesn't use."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "r1plan"

# Longest prefix wins. A module may import from its own layer or a lower one.
LAYERS = {
    "r1plan": 0,
    "r1plan.errors": 0,
    "r1plan.units": 0,
    "r1plan.settings": 0,
    "r1plan.catalog": 1,
    "r1plan.prices": 1,
    "r1plan.hardware.machine": 1,
    "r1plan.engine.chat": 1,
    "r1plan.ledger.entry": 1,
    "r1plan.ledger.past": 1,
    "r1plan.plan": 2,
    "r1plan.conversation": 2,
    "r1plan.hardware": 3,
    "r1plan.engine": 3,
    "r1plan.ledger": 3,
    "r1plan.models": 3,
    "r1plan.report": 3,
    "r1plan.tiny": 3,
    "r1plan.route.cache": 2,
    "r1plan.route.candidate": 2,
    "r1plan.route.decide": 2,
    "r1plan.route.defer": 2,
    "r1plan.route.expected": 2,
    "r1plan.route.forecast": 2,
    "r1plan.route.judged": 2,
    "r1plan.route.kind": 2,
    "r1plan.route.lengths": 2,
    "r1plan.route.policy": 2,
    "r1plan.route.prior": 2,
    "r1plan.route.stamp": 2,
    "r1plan.route.survey": 2,
    "r1plan.route.why": 2,
    "r1plan.route": 4,
    "r1plan.render": 5,
    "r1plan.cli": 6,
    "r1plan.__main__": 7,
}
# Things with one library each stay apart from one another.
APART = 3

OWNERS = {
    "httpx": {"r1plan.engine.http"},
    "httpx_sse": {"r1plan.engine.http"},
    "keyring": {"r1plan.engine.keys"},
    "llama_cpp": {"r1plan.engine.local", "r1plan.tiny.evaluate"},
    "duckdb": {"r1plan.report"},
    "pynvml": {"r1plan.hardware.nvidia"},
    "psutil": {"r1plan.hardware.host"},
    "yaml": {"r1plan.catalog"},
    "torch": {"r1plan.tiny"},
    "typer": {"r1plan.cli"},
    "rich": {"r1plan.render"},
    "markdown_it": {"r1plan.render"},
    "pygments": {"r1plan.render"},
    "prompt_toolkit": {"r1plan.cli.conversation.terminal"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """What a file imports anywhere in it, as dotted names with their line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def longest(name: str, table: dict[str, int]) -> str:
    parts = name.split(".")
    return next(found for n in range(len(parts), 0, -1) if (found := ".".join(parts[:n])) in table)


def under(name: str, owner: str) -> bool:
    return name == owner or name.startswith(owner + ".")


def test_every_import_follows_the_design() -> None:
    wrong = []
    for module, path in modules():
        here = longest(module, LAYERS)
        for name, line in imports(path):
            if not under(name, "r1plan") or name == "r1plan.__version__":
                continue
            there = longest(name, LAYERS)
            apart = LAYERS[here] == LAYERS[there] == APART and here != there
            if LAYERS[there] > LAYERS[here] or apart:
                wrong.append(f"{path.relative_to(PACKAGE.parent)}:{line}: {module} imports {name}")
    assert wrong == []


def test_every_heavy_library_is_imported_by_its_owner_alone() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {module} imports {name}"
        for module, path in modules()
        for name, line in imports(path)
        if (owners := OWNERS.get(name.split(".")[0])) and not any(under(module, owner) for owner in owners)
    ]
    assert wrong == []


HEAVY = {
    "pydantic",
    "yaml",
    "rich",
    "duckdb",
    "httpx",
    "keyring",
    "llama_cpp",
    "numpy",
    "jinja2",
    "pynvml",
    "psutil",
    "prompt_toolkit",
}

RUN = """
import sys
sys.argv = ["r1plan", *sys.argv[1:]]
try:
    from r1plan.__main__ import main
    main()
finally:
    print("MODULES", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        pytest.param(["--help"], set(), id="help"),
        pytest.param(["--version"], set(), id="version"),
        pytest.param(["recommend", "--help"], set(), id="recommend-help"),
        pytest.param(["chat", "--help"], set(), id="chat-help"),
        pytest.param(["cost-report", "--help"], set(), id="cost-report-help"),
        pytest.param(["detect"], {"pydantic", "yaml", "pynvml", "psutil"}, id="detect"),
        pytest.param(["recommend"], {"pydantic", "yaml", "pynvml", "psutil", "rich"}, id="recommend"),
        pytest.param(
            ["recommend", "--engine", "vllm", "--gpu", "h200:8"], {"pydantic", "yaml", "rich"}, id="recommend-vllm"
        ),
        pytest.param(["cost-report"], {"pydantic", "yaml", "duckdb", "rich", "numpy"}, id="cost-report"),
        pytest.param(["chat", "1+1"], {"llama_cpp", "numpy", "jinja2", "pynvml"}, id="chat-local"),
        pytest.param(
            ["chat", "--model", "deepseek/deepseek-flash", "1+1"], {"pydantic", "yaml", "httpx"}, id="chat-provider"
        ),
    ],
)
def test_a_command_imports_only_what_it_uses(arguments: list[str], allowed: set[str]) -> None:
    environment = {**os.environ, "DEEPSEEK_API_KEY": "test", "R1PLAN_DEEPSEEK_BASE_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, env=environment, input="", check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    loaded = done.stderr.rpartition("MODULES")[2].split()
    assert HEAVY & set(loaded) <= allowed
