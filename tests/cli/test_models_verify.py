"""`models verify`, as a person calls it: a model here, a server, and everything that is neither."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from r1plan.cli.models.command import app
from r1plan.errors import EngineError, NotFound, ProviderError, R1PlanError, UsageError
from r1plan.measurements.stored import stored
from r1plan.tiny import MODEL_PATH
from tests.verify.servers import OLLAMA, ServerDouble
from tests.wire.server import serving


def called(*words: str) -> Result:
    done = CliRunner().invoke(app, ["verify", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_the_demonstration_model_is_measured_and_kept(home: Path) -> None:
    done = called("r1-tiny", "--quick", "--context", "1024", "--threads", "1", "--json")
    assert done.exit_code == 0
    fields = json.loads(done.stdout)
    assert (fields["schema"], fields["model"], fields["quant"]) == ("r1plan.verify/1", "r1-tiny", "Q8_0")
    assert {"weights on host", "kv_cache on host", "compute on host"} <= {each["what"] for each in fields["terms"]}
    assert not any(each["is_off"] for each in fields["terms"] if each["basis"] == "exact")
    (kept,) = stored(home / "data" / "measurements").found
    assert Path(fields["stored"]).parent == home / "data" / "measurements"
    assert kept.settings.context_tokens == 1024
    assert fields["settings"]["context_tokens"] == 1024


def test_a_blob_without_an_ending_is_told_to_a_person_also_where_nothing_can_be_kept(
    tmp_path: Path, home: Path
) -> None:
    blob = tmp_path / "sha256-0123"
    blob.symlink_to(MODEL_PATH)
    (home / "data").mkdir(parents=True)
    (home / "data" / "measurements").write_text("a file where a folder is needed")
    done = called(str(blob), "--quick", "--context", "512", "--kv", "f16", "--threads", "1")
    assert done.exit_code == 0
    first, *rest = done.stdout.splitlines()
    assert " Q8_0 " in first
    assert any(each.startswith("RAM") for each in rest)
    assert "Kept" not in done.stdout
    assert "warming up" in done.stderr
    assert "could not be kept" in done.stderr


@pytest.mark.parametrize(
    ("words", "error", "said", "hint"),
    [
        (["no-such-model-at-all"], NotFound, "no-such-model-at-all", "name a model"),
        (["R1-Distill-Qwen-7B"], EngineError, "not on this machine", "r1plan models pull R1-Distill-Qwen-7B"),
        (["hf:a/b"], EngineError, "not on this machine", "r1plan models pull hf:a/b"),
        (["gone.gguf"], EngineError, "gone.gguf is not there", "give a .gguf file"),
        (["r1-tiny", "--model", "x"], UsageError, "--model names one of a server's", "give the model alone"),
        (["http://127.0.0.1:9", "--kv", "f16"], UsageError, "a server has its own settings", "leave --context"),
        (["http://127.0.0.1:9"], ProviderError, "connection refused", "is it running?"),
        (["no-such-model:70"], NotFound, "no-such-model:70", "name a model"),
        (["http://"], UsageError, "is not a server's address", "example"),
        (["r1-tiny", "--context", "999999"], R1PlanError, "999", ""),
        (["r1-tiny", "--gpu-layers", "5"], UsageError, "--gpu-layers 5", "leave it out; r1plan recommend --gpu"),
    ],
)
def test_what_cannot_be_measured_is_said_with_what_to_do(
    words: list[str], error: type[R1PlanError], said: str, hint: str, home: Path
) -> None:
    with pytest.raises(error) as caught:
        called(*words)
    assert said in caught.value.message
    assert hint in (caught.value.hint or "")
    assert not (home / "data" / "measurements").exists()


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", MODEL_PATH.read_bytes()[: 1 << 20], b"\x00" * 4096, b"PK\x03\x04" + b"x" * 100]
)
def test_a_file_that_is_no_whole_model_is_an_error_and_nothing_is_kept(
    content: bytes, tmp_path: Path, home: Path
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        called(str(file))
    assert caught.value.hint
    assert not (home / "data" / "measurements").exists()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_server_is_measured_and_nothing_is_kept_of_it(as_json: bool, home: Path) -> None:
    with serving(ServerDouble(OLLAMA)) as wire:
        done = called(wire.url.removesuffix("/v1"), "--quick", *(["--json"] if as_json else []))
    assert done.exit_code == 0
    if as_json:
        fields = json.loads(done.stdout)
        assert (fields["kind"], fields["server"]["kind"], fields["server"]["context_tokens"]) == (
            "server",
            "ollama",
            4096,
        )
        assert fields["terms"][0] == {"what": "context", "planned": None, "measured": 4096, "unit": "tokens"}
        assert [each["what"] for each in fields["traps"]] == ["short-context", "partly-on-processor"]
    else:
        assert done.stdout.startswith("Ollama 0.12.6 at http://127.0.0.1:")
        assert "4,096 tokens of context" in done.stdout
    assert not (home / "data" / "measurements").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_it_at_once_and_leaves_nothing(home: Path) -> None:
    program = [sys.executable, "-m", "r1plan", "models", "verify", "r1-tiny", "--threads", "1"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while (line := process.stderr.readline()) and "reading" not in line:
            pass
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert not (home / "data" / "measurements").exists()
