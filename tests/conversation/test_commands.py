"""What each command of a conversation does to its session, and what it says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.policy import Binding
from r1plan.conversation.commands import COMMANDS, AskAgain, Known, Quit, Reply, Save, is_command, reply
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.errors import NotFound, R1PlanError, UsageError

ROUTES = Known(routes=("cheapest", "private"))
TALKED = Session(
    wishes=Wishes(model="deepseek/deepseek-flash", provider="deepseek", base_url="http://127.0.0.1:1"),
    exchanges=(Exchange(question="a?", answer="A"), Exchange(question="b?", answer="B", thinking="hm")),
)


@pytest.mark.parametrize(
    "line",
    [
        *("What?", "/usr/bin/env: what is it?", "/Users/me/x is what?", "/2 + 2", "//x", "/ 2 = ?", "/* model */"),
        *("exit the loop how?", "Exit codes of bash", "quit() or exit()?", "q", "x", "How do I quit", "help me"),
        *(
            "// model the car as a class",
            "/ is division",
            "/dev/null?",
            "\uff0fusr\uff0fbin",
            "/étude op. 10",
            "exit\nnow",
        ),
        "exit" * 20,
    ],
)
def test_what_is_no_command_is_a_question(line: str) -> None:
    assert reply(Session(), line, Known()).act == AskAgain(line)
    assert not is_command(line)


@pytest.mark.parametrize(
    "line",
    [
        *("exit", "quit", "/exit", "/quit", "/q", ":q", ":q!", ":wq", "/q!", "\\q", "//exit", "exit()", "quit();"),
        *(
            "EXIT",
            "Quit",
            "/QUIT",
            "/Exit",
            "  exit ",
            "\xa0quit\u3000",
            "exit.",
            "quit!",
            "`exit`",
            "'quit'",
            "“exit”",
        ),
        *("“exit”", "\uff45\uff58\uff49\uff54", "\uff0fquit", "/ exit", "/exit now", "bye", "/bye", "Bye!"),
    ],
)
def test_a_word_of_leaving_leaves_and_is_never_asked(line: str) -> None:
    assert reply(TALKED, line, ROUTES) == Reply(TALKED, act=Quit())


@pytest.mark.parametrize("line", ["/", "/?", "?", "/help", "/HELP", "help", "/h", "\uff0f", "/help me", " / "])
def test_who_looks_for_help_finds_it(line: str) -> None:
    assert reply(TALKED, line, ROUTES) == Reply(TALKED, view="help")


@pytest.mark.parametrize(
    ("line", "near"),
    [
        *(("/modle", "/model"), ("/modle deepseek/x", "/model"), ("/MODLE x", "/model"), ("/qiut", "/exit")),
        *(
            ("/model=deepseek/x", "/model"),
            ("/model:x", "/model"),
            ("/save-as x", "/save"),
            ("/thinkng hide", "/think"),
        ),
        *(("/ modle x", "/model"), ("/cost5", "/cost"), ("/system_prompt x", "/system"), ("/" + "x" * 10_000, "/help")),
    ],
)
def test_a_near_miss_of_a_command_is_said_with_a_near_name_and_never_asked(line: str, near: str) -> None:
    with pytest.raises(NotFound) as raised:
        reply(TALKED, line, ROUTES)
    assert raised.value.message.startswith("there is no command /")
    assert near in (raised.value.hint or "")
    assert len(raised.value.message) < 80


@pytest.mark.parametrize(
    ("line", "is_one"),
    [("/quit", True), ("exit", True), ("help", True), ("/model x", True), ("bye", False), ("/tmp is full", False)],
)
def test_a_question_alone_is_no_command(line: str, is_one: bool) -> None:
    assert is_command(line) is is_one


@pytest.mark.parametrize(
    ("line", "wishes"),
    [
        pytest.param(
            "/model openrouter/x", Wishes(model="openrouter/x", base_url="http://127.0.0.1:1"), id="another-model"
        ),
        pytest.param("/model a.GGUF", Wishes(model="a.GGUF"), id="a-file-is-here"),
        pytest.param("/route private", replace(TALKED.wishes, route="private"), id="route"),
        pytest.param("/route off", TALKED.wishes, id="no-route"),
        pytest.param("/budget 0.50", replace(TALKED.wishes, budget_usd=Decimal("0.50")), id="budget"),
        pytest.param("/budget $2", replace(TALKED.wishes, budget_usd=Decimal(2)), id="budget-with-a-sign"),
        pytest.param("/system Be\nbrief.", replace(TALKED.wishes, system="Be\nbrief."), id="instructions-of-two-lines"),
        pytest.param("/thinking HIDE", replace(TALKED.wishes, thinking="hide"), id="thinking"),
    ],
)
def test_a_command_changes_one_wish_and_says_so(line: str, wishes: Wishes) -> None:
    came = reply(TALKED, line, ROUTES)
    assert came.session == replace(TALKED, wishes=wishes)
    assert came.say
    assert came.act is None


def test_instructions_are_shown_last_so_that_nothing_runs_on_behind_them() -> None:
    told = replace(TALKED, wishes=replace(TALKED.wishes, system="Be brief"))
    assert (reply(told, "/system", ROUTES).say or "").endswith("drops them. They are: Be brief")
    assert (reply(TALKED, "/system", ROUTES).say or "").endswith(" There are none.")


@pytest.mark.parametrize("line", ["/route", "/system"])
def test_without_arguments_it_says_what_holds_and_changes_nothing(line: str) -> None:
    came = reply(TALKED, line, ROUTES)
    assert came.session == TALKED
    assert came.say


def test_without_a_route_it_says_who_chooses() -> None:
    said = reply(TALKED, "/route", ROUTES).say
    assert said == "No route is set: /model says who answers. There are cheapest, private."
    for line, more in (("/route", " There are cheapest, private."), ("/route off", "")):
        said = reply(Session(), line, ROUTES).say
        assert said == f"No route is set and no model named: cheapest chooses, where there is a key.{more}"


def test_off_takes_a_wish_back() -> None:
    wished = replace(TALKED, wishes=replace(TALKED.wishes, budget_usd=Decimal(1), system="x", route="private"))
    for line in ("/budget off", "/system off", "/route off"):
        wished = reply(wished, line, ROUTES).session
    assert wished == TALKED


def test_naming_a_model_ends_the_route() -> None:
    routed = reply(TALKED, "/route private", ROUTES).session
    assert reply(routed, "/model x/y", ROUTES).session.wishes.route is None


def test_where_there_are_no_routes_none_is_set() -> None:
    came = reply(TALKED, "/route private", Known())
    assert came.session == TALKED
    assert came.say == "There are no routes to choose from: /model says who answers."


@pytest.mark.parametrize(
    ("line", "view"),
    [("/model", "model"), ("/cost", "cost"), ("/budget", "cost"), ("/thinking", "thinking"), ("/help", "help")],
)
def test_some_commands_only_show(line: str, view: str) -> None:
    came = reply(TALKED, line, Known())
    assert (came.session, came.view, came.act) == (TALKED, view, None)


def test_retry_takes_the_last_exchange_back_and_asks_it_again() -> None:
    came = reply(TALKED, "/retry", Known())
    assert came.session.exchanges == TALKED.exchanges[:1]
    assert came.act == AskAgain("b?")


def test_retry_asks_a_question_that_nothing_answered() -> None:
    came = reply(TALKED.asked("c?"), "/retry", Known())
    assert came.session == TALKED
    assert came.act == AskAgain("c?")


def test_undo_and_clear_keep_what_was_spent() -> None:
    assert reply(TALKED, "/undo", Known()).session == replace(TALKED, exchanges=TALKED.exchanges[:1])
    assert reply(TALKED, "/clear", Known()).session == replace(TALKED, exchanges=())


def test_save_and_exit_are_left_to_do() -> None:
    assert reply(TALKED, "/save a b.md", Known()).act == Save(Path("a b.md"))
    assert reply(TALKED, "/exit", Known()).act == Quit()


@pytest.mark.parametrize(
    ("session", "line", "kind", "message", "hint"),
    [
        pytest.param(TALKED, "/csot", NotFound, "there is no command /csot.", "did you mean /cost?", id="near"),
        pytest.param(TALKED, "/xyzzy", NotFound, "there is no command /xyzzy.", "/help lists the commands.", id="far"),
        pytest.param(TALKED, "/model a b", UsageError, "'a b' is not one model.", "/model deepseek/", id="two-models"),
        pytest.param(TALKED, "/route cheap", NotFound, "unknown route 'cheap'.", "cheapest", id="route"),
        pytest.param(TALKED, "/budget much", UsageError, "'much' is not an amount.", "/budget 0.50", id="budget"),
        pytest.param(TALKED, "/budget -1", UsageError, "'-1' is not an amount.", "/budget off", id="negative"),
        pytest.param(TALKED, "/budget nan", UsageError, "'nan' is not an amount.", "/budget off", id="nan"),
        pytest.param(TALKED, "/thinking loud", UsageError, "'loud' is no way", "choose show, dim or hide.", id="mode"),
        pytest.param(Session(), "/thinking", UsageError, "came without thinking", "/thinking show", id="no-thinking"),
        pytest.param(Session(), "/retry", UsageError, "no question to ask again", "ask something", id="nothing-asked"),
        pytest.param(Session(), "/undo", UsageError, "no question to take back", "", id="nothing-to-undo"),
        pytest.param(Session(), "/save x.md", UsageError, "nothing to save yet", "ask something", id="nothing-to-save"),
        pytest.param(TALKED, "/save", UsageError, "/save needs a file.", "/save talk.md", id="no-file"),
        pytest.param(TALKED, "/cost all", UsageError, "/cost takes no argument, got 'all'.", "/help", id="argument"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    session: Session, line: str, kind: type[R1PlanError], message: str, hint: str
) -> None:
    with pytest.raises(kind) as raised:
        reply(session, line, ROUTES)
    assert message in raised.value.message
    assert hint in (raised.value.hint or "")


def test_every_command_has_a_summary() -> None:
    assert all(command.summary for command in COMMANDS.values())


def test_unbind_lets_a_conversation_leave_and_says_when_nothing_keeps_it() -> None:
    bound = replace(TALKED, binding=Binding("private"), projects=("secret",))
    freed = reply(bound, "/route unbind", Known())
    assert freed.session == TALKED
    assert "may leave this machine" in (freed.say or "")
    nothing = reply(TALKED, "/route unbind", Known())
    assert (nothing.session, "Nothing of an earlier turn" in (nothing.say or "")) == (TALKED, True)
    assert reply(replace(bound, wishes=Wishes(route="private")), "/route off", ROUTES).session.binding is not None
