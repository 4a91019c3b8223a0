"""The one line that builds the engine: the words of what installed r1plan, quoted as the shell needs them."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from r1plan.doctor.build.installer import Environment, Installer, engine_requirement, installer
from r1plan.doctor.build.offer import build_offer
from r1plan.doctor.build.shell import ShellCommand
from tests.doctor.system import card, linux

PINNED = "llama-cpp-python==0.3.36"
RECEIPT = "[tool]\nrequirements = [{}]\nentrypoints = []\n"


def environment(prefix: Path, *, has_pip: bool = True, has_uv: bool = False, is_managed: bool = False) -> Environment:
    return Environment(
        python=f"{prefix}/bin/python", prefix=prefix, has_pip=has_pip, has_uv=has_uv, is_managed=is_managed
    )


def words(found: Installer, *, again: bool = True) -> str:
    return " ".join(found.words(again=again))


def test_pip_builds_anew_and_leaves_what_else_is_installed(tmp_path: Path) -> None:
    found = installer(environment(tmp_path), PINNED)
    python = f"{tmp_path}/bin/python"
    assert words(found, again=False) == (
        f"{python} -m pip install --no-cache-dir --no-binary llama-cpp-python {PINNED}"
    )
    assert words(found) == (
        f"{python} -m pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python {PINNED}"
    )


def test_the_systems_own_python_is_told_that_it_is_meant(tmp_path: Path) -> None:
    assert "pip install --break-system-packages --no-cache-dir" in words(
        installer(environment(tmp_path, is_managed=True), PINNED), again=False
    )


def test_an_environment_without_pip_is_uvs(tmp_path: Path) -> None:
    found = installer(environment(tmp_path, has_pip=False, has_uv=True), PINNED)
    assert words(found) == (
        f"uv pip install --python {tmp_path}/bin/python --no-cache --reinstall-package llama-cpp-python "
        f"--no-binary llama-cpp-python {PINNED}"
    )
    assert installer(environment(tmp_path, has_pip=False), PINNED).kind == "pip"


def test_pipx_puts_it_into_the_programs_own_environment(tmp_path: Path) -> None:
    own = tmp_path / "r1plan-next"
    own.mkdir()
    (own / "pipx_metadata.json").write_text("{}")
    assert installer(environment(own), PINNED).words(again=True) == (
        *("pipx", "inject", "--force"),
        "--pip-args=--force-reinstall --no-cache-dir --no-binary llama-cpp-python",
        *("r1plan-next", PINNED),
    )


@pytest.mark.parametrize(
    ("held", "told"),
    [
        pytest.param('{ name = "r1plan" }', "r1plan", id="plain"),
        pytest.param('{ name = "r1plan", extras = ["hub", "local"] }', "r1plan[hub,local]", id="extras"),
        pytest.param('{ name = "r1plan", specifier = "==0.1.0" }', "r1plan==0.1.0", id="a-version"),
        pytest.param('{ name = "r1plan", directory = "/src/r 1" }', "/src/r 1", id="a-folder"),
        pytest.param('{ name = "r1plan", editable = "/src/r1plan" }', "--editable /src/r1plan", id="in-place"),
        pytest.param('{ name = "r1plan" }, { name = "rich" }', "--with rich r1plan", id="others-beside-it"),
        pytest.param(
            '{ name = "r1plan" }, { name = "llama-cpp-python", specifier = "==0.3.36" }',
            "r1plan",
            id="an-engine-before",
        ),
    ],
)
def test_uvs_tool_is_installed_as_it_was(tmp_path: Path, held: str, told: str) -> None:
    (tmp_path / "uv-receipt.toml").write_text(RECEIPT.format(held))
    assert words(installer(environment(tmp_path, has_pip=False), PINNED)) == (
        "uv tool install --no-cache --reinstall-package llama-cpp-python --no-binary-package llama-cpp-python "
        f"--with {PINNED} {told}"
    )


@pytest.mark.parametrize(
    "receipt",
    [
        pytest.param(RECEIPT.format('{ name = "r1plan", git = "ssh://here/r1plan" }'), id="from-git"),
        pytest.param(
            RECEIPT.format('{ name = "r1plan" }, { name = "x", url = "file:///x.whl" }'), id="beside-an-address"
        ),
        pytest.param(RECEIPT.format('{ name = "other" }'), id="of-another-tool"),
        pytest.param("[tool", id="no-toml"),
        pytest.param("", id="empty"),
        pytest.param("[tool]\nrequirements = 3\n", id="of-another-shape"),
    ],
)
def test_a_receipt_that_cannot_be_said_again_leaves_the_tool_as_it_is(tmp_path: Path, receipt: str) -> None:
    (tmp_path / "uv-receipt.toml").write_text(receipt)
    assert words(installer(environment(tmp_path, has_pip=False), PINNED)).startswith("uv pip install --python ")


def test_the_version_is_the_one_that_this_program_is_made_for(tmp_path: Path) -> None:
    assert engine_requirement(Path(__file__).parent.parent.parent) == PINNED
    assert engine_requirement(tmp_path).startswith("llama-cpp-python")


COMMANDS = [
    ShellCommand(words=("python", "-m", "pip")),
    ShellCommand(words=("/home/ann o'neil/bin/python", "-m", "pip"), environment={"CMAKE_ARGS": "-DA=on -DB=86;89"}),
    ShellCommand(words=("pipx", "--pip-args=--a --b", "r1plan[local]"), environment={"CUDACXX": "/opt/cuda $x/nvcc"}),
    ShellCommand(words=("p",), environment={"A": '"', "B": "`id`", "C": "a\\b", "D": "", "E": "!!", "F": "é\n"}),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_shell_takes_a_line_for_what_it_was_made_of(command: ShellCommand) -> None:
    line = command.text()
    assert subprocess.run(["bash", "-n", "-c", line], check=False, capture_output=True).stderr == b""
    cut = len(command.environment)
    taken = shlex.split(line)
    assert dict(each.split("=", 1) for each in taken[:cut]) == dict(command.environment)
    assert tuple(taken[cut:]) == command.words
    for name, value in command.environment.items():
        said = subprocess.run(
            ["bash", "-c", line.replace(shlex.join(command.words), f"printenv {name}")],
            check=False,
            capture_output=True,
        )
        assert said.stdout.decode() == f"{value}\n"


def test_powershell_sets_each_variable_first() -> None:
    command = ShellCommand(
        words=(r"C:\Program Files\py\python.exe", "-m", "pip", "install", "--no-binary", "a-b", "a-b==0.3.36", "r[x]"),
        environment={"CMAKE_ARGS": "-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=86;89", "NAME": "o'neil"},
    )
    assert command.text(is_windows=True) == (
        "$env:CMAKE_ARGS = '-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=86;89'; $env:NAME = 'o''neil'; "
        r"& 'C:\Program Files\py\python.exe' -m pip install --no-binary a-b a-b==0.3.36 'r[x]'"
    )
    assert ShellCommand(words=("uv", "-x=1.5", "@a", "a,b", "")).text(is_windows=True) == "uv '-x=1.5' '@a' 'a,b' ''"


def test_the_whole_line_for_a_card(tmp_path: Path) -> None:
    system = linux(tmp_path).nvcc("12.8", "86 89", at="/usr/local/cuda/bin/nvcc")
    own = environment(tmp_path / "env")
    cards = [card("nvidia", capability="8.9"), card("nvidia", capability="8.6")]
    found = build_offer(cards, 8, system.tools, own, checkout=Path(), driver_cuda=(12, 8), again=True)
    assert system.plain(found.command) == (
        "CUDACXX=/usr/local/cuda/bin/nvcc CUDAToolkit_ROOT=/usr/local/cuda "
        'CMAKE_ARGS="-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=86;89" /env/bin/python -m pip install --force-reinstall '
        f"--no-deps --no-cache-dir --no-binary llama-cpp-python {PINNED}"
    )
    assert (found.cores, found.minutes) == (8, 110 / 8)


def test_pip_itself_may_be_missing(tmp_path: Path) -> None:
    own = environment(tmp_path / "an env", has_pip=False)
    found = build_offer([], 2, linux(tmp_path).tools, own, checkout=Path(), again=False)
    assert [(each.name, each.command) for each in found.recipe.missing] == [
        ("pip", f"'{tmp_path}/an env/bin/python' -m ensurepip")
    ]
