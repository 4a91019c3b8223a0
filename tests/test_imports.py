"""Imports go one way (design), each heavy library has one owner, and no command imports what it doesn't use."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "r1plan"

# What stands at the top of the package, lowest first: each imports only from what stands before it.
LAYERS = (
    *(
        "errors",
        "interrupts",
        "streams",
        "settings",
        "units",
        "money",
        "instants",
        "project_name",
        "hosts",
        "files",
        "ggml_types",
        "tiny",
    ),
    "catalog",
    *("prices", "ledger"),
    *("market", "hardware", "models", "engine"),
    "measurements",
    "plan",
    "route",
    "ask",
    *("report", "conversation", "deploy", "doctor", "verify"),
    "render",
    *("cli", "__main__"),
)

OWNERS = {
    "httpx": {"r1plan.engine.http"},
    "httpx_sse": {"r1plan.engine.http"},
    "keyring": {"r1plan.engine.keys"},
    "llama_cpp": {"r1plan.engine.local", "r1plan.tiny.evaluate"},
    "duckdb": {"r1plan.report"},
    "pyspark": {"r1plan.report.spark"},
    "py4j": {"r1plan.report.spark"},
    "sqlglot": {"r1plan.report.spark"},
    "jinja2": {"r1plan.engine.local.render_template", "r1plan.render.template"},
    "vl_convert": {"r1plan.render.spend.page"},
    "obstore": {"r1plan.report.sources.object_store"},
    "pynvml": {"r1plan.hardware.nvidia"},
    "psutil": {"r1plan.hardware.host"},
    "yaml": {"r1plan.catalog"},
    "torch": {"r1plan.tiny.training"},
    "typer": {"r1plan.cli"},
    "rich": {"r1plan.render"},
    "markdown_it": {"r1plan.render"},
    "pygments": {"r1plan.render"},
    "prompt_toolkit": {"r1plan.cli.chat.terminal_reader"},
    "huggingface_hub": {"r1plan.models.pull"},
    "httpx2": {"r1plan.models.pull"},
    "filelock": {"r1plan.models.pull"},
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


def under(name: str, owner: str) -> bool:
    return name == owner or name.startswith(owner + ".")


def test_imports_go_one_way() -> None:
    wrong = []
    for module, path in modules():
        for name, line in imports(path):
            if "." not in module or not name.startswith("r1plan.") or name == "r1plan.__version__":
                continue
            here, there = module.split(".")[1], name.split(".")[1]
            if LAYERS.index(there) > LAYERS.index(here):
                wrong.append(f"{path.relative_to(PACKAGE.parent)}:{line}: {module} imports {name}")
    assert wrong == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    known = dict(modules())
    graph: dict[str, set[str]] = {}
    for module, path in known.items():
        parents = (module_of(name, known) for name, _line in imports(path))
        graph[module] = {name for name in parents if name is not None and name != module}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def module_of(name: str, known: dict[str, Path]) -> str | None:
    """The module that an imported name stands in; None: it is not ours."""
    return next((each for each in (name, name.rpartition(".")[0]) if each in known), None)


def test_no_two_public_classes_share_a_name() -> None:
    found: dict[str, list[str]] = {}
    for module, path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(module)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_every_heavy_library_is_imported_by_its_owner_alone() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {module} imports {name}"
        for module, path in modules()
        for name, line in imports(path)
        if (owners := OWNERS.get(name.split(".")[0])) and not any(under(module, owner) for owner in owners)
    ]
    assert wrong == []


# What goes out goes through r1plan.render.output, where it is cleaned; the screens of a chat clean what they write
# themselves, piece by piece, and so does the bar of a pull. The version is ours, and what trains and tries r1-tiny is
# no part of the program. A child that renders a template answers its parent alone.
WRITERS = {"r1plan.render.output", "r1plan.render.chat.region", "r1plan.render.chat.terminal"}
WRITERS |= {"r1plan.engine.local.render_template", "r1plan.render.pull.progress"}
NO_SINK = {"r1plan.cli": "echo"}
# Run by hand from a checkout, on our own figures.
FOR_DEVELOPERS = ("r1plan.tiny", "r1plan.plan.llamacpp.speed.fit.__main__", "r1plan.plan.serving.fit.__main__")
PRINTING = {"print", "echo", "secho", "echo_via_pager", "pprint"}


def written(path: Path) -> Iterator[tuple[str, int]]:
    """What in a file writes to a stream of the process, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in PRINTING:
                yield name, node.lineno
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines", "buffer"):
            of = ast.unparse(node.value)
            if of in ("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"):
                yield f"{of}.{node.attr}", node.lineno


def test_nothing_reaches_a_stream_but_through_the_one_place_that_cleans() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {name}"
        for module, path in modules()
        for name, line in written(path)
        if module not in WRITERS
        and NO_SINK.get(module) != name
        and not any(under(module, each) for each in FOR_DEVELOPERS)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "code", ["print(1)", "typer.echo(1)", "rich.print(1)", "sys.stderr.write('')", "click.secho(1)"]
)
def test_a_second_sink_would_be_seen(code: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(code)
    assert len(list(written(tmp_path / "module.py"))) == 1


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
    "vl_convert",
    "msgspec",
    "pynvml",
    "psutil",
    "prompt_toolkit",
    "huggingface_hub",
    "httpx2",
    "obstore",
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
        pytest.param(["models", "pull", "--help"], set(), id="pull-help"),
        pytest.param(
            ["models", "pull", "no/such:Q4_K_M"],
            {"pydantic", "yaml", "msgspec", "huggingface_hub", "httpx2"},
            id="pull",
        ),
        pytest.param(["models", "remove", "hf:no/such"], set(), id="remove"),
        pytest.param(["models", "verify", "--help"], set(), id="verify-help"),
        pytest.param(
            ["models", "verify", "http://127.0.0.1:9"],
            {"pydantic", "yaml", "httpx", "msgspec", "keyring"},
            id="verify-server",
        ),
        pytest.param(["detect"], {"pydantic", "yaml", "msgspec", "pynvml", "psutil"}, id="detect"),
        pytest.param(["doctor"], {"pydantic", "yaml", "msgspec", "pynvml", "psutil", "keyring"}, id="doctor"),
        pytest.param(["recommend"], {"pydantic", "yaml", "msgspec", "pynvml", "psutil"}, id="recommend"),
        pytest.param(["hardware", "4090"], {"pydantic", "yaml", "msgspec"}, id="hardware"),
        pytest.param(
            ["recommend", "--engine", "vllm", "--gpu", "h200:8"], {"pydantic", "yaml", "msgspec"}, id="recommend-vllm"
        ),
        pytest.param(
            ["recommend", "--gpu", "rtx-4090", "--format", "html"],
            {"pydantic", "yaml", "msgspec", "jinja2"},
            id="recommend-html",
        ),
        pytest.param(["cost-report"], {"pydantic", "yaml", "msgspec", "duckdb", "numpy"}, id="cost-report"),
        pytest.param(["chat", "--local", "1+1"], {"llama_cpp", "numpy", "jinja2", "pynvml"}, id="chat-local"),
        pytest.param(
            ["chat", "--model", "deepseek/deepseek-flash", "1+1"],
            {"pydantic", "yaml", "httpx", "msgspec"},
            id="chat-provider",
        ),
        pytest.param(["chat", "1+1"], {"pydantic", "yaml", "httpx", "msgspec"}, id="chat-by-default"),
        pytest.param(["chat", "--explain", "1+1"], {"pydantic", "yaml", "msgspec"}, id="chat-explain"),
    ],
)
def test_a_command_imports_only_what_it_uses(arguments: list[str], allowed: set[str]) -> None:
    environment = {
        **os.environ,
        "DEEPSEEK_API_KEY": "test",
        "R1PLAN_DEEPSEEK_BASE_URL": "http://127.0.0.1:9",
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, env=environment, input="", check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    loaded = done.stderr.rpartition("MODULES")[2].split()
    assert HEAVY & set(loaded) <= allowed
