"""What servers really do, each under its number of the project's list of wire formats, through the code that meets it.

Quirks of a stream are replayed whole, in single bytes, in threes, and cut inside UTF-8 characters.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.load import load_providers
from r1plan.engine.chat import Answer, ChatRequest, Message, ToolCall
from r1plan.engine.connect import connect
from r1plan.engine.limits import ServerLimits
from r1plan.engine.target import remote_target
from r1plan.errors import ProviderError
from r1plan.report.logs import monthly_logs
from r1plan.report.period import Period, whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from tests.prices.test_book import real_book
from tests.wire.asking import AT, Told, ask, engine_for, run
from tests.wire.chunks import DONE, chunk, event, usage
from tests.wire.server import Asked, Reply, inside_characters, recorded, serving

Cut = Callable[[bytes], Reply]
CUTS: dict[str, Cut] = {
    "whole": Reply,
    "bytes": lambda body: Reply(body, piece_bytes=1),
    "threes": lambda body: Reply(body, piece_bytes=3),
    "inside-characters": lambda body: Reply(body, cuts=inside_characters(body)),
}
cut_anyhow = pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)


def counted(told: Told) -> tuple[int, int | None, int, int | None]:
    """Input, cached, output and thinking tokens of a whole answer."""
    found = told.end.usage
    return found.input_tokens, found.cache_hit_tokens, found.output_tokens, found.thinking_tokens


@cut_anyhow
def test_quirk_01_the_same_thinking_under_two_names_counts_once(cut: Cut) -> None:
    for provider in ("vllm", "deepseek", "together"):
        told = ask(cut(recorded("both-names.sse")), provider, model="m")
        assert told.texts == ("once", "Yes.")


@cut_anyhow
def test_quirk_02_cached_tokens_at_the_top_level_are_found(cut: Cut) -> None:
    assert counted(ask(cut(recorded("together-r1.sse")), "together"))[:3] == (100, 64, 20)


@cut_anyhow
def test_quirk_03_usage_that_is_null_until_the_end_is_waited_for(cut: Cut) -> None:
    body = (
        chunk({"content": "Yes"}, usage=None)
        + chunk({"content": "."}, finish="stop", usage=None)
        + chunk(choices=[], usage=usage(10, 5))
        + DONE
    )
    assert counted(ask(cut(body)))[::2] == (10, 5)


@cut_anyhow
def test_quirk_04_of_two_usages_the_last_wins_and_none_is_added(cut: Cut) -> None:
    assert counted(ask(cut(recorded("two-usages.sse"))))[::2] == (10, 5)
    parts = (
        chunk({"content": "Yes."}, finish="stop", usage={"prompt_tokens": 10, "completion_tokens": None})
        + chunk(choices=[], usage={"completion_tokens": 5, "total_tokens": 15})
        + DONE
    )
    assert counted(ask(cut(parts), "vllm", model="m"))[::2] == (10, 5)


@cut_anyhow
def test_quirk_05_a_usage_chunk_without_choices_is_read(cut: Cut) -> None:
    told = ask(cut(chunk({"content": "Yes."}, finish="stop") + chunk(choices=[], usage=usage(7, 3)) + DONE))
    assert (told.texts, counted(told)[::2]) == (("", "Yes."), (7, 3))


@cut_anyhow
def test_quirk_06_without_usage_all_is_estimated_and_said_so(cut: Cut) -> None:
    found = ask(cut(recorded("no-usage.sse"))).end.usage
    assert (found.cache_hit_tokens, set(found.provenance.values())) == (None, {"estimated"})
    assert found.input_tokens > 0
    assert found.output_tokens > (found.thinking_tokens or 0) > 0


@cut_anyhow
def test_quirk_07_keep_alive_comments_and_blank_lines_are_neither_text_nor_progress(cut: Cut) -> None:
    told = ask(cut(b": keep-alive\n\n\n\n: keep-alive\n\n" + recorded("deepseek.sse")))
    assert told.texts[1] == "The answer is 42 🎉."
    waiting = ask(Reply(b"", drip=b": keep-alive\n\n", pause_s=0.01), limits=ServerLimits(first_token_s=0.2))
    assert isinstance(waiting.error, ProviderError)
    assert (waiting.error.fault, waiting.error.worth_failing_over) == ("first_token_timeout", True)


@cut_anyhow
def test_quirk_08_an_answer_is_whole_without_done(cut: Cut) -> None:
    told = ask(cut(recorded("no-done.sse")))
    assert (told.texts, told.end.reason) == (("hm", "Yes."), "stop")
    cut_off = ask(replace(cut(recorded("no-done.sse")), cut=True))
    assert counted(cut_off)[::2] == (1000, 300)


@cut_anyhow
def test_quirk_09_an_error_inside_a_stream_of_200_ends_it_and_keeps_what_came(cut: Cut) -> None:
    told = ask(cut(recorded("error-inside.sse")))
    assert isinstance(told.error, ProviderError)
    assert "broke off the answer: engine overloaded" in told.error.message
    assert (told.error.fault, told.texts[1]) == ("server_failed", "Ye")
    coded = ask(cut(b'data: {"error": {"message": "slow down", "code": 429}}\n\n'))
    assert isinstance(coded.error, ProviderError)
    assert (coded.error.status, coded.error.worth_failing_over) == (429, True)


@cut_anyhow
def test_quirk_10_more_thinking_than_output_is_flagged_and_the_total_kept(cut: Cut) -> None:
    body = chunk({"content": "Yes."}, finish="stop") + chunk(
        choices=[], usage=usage(10, 5, completion_tokens_details={"reasoning_tokens": 6})
    )
    told = ask(cut(body + DONE))
    assert counted(told) == (10, None, 5, None)
    assert told.end.usage.flags == ("thinking_over_output",)


@cut_anyhow
def test_quirk_11_hits_and_misses_that_are_not_the_prompt_are_flagged_and_priced_from_the_totals(cut: Cut) -> None:
    body = chunk({"content": "Yes."}, finish="stop") + chunk(
        choices=[], usage=usage(1000, 100, prompt_cache_hit_tokens=640, prompt_cache_miss_tokens=100)
    )
    with serving(cut(body + DONE)) as wire:
        engine = engine_for("deepseek", wire.url)
        result = run(engine)
        engine.close()
    assert result.entry.flags == ("cache_hit_plus_miss_not_input",)
    assert result.entry.cache_hit_tokens is None
    # 1,000 fresh x 0.15 + 100 x 0.60, a million tokens each: off-peak.
    assert result.entry.cost_usd == Decimal("0.00021")


@cut_anyhow
def test_quirk_12_a_closing_tag_alone_turns_what_came_into_thinking(cut: Cut) -> None:
    body = chunk({"content": "hm, 17"}) + chunk({"content": " + 25</think>42"}, finish="stop") + DONE
    assert ask(cut(body), "together").texts == ("hm, 17 + 25", "42")


@cut_anyhow
def test_quirk_13_a_tag_split_over_chunks_is_a_tag(cut: Cut) -> None:
    assert ask(cut(recorded("together-r1.sse")), "together").texts == ("let me see", "Yes.")


@cut_anyhow
def test_quirk_14_an_answer_that_was_all_thinking_says_that_it_ran_out(cut: Cut) -> None:
    told = ask(cut(recorded("all-thinking.sse")))
    assert (told.texts, told.end.reason) == (("thinking and thinking", ""), "length")
    assert counted(told)[2] == 50


def test_quirk_15_the_same_request_id_twice_is_one_request_in_the_report(tmp_path: Path) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        engine = engine_for("deepseek", wire.url)
        entry = run(engine).entry
        engine.close()
    log = tmp_path / "2026-11.jsonl"
    log.write_text(entry.to_line() * 2, encoding="utf-8")
    report = spend_report(SpendQuestion([log], Period(), (), real_book()))
    assert (report.totals.requests, report.totals.output_tokens) == (1, 300)
    assert [each.kind for each in report.warnings] == ["duplicate_ids"]
    assert report.totals.cost_usd == entry.cost_usd


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 5])
def test_quirk_16_a_character_split_over_frames_is_one_character(piece_bytes: int) -> None:
    for reply in (
        Reply(recorded("deepseek.sse"), piece_bytes=piece_bytes),
        CUTS["inside-characters"](recorded("deepseek.sse")),
    ):
        assert ask(reply).texts == ("先想一想。 17 + 25 ≈ 42", "The answer is 42 🎉.")


def prediction(stream: Reply, **metrics: int) -> Callable[[Asked], Reply]:
    """Replicate's side of one prediction."""

    def answer(asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v1")
        if path == "/stream/p1":
            return stream
        state = {"id": "p1", "model": "deepseek-ai/deepseek-r1", "status": "starting", "metrics": {}}
        if asked.method == "POST" and path.endswith("/predictions"):
            host = asked.headers["host"]
            state["urls"] = {"stream": f"http://{host}/stream/p1", "get": "http://elsewhere.invalid/p1"}
            return Reply(json.dumps(state).encode(), 201, "application/json")
        done = {"status": "canceled" if path.endswith("/cancel") else "succeeded", "metrics": metrics}
        return Reply(json.dumps(state | done).encode(), 200, "application/json")

    return answer


@cut_anyhow
def test_quirk_17_of_a_predictions_text_one_leading_space_goes_and_no_more(cut: Cut) -> None:
    body = (
        event("output", "<think>")
        + event("output", "", "hm")
        + event("output", "</think>", "", "")
        + event("output", "The")
        + event("output", " answer")
        + event("output", " is")
        + event("output", "", "")
        + event("output", "  42 🎉")
        + event("done", "{}")
    )
    told = ask(prediction(cut(body), input_token_count=11, output_token_count=9), "replicate")
    assert told.texts == ("hm", "The answer is\n  42 🎉")
    assert counted(told)[::2] == (11, 9)


def test_quirk_18_a_balance_used_up_in_mid_month_is_a_row_that_costs_nothing_and_worth_failing_over() -> None:
    replies = [
        Reply(recorded("deepseek.sse")),
        Reply(b'{"error": {"message": "Insufficient Balance"}}', 402, "application/json"),
    ]
    with serving(lambda _asked: replies.pop(0)) as wire:
        engine = engine_for("deepseek", wire.url)
        paid, refused = run(engine), run(engine)
        engine.close()
    assert (paid.entry.status, paid.entry.cost_usd) == ("ok", Decimal("0.00023592"))
    assert isinstance(refused.error, ProviderError)
    assert (refused.error.status, refused.error.worth_failing_over) == (402, True)
    assert (refused.entry.status, refused.entry.end_reason, refused.entry.cost_usd) == ("failed", "refused", Decimal(0))


@cut_anyhow
def test_quirk_19_the_model_that_answered_is_logged_beside_the_one_asked_for(cut: Cut) -> None:
    with serving(cut(recorded("other-model.sse"))) as wire:
        engine = engine_for("deepseek", wire.url)
        entry = run(engine).entry
        engine.close()
    assert (entry.model_requested, entry.model_served) == ("deepseek-flash", "deepseek-v4.1-flash-1017")


@pytest.mark.parametrize(
    ("begins", "seconds", "cost"),
    [
        # 360 x 0.15 + 640 x 0.003 + 300 x 0.60 off-peak, twice that in peak hours, a million tokens each.
        pytest.param(datetime(2026, 11, 24, 0, 59, 50, tzinfo=UTC), 20, "0.00047184", id="ends in the peak"),
        pytest.param(datetime(2026, 11, 24, 3, 59, 50, tzinfo=UTC), 20, "0.00023592", id="ends after the peak"),
        pytest.param(datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC), 20, "0.00023592", id="ends in the next month"),
    ],
)
def test_quirk_20_the_end_of_a_request_decides_its_price_and_its_month(
    begins: datetime, seconds: int, cost: str, tmp_path: Path
) -> None:
    instants = iter([begins, begins, begins + timedelta(seconds=1), begins + timedelta(seconds=seconds)])
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        engine = engine_for("deepseek", wire.url)
        entry = run(engine, logs=tmp_path, now=lambda: next(instants)).entry
        engine.close()
    assert entry.cost_usd == Decimal(cost)
    month = f"{begins + timedelta(seconds=seconds):%Y-%m}"
    period = whole_month(month, "UTC")
    totals = spend_report(SpendQuestion(monthly_logs(tmp_path, period), period, (), real_book())).totals
    assert (totals.requests, totals.cost_usd) == (1, Decimal(cost))


def test_quirk_21_an_account_in_yuan_is_priced_by_its_own_list_and_never_added_to_dollars(tmp_path: Path) -> None:
    environment = {"DEEPSEEK_API_KEY": "sk-1", "R1PLAN_DEEPSEEK_CURRENCY": "CNY"}
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        chat = r1plan("chat", "--provider", "deepseek", "x", "--json", R1PLAN_DEEPSEEK_BASE_URL=wire.url, **environment)
    assert json.loads(chat.stdout)["cost"]["total_usd"] is None
    totals = json.loads(r1plan("cost-report", "--json", "--currency", "CNY", **environment).stdout)["totals"]
    # 360 x 1 + 640 x 0.02 + 300 x 4 off-peak, twice that in peak hours, a million tokens each.
    assert Decimal(totals["cost_cny"]) in (Decimal("0.0015728"), Decimal("0.0031456"))
    dollars = json.loads(r1plan("cost-report", "--json", **environment).stdout)["totals"]
    assert (dollars["requests"], dollars["cost_usd"]) == (0, "0")


@cut_anyhow
def test_quirk_22_when_the_client_aborts_the_server_sees_it_and_the_row_has_bounds(cut: Cut) -> None:
    text = recorded("deepseek.sse").split(b"\n\n")
    reply = replace(cut(b"\n\n".join(text[:6]) + b"\n\n"), drip=chunk({"content": "and "}), pause_s=0.001)

    def interrupt(event: object) -> None:
        if isinstance(event, Answer):
            raise KeyboardInterrupt

    with serving(reply) as wire:
        engine = engine_for("deepseek", wire.url)
        entry = run(engine, show=interrupt).entry
        engine.close()
        assert wire.gone.wait(10)
    assert (entry.status, entry.end_reason) == ("aborted", "interrupted")
    assert entry.cost_low_usd is not None
    assert entry.cost_usd is not None
    assert entry.cost_high_usd is not None
    assert 0 < entry.cost_low_usd <= entry.cost_usd <= entry.cost_high_usd


def test_quirk_22_an_aborted_prediction_is_canceled() -> None:
    stream = Reply(event("output", "<think>") + event("output", "hm"), drip=event("output", " hm"), pause_s=0.001)
    told = ask(prediction(stream, input_token_count=11, output_token_count=9), "replicate", stop_after=2)
    assert [each.path for each in told.wire.asked][-1].endswith("/predictions/p1/cancel")
    assert told.usage_so_far is not None
    assert (told.usage_so_far.input_tokens, told.usage_so_far.output_tokens) == (11, 9)
    assert told.usage_so_far.provenance["output_tokens"] == "reported"


def test_quirk_23_an_export_with_bom_crlf_and_days_without_dashes_is_read(tmp_path: Path) -> None:
    export = tmp_path / "amount-2026-11.csv"
    export.write_bytes(recorded("amount-bom-crlf.csv"))
    done = r1plan("cost-report", str(export), "--import", "deepseek", "--json")
    totals = json.loads(done.stdout)["totals"]
    assert (totals["requests"], totals["input_tokens"], totals["output_tokens"]) == (2, 1500, 300)


def test_quirk_23_the_fixture_is_what_it_claims_to_be() -> None:
    raw = recorded("amount-bom-crlf.csv")
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 5
    assert b",20261103," in raw


@pytest.mark.parametrize(
    ("provider", "model", "field"),
    [
        pytest.param("deepseek", "deepseek-flash", "reasoning_content", id="V4.1 at DeepSeek"),
        pytest.param("deepseek", "deepseek-v4-pro", "reasoning_content", id="V4-Pro at DeepSeek"),
        pytest.param("fireworks", None, "reasoning_content", id="V4.1 at Fireworks"),
        pytest.param("openrouter", "deepseek/deepseek-r1", None, id="R1 at OpenRouter"),
        pytest.param("deepinfra", None, None, id="R1 at DeepInfra"),
    ],
)
def test_quirk_24_thinking_goes_back_with_a_v4_tool_turn_and_never_to_r1(
    provider: str, model: str | None, field: str | None
) -> None:
    turns = (
        Message("user", "weather?"),
        Message("assistant", "", "I need the tool", (ToolCall("c1", "weather", "{}"),)),
        Message("tool", "sunny", tool_call_id="c1"),
        Message("assistant", "Sunny.", "the tool says so"),
        Message("user", "17 + 25?"),
        Message("assistant", "42", "plain sums"),
        Message("user", "and 1?"),
    )
    target = remote_target(model, provider, load_providers(), AT)
    variable = target.provider.key_variable
    assert variable is not None
    with serving(Reply(recorded("no-done.sse"))) as wire:
        engine = connect(target, {variable: "sk-1", target.provider.base_url_variable: wire.url})
        list(engine.stream(ChatRequest(messages=turns)))
        engine.close()
    sent = wire.requests[0]["messages"]
    assert [each["content"] for each in sent] == [each.content for each in turns]
    assert sent[1]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    ]
    assert sent[2]["tool_call_id"] == "c1"
    back = {(index, name): each[name] for index, each in enumerate(sent) for name in each if "reason" in name}
    assert back == ({(1, field): "I need the tool", (3, field): "the tool says so"} if field else {})


def test_every_quirk_has_its_test() -> None:
    numbers = {int(name.split("_")[2]) for name in globals() if name.startswith("test_quirk_")}
    assert numbers == set(range(1, 25))


def r1plan(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
        check=True,
    )
