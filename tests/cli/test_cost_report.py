"""`r1plan cost-report` as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.report.sample import write_sample


def run(*arguments: object, columns: int = 120) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "r1plan", "cost-report", *map(str, arguments)]
    return subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": str(columns)}, input=""
    )


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.jsonl"
    write_sample(path)
    return path


@pytest.mark.parametrize("width", [80, 120])
def test_it_prints_what_the_golden_files_hold(sample: Path, width: int) -> None:
    done = run(sample, "--month", "2025-09", columns=width)
    golden = Path(__file__).parents[1] / "golden" / f"cost_report_{width}.txt"
    assert (done.returncode, done.stdout, done.stderr) == (0, golden.read_text("utf-8"), "")


def test_json_is_one_document_and_nothing_else(sample: Path) -> None:
    done = run(sample, "--json", "--by", "day")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["schema"] == "r1plan.cost_report/1"
    assert document["groups"][0]["day"] == "2025-09-01"
    assert run(sample, "--format", "json", "--by", "day").stdout == done.stdout


def test_by_given_again_adds_its_keys(sample: Path) -> None:
    together = run(sample, "--json", "--by", "day,model")
    assert together.returncode == 0
    assert run(sample, "--json", "--by", "day", "--by", "model").stdout == together.stdout


def test_its_own_logs_are_found_by_month(home: Path) -> None:
    logs = home / "data" / "logs"
    logs.mkdir(parents=True)
    write_sample(logs / "2025-09.jsonl")
    found = run("--month", "2025-09", "--by", "")
    assert found.stdout.startswith("September 2025 cost $10.")
    now = f"{datetime.now(UTC):%B %Y}"
    empty = run()
    assert (empty.returncode, empty.stdout) == (0, f"No requests in {now}.\n")
    assert empty.stderr == f"hint:  {logs} has 2025-09: add --month 2025-09\n"


def test_a_month_that_a_file_has_nothing_of_says_what_it_has(sample: Path) -> None:
    empty = run(sample, "--month", "2025-01", "--budget", "5")
    assert (empty.returncode, empty.stdout) == (
        0,
        "No requests in January 2025.\nbudget: $0.00 of $5.00 used (0 %).\n",
    )
    assert empty.stderr == "hint:  these files hold requests of 2025-09-01 to 2025-09-30: add --month 2025-09\n"


def test_a_month_that_has_not_begun_is_said(home: Path) -> None:
    done = run("--month", "2099-01")
    assert (done.returncode, done.stdout) == (0, "No requests in January 2099.\n")
    assert done.stderr == "hint:  January 2099 has not begun\n"


@pytest.mark.parametrize(("usd", "code"), [("10.41", 4), ("10.44", 4), ("10.45", 0)])
def test_a_month_over_its_budget_by_the_least_it_cost_is_exit_4_in_every_form(
    sample: Path, usd: str, code: int
) -> None:
    done = run(sample, "--month", "2025-09", "--format", "csv", "--budget", usd)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith("provider,model,requests")


def test_no_logs_at_all_is_not_an_error(home: Path) -> None:
    done = run("--month", "2025-09")
    assert (done.returncode, done.stdout) == (0, "No requests in September 2025.\n")
    assert "holds no log yet" in done.stderr
    assert not (home / "data").exists()


def test_a_bad_line_is_named_and_is_an_error_only_when_strict(sample: Path) -> None:
    with sample.open("a") as log:
        log.write('{"schema":"r1plan.usage/1","id":"to')
    done = run(sample)
    assert done.returncode == 0
    number = len(sample.read_text().splitlines())
    assert f"warning: {sample}:{number}: left out: torn: the line ends in the middle." in done.stderr
    strict = run(sample, "--strict")
    assert (strict.returncode, strict.stdout) == (1, done.stdout)
    (warning,) = json.loads(run(sample, "--json").stdout)["warnings"]
    assert (warning["file"], warning["line"]) == (str(sample), number)


@pytest.mark.parametrize("form", ["cat {0} | {1} /dev/stdin", "{1} <(cat {0})", "{1} /dev/stdin < {0}"])
def test_lines_out_of_a_pipe_are_named_as_those_of_the_file(sample: Path, form: str) -> None:
    good = sample.read_text()
    sample.write_text(good + '{"torn\n' + good.partition("\n")[0].replace('_tokens":', '_tokens":-') + "\n" + good)
    command = f"{sys.executable} -m r1plan cost-report --strict --json"
    piped = subprocess.run(
        ["bash", "-c", form.format(sample, command)], capture_output=True, text=True, check=False, input=""
    )
    itself = run(sample, "--strict", "--json")
    document, expected = json.loads(piped.stdout), json.loads(itself.stdout)
    assert (piped.returncode, itself.returncode) == (1, 1)
    number = good.count("\n")
    lines = [(each["line"], each["reason"]) for each in document["warnings"] if each["kind"] == "bad_line"]
    assert [line for line, _ in lines] == [number + 1, number + 2]
    assert lines == [(each["line"], each["reason"]) for each in expected["warnings"] if each["kind"] == "bad_line"]
    assert document["totals"] == expected["totals"]


def test_an_empty_pipe_is_an_empty_log() -> None:
    done = run("/dev/stdin", "--strict")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_broken_link_in_a_folder_is_named(sample: Path) -> None:
    link = sample.with_name("broken.jsonl")
    link.symlink_to("gone")
    done = run(sample.parent, "--strict", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["warnings"][0]["message"] == f"{link}: left out: a link to what is not there."


@pytest.mark.parametrize("form", ["table", "json", "csv", "md", "file"])
def test_warnings_are_on_stderr_with_every_form(form: str, sample: Path, tmp_path: Path) -> None:
    sample.write_text(f"{sample.read_text()}oops\n")
    number = len(sample.read_text().splitlines())
    done = run(sample, *(("--output", tmp_path / "out") if form == "file" else ("--format", form)))
    assert done.returncode == 0
    assert done.stderr == f"warning: {sample}:{number}: left out: not JSON: Expecting value at column 1.\n"


@pytest.mark.parametrize(
    ("form", "content"),
    [
        pytest.param("table", b"oops\n", id="text"),
        pytest.param("json", b"{}\n\n[1]\n", id="json"),
        pytest.param("csv", b"\0" * 5000, id="hole"),
        pytest.param("md", b'{"schema":"r1plan.usage/2"}', id="later"),
    ],
)
def test_where_nothing_can_be_used_the_exit_code_is_1(form: str, content: bytes, sample: Path) -> None:
    sample.write_bytes(content)
    done = run(sample, "--format", form)
    assert done.returncode == 1
    assert "left out: " in done.stderr
    assert "error: no row in the logs can be used: " in done.stderr
    if form == "json":
        assert json.loads(done.stdout)["totals"]["requests"] == 0


def test_a_month_that_is_merely_empty_is_no_error(sample: Path) -> None:
    sample.write_text(f"{sample.read_text()}oops\n")
    done = run(sample, "--month", "2024-01")
    assert (done.returncode, done.stdout) == (0, "No requests in January 2024.\n")


HOSTILE = "\x1b]52;c;eA==\x07=\x9b31m\u202eHYPER\u200b\U000e0041\u2028LINK(1)\x00\n&#x202e;<b>"


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_no_name_of_a_log_steers_whoever_reads_the_report(form: str, sample: Path) -> None:
    row = json.loads(sample.read_text().partition("\n")[0])
    row |= {"id": "x", "project": HOSTILE, "provider": HOSTILE, "model_requested": HOSTILE, "tags": {"t": HOSTILE}}
    sample.write_text(f"{json.dumps(row)}\n{json.dumps(row | {'id': HOSTILE, 'input_tokens': HOSTILE})}\n")
    done = run(sample, "--format", form, "--by", "provider,model,project,tag:t")
    shown = done.stdout + done.stderr
    assert done.returncode == 0
    assert not set(shown) & set("\x1b\x07\x9b\u202e\u200b\U000e0041\u2028\x00")
    if form == "json":
        assert json.loads(done.stdout)["groups"][0]["project"] == HOSTILE
    if form == "csv":
        assert done.stdout.splitlines()[1].startswith("'=HYPER LINK(1) &#x202e;<b>,'=HYPER")
    if form == "md":
        assert "&amp;#x202e;&lt;b>" in done.stdout
        assert "&#x202e;" not in done.stdout


def test_a_clean_log_is_fine_when_strict(sample: Path) -> None:
    assert run(sample, "--strict").returncode == 0


def test_output_goes_into_a_file(sample: Path, tmp_path: Path) -> None:
    done = run(sample, "--format", "csv", "--output", tmp_path / "spend.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "spend.csv").read_text().startswith("provider,model,requests,")
    assert (tmp_path / "spend.csv").stat().st_mode & 0o777 == 0o600
    failed = run(sample, "--output", tmp_path / "no" / "spend.txt")
    assert failed.returncode == 1
    assert failed.stderr == (
        f"error: cannot write {tmp_path / 'no' / 'spend.txt'}: No such file or directory.\n"
        "hint:  give another file to --output.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        pytest.param(["gone.jsonl"], 1, "error: gone.jsonl does not exist.", id="no-such-file"),
        pytest.param(["--timezone", "Mars/Base"], 2, "error: unknown time zone 'Mars/Base'.", id="time-zone"),
        pytest.param(["--month", "2025-13"], 2, "error: '2025-13' is not a month.", id="month"),
        pytest.param(["--since", "yesterday"], 2, "error: 'yesterday' is not a day.", id="day"),
        pytest.param(
            ["--month", "2025-09", "--since", "2025-09-01"],
            2,
            "error: --month 2025-09 and --since or --until cannot both be meant.",
            id="two-periods",
        ),
        pytest.param(["--by", "modell"], 2, "error: unknown group 'modell'.", id="group"),
        pytest.param(["--output", "r.xlsx"], 2, "error: 'r.xlsx' has no ending that says a format.", id="ending"),
        pytest.param(
            ["--json", "--output", "r.csv"],
            2,
            "error: --json and the name of 'r.csv' contradict each other.",
            id="json-and-ending",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence_and_a_hint(arguments: list[str], code: int, error: str) -> None:
    done = run(*arguments)
    first, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout, first) == (code, "", error)
    assert hint.startswith("hint:  ")


def test_an_unknown_format_is_wrong_usage(sample: Path) -> None:
    assert run(sample, "--format", "xlsx").returncode == 2


@pytest.mark.parametrize("form", ["table", "csv", "md"])
def test_json_and_another_format_contradict_each_other(sample: Path, form: str) -> None:
    done = run(sample, "--json", "--format", form)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --json and --format {form} contradict each other.\nhint:  ")


def test_json_said_twice_is_json(sample: Path) -> None:
    assert run(sample, "--json", "--format", "json").stdout == run(sample, "--json").stdout


@pytest.mark.parametrize("engine", ["spark", "spark://", "spark://nowhere", "yarn", "local[2", ""])
def test_an_engine_that_there_is_not_is_refused(engine: str, sample: Path) -> None:
    done = run(sample, "--engine", engine)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --engine: '{engine}' is no engine.\nhint:  give duckdb, spark://HOST:PORT")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.html", b"<!doctype html>"),
        ("a.focus.csv", b"BilledCost,"),
        ("a.parquet", b"PAR1"),
        ("a.txt", b"2025-09-"),
    ],
)
def test_the_name_of_the_file_says_its_form(name: str, begins: bytes, sample: Path, tmp_path: Path) -> None:
    file = tmp_path / name
    done = run(sample, "--output", file)
    assert (done.returncode, done.stdout) == (0, "")
    assert file.read_bytes().startswith(begins)


def test_a_name_of_another_form_than_asked_for_writes_nothing(sample: Path, tmp_path: Path) -> None:
    done = run(sample, "--format", "json", "--output", tmp_path / "a.csv")
    assert done.returncode == 2
    assert "contradict each other" in done.stderr
    assert not (tmp_path / "a.csv").exists()


def test_a_dash_is_stdout(sample: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "r1plan", "cost-report", str(sample), "--by", "month", "--format", "csv"]
    done = subprocess.run([*words, "--output", "-"], capture_output=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout[:15]) == (0, b"month,requests,")
    assert "-" not in {each.name for each in tmp_path.iterdir()}


def test_parquet_goes_through_a_pipe_as_it_is(sample: Path) -> None:
    words = [sys.executable, "-m", "r1plan", "cost-report", str(sample), "--format", "parquet"]
    piped = subprocess.run(words, capture_output=True, check=False)
    assert (piped.returncode, piped.stdout[:4], piped.stdout[-4:]) == (0, b"PAR1", b"PAR1")


def test_other_worlds_are_in_the_table_and_in_the_document(sample: Path) -> None:
    worlds = ("--what-if", "no-cache", "--what-if", "deepseek/deepseek-flash", "--as-of", "2026-11-01")
    assert "what if deepseek/deepseek-flash: " in run(sample, *worlds).stdout
    document = json.loads(run(sample, *worlds, "--json").stdout)
    assert [each["target"] for each in document["what_if"]] == ["no-cache", "deepseek/deepseek-flash"]


def test_prices_of_another_day_are_of_no_use_without_a_world(sample: Path) -> None:
    done = run(sample, "--as-of", "2026-11-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --as-of says at whose prices --what-if is, and there is none.")


def test_a_report_is_never_written_over_a_log_that_it_is_made_of(sample: Path) -> None:
    before = sample.read_bytes()
    done = run(sample, "--format", "csv", "--output", sample)
    assert (done.returncode, sample.read_bytes()) == (2, before)
    assert done.stderr.startswith(f"error: --output {sample} is one of the logs that are read.\nhint:  ")
