"""How a line goes on: commands, options, and the names of what is known; and never an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1plan.catalog.load import load_hardware, load_models, load_providers, load_routes
from r1plan.cli import COMMANDS
from r1plan.cli.completion import names
from r1plan.cli.completion.answer import Continuation, continued, told
from r1plan.hardware.names.cards import cards_of
from r1plan.models.downloads import download_of
from r1plan.models.pull.pinned import PinnedFile
from r1plan.models.pull.record import PullRecords
from r1plan.settings import directories
from tests.catalog.ours import HARDWARE
from tests.cli.options.test_short import commands
from tests.models.store.stores import hugging_face, ollama


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the catalogue's copy is kept, as in that of who has used r1plan before."""
    return tmp_path_factory.mktemp("warm")


@pytest.fixture(autouse=True)
def _of_somebody(home: Path, warm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not home.exists():
        monkeypatch.setenv("R1PLAN_HOME", str(warm))


def after(line: str) -> list[str]:
    return list(continued(line).names)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("r1plan ", list(COMMANDS), id="every-command"),
        pytest.param("r1plan RE", ["recommend"], id="capitals"),
        pytest.param("/usr/bin/r1plan rec", ["recommend"], id="by-its-path"),
        pytest.param("r1plan help rec", ["recommend"], id="behind-help"),
        pytest.param("r1plan prices ", ["list", "compare", "show", "cost", "check", "verify"], id="of-a-group"),
        pytest.param("r1plan chat --ro", ["--route"], id="option"),
        pytest.param("r1plan --ver", ["--version"], id="option-of-none"),
        pytest.param("r1plan recommend --gpu h100-sx", ["h100-sxm-80gb"], id="card"),
        pytest.param("r1plan recommend --gpu m3-max-4", ["m3-max-40c"], id="apple-chip"),
        pytest.param("r1plan recommend --cpu ryzen-9-9950x3", ["ryzen-9-9950x3d"], id="processor"),
        pytest.param("r1plan recommend --gpu=h100-sx", ["--gpu=h100-sxm-80gb"], id="equals"),
        pytest.param("r1plan recommend --gpu h100-sxm-80gb --gpu H100-SX", ["h100-sxm-80gb"], id="again"),
        pytest.param("r1plan recommend -m r1-distill-qwen-3", ["R1-Distill-Qwen-32B"], id="model-by-its-letter"),
        pytest.param("r1plan recommend -m qwen-32", ["R1-Distill-Qwen-32B"], id="part-of-the-only-one"),
        pytest.param("r1plan recommend --quant iq4_x", ["IQ4_XS"], id="quant"),
        pytest.param("r1plan recommend --engine v", ["vllm"], id="choice"),
        pytest.param("r1plan recommend -m R1-0528-Qwen3-8B:q8", ["R1-0528-Qwen3-8B:Q8_0"], id="model-and-quant"),
        pytest.param("r1plan models pull r1-0528-qwen3-8b:q8", ["R1-0528-Qwen3-8B:Q8_0"], id="pull-and-quant"),
        pytest.param("r1plan models pull R1-0528-Q", ["R1-0528-Qwen3-8B"], id="pull"),
        pytest.param("r1plan models pull R1-0528-Qwen3-8B:zzz", [], id="no-such-quant"),
        pytest.param("r1plan models pull nobody:q", [], id="no-such-model"),
        pytest.param("r1plan chat -m r1-t", ["r1-tiny"], id="built-in"),
        pytest.param("r1plan chat -m deepseek/deepseek-f", ["deepseek/deepseek-flash"], id="provider-and-model"),
        pytest.param("r1plan chat -p deepseek -m deepseek-f", ["deepseek-flash"], id="model-of-the-provider"),
        pytest.param("r1plan chat --provider noV", ["novita"], id="provider"),
        pytest.param("r1plan chat --route loc", ["local-first"], id="route"),
        pytest.param("r1plan chat --thinking ", ["show", "dim", "hide"], id="modes"),
        pytest.param("r1plan prices show deeps", ["deepseek"], id="argument"),
        pytest.param("r1plan prices cost deepseek deepseek-f", ["deepseek-flash"], id="second-argument"),
        pytest.param("r1plan cost-report --by day,mod", ["day,model"], id="in-a-list"),
        pytest.param("r1plan cost-report --what-if off", ["off-peak"], id="world"),
        pytest.param(
            "r1plan cost-report --what-if novita/deepseek/deepseek-r1-t",
            ["novita/deepseek/deepseek-r1-turbo"],
            id="world-of-a-seller",
        ),
        pytest.param(
            "r1plan cost-report --what-if local:R1-Distill-Qwen-3",
            ["local:R1-Distill-Qwen-32B"],
            id="world-of-ones-own",
        ),
        pytest.param("r1plan cost-report --currency C", ["CNY"], id="currency"),
        pytest.param("r1plan --install-completion f", ["fish"], id="shell"),
        pytest.param("r1plan chat --seed ", [], id="a-number"),
        pytest.param("r1plan recommend --gpu xt", [], id="a-part-that-would-be-lost"),
        pytest.param("r1plan recommend --gpu zzz", [], id="nothing-like-it"),
        pytest.param("r1plan chat -- --ro", [], id="behind-the-end-of-options"),
        pytest.param("r1plan chat \"it's ", [], id="open-quote"),
        pytest.param("r1plan", [], id="no-space"),
    ],
)
def test_a_line_goes_on_with(line: str, expected: list[str]) -> None:
    assert [each for each in after(line) if line != "r1plan"] == expected


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("r1plan recommend --gpu ", load_hardware().accelerators),
        ("r1plan chat --provider ", load_providers()),
        ("r1plan chat --route ", load_routes()),
        ("r1plan recommend --model ", load_models()),
    ],
    ids=["cards", "providers", "routes", "models"],
)
def test_every_name_that_is_known_is_offered(
    line: str, known: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert after(line) == list(known)


@pytest.mark.parametrize(
    "line",
    [
        "r1plan chat --file ",
        "r1plan chat -f a",
        "r1plan chat --model ./x",
        "r1plan recommend --machine ",
        "r1plan cost-report ",
        "r1plan cost-report --output ",
        "r1plan models inspect ",
        "r1plan prices check ",
        "r1plan demo --keep ",
    ],
)
def test_where_a_file_may_stand_the_shell_completes_files(line: str) -> None:
    assert continued(line).kind == "files"


def test_a_model_file_of_this_folder_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my own.gguf").touch()
    assert after("r1plan chat -m my") == ["my own.gguf"]


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with stores of models, in which nothing is yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "OLLAMA_MODELS", "LLAMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def some_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked into")
    return path


def test_what_is_here_is_offered_for_a_chat_whichever_program_fetched_it(stores: Path) -> None:
    hugging_face(stores / "hf" / "hub", "ann/zz-GGUF", "q/zz-hub-Q4_K_M.gguf", some_file(stores / "x"))
    for number in (1, 2):
        some_file(stores / f".lmstudio/models/a/b/zz-studio-0000{number}-of-00002.gguf")
    some_file(stores / ".cache/llama.cpp/zz-cached.gguf.part")
    ollama(stores / ".ollama/models", "zz-tag:32b", some_file(stores / "y"))
    ollama(stores / ".ollama/models", "zz-gone:7b", None)
    assert after("r1plan chat -m zz") == ["zz-hub-Q4_K_M", "zz-studio", "zz-tag:32b"]
    assert after("r1plan chat --model zz-tag:3") == ["zz-tag:32b"]
    assert after("r1plan models verify zz") == ["zz-hub-Q4_K_M", "zz-studio", "zz-tag:32b"]


def test_a_store_that_cannot_be_read_or_is_huge_holds_nothing_up(stores: Path) -> None:
    folder = stores / ".lmstudio/models"
    folder.mkdir(parents=True)
    for number in range(500):
        (folder / f"zz-{number:03}.gguf").touch()
    (stores / ".ollama/models").mkdir(parents=True)
    (stores / ".ollama/models/manifests").symlink_to(stores)  # a loop
    assert len(after("r1plan chat -m zz")) in range(201)


def test_what_was_pulled_is_offered_where_it_may_be_removed(stores: Path, home: Path) -> None:
    records = PullRecords(directories().data / "pulled")
    model = load_models()["R1-Distill-Qwen-7B"]
    usual = next(each for each in model.quants if each.name == "Q4_K_M")
    held = download_of(model, usual)
    assert held is not None
    for number, (repo, name) in enumerate([(held.repo, held.first), ("ann/zz", "a.gguf"), ("ann/zz", "gone.gguf")]):
        blob = some_file(stores / f"blob-{number}")
        records.summed(repo, PinnedFile(name, 1, "0" * 64), blob, fetched=True)
    (stores / "blob-2").unlink()
    assert sorted(after("r1plan models remove ")) == ["R1-Distill-Qwen-7B:Q4_K_M", "ann/zz/a.gguf"]


def test_a_tag_goes_on_behind_its_colon() -> None:
    assert continued("r1plan cost-report --by ta") == Continuation("nospace", {"tag:": ""}, "ta")


def test_nothing_is_done_that_the_line_would_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--version", "--install-completion", "--show-completion", "--install-completion fish"):
        assert after(f"r1plan {option} --ver") == ["--version"] or option == "--version"
    assert capsys.readouterr().out == ""
    assert not (home / ".bashrc").exists()


def test_every_name_in_the_tables_is_an_option_or_an_argument() -> None:
    known = commands()
    for command, name in names.OPTIONS:
        assert name in {each for parameter in known[command].params for each in parameter.opts}, (command, name)
    for command, name in names.ARGUMENTS:
        if command in known:
            assert name in {each.name for each in known[command].params if each.param_type_name == "argument"}


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        ("bash", ["names", "b:c"]),
        ("zsh", ["names", "a=b\\:c:what it is"]),
        ("fish", ["names", "a=b:c\twhat it is"]),
        ("powershell", ["names", "a=b:c\twhat it is"]),
    ],
)
def test_each_shell_is_told_in_its_way(shell: str, lines: list[str]) -> None:
    assert list(told(Continuation(names={"a=b:c": "what it is"}, typed="a="), shell)) == lines


@pytest.mark.parametrize(
    ("line", "files"),
    [
        pytest.param("r1plan nonsense --x ", {}, id="unknown-command"),
        pytest.param("r1plan chat --nonsense x ", {}, id="unknown-option"),
        pytest.param("r1plan recommend --context abc ", {}, id="wrong-number"),
        pytest.param("r1plan chat --route ", {"profiles/routes/x.yaml": "id: [\n"}, id="wrong-file-of-the-users"),
        pytest.param("r1plan recommend --gpu rtx", {"profiles/hardware/x.yaml": "\x00"}, id="unreadable-file"),
        pytest.param("", {}, id="empty"),
        pytest.param("r1plan chat '", {}, id="quote"),
        pytest.param("r1plan \udcff", {}, id="no-text"),
    ],
)
@pytest.mark.parametrize("shell", ["zsh", "tcsh", ""])
def test_no_error_reaches_the_shell(
    shell: str,
    line: str,
    files: dict[str, str],
    home: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from r1plan.cli.completion.answer import answer

    for name, text in files.items():
        (home / "config" / name).parent.mkdir(parents=True)
        (home / "config" / name).write_text(text)
        monkeypatch.setenv("R1PLAN_HOME", str(home))
    assert answer({"_R1PLAN_COMPLETE": shell, "_R1PLAN_COMPLETE_LINE": line}) == 0
    said = capfd.readouterr()
    assert said.err == ""
    assert said.out == "" or said.out.splitlines()[0] in ("names", "nospace", "files")


HEAVY = {"rich", "duckdb", "httpx", "keyring", "llama_cpp", "numpy", "jinja2", "prompt_toolkit", "psutil", "pynvml"}
RUN = """
import sys
from r1plan.__main__ import main
try:
    main()
finally:
    print("MODULES", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("line", ["r1plan re", "r1plan recommend --gpu rtx", "r1plan chat -m deepseek/"])
def test_an_answer_imports_little(line: str) -> None:
    environment = {**os.environ, "_R1PLAN_COMPLETE": "bash", "_R1PLAN_COMPLETE_LINE": line}
    for _ in range(2):  # the first may read the YAML files
        done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("names\n")
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("r1plan recommend --gpu 40", "4090"),
        ("r1plan recommend --gpu=79", "--gpu=7900-xtx"),
        ("r1plan hardware 40", "4060"),
    ],
)
def test_a_card_goes_on_from_the_digits_that_people_type_to_what_is_understood(line: str, name: str) -> None:
    names = continued(line).names
    assert name in names
    for each in names:
        assert each.startswith(line.split()[-1])
        (found,) = cards_of([each.removeprefix("--gpu=")], HARDWARE)
        assert found.sheet.id.endswith(each.removeprefix("--gpu="))


@pytest.mark.parametrize(
    "line", ["r1plan recommend --gpu 99", "r1plan recommend --cpu 40zz", "r1plan recommend --ram 40"]
)
def test_digits_that_begin_no_card_go_on_with_nothing(line: str) -> None:
    assert not continued(line).names
