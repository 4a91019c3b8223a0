"""`r1plan doctor` says what works and what mends the rest; it shows no key, sends nothing and changes nothing."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECRET = "sk-abcdefghij0123456789"


def doctor(*arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    # No proxy answers: whoever asks anything of the network would wait for it, and fail.
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "r1plan", "doctor", *arguments],
        env={**os.environ, "COLUMNS": "80", **nowhere, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def checks(environ: Mapping[str, str] | None = None, code: int = 0) -> dict[str, dict[str, Any]]:
    done = doctor("--json", environ=environ)
    assert (done.returncode, done.stderr) == (code, "")
    found = json.loads(done.stdout)
    assert (found["schema"], found["ok"]) == ("r1plan.doctor/1", code == 0)
    for check in found["checks"]:
        more = {"engine": ["build"], "speed": ["causes"]}.get(check["check"], [])
        assert list(check) == ["check", "state", "found", "mend", "steps", *more]
        assert all(step["text"] for step in check["steps"])
        assert check["state"] in ("ok", "note", "broken")
        assert check["found"]
        assert check["state"] != "broken" or check["mend"]
    return {each["check"]: each for each in found["checks"]}


def test_a_machine_on_which_all_is_well_is_told_so_line_by_line(home: Path) -> None:
    done = doctor()
    assert (done.returncode, done.stderr) == (0, "")
    first, empty, *rest = done.stdout.splitlines()
    assert (first.partition(".")[0], empty) == ("Nothing is broken", "")
    topics = [line.split()[0] for line in rest if not line.startswith(" ")]
    assert topics == [
        *("program", "machine", "engine", "speed", "keys", "keyring", "config", "data", "cache", "logs", "disk"),
        *("catalogue", "terminal"),
    ]
    assert "           -> export DEEPSEEK_API_KEY=…" in rest
    assert max(map(len, rest)) <= 80 or str(home) in done.stdout
    assert {path.relative_to(home).parts[0] for path in home.rglob("*")} <= {"cache"}


def test_keys_are_told_by_the_names_of_their_variables_alone(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "keys.yaml").write_text(f"novita: {SECRET}\n")
    (home / "config" / "keys.yaml").chmod(0o600)
    done = doctor("--json", environ={"DEEPSEEK_API_KEY": SECRET, "TOGETHER_API_KEY": ""})
    assert done.returncode == 0
    assert SECRET not in done.stdout + done.stderr
    assert '"of deepseek (DEEPSEEK_API_KEY), novita (keys.yaml)"' in done.stdout


def test_what_is_broken_is_named_first_and_hides_nothing_else(home: Path) -> None:
    (home / "data" / "logs").mkdir(parents=True)
    (home / "data" / "logs" / "2025-09.jsonl").write_text("garbage\n")
    (home / "config" / "pricing").mkdir(parents=True)
    (home / "config" / "pricing" / "deepseek.yaml").write_text("provider: deepseek\n")
    (home / "config" / "profiles" / "providers").mkdir(parents=True)
    (home / "config" / "profiles" / "providers" / "x.yaml").write_text("id: [\n")
    found = checks({"PYTHONIOENCODING": "latin-1"}, code=1)
    assert {name for name, each in found.items() if each["state"] == "broken"} == {"keys", "logs", "catalogue"}
    assert found["logs"]["found"].endswith("1 line cannot be read.")
    assert found["logs"]["mend"].startswith("r1plan cost-report ")
    assert ".yaml" in found["catalogue"]["found"]
    assert found["catalogue"]["mend"] == "r1plan prices check names each"
    assert (found["terminal"]["state"], "PYTHONUTF8=1" in found["terminal"]["mend"]) == ("note", True)
    assert doctor().stdout.startswith("Broken: keys, logs, catalogue.")


def test_a_program_reads_the_command_that_builds_the_engine_for_this_machine(home: Path) -> None:
    build = checks()["engine"]["build"]
    assert shlex.split(build["command"])[-1] == "llama-cpp-python==0.3.36"
    assert build["backend"] in ("CPU", "CUDA", "ROCm", "Vulkan", "SYCL", "Metal")


def test_a_home_that_is_a_file_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = checks({"R1PLAN_HOME": str(tmp_path / "file")}, code=1)
    assert [name for name, each in found.items() if each["state"] == "broken"] == ["config", "data", "cache"]
