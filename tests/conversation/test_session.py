"""What is kept of a conversation, sent with the next question, and summed up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.catalog.policy import Binding
from r1plan.conversation.complete import Completion, completions
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.spending import Spent, by_model, total
from r1plan.conversation.steps import Answered, Asked, Cleared, Step, TookBack, Unbound, Wished, replayed
from r1plan.engine.chat import Message
from r1plan.errors import OverBudget

ONE = Exchange(question="a?", answer="A", thinking="hm")


def test_the_thinking_goes_beside_the_answer_and_never_into_it() -> None:
    session = Session(wishes=Wishes(system="Be brief."), exchanges=(ONE, Exchange(question="b?", answer="B")))
    assert session.messages("c?") == (
        Message("system", "Be brief."),
        Message("user", "a?"),
        Message("assistant", "A", "hm"),
        Message("user", "b?"),
        Message("assistant", "B", None),
        Message("user", "c?"),
    )


def test_a_question_without_an_answer_is_not_sent_again_by_itself() -> None:
    session = Session().asked("a?").answered(None, Spent(model="m"))
    assert session.messages("b?") == (Message("user", "b?"),)
    assert session.last_question == "a?"
    assert session.without_last().last_question is None


def test_what_was_taken_back_stays_paid() -> None:
    session = Session().asked("a?").answered(ONE, Spent(model="m", cost_usd=Decimal(1)))
    assert session.without_last().spent == session.empty().spent == session.spent


@pytest.mark.parametrize(
    ("spent", "over"),
    [
        pytest.param(["0.49"], False, id="below"),
        pytest.param(["0.25", "0.25"], True, id="at"),
        pytest.param([None, "0.1"], False, id="unknown-is-not-counted"),
    ],
)
def test_nothing_more_is_sent_at_the_budget(spent: list[str | None], over: bool) -> None:
    paid = tuple(Spent(model="m", cost_usd=None if each is None else Decimal(each)) for each in spent)
    session = Session(wishes=Wishes(budget_usd=Decimal("0.50")), spent=paid)
    if over:
        with pytest.raises(OverBudget, match=r"the budget of \$0\.50 is used up: \$0\.50 so far\."):
            session.check_budget()
    else:
        session.check_budget()
    replace(session, wishes=Wishes()).check_budget()


def test_sums_by_model_add_up_and_count_what_is_unknown() -> None:
    spent = (
        Spent(model="a", input_tokens=1, output_tokens=2, cost_usd=Decimal("0.1"), thinking_usd=Decimal("0.05")),
        Spent(model="b", input_tokens=10),
        Spent(model="a", thinking_tokens=3, cost_usd=Decimal("0.2")),
    )
    first, second = by_model(spent)
    assert (first.model, first.questions, first.cost_usd, first.thinking_usd) == (
        "a",
        2,
        Decimal("0.3"),
        Decimal("0.05"),
    )
    assert (first.cost_unknown, first.thinking_unknown) == (0, 1)
    assert (second.model, second.cost_usd, second.cost_unknown) == ("b", Decimal(0), 1)
    whole = total(spent)
    assert (whole.questions, whole.input_tokens, whole.cost_usd, whole.cost_unknown) == (3, 11, Decimal("0.3"), 1)


def test_steps_lead_to_the_session_that_took_them() -> None:
    spent = Spent(model="m", cost_usd=Decimal(1))
    steps: list[Step] = [
        Wished(Wishes(model="m")),
        Asked("a?"),
        Answered(ONE, spent),
        Asked("b?"),
        Answered(None, spent),
        TookBack(),
        Asked("c?"),
    ]
    assert replayed(steps) == Session(wishes=Wishes(model="m"), exchanges=(ONE,), unanswered="c?", spent=(spent, spent))
    assert replayed([*steps, Cleared()]).last_question is None


MODELS = ("r1-tiny", "deepinfra/deepseek-ai/DeepSeek-R1", "deepseek/deepseek-flash")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("What", [], id="a-question"),
        pytest.param("/mo", ["/model"], id="a-command"),
        pytest.param("/s", ["/system", "/save"], id="two-commands"),
        pytest.param("/ro", [], id="no-routes-no-command"),
        pytest.param("/model DEEPSEEK", [MODELS[2], MODELS[1]], id="the-beginning-comes-first"),
        pytest.param("/thinking ", ["show", "dim", "hide"], id="modes"),
        pytest.param("/model a b", [], id="past-the-name"),
        pytest.param("/system x", [], id="free-text"),
        pytest.param("/mo\n", [], id="another-line"),
    ],
)
def test_what_may_follow(typed: str, expected: list[str]) -> None:
    offered = completions(typed, lambda: MODELS, tuple)
    assert [each.text for each in offered] == expected


def test_a_completion_replaces_what_was_typed_of_it() -> None:
    assert completions("/model deepseek/", lambda: MODELS, tuple) == (Completion(MODELS[2], len("deepseek/")),)


def test_names_are_looked_up_only_when_they_are_asked_for() -> None:
    def never() -> tuple[str, ...]:
        raise AssertionError

    assert completions("/mode", never, tuple)


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        pytest.param("0.30", None, id="fits-exactly"),
        pytest.param(
            "0.31", r"a/b may cost \$0\.31 \(p90\), more than the budget of \$0\.50, of which \$0\.30 is", id="over"
        ),
        pytest.param(None, r"what a/b costs is not known, so the budget of \$0\.50 cannot be kept", id="unknown"),
    ],
)
def test_what_may_cost_more_than_is_left_is_over_the_budget(needs: str | None, said: str | None) -> None:
    # Of a question that broke off, what was set aside for it counts.
    paid = (Spent(model="m", cost_usd=Decimal("0.01"), counted_usd=Decimal("0.20")),)
    session = Session(wishes=Wishes(budget_usd=Decimal("0.50")), spent=paid)
    usd = None if needs is None else Decimal(needs)
    if said is None:
        session.check_budget(usd, "a/b")
    else:
        with pytest.raises(OverBudget, match=said):
            session.check_budget(usd, "a/b")


def test_what_a_conversation_was_filed_under_and_bound_by_holds_for_the_whole_of_it() -> None:
    first, later = Binding("mine", 1), Binding("private")
    steps: list[Step] = [
        Wished(Wishes(project="secret")),
        Asked("a?", "secret"),
        Answered(ONE, None, first),
        Wished(Wishes(project="open")),
        Asked("b?", "open"),
        Answered(None, None, later),
        Asked("c?", "open"),
        Answered(ONE, None),
        TookBack(),
        Cleared(),
    ]
    session = replayed(steps)
    assert (session.projects, session.binding) == (("secret", "open"), first)
    free = replayed([*steps, Unbound()])
    assert (free.projects, free.binding, free.wishes) == ((), None, Wishes(project="open"))


def test_a_wish_alone_files_nothing_under_a_project() -> None:
    assert replayed([Wished(Wishes(project="secret")), Wished(Wishes())]).projects == ()
