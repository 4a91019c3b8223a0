"""What a person types and pastes, in the real program on a real pseudo-terminal, with a loopback server behind it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.chat.test_chat import chat, log_rows, remote
from tests.cli.chat.test_repl import CHAT, talking
from tests.terminal import Terminal
from tests.wire.server import Reply, Wire, recorded, serving

LINES = [f"line {number}" for number in range(200)]
NAMED = ("--provider", "deepseek")


def pasted(text: str) -> str:
    """As a terminal hands a paste over, in its brackets (xterm's mode 2004)."""
    return f"\x1b[200~{text}\x1b[201~"


def asked(wire: Wire) -> list[str]:
    return [each["messages"][-1]["content"] for each in wire.requests]


def answering() -> Reply:
    return Reply(recorded("deepseek.sse"))


def test_what_ctrl_r_finds_is_sent_by_enter() -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        for number, question in enumerate(("First of all?", "Second?"), start=2):
            terminal.type(f"{question}\r")
            terminal.prompt(number)
        terminal.type("half \x12irst")
        terminal.until("First of all?", seconds=20)
        terminal.type("\r")
        terminal.prompt(4)
        terminal.type("\x04")
        assert terminal.ended() == 0
    assert asked(wire) == ["First of all?", "Second?", "First of all?"]


def test_ctrl_c_and_ctrl_d_leave_a_search_and_what_is_not_found_is_not_sent() -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.type("First?\r")
        terminal.prompt(2)
        terminal.type("kept\x12irst\x03")  # the search is left, and the line is as it was
        terminal.type(" and\x12irst\x04")
        terminal.type(" more\x12no such thing\r")
        terminal.type(" text\x12\r")
        terminal.type("\r")
        terminal.prompt(3)
        terminal.type("\x12irst\x03\x12irst\x04\x12no such thing\x04")  # at an empty line where nothing was found
        assert terminal.ended() == 0
    assert asked(wire) == ["First?", "kept and more text"]


def test_a_paste_of_200_lines_is_folded_on_the_screen_and_sent_and_remembered_whole(home: Path) -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.type(f"See: {pasted(chr(13).join(LINES))} What is it?")
        terminal.until("See: line 0 … [200 lines] What is it?")
        terminal.type("\r")
        terminal.prompt(2)
        terminal.type("\x1b[A\x01Again. \r")  # the arrow brings it back, whole and folded
        terminal.prompt(3)
        terminal.type("exit\r")
        assert terminal.ended() == 0
    whole = "\n".join(["See: line 0", *LINES[1:-1], "line 199 What is it?"])
    assert asked(wire) == [whole, f"Again. {whole}"]
    assert len(terminal.screen.lines) < 40
    kept = (home / "data" / "questions").read_text(encoding="utf-8")
    assert kept.count("+line 100\n") == 2


def test_a_folded_paste_is_one_character_that_tab_unfolds() -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.type(f"{pasted('gone' + chr(10) * 20)}\x7fkept {pasted(chr(10).join(LINES[:13]))}")
        terminal.until("kept line 0 … [13 lines]")
        terminal.type("\t\x7fx\r")
        terminal.until("line 1x")
        terminal.prompt(2)
        terminal.type("\x04")
        assert terminal.ended() == 0
    assert asked(wire) == ["kept " + "\n".join([*LINES[:12], "line 1x"])]


def test_what_would_steer_the_terminal_is_not_shown_and_is_sent_as_it_is() -> None:
    text = "a\x1b]0;title\x07b\x1b[2Jc\x00\x9b2Jd\u202ee"
    long = text + "\r\n" * 12 + "end"
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.type(f"{pasted(text)} {pasted(long)}\r")
        terminal.prompt(2)
        terminal.type("/quit\r")
        assert terminal.ended() == 0
    assert asked(wire) == [f"{text} {text}" + "\n" * 12 + "end"]
    shown = next(line for line in terminal.screen.lines if line.startswith("> a"))
    assert "\u202e" not in terminal.screen.text
    assert shown.endswith("abcd e … [13 lines]".replace(" e", "e"))


def test_bytes_that_are_no_text_are_replaced() -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.hand_over(b"caf\xe9 \xff?\r")
        terminal.prompt(2)
        terminal.type(":q\r")
        assert terminal.ended() == 0
    assert asked(wire) == ["caf\ufffd \ufffd?"]


def test_five_megabytes_are_pasted_and_sent_whole() -> None:
    size = 5_000_000
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        for part in (b"\x1b[200~", *([b"x y z " * 10_000] * (size // 60_000 + 1)), b"\x1b[201~"):
            terminal.hand_over(part)
        terminal.until("[5,040,000 characters]")
        terminal.type("\r")
        terminal.prompt(2)
        terminal.type("exit\r")
        assert terminal.ended() == 0
    assert asked(wire) == [("x y z " * 840_000).strip()]


@pytest.mark.parametrize("word", ["exit", "QUIT", "/quit", "/Q", ":q", " bye "])
def test_a_word_of_leaving_ends_the_conversation_and_is_never_sent(word: str, home: Path) -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.type(f"{word}\r")
        assert terminal.ended() == 0
    assert asked(wire) == []
    assert log_rows(home) == []


def test_model_alone_says_who_answers_and_what_can_on_one_screen() -> None:
    with talking(answering(), *NAMED) as (terminal, wire):
        terminal.prompt(1)
        terminal.type("/model\r")
        terminal.prompt(2)
        rows = terminal.screen.lines
        terminal.type("/modle x\r")
        terminal.prompt(3)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    begin = rows.index("Now: deepseek-flash. /model NAME changes it:")
    assert len(rows) - begin < 24
    assert rows[begin + 1].startswith("  r1-tiny  ")
    (flash,) = (row for row in rows if row.startswith("  deepseek/deepseek-flash "))
    assert "about $0.00" in flash
    assert any("OPENROUTER_API_KEY" in row for row in rows)
    assert "did you mean /model?" in terminal.screen.text
    assert asked(wire) == []


def test_a_wrong_file_of_routes_is_named_by_route_alone_and_keeps_nobody_from_leaving(home: Path) -> None:
    path = home / "config" / "profiles" / "routes" / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("id: [", encoding="utf-8")
    with talking(answering(), *NAMED) as (terminal, _):
        terminal.prompt(1)
        terminal.type("/")
        terminal.until("/thinking  the last thinking")  # what may follow
        terminal.type("help\r")
        terminal.prompt(2)
        assert "this list" in terminal.screen.text
        terminal.type("/route private\r")
        terminal.prompt(3)
        assert "error: profiles/routes/mine.yaml: line" in terminal.screen.text
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert "Traceback" not in terminal.screen.text
    assert "Unhandled" not in terminal.screen.text


def test_ctrl_z_gives_the_shell_back_and_the_conversation_goes_on() -> None:
    with serving(answering()) as wire:
        # Only a job of a shell can be stopped.
        shell = ["/bin/sh", "-c", 'set -m; "$@"; echo "THE SHELL"; fg >/dev/null', "sh", *CHAT, *NAMED]
        with Terminal(shell, remote(wire.url)) as terminal:
            terminal.prompt(1)
            terminal.type("half\x1a")
            terminal.until("THE SHELL")
            terminal.type(" whole?\r")
            terminal.until("$0.00024 · /help")
            terminal.type("\x04")
            assert terminal.ended() == 0
    assert asked(wire) == ["half whole?"]


@pytest.mark.parametrize("words", [["/quit"], ["exit"], ["/model x"], ["/help"]], ids=lambda words: words[0])
def test_a_command_alone_is_no_question(words: list[str], home: Path) -> None:
    for done in (chat(*words), chat(text=f"{words[0]}\n")):
        assert (done.returncode, done.stdout) == (2, "")
        assert f"error: '{words[0]}' is a command of a conversation, no question." in done.stderr
    assert log_rows(home) == []


def test_a_dash_stands_for_standard_input() -> None:
    assert chat("-", text="What is 17 + 25?\n").stdout == "17 + 25 = 42\n"
    assert chat("-", text="").stderr.startswith("error: the prompt is empty.")


def test_in_a_terminal_that_can_do_nothing_words_of_leaving_leave_too() -> None:
    with Terminal([*CHAT, "--no-log"], {"TERM": "dumb"}) as terminal:
        terminal.until("ends the conversation.\n>")
        terminal.type("/modle\r")
        terminal.until("did you mean /model?")
        terminal.type("Quit\r")
        assert terminal.ended() == 0


def test_bytes_that_are_no_text_are_replaced_there_too() -> None:
    with serving(answering()) as wire, Terminal([*CHAT, *NAMED], {"TERM": "dumb", **remote(wire.url)}) as terminal:
        terminal.until("ends the conversation.\n>")
        terminal.hand_over(b"caf\xe9 \xff\r")
        terminal.until("300 out")
        terminal.type("exit\r")
        assert terminal.ended() == 0
    (question,) = asked(wire)
    assert question.startswith("caf")
    assert question.encode().decode() == question


def test_the_explanation_of_the_demonstration_model_calls_it_no_distill() -> None:
    done = chat("What is 17 + 25?", "--local", "--explain")
    assert "model: r1-tiny, not of R1's family." in done.stdout
    assert "distill" not in done.stdout
    document = chat("What is 17 + 25?", "--local", "--explain", "--json").stdout
    assert '"family": "other"' in document
    assert '"is_r1": false' in document


def test_a_closed_standard_input_is_an_empty_prompt() -> None:
    code = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, '-m', 'r1plan', 'chat'])"
    with Terminal([sys.executable, "-c", code]) as terminal:
        assert terminal.ended() == 2
    assert "error: the prompt is empty." in terminal.screen.text
