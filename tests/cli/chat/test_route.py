"""`r1plan chat` with a route, a budget and providers that fail: the real program, servers on loopback, our own prices.

Fireworks' one offer costs less than half of either of Novita's, at every hour.
"""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from r1plan.tiny import MODEL_PATH
from tests.cli.chat.test_chat import R1PLAN, chat, log_rows
from tests.route.providers import Says, Server, answering, closed_port
from tests.terminal import Terminal

KEYS = {"FIREWORKS_API_KEY": "fw-planted-key-1", "NOVITA_API_KEY": "nv-planted-key-2"}
QUESTION = "Why is the sky blue?"
GOOD = Says(thinking=("Light ", "scatters. "), answer=("Blue ", "scatters ", "most."))
FLASH = "accounts/fireworks/models/deepseek-v4p1-flash"


class Pair(ExitStack):
    """Fireworks and Novita on loopback, and their environment."""

    def __init__(self, fireworks: Says | None = GOOD, novita: Says = GOOD) -> None:
        super().__init__()
        self.fireworks: Server | None = None if fireworks is None else self.enter_context(answering(fireworks))
        self.novita = self.enter_context(answering(novita))
        self.environment = {
            **KEYS,
            "R1PLAN_FIREWORKS_BASE_URL": self.fireworks.url if self.fireworks else closed_port(),
            "R1PLAN_NOVITA_BASE_URL": self.novita.url,
        }

    @property
    def asked(self) -> tuple[int, int]:
        """How many requests came to each."""
        return (len(self.fireworks.asked) if self.fireworks else 0), len(self.novita.asked)


def own_file(home: Path, name: str, text: str) -> None:
    path = home / "config" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def document(text: str) -> dict[str, Any]:
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_the_cheapest_answers_and_the_choice_is_said(home: Path) -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--route", "cheapest", **pair.environment)
        assert pair.asked == (1, 0)
    assert (done.returncode, done.stdout) == (0, "Blue scatters most.\n")
    assert f"fireworks/{FLASH} is asked by route cheapest: expected to cost least; about $0.00" in done.stderr
    (row,) = log_rows(home)
    assert (row["policy"], row["kind"], row["status"]) == ("cheapest", "short_question", "ok")
    assert 0 < Decimal(row["forecast_p50_usd"]) < Decimal(row["forecast_p90_usd"]) <= Decimal(row["reserved_usd"])


def test_with_a_key_and_nothing_named_the_cheapest_answers_and_this_is_said() -> None:
    with Pair() as pair:
        done = chat(QUESTION, **pair.environment)
        assert pair.asked == (1, 0)
    assert "is asked by route cheapest, as no model was named" in done.stderr
    assert "r1-tiny" not in done.stderr


def test_local_never_asks_elsewhere_whatever_keys_there_are() -> None:
    with Pair() as pair:
        done = chat("What is 17 + 25?", "--local", **pair.environment)
        assert pair.asked == (0, 0)
    assert done.stdout == "17 + 25 = 42\n"


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        pytest.param(Says(status=503), "refused", id="503"),
        pytest.param(Says(status=429, headers={"Retry-After": "60"}), "refused", id="429"),
        pytest.param(None, "unreachable", id="no-connection"),
    ],
)
def test_another_is_asked_where_one_fails_before_it_answers(home: Path, first: Says | None, reason: str) -> None:
    with Pair(first) as pair:
        done = chat(QUESTION, "--json", "--route", "cheapest", **pair.environment)
        assert pair.asked == (1 if first else 0, 1)
    assert done.returncode == 0, done.stderr
    found = document(done.stdout)
    assert found["answer"] == "Blue scatters most."
    assert [(each["provider"], each["outcome"]) for each in found["route"]["attempts"]] == [
        ("fireworks", reason),
        ("novita", "ok"),
    ]
    assert (found["route"]["policy"], found["route"]["provider"]) == ("cheapest", "novita")
    assert any(FLASH in each for each in found["route"]["reasons"])
    assert "; asking novita/deepseek/deepseek-r1-turbo instead." in done.stderr
    failed, answered = log_rows(home)
    assert (failed["status"], answered["status"]) == ("failed", "ok")
    assert answered["attempt_of"] == failed["id"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "Fireworks AI did not accept the key (401); asking novita/deepseek/deepseek-r1-turbo instead."),
        (
            404,
            f"Fireworks AI does not know the model '{FLASH}', or its address is wrong (404): no, 404; asking novita/",
        ),
        (410, f"Fireworks AI no longer has the model '{FLASH}' (410): no, 410; asking novita/"),
    ],
)
def test_a_key_or_a_model_that_is_refused_on_a_route_gives_way_and_is_said(status: int, said: str) -> None:
    with Pair(Says(status=status)) as pair:
        done = chat(QUESTION, "--route", "cheapest", **pair.environment)
        assert pair.asked == (1, 1)
    assert (done.returncode, done.stdout) == (0, "Blue scatters most.\n")
    assert said in done.stderr


@pytest.mark.parametrize("status", [401, 404, 410, 503])
def test_who_was_named_is_refused_with_a_hint(status: int) -> None:
    with Pair(Says(status=status, headers={"Retry-After": "600"})) as pair:
        done = chat(QUESTION, "--provider", "fireworks", **pair.environment)
        assert pair.asked == (1, 0)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"({status})" in done.stderr
    assert "hint:  " in done.stderr


def test_who_was_named_gives_way_to_nobody() -> None:
    with Pair(Says(status=402)) as pair:
        done = chat(QUESTION, "--provider", "fireworks", **pair.environment)
        assert pair.asked == (1, 0)
    assert done.returncode == 1


@pytest.mark.parametrize("words", [("--route", "cheapest"), ("--provider", "fireworks")], ids=["route", "provider"])
def test_what_may_cost_more_than_allowed_is_not_sent(home: Path, words: tuple[str, str]) -> None:
    with Pair() as pair:
        done = chat(QUESTION, *words, "--max-cost", "0.0001", **pair.environment)
        assert pair.asked == (0, 0)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"error: fireworks/{FLASH} may cost $0.00" in done.stderr
    assert "$0.0001" in done.stderr
    assert log_rows(home) == []


def test_a_stream_that_reaches_what_it_may_cost_is_cut_in_its_thinking_and_accounted(home: Path) -> None:
    long = Says(thinking=("word ",) * 20_000, answer=("never",), keeps_limit=False)
    with Pair(long) as pair:
        done = chat(QUESTION, "--json", "--route", "cheapest", "--max-cost", "0.01", **pair.environment)
    assert done.returncode == 0, done.stderr
    found = document(done.stdout)
    assert (found["answer"], found["finish"]) == ("", "length")
    # 0.01 USD buys some 8,300 tokens at 1.20 USD a million.
    assert 6_000 < len(found["thinking"].split()) < 8_400
    assert [each["outcome"] for each in found["route"]["attempts"]] == ["budget"]
    assert Decimal(0) < Decimal(found["cost"]["low_usd"]) <= Decimal(found["cost"]["high_usd"])
    assert "was cut off at what it may cost; what had come is kept." in done.stderr
    (row,) = log_rows(home)
    assert (row["status"], row["end_reason"]) == ("aborted", "budget")
    # The token that is one too many has come before it can be counted. It has not kept the limit, so that its words may
    # have had more tokens than that, and nobody knows how far it wrote on.
    low, cost, high = (Decimal(row[name]) for name in ("cost_low_usd", "cost_usd", "cost_high_usd"))
    assert low < Decimal("0.0101")
    assert low <= cost < high


def test_thinking_that_is_longer_than_allowed_is_cut(home: Path) -> None:
    with Pair(Says(thinking=("word ",) * 500, answer=("never",))) as pair:
        done = chat(QUESTION, "--max-thinking", "100", **pair.environment)
    assert done.returncode == 0
    assert "was cut off after 100 tokens of thinking; what had come is kept." in done.stderr
    assert "cut off at the limit on its thinking" in done.stderr
    assert "hint:  raise --max-thinking." in done.stderr
    assert [row["end_reason"] for row in log_rows(home)] == ["thinking_limit"]


def test_a_model_here_closes_its_thinking_and_answers() -> None:
    done = chat("What is 17 + 25?", "--max-thinking", "10")
    assert done.returncode == 0
    assert done.stdout.strip()


def test_an_answer_that_breaks_off_is_kept_and_somebody_to_go_on_with_is_named(home: Path) -> None:
    with Pair(Says(thinking=("a ",), answer=("Blue ", "is"), ends=False)) as pair:
        done = chat(QUESTION, "--route", "cheapest", **pair.environment)
        assert pair.asked == (1, 0)
    assert (done.returncode, done.stdout) == (1, "Blue is\n")
    assert "error: Fireworks AI broke off the answer before its end." in done.stderr
    assert (
        "hint:  what had come is kept; ask again, or another: --model novita/deepseek/deepseek-r1-turbo" in done.stderr
    )
    assert [row["end_reason"] for row in log_rows(home)] == ["connection_lost"]


def test_private_with_no_model_here_sends_nothing_and_says_what_to_do() -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--route", "private", **pair.environment)
        assert pair.asked == (0, 0)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: route private has nobody to ask: no model here was named." in done.stderr
    assert "--model FILE.gguf" in done.stderr


def test_private_answers_here(home: Path) -> None:
    with Pair() as pair:
        done = chat("What is 17 + 25?", "--route", "private", "--model", "r1-tiny", **pair.environment)
        assert pair.asked == (0, 0)
    assert done.stdout == "17 + 25 = 42\n"
    assert [(row["provider"], row["policy"]) for row in log_rows(home)] == [("local", "private")]


def test_local_first_answers_here_where_a_model_here_can() -> None:
    with Pair() as pair:
        done = chat("What is 17 + 25?", "--route", "local-first", "--model", "r1-tiny", **pair.environment)
        assert pair.asked == (0, 0)
    assert done.stdout == "17 + 25 = 42\n"
    assert "local/r1-tiny is asked by route local-first" in done.stderr
    assert f"it hands over to fireworks/{FLASH}." in done.stderr


def test_a_model_here_that_thinks_too_long_hands_over_before_it_answers(home: Path) -> None:
    own_file(
        home,
        "profiles/routes/patient.yaml",
        "id: patient\ndescription: Here first, but not for long.\nprefer_local: true\n"
        "accepts: [r1, successor, distill]\nhand_over_thinking_tokens: 10\n",
    )
    with Pair() as pair:
        done = chat("What is 17 + 25?", "--json", "--route", "patient", "--model", "r1-tiny", **pair.environment)
        assert pair.asked == (1, 0)
    found = document(done.stdout)
    assert found["answer"] == "Blue scatters most."
    assert [(each["provider"], each["outcome"]) for each in found["route"]["attempts"]] == [
        ("local", "handed_over"),
        ("fireworks", "ok"),
    ]
    here, there = log_rows(home)
    assert there["attempt_of"] == here["id"]
    assert here["thinking_tokens"] > 10


def test_explain_sends_nothing_and_shows_every_candidate() -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--explain", "--route", "cheapest", **pair.environment)
        assert pair.asked == (0, 0)
    assert done.returncode == 0
    assert " ".join(done.stdout.split()).startswith(f"fireworks/{FLASH} is expected to cost ")
    for name in ("novita/deepseek/deepseek-r1-turbo", "novita/deepseek/deepseek-r1-0528", "What this rests on"):
        assert name in done.stdout
    assert not any(key in done.stdout + done.stderr for key in KEYS.values())


def test_explain_is_one_document_for_a_program(home: Path) -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--explain", "--json", **pair.environment)
        assert pair.asked == (0, 0)
    found = document(done.stdout)
    assert found["schema"] == "r1plan.decision/1"
    assert found["chosen"] == f"fireworks/{FLASH}"
    assert len(found["candidates"]) == 3
    assert not any(key in done.stdout for key in KEYS.values())
    assert log_rows(home) == []


def test_explain_of_what_was_named_forecasts_that_alone() -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--explain", "--provider", "fireworks", **pair.environment)
        assert pair.asked == (0, 0)
    assert done.returncode == 0
    assert "the only one that may be asked" in done.stdout
    assert "novita" not in done.stdout


def test_explain_says_that_a_limit_lets_nobody_through() -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--explain", "--max-cost", "0.0001", **pair.environment)
    assert done.returncode == 4
    assert done.stdout.startswith("Nobody may be asked by route cheapest")


def test_a_server_without_a_price_is_asked_all_the_same() -> None:
    with answering(GOOD) as server:
        words = ("--base-url", server.url, "--model", "any")
        explained = chat(QUESTION, *words, "--explain")
        assert (explained.returncode, server.asked) == (0, [])
        assert "/any is asked, as it was named; nothing is forecast" in explained.stdout
        limited = chat(QUESTION, *words, "--max-cost", "1")
        assert (limited.returncode, server.asked) == (4, [])
        assert "is not known, so --max-cost $1.00 cannot be kept." in limited.stderr
        done = chat(QUESTION, *words)
    assert done.stdout == "Blue scatters most.\n"


def test_a_months_budget_holds_from_one_run_to_the_next(home: Path) -> None:
    own_file(home, "budgets.yaml", 'monthly_usd: "1"\nproviders: {fireworks: "0.02"}\n')
    dear = Says(thinking=("a ",), answer=("Yes.",), prompt_tokens=60_000)
    with Pair(dear) as pair:
        first = chat(QUESTION, "--provider", "fireworks", **pair.environment)
        second = chat(QUESTION, "--provider", "fireworks", **pair.environment)
        other = chat(QUESTION, "--provider", "novita", **pair.environment)
        assert pair.asked == (1, 1)
    assert (first.returncode, second.returncode, other.returncode) == (0, 4, 0)
    assert "of the budget for fireworks this month" in second.stderr
    assert "of $0.020 is left" in second.stderr


def test_over_a_months_budget_of_one_provider_a_route_asks_another(home: Path) -> None:
    own_file(home, "budgets.yaml", 'providers: {fireworks: "0.0001"}\n')
    with Pair() as pair:
        done = chat(QUESTION, "--json", "--route", "cheapest", **pair.environment)
        assert pair.asked == (0, 1)
    attempts = document(done.stdout)["route"]["attempts"]
    assert [(each["provider"], each["outcome"]) for each in attempts] == [
        ("fireworks", "over_budget"),
        ("novita", "ok"),
    ]


def test_a_months_budget_is_said_once_and_is_in_what_explain_says(home: Path) -> None:
    own_file(home, "budgets.yaml", 'monthly_usd: "0.0001"\n')
    with Pair() as pair:
        done = chat(QUESTION, "--route", "cheapest", **pair.environment)
        explained = chat(QUESTION, "--route", "cheapest", "--explain", **pair.environment)
        own_file(home, "budgets.yaml", 'providers: {fireworks: "0.0001"}\n')
        other = chat(QUESTION, "--route", "cheapest", "--explain", **pair.environment)
        said = chat(QUESTION, "--route", "cheapest", **pair.environment)
        assert pair.asked == (0, 1)
    assert (done.returncode, done.stdout) == (explained.returncode, "") == (4, "")
    assert done.stderr.startswith(f"error: fireworks/{FLASH} may cost $0.00")
    assert done.stderr.count("may cost") == explained.stderr.count("may cost") == 1
    assert explained.stdout.startswith("Nobody may be asked by route cheapest")
    assert f"  fireworks/{FLASH}: may cost $0.00" in explained.stdout
    assert other.stdout.startswith("novita/")
    assert f"  fireworks/{FLASH}: may cost $0.00" in other.stdout
    assert said.stderr.startswith(f"Not asked: fireworks/{FLASH} may cost $0.00")
    assert said.stderr.count("may cost") == 1


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        pytest.param(["--route", "cheepest"], 2, "unknown route 'cheepest'.", "did you mean cheapest?", id="near"),
        pytest.param(["--route", "zzz"], 2, "unknown route 'zzz'.", "there are cheapest, ", id="unknown"),
        pytest.param(["--route", "r1"], 1, "no key of a provider is there", "NOVITA_API_KEY", id="no key"),
        pytest.param(["--route", "r1", "--explain"], 1, "no key of", "any value will do", id="no key to explain"),
        pytest.param(
            ["--route", "r1", "--provider", "novita"], 2, "--provider novita names who does", "leave one", id="both"
        ),
        pytest.param(["--max-cost", "cheap"], 2, "'cheap' is not an amount.", "--max-cost 0.05", id="amount"),
        pytest.param(["--max-cost", "0"], 2, "--max-cost 0: expected more than zero.", "--max-cost 0.05", id="nothing"),
        pytest.param(["--by", "2020-01-01"], 2, "'2020-01-01' is past.", "18:00", id="past"),
        pytest.param(["--by", "soon"], 2, "'soon' is not an instant.", "write it as 18:00, 2025", id="instant"),
        pytest.param(["--provider", "zzz"], 2, "unknown provider 'zzz'.", "there are ", id="provider"),
        pytest.param(["--route", "private", "--model", "none.gguf"], 2, "no file 'none.gguf'", "--model", id="file"),
    ],
)
def test_what_cannot_be_routed_is_one_sentence_and_a_hint(words: list[str], code: int, error: str, hint: str) -> None:
    done = chat("x", *words)
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.splitlines()
    assert error in next(line for line in lines if line.startswith("error: "))
    assert hint in next(line for line in lines if line.startswith("hint: "))


def test_a_route_whose_models_no_key_reaches_says_which_keys_would() -> None:
    done = chat("x", "--route", "r1", FIREWORKS_API_KEY="x")
    assert done.returncode == 1
    assert "DeepSeek-V4.1-Flash is a successor of R1, which r1 does not accept" in done.stderr
    assert "set DEEPINFRA_API_KEY, NOVITA_API_KEY or OPENROUTER_API_KEY" in done.stderr


def test_nothing_is_said_to_be_kept_when_nothing_came() -> None:
    with Pair(Says(ends=False)) as pair:
        done = chat(QUESTION, "--provider", "fireworks", **pair.environment)
    assert done.stderr.endswith("error: Fireworks AI broke off the answer before its end.\nhint:  ask again.\n")


def test_keys_are_written_nowhere(home: Path) -> None:
    with Pair(Says(status=503)) as pair:
        shown = chat(QUESTION, "--json", "--log-text", "--route", "cheapest", **pair.environment)
        explained = chat(QUESTION, "--explain", "--json", "--route", "cheapest", **pair.environment)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file()).decode("utf-8", "replace")
    for text in (shown.stdout, shown.stderr, explained.stdout, explained.stderr, kept):
        assert not any(key in text for key in KEYS.values())


def test_a_conversation_changes_its_route_and_says_who_is_asked() -> None:
    with Pair() as pair, Terminal([*R1PLAN, "--provider", "novita"], pair.environment) as terminal:
        terminal.prompt(1)
        terminal.type("/route\r")
        terminal.prompt(2)
        assert "No route is set" in terminal.screen.text
        terminal.type("/route cheapest\r")
        terminal.prompt(3)
        terminal.type(f"{QUESTION}\r")
        terminal.prompt(4)
        assert "is asked by route" in terminal.screen.text
        assert "Blue scatters most." in terminal.screen.lines
        assert terminal.screen.lines[-1].startswith("route cheapest: deepseek-v4p1-flash · 1 question")
        terminal.type("/exit\r")
        assert terminal.ended() == 0
        assert pair.asked == (1, 0)


def test_a_route_without_anybody_to_ask_is_not_taken_in_a_conversation() -> None:
    with Terminal(R1PLAN) as terminal:
        terminal.prompt(1)
        terminal.type("/route private\r")
        terminal.prompt(2)
        assert "error: route private has nobody to ask" in terminal.screen.text
        terminal.type("What is 17 + 25?\r")
        terminal.prompt(3)
        assert "17 + 25 = 42" in terminal.screen.lines
        terminal.type("/exit\r")
        assert terminal.ended() == 0


def test_an_answer_that_breaks_off_in_a_conversation_goes_on_with_what_had_come() -> None:
    with Pair(Says(thinking=("a ",), answer=("Blue ", "is"), ends=False)) as pair:
        with Terminal([*R1PLAN, "--route", "cheapest"], pair.environment) as terminal:
            terminal.prompt(1)
            terminal.type(f"{QUESTION}\r")
            terminal.prompt(2)
            assert "broke off the answer before its end." in terminal.screen.text
            assert '"go on" lets it go on' in terminal.screen.text
            terminal.type("/model novita/deepseek/deepseek-r1-turbo\r")
            terminal.prompt(3)
            terminal.type("go on\r")
            terminal.prompt(4)
            terminal.type("/exit\r")
            assert terminal.ended() == 0
        assert [each["content"] for each in pair.novita.asked[0]["messages"]] == [QUESTION, "Blue is", "go on"]


def test_the_turns_of_a_conversation_share_an_id_and_their_spending_is_one_sum(home: Path) -> None:
    with Pair(Says(status=503)) as pair, Terminal([*R1PLAN, "--route", "cheapest"], pair.environment) as terminal:
        terminal.prompt(1)
        terminal.type(f"{QUESTION}\r")
        terminal.prompt(2)
        assert "asking" in terminal.screen.text
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    rows = log_rows(home)
    (saved,) = (home / "data" / "conversations").iterdir()
    assert {row["conversation"] for row in rows} == {saved.stem}
    assert len(rows) == 2
    (answered,) = [row for row in map(json.loads, saved.read_text().splitlines()) if row["step"] == "answered"]
    assert answered["spent"]["model"] == "novita/deepseek/deepseek-r1-turbo"
    assert Decimal(answered["spent"]["cost_usd"]) == Decimal(rows[1]["cost_usd"])


def test_the_route_that_the_readme_shows_keeps_a_project_on_the_machine(home: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```yaml\nid: mine\n")[2].partition("```")[0]
    own_file(home, "profiles/routes/mine.yaml", f"id: mine\n{shown}")
    with Pair() as pair:
        kept = chat(QUESTION, "--route", "mine", "--project", "secret", **pair.environment)
        assert pair.asked == (0, 0)
        done = chat(QUESTION, "--route", "mine", "--project", "open", **pair.environment)
        assert pair.asked == (1, 0)
    assert (kept.returncode, done.returncode) == (1, 0)
    assert "mine never leaves this machine" in kept.stderr
    assert "hint:  name a model here: --model FILE.gguf; --explain says it of each" in kept.stderr


def test_a_program_learns_of_a_failure_what_had_come_and_what_it_cost() -> None:
    with Pair(Says(thinking=("a ",), answer=("Blue ", "is"), ends=False)) as pair:
        done = chat(QUESTION, "--json", "--route", "cheapest", **pair.environment)
    found = document(done.stdout)
    assert done.returncode == 1
    assert (found["answer"], found["finish"]) == ("Blue is", "failed")
    assert [each["outcome"] for each in found["route"]["attempts"]] == ["connection_lost"]
    assert Decimal(found["cost"]["high_usd"]) > 0


def test_how_fast_a_file_here_will_answer_comes_from_the_plan(tmp_path: Path) -> None:
    shutil.copy(MODEL_PATH, tmp_path / "own.gguf")
    done = chat("What is 17 + 25?", "--explain", "--route", "private", "--model", str(tmp_path / "own.gguf"))
    assert done.returncode == 0
    assert done.stdout.startswith("local/own is expected to cost $0.0")
    assert " (the plan)." in done.stdout
    assert "does not fit" not in done.stdout


def test_a_key_that_reaches_nothing_of_r1s_family_leaves_the_demonstration() -> None:
    done = chat("What is 17 + 25?", OPENAI_API_KEY="x")
    assert done.stdout == "17 + 25 = 42\n"
    assert "r1-tiny answers" in done.stderr


@pytest.mark.parametrize(("mode", "code"), [(0o600, 0), (0o644, 1)], ids=["mine-alone", "others-may-read"])
def test_keys_in_a_file_choose_too_where_only_their_owner_can_read_it(home: Path, mode: int, code: int) -> None:
    own_file(home, "keys.yaml", "fireworks: fw-planted-key-1\n")
    (home / "config" / "keys.yaml").chmod(mode)
    with Pair() as pair:
        addresses = {name: value for name, value in pair.environment.items() if name.endswith("_URL")}
        done = chat(QUESTION, **addresses)
        assert pair.asked == (1 - code, 0)
    assert done.returncode == code
    assert ("chmod 600" in done.stderr) == bool(code)
    assert "planted" not in done.stdout + done.stderr


def test_a_file_that_a_route_does_not_accept_is_not_passed_over_in_silence() -> None:
    with Pair() as pair:
        done = chat(QUESTION, "--route", "cheapest", "--model", "r1-tiny", **pair.environment)
        assert pair.asked == (1, 0)
    assert (
        "local/r1-tiny is not asked: r1-tiny is neither R1 nor of its family, which cheapest does not accept."
        in done.stderr
    )
