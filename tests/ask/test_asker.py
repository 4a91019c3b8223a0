"""A question is asked with messages alone, as a server would: no session, no screen, no command line."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.ask.asker import Asker
from r1plan.ask.notes import Demonstration, ResolutionNote, UnusableKey
from r1plan.ask.question import AskOptions, AskRequest, Wanted
from r1plan.catalog.budgets import Budgets
from r1plan.engine.chat import Answer, ChatRequest, Message, Thinking
from r1plan.engine.target import UnlistedModel
from r1plan.errors import EngineError, NotFound, OverBudget, ProviderError
from r1plan.ledger.usage_log import UsageLog
from r1plan.render.decision.asked import no_candidate_error, plan_lines, plan_reasons
from r1plan.render.decision.resolved import resolution_text
from r1plan.render.decision.words import exclusion_text
from r1plan.route.decision.cause import OverAllowance
from r1plan.route.execution.notes import AsksNext
from r1plan.route.execution.record import Labels
from tests.cli.chat.test_chat import KEY, log_rows
from tests.route.providers import Says, Watcher, answering
from tests.wire.server import Asked, Reply, recorded, serving

SUM = (Message("user", "What is 17 + 25?"),)
WHY = (Message("user", "Why is the sky blue?"),)
GOOD = Says(thinking=("Light ", "scatters. "), answer=("Blue ", "scatters ", "most."))


@pytest.fixture
def options(home: Path) -> AskOptions:
    return AskOptions(log=UsageLog(home / "data" / "logs"), labels=Labels(project="p", tags={"from": "server"}))


@pytest.fixture
def deepseek(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    return monkeypatch


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys of Fireworks, which refuses each request, and of Novita, which answers and is dearer."""
    with answering(Says(status=503)) as fireworks, answering(GOOD) as novita:
        monkeypatch.setenv("FIREWORKS_API_KEY", "fw-planted-key-1")
        monkeypatch.setenv("NOVITA_API_KEY", "nv-planted-key-2")
        monkeypatch.setenv("R1PLAN_FIREWORKS_BASE_URL", fireworks.url)
        monkeypatch.setenv("R1PLAN_NOVITA_BASE_URL", novita.url)
        yield


def request(messages: tuple[Message, ...] = WHY, wanted: Wanted = Wanted(), max_cost: str | None = None) -> AskRequest:
    most = None if max_cost is None else Decimal(max_cost)
    return AskRequest(request=ChatRequest(messages=messages), wanted=wanted, max_cost_usd=most)


def test_the_model_in_the_package_answers_messages(options: AskOptions, home: Path) -> None:
    watcher, told = Watcher(), list[ResolutionNote]()
    with Asker(options) as asker:
        asker.ready(Wanted(), told.append)
        plan = asker.plan(request(SUM))
        result = asker.ask(plan, watcher)
    assert (result.answer.strip(), result.error) == ("17 + 25 = 42", None)
    assert "".join(each.text for each in watcher.shown if isinstance(each, Answer)) == result.answer
    assert "".join(each.text for each in watcher.shown if isinstance(each, Thinking)) == result.thinking
    assert told == [Demonstration()]
    assert (watcher.asked, watcher.notes) == ([("r1-tiny", None)], [])
    (row,) = log_rows(home)
    assert (row["provider"], row["policy"], row["project"], row["tags"]) == (
        "local",
        "default",
        "p",
        {"from": "server"},
    )


def test_a_provider_is_sent_the_messages_as_they_are(options: AskOptions, deepseek: pytest.MonkeyPatch) -> None:
    talk = (
        Message("system", "Be brief."),
        Message("user", "First?"),
        Message("assistant", "Yes.", "thought"),
        Message("user", "Second?"),
    )
    with serving(Reply(recorded("deepseek.sse"))) as wire, Asker(options) as asker:
        deepseek.setenv("R1PLAN_DEEPSEEK_BASE_URL", wire.url)
        result = asker.ask(asker.plan(request(talk, Wanted(provider="deepseek"))), Watcher())
    assert result.answer == "The answer is 42 🎉."
    assert [each["content"] for each in wire.requests[0]["messages"]] == ["Be brief.", "First?", "Yes.", "Second?"]
    assert result.entry.policy == "asked"
    assert result.entry.forecast_p90_usd is not None


def test_the_plan_names_who_is_asked_in_which_order_and_nothing_is_sent(options: AskOptions, pair: None) -> None:
    with Asker(options) as asker:
        plan = asker.plan(request())
    assert [each.provider for each in plan.targets] == ["fireworks", "novita", "novita"]
    assert (plan.policy, plan.wanted_by) == ("cheapest", "default_route")
    costs = [each.reserve_usd for each in plan.targets]
    assert None not in costs
    assert plan.decided is not None
    assert plan.targets[0].id == plan.decided.decision.ranked[0].id


def test_how_it_goes_is_told_as_facts(options: AskOptions, pair: None) -> None:
    watcher = Watcher()
    with Asker(options) as asker:
        result = asker.ask(asker.plan(request()), watcher)
    assert [(each.provider, each.outcome) for each in result.attempts] == [("fireworks", "refused"), ("novita", "ok")]
    (note,) = watcher.notes
    assert isinstance(note, AsksNext)
    assert isinstance(note.why, ProviderError)
    assert (note.kind, note.wait_s) == ("failed_over", None)
    assert note.name == f"novita/{result.entry.model_requested}"
    assert [model for model, _ in watcher.asked] == [each.model for each in result.attempts]
    assert all(usd is not None and usd > 0 for _, usd in watcher.asked)


def test_hidden_thinking_may_be_thrown_away_and_seen_thinking_may_not(
    options: AskOptions, pair: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sees_thinking, asked in ((True, ["fireworks"]), (False, ["fireworks", "novita"])):
        with answering(Says(thinking=("hm",), ends=False)) as breaks, Asker(options) as asker:
            monkeypatch.setenv("R1PLAN_FIREWORKS_BASE_URL", breaks.url)
            result = asker.ask(asker.plan(request()), Watcher(sees_thinking=sees_thinking))
        assert [each.provider for each in result.attempts] == asked


def test_a_plan_without_targets_holds_the_figures_of_why(options: AskOptions, pair: None) -> None:
    with Asker(options) as asker:
        plan = asker.plan(request(max_cost="0.0001"))
    assert plan.targets == ()
    assert plan.decided is not None
    assert all(each.cost and each.cost.p90_usd > Decimal("0.0001") for each in plan.decided.decision.refused)
    error = no_candidate_error(plan.decided)
    assert isinstance(error, OverBudget)
    assert "that this may cost, and nobody else may be asked for less." in error.message


def test_a_months_budget_excludes_by_its_figures(options: AskOptions, home: Path, pair: None) -> None:
    budgets = Budgets(providers={"fireworks": Decimal("0.0001")})
    with Asker(AskOptions(log=options.log, budgets=budgets)) as asker:
        plan = asker.plan(request())
        result = asker.ask(plan, Watcher())
    assert plan.decided is not None
    ((first, allowance),) = plan.decided.too_dear
    assert (first.candidate.provider, allowance.name, allowance.limit_usd) == (
        "fireworks",
        "fireworks",
        Decimal("0.0001"),
    )
    assert first.cost.p90_usd > allowance.left_usd
    assert [(each.provider, each.outcome) for each in result.attempts] == [
        ("fireworks", "over_budget"),
        ("novita", "ok"),
    ]
    excluded = plan.decided.decision.refused[0]
    assert excluded.cause == OverAllowance(allowance, first.cost.p90_usd)
    assert plan_lines(plan)[0] == f"Not asked: {excluded.id} {exclusion_text(excluded.cause)}."


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (Wanted(), ("nothing was named: the built-in model",)),
        (Wanted(local=True), ("--local without --model: the built-in model",)),
        (Wanted(model="r1-tiny"), ("named on the command line",)),
    ],
)
def test_why_who_answers_was_wanted_is_a_fact_with_a_sentence(
    wanted: Wanted, reasons: tuple[str, ...], options: AskOptions
) -> None:
    with Asker(options) as asker:
        assert plan_reasons(asker.plan(request(SUM, wanted))) == reasons


def test_what_was_open_answers_on_when_another_cannot_be_opened(options: AskOptions) -> None:
    with Asker(options) as asker:
        opened = asker.ready(Wanted(local=True))
        with pytest.raises(ProviderError, match="no key for DeepSeek"):
            asker.ready(Wanted(provider="deepseek"))
        with pytest.raises(NotFound):
            asker.ready(Wanted(model="no-such-model"))
        assert asker.ready(Wanted(local=True)) is opened


def test_an_id_that_nobody_knows_is_told_before_its_key_is_missed(options: AskOptions) -> None:
    told: list[ResolutionNote] = []
    with Asker(options) as asker, pytest.raises(ProviderError, match="no key"):
        asker.ready(Wanted(model="deepseek/deepseek-flsh"), told.append)
    assert told == [UnlistedModel("DeepSeek", "deepseek-flsh", "deepseek-flash")]


def test_one_file_of_keys_that_others_may_read_is_told_once(
    options: AskOptions, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "keys.yaml").write_text("fireworks: fw-planted-key-1\n")
    (home / "config" / "keys.yaml").chmod(0o644)
    monkeypatch.setenv("NOVITA_API_KEY", "nv-planted-key-2")
    told: list[ResolutionNote] = []
    with Asker(options) as asker:
        asker.ready(Wanted(route="cheapest"), told.append)
    (note,) = told
    assert isinstance(note, UnusableKey)
    assert resolution_text(note).startswith("warning: ")
    assert "planted" not in resolution_text(note)


def test_a_route_without_anybody_is_an_error_with_what_would_help(options: AskOptions) -> None:
    with Asker(options) as asker:
        with pytest.raises(EngineError, match="route private has nobody to ask") as private:
            asker.ready(Wanted(route="private"))
        with pytest.raises(ProviderError, match="no key of a provider is there") as r1:
            asker.ready(Wanted(route="r1"))
    assert "--model FILE.gguf" in str(private.value.hint)
    assert "NOVITA_API_KEY or OPENROUTER_API_KEY" in str(r1.value.hint)


def named(model: str) -> Reply:
    return Reply(recorded("deepseek.sse").replace(b'"model": "deepseek-flash"', f'"model": "{model}"'.encode()))


@pytest.mark.parametrize(
    ("asked", "served", "why"),
    [
        pytest.param("deepseek/deepseek-v4-flash", "deepseek-flash", "alias", id="the offer says so"),
        pytest.param("deepseek/deepseek-v4-flash", "DeepSeek-V4.1-Flash", "alias", id="the offer names it so"),
        pytest.param("deepseek/deepseek-v4-flash", "deepseek-v9", "other", id="nobody says so"),
        pytest.param("deepseek/deepseek-v4-pro", "deepseek-v4-pro", None, id="the one that was asked"),
    ],
)
def test_another_model_than_the_one_asked_is_a_fact_of_the_result(
    asked: str, served: str, why: str | None, options: AskOptions, deepseek: pytest.MonkeyPatch
) -> None:
    with serving(named(served)) as wire, Asker(options) as asker:
        deepseek.setenv("R1PLAN_DEEPSEEK_BASE_URL", wire.url)
        result = asker.ask(asker.plan(request(SUM, Wanted(model=asked))), Watcher())
    assert result.entry.model_served == served
    assert (result.served and result.served.why) == why


def test_a_model_that_changes_between_two_questions_is_a_fact_of_the_second(
    options: AskOptions, deepseek: pytest.MonkeyPatch
) -> None:
    replies = iter([named("deepseek-v4-pro"), named("deepseek-v5-pro"), named("deepseek-v5-pro")])

    def reply(_asked: Asked) -> Reply:
        return next(replies)

    with serving(reply) as wire, Asker(options) as asker:
        deepseek.setenv("R1PLAN_DEEPSEEK_BASE_URL", wire.url)
        plan = asker.plan(request(SUM, Wanted(model="deepseek/deepseek-v4-pro")))
        results = [asker.ask(plan, Watcher()) for _ in range(3)]
    assert [each.served and each.served.why for each in results] == [None, "changed", "other"]
    assert results[1].served is not None
    assert results[1].served.before == "deepseek-v4-pro"


def test_nothing_is_told_of_who_would_have_answered_when_nothing_came(
    options: AskOptions, deepseek: pytest.MonkeyPatch
) -> None:
    with answering(Says(status=400)) as server, Asker(options) as asker:
        deepseek.setenv("R1PLAN_DEEPSEEK_BASE_URL", server.url)
        result = asker.ask(asker.plan(request(SUM, Wanted(model="deepseek/deepseek-v4-flash"))), Watcher())
    assert result.error is not None
    assert result.served is None
