"""`r1plan chat` as a person runs it: the real program, the real file, a real server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.wire.server import Reply, recorded, serving

KEY = "sk-planted-key-123"
R1PLAN = [sys.executable, "-m", "r1plan", "chat"]


def chat(*words: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*R1PLAN, *words],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def remote(url: str) -> dict[str, str]:
    return {"DEEPSEEK_API_KEY": KEY, "R1PLAN_DEEPSEEK_BASE_URL": url}


def unending() -> bytes:
    """A stream that thinks for so long that no machine is too busy to stop it in time."""
    events = recorded("deepseek.sse").split(b"\n\n")
    (thought,) = (each for each in events if "≈ 42".encode() in each)
    return b"\n\n".join([thought] * 500)


def log_rows(home: Path) -> list[dict[str, Any]]:
    """The last row of each request."""
    files = sorted((home / "data" / "logs").glob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return list({row["id"]: row for row in rows}.values())


def test_the_answer_alone_is_on_stdout_and_the_thinking_on_stderr() -> None:
    done = chat("What is 17 + 25?")
    assert done.returncode == 0
    assert done.stdout == "17 + 25 = 42\n"
    assert "carry 1" in done.stderr
    assert "not R1" in done.stderr


def test_one_question_leaves_one_row(home: Path) -> None:
    chat("What is 17 + 25?", "--project", "sums", "--tag", "team=a")
    (row,) = log_rows(home)
    assert row["schema"] == "r1plan.usage/1"
    assert (row["provider"], row["model_requested"], row["status"]) == ("local", "r1-tiny", "ok")
    assert (row["project"], row["tags"]) == ("sums", {"team": "a"})
    assert 0 < row["thinking_tokens"] < row["output_tokens"]
    assert (home / "data" / "logs" / f"{datetime.now(UTC):%Y-%m}.jsonl").exists()


def test_no_log_leaves_no_row(home: Path) -> None:
    chat("What is 17 + 25?", "--no-log")
    assert log_rows(home) == []


def test_json_is_one_document_with_every_field() -> None:
    done = chat("What is 17 + 25?", "--json")
    document = json.loads(done.stdout)
    fields = ["schema", "id", "answer", "thinking", "finish", "usage", "cost", "route", "engine", "timing"]
    assert list(document) == fields
    assert document["schema"] == "r1plan.chat/1"
    assert document["answer"] == "17 + 25 = 42"
    assert document["finish"] == "stop"
    assert set(document["usage"]["provenance"].values()) == {"counted"}
    assert document["cost"]["total_usd"] is None
    assert document["route"]["model_requested"] == "r1-tiny"
    assert document["timing"]["decode_tok_s"] > 0


def test_standard_input_and_files_join_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("file content")
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        done = chat(
            "--provider",
            "deepseek",
            "Review.",
            "--file",
            str(tmp_path / "a.txt"),
            "--system",
            "Be brief.",
            text="from the pipe\n",
            **remote(wire.url),
        )
    assert done.returncode == 0, done.stderr
    system, user = wire.requests[0]["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"] == (
        "[file name]: a.txt\n[file content begin]\nfile content\n[file content end]\n\nReview.\n\nfrom the pipe"
    )


def test_a_providers_answer_is_priced_and_logged(home: Path) -> None:
    with serving(Reply(recorded("deepseek.sse"), piece_bytes=3)) as wire:
        done = chat("--provider", "deepseek", "Well?", **remote(wire.url))
    assert done.stdout == "The answer is 42 🎉.\n"
    assert "17 + 25 ≈ 42" in done.stderr
    assert "1,000 tokens in (640 cached) · 300 out (250 thinking)" in done.stderr
    (row,) = log_rows(home)
    assert (row["input_tokens"], row["cache_hit_tokens"]) == (1000, 640)
    assert (row["output_tokens"], row["thinking_tokens"]) == (300, 250)
    # Off-peak, or twice that in peak hours.
    assert Decimal(row["cost_usd"]) in (Decimal("0.00023592"), Decimal("0.00047184"))
    assert row["price_id"].startswith("deepseek/deepseek-flash@")


def test_an_account_in_yuan_gets_no_cost_in_dollars(home: Path) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        done = chat("--provider", "deepseek", "Well?", R1PLAN_DEEPSEEK_CURRENCY="CNY", **remote(wire.url))
    assert done.returncode == 0
    assert "billed in CNY" in done.stderr
    assert [row["cost_usd"] for row in log_rows(home)] == [None]


def test_the_key_is_written_nowhere(home: Path) -> None:
    with serving(Reply(recorded("error-inside.sse"))) as wire:
        done = chat("--provider", "deepseek", "Well?", "--json", **remote(wire.url))
    with serving(Reply(b'{"error":{"message":"bad sk-planted-key-123"}}', 400, "application/json")) as wire:
        refused = chat("--provider", "deepseek", "Well?", **remote(wire.url))
    assert (done.returncode, refused.returncode) == (1, 1)
    kept = "".join(path.read_text(encoding="utf-8") for path in home.rglob("*.jsonl"))
    assert refused.stderr
    assert KEY not in refused.stdout + refused.stderr + kept
    assert KEY not in done.stdout + kept


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        pytest.param(["--provider", "deepseek", "x"], 1, "no key for DeepSeek.", "DEEPSEEK_API_KEY", id="no key"),
        pytest.param(["--model", "none.gguf", "x"], 1, "there is no file 'none.gguf'.", "--model", id="no file"),
        pytest.param(
            ["--model", "deepseek/deepseek-reasoner", "x"], 1, "no longer serves", "deepseek-flash", id="gone"
        ),
        pytest.param(
            ["--model", "R1-Distill-Qwen-7B", "x"],
            1,
            "is not on this machine",
            "r1plan models pull R1-Distill-Qwen-7B",
            id="here",
        ),
        pytest.param(
            ["--model", "deepsek-flash", "x"], 2, "unknown model 'deepsek-flash'", "deepseek-flash", id="near"
        ),
        pytest.param(["--provider", "x", "--local", "x"], 2, "--local answers here", "leave one", id="contradiction"),
        pytest.param(["--tag", "noequals", "x"], 2, "--tag 'noequals' is not K=V.", "team=search", id="tag"),
        pytest.param(["--file", "none.txt", "x"], 2, "cannot read none.txt", "--file", id="no such file"),
        pytest.param([""], 2, "the prompt is empty.", "r1plan chat", id="empty prompt"),
        pytest.param(["--json"], 2, "the prompt is empty.", "r1plan chat", id="json without a prompt"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_hint(words: list[str], code: int, error: str, hint: str) -> None:
    done = chat(*words)
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    message = next(line for line in lines if line.startswith("error: "))
    assert error in message
    assert hint in next(line for line in lines if line.startswith("hint: "))


def test_a_refused_connection_is_one_sentence(home: Path) -> None:
    done = chat("--provider", "deepseek", "x", **remote("http://127.0.0.1:9"))
    assert done.returncode == 1
    assert "cannot reach DeepSeek at 127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert [row["status"] for row in log_rows(home)] == ["failed"]


def test_ctrl_c_keeps_what_came_and_logs_it_as_aborted(home: Path) -> None:
    with serving(Reply(unending(), piece_bytes=20, pause_s=0.01)) as wire:
        process = subprocess.Popen(
            [*R1PLAN, "--provider", "deepseek", "x"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **remote(wire.url)},
        )
        assert process.stderr is not None
        assert process.stderr.read(1)  # the thinking has begun
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped" in errors
    (row,) = log_rows(home)
    assert row["status"] == "aborted"
    assert row["output_tokens"] > 0


def test_a_closed_pipe_ends_quietly_and_is_logged(home: Path) -> None:
    with serving(Reply(recorded("deepseek.sse"), piece_bytes=40, pause_s=0.005)) as wire:
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m r1plan chat --provider deepseek x | head -c 1"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **remote(wire.url)},
            check=False,
        )
    assert done.stdout == "T"
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(log_rows(home)) == 1


def test_a_log_that_cannot_be_written_does_not_cost_the_answer(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "logs").write_text("in the way")
    done = chat("What is 17 + 25?")
    assert done.stdout == "17 + 25 = 42\n"
    assert done.returncode == 0
    assert "cannot be written" in done.stderr
    assert '"schema":"r1plan.usage/1"' in done.stderr


def test_text_from_a_server_cannot_steer_the_terminal() -> None:
    stream = recorded("no-done.sse").replace(b"Yes.", b"a\\u001b]0;title\\u0007b\\u001b[2Jc\\r")
    with serving(Reply(stream, piece_bytes=3)) as wire:
        done = chat("--provider", "deepseek", "x", **remote(wire.url))
    assert done.stdout == "abc\n"


def test_a_killed_chat_leaves_an_uncertain_request_with_bounds(home: Path) -> None:
    with serving(Reply(unending(), piece_bytes=20, pause_s=0.01)) as wire:
        process = subprocess.Popen(
            [*R1PLAN, "--provider", "deepseek", "x"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **remote(wire.url)},
        )
        assert process.stderr is not None
        assert process.stderr.read(1)  # the thinking has begun
        process.kill()
        process.communicate(timeout=30)
    (row,) = log_rows(home)
    assert (row["status"], row["ended_at"], row["cost_low_usd"]) == ("started", None, "0")
    report = subprocess.run(
        [sys.executable, "-m", "r1plan", "cost-report", "--json"], capture_output=True, text=True, check=True
    )
    totals = json.loads(report.stdout)["totals"]
    assert (totals["requests"], totals["uncertain_requests"], totals["cost_usd"]) == (1, 1, None)
    assert totals["uncertain_low_usd"] == "0"
    assert Decimal(totals["uncertain_high_usd"]) == Decimal(row["cost_high_usd"]) > 0


def test_one_chat_is_one_request_in_the_report(home: Path) -> None:
    chat("What is 17 + 25?")
    (log,) = (home / "data" / "logs").iterdir()
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2
    report = subprocess.run(
        [sys.executable, "-m", "r1plan", "cost-report", "--json"], capture_output=True, text=True, check=True
    )
    totals = json.loads(report.stdout)["totals"]
    assert (totals["requests"], totals["uncertain_requests"]) == (1, 0)


def test_no_text_is_logged_unless_asked_for(home: Path) -> None:
    chat("What is 17 + 25?")
    chat("What is 3 + 4?", "--log-text")
    plain, kept = log_rows(home)
    assert "text" not in plain
    assert kept["text"]["messages"] == [{"role": "user", "content": "What is 3 + 4?"}]
    assert kept["text"]["answer"] == "3 + 4 = 7"


def test_a_price_of_electricity_must_be_one() -> None:
    done = chat("x", "--power-price", "cheap")
    assert done.returncode == 2
    assert "error: 'cheap' is not a price of electricity." in done.stderr


def test_a_lost_connection_says_between_what_it_may_cost(home: Path) -> None:
    events = recorded("deepseek.sse").split(b"\n\n")
    with serving(Reply(b"\n\n".join(events[: len(events) // 2]) + b"\n\n")) as wire:
        done = chat("--provider", "deepseek", "x", "--max-tokens", "1000", **remote(wire.url))
    assert done.returncode == 1
    (row,) = log_rows(home)
    assert (row["status"], row["end_reason"]) == ("failed", "connection_lost")
    assert 0 < Decimal(row["cost_low_usd"]) < Decimal(row["cost_usd"]) < Decimal(row["cost_high_usd"]) < Decimal("0.01")
    assert " to $0.00" in done.stderr
