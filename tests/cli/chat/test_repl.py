"""A conversation as a person has it: the real program in a terminal, with r1-tiny or a loopback server behind it."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.chat.test_chat import chat, log_rows, remote, unending
from tests.terminal import Terminal
from tests.wire.server import Reply, Wire, recorded, serving

CHAT = [sys.executable, "-m", "r1plan", "chat"]


@contextmanager
def talking(reply: Reply, *words: str) -> Iterator[tuple[Terminal, Wire]]:
    """The program in a terminal, and DeepSeek's place taken by a server on loopback."""
    with serving(reply) as wire, Terminal([*CHAT, *words], remote(wire.url)) as terminal:
        yield terminal, wire


def saved(home: Path) -> list[dict[str, Any]]:
    (file,) = (home / "data" / "conversations").iterdir()
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_conversation_goes_on_until_exit(home: Path) -> None:
    with Terminal(CHAT) as terminal:
        terminal.prompt(1)
        terminal.type("What is 17 + 25?\r")
        terminal.prompt(2)
        terminal.type("What is 3 + 4?\r")
        terminal.prompt(3)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert "17 + 25 = 42" in terminal.screen.lines
    assert "3 + 4 = 7" in terminal.screen.lines
    assert terminal.screen.above_changed == 0
    first, second = log_rows(home)
    assert second["cache_hit_tokens"] > 0
    assert first["status"] == second["status"] == "ok"


def test_the_thinking_is_folded_and_shown_when_asked_for() -> None:
    with Terminal(CHAT) as terminal:
        terminal.prompt(1)
        terminal.type("What is 17 + 25?\r")
        terminal.prompt(2)
        assert "carry 1" not in terminal.screen.text
        assert "/thinking shows it" in terminal.screen.text
        terminal.type("/thinking\r")
        terminal.prompt(3)
        assert "Ones: 7+5=12, write 2, carry 1." in terminal.screen.lines
        terminal.type("\x04")
        assert terminal.ended() == 0


def test_a_wrong_command_or_model_does_not_end_the_conversation() -> None:
    with Terminal(CHAT) as terminal:
        terminal.prompt(1)
        terminal.type("/csot\r")
        terminal.prompt(2)
        assert "hint:  did you mean /cost?" in terminal.screen.text
        terminal.type("/model deepsek-flash\r")
        terminal.prompt(3)
        assert "error: unknown model 'deepsek-flash'." in terminal.screen.text
        terminal.type("What is 3 + 4?\r")
        terminal.until("3 + 4 = 7")
        terminal.prompt(4)
        terminal.type("/exit\r")
        assert terminal.ended() == 0


def test_ctrl_c_stops_the_answer_and_not_the_program(home: Path) -> None:
    slow = Reply(unending(), piece_bytes=20, pause_s=0.01)
    with talking(slow, "--provider", "deepseek") as (terminal, _):
        terminal.prompt(1)
        terminal.type("Well?\r")
        terminal.until("tokens · ")
        terminal.type("\x03")
        terminal.prompt(2)
        assert "stopped · about" in terminal.screen.text
        terminal.type("\x03")
        terminal.prompt(3)
        assert "Ctrl-D or /exit ends the conversation." in terminal.screen.lines
        terminal.type("half a line\x03")
        terminal.type("\x04")
        assert terminal.ended() == 0
    (row,) = log_rows(home)
    assert row["status"] == "aborted"


def test_keys_pressed_while_an_answer_comes_leave_the_screen_alone() -> None:
    slow = Reply(unending(), piece_bytes=20, pause_s=0.01)
    with talking(slow, "--provider", "deepseek") as (terminal, _):
        terminal.prompt(1)
        terminal.type("Well?\r")
        terminal.until("tokens · ")
        terminal.type("early\r\r\r")
        terminal.until("thinking, 1 s")
        terminal.type("\x03")
        terminal.prompt(2)
        begin = terminal.screen.lines.index("> Well?")
        assert terminal.screen.lines[begin + 1] == ""
        assert terminal.screen.lines[begin + 2].startswith("thought")
        terminal.type("\x04")
        assert terminal.ended() == 0


def test_lines_are_joined_by_a_backslash_by_alt_enter_and_by_a_paste() -> None:
    with talking(Reply(recorded("deepseek.sse")), "--provider", "deepseek") as (terminal, wire):
        terminal.prompt(1)
        terminal.type("one\\\rtwo\x1b\rthree \x1b[200~four\r\nfive\x1b[201~\r")
        terminal.prompt(2)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert wire.requests[0]["messages"][-1]["content"] == "one\ntwo\nthree four\nfive"


def test_a_conversation_is_saved_for_its_owner_alone_and_goes_on(home: Path) -> None:
    with serving(Reply(recorded("deepseek.sse"))) as wire:
        environment = remote(wire.url)
        with Terminal([*CHAT, "--provider", "deepseek", "--system", "Be brief."], environment) as terminal:
            terminal.prompt(1)
            terminal.type("First?\r")
            terminal.prompt(2)
            terminal.type("/exit\r")
            assert terminal.ended() == 0
        for path in (home / "data" / "questions", *(home / "data" / "conversations").iterdir()):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [row["step"] for row in saved(home)] == ["wished", "asked", "answered"]
        with Terminal([*CHAT, "--continue"], environment) as terminal:
            terminal.prompt(2)  # the question that is shown again looks like one
            assert "1 question, $0.000" in terminal.screen.text
            assert "The answer is 42 🎉." in terminal.screen.lines
            terminal.type("Second?\r")
            terminal.prompt(3)
            terminal.type("/exit\r")
            assert terminal.ended() == 0
    assert [each["role"] for each in wire.requests[1]["messages"]] == ["system", "user", "assistant", "user"]
    assert wire.requests[1]["messages"][2]["content"] == "The answer is 42 🎉."
    assert [row["step"] for row in saved(home)] == ["wished", "asked", "answered", "asked", "answered"]


def test_nothing_is_kept_when_nothing_is_to_be_logged(home: Path) -> None:
    with Terminal([*CHAT, "--no-log"]) as terminal:
        terminal.prompt(1)
        terminal.type("What is 3 + 4?\r")
        terminal.prompt(2)
        terminal.type("/help\r")
        terminal.prompt(3)
        assert "This conversation is not saved." in terminal.screen.lines
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert not (home / "data").exists()


def test_retry_asks_again_without_the_first_answer(home: Path) -> None:
    with talking(Reply(recorded("deepseek.sse")), "--provider", "deepseek") as (terminal, wire):
        terminal.prompt(1)
        terminal.type("Well?\r")
        terminal.prompt(2)
        terminal.type("/retry\r")
        terminal.prompt(3)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert wire.requests[0]["messages"] == wire.requests[1]["messages"]
    assert [row["step"] for row in saved(home)] == ["wished", "asked", "answered", "took_back", "asked", "answered"]


def test_nothing_is_sent_that_the_budget_may_not_cover() -> None:
    with talking(Reply(recorded("deepseek.sse")), "--provider", "deepseek") as (terminal, wire):
        terminal.prompt(1)
        terminal.type("/budget 0.0001\r")
        terminal.prompt(2)
        terminal.type("Well?\r")
        terminal.prompt(3)
        said = " ".join(terminal.screen.text.split())
        assert "error: deepseek/deepseek-flash may cost $0.0" in said
        assert "more than the budget of $0.0001" in said
        terminal.type("/budget 0.5\r")
        terminal.prompt(4)
        terminal.type("And?\r")
        terminal.prompt(5)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert [each["messages"][-1]["content"] for each in wire.requests] == ["And?"]


def test_a_command_and_a_model_are_completed() -> None:
    with Terminal(CHAT) as terminal:
        terminal.prompt(1)
        terminal.type("/mod")
        terminal.until("who answers: PROVIDER/MODEL")
        terminal.type("\t deepseek/deepseek-f")
        terminal.until("   deepseek/deepseek-flash")
        terminal.type("\t")
        terminal.until("/model deepseek/deepseek-flash")
        terminal.type("\x03\x04")
        assert terminal.ended() == 0


def test_one_question_on_a_terminal_keeps_its_thinking_and_needs_no_prompt_library() -> None:
    code = (
        "import sys; sys.argv = ['r1plan', 'chat', 'What is 17 + 25?']\n"
        "from r1plan.__main__ import main\n"
        "try: main()\n"
        "finally: print('MODULES', *sorted(n for n in sys.modules if n in ('prompt_toolkit', 'rich.live')), 'END')"
    )
    with Terminal([sys.executable, "-c", code]) as terminal:
        assert terminal.ended() == 0
    assert "Ones: 7+5=12, write 2, carry 1." in terminal.screen.lines
    assert "17 + 25 = 42" in terminal.screen.lines
    assert "MODULES END" in terminal.screen.lines


def test_control_sequences_of_a_server_do_not_reach_the_terminal() -> None:
    stream = recorded("no-done.sse").replace(b"Yes.", b"a\\u001b]0;title\\u0007b\\u001b[2Jc\\u001b[3")
    with talking(Reply(stream, piece_bytes=3), "x", "--provider", "deepseek") as (terminal, _):
        assert terminal.ended() == 0
    assert any(line.startswith("abc") for line in terminal.screen.lines)


def test_the_conversation_is_written_as_markdown_and_nothing_is_written_over(tmp_path: Path) -> None:
    with Terminal(CHAT) as terminal:
        terminal.prompt(1)
        terminal.type("What is 3 + 4?\r")
        terminal.prompt(2)
        for number in (3, 4):
            terminal.type(f"/save {tmp_path}/talk.md\r")
            terminal.prompt(number)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
    assert "exists already." in terminal.screen.text.replace("\n", "")
    text = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert "## Question\n\nWhat is 3 + 4?\n" in text
    assert text.endswith("3 + 4 = 7\n")


def test_one_more_question_goes_on_with_what_was_saved(home: Path) -> None:
    with talking(Reply(recorded("deepseek.sse")), "--provider", "deepseek") as (terminal, wire):
        terminal.prompt(1)
        terminal.type("First?\r")
        terminal.prompt(2)
        terminal.type("/exit\r")
        assert terminal.ended() == 0
        done = chat("--continue", "Second?", **remote(wire.url))
    assert done.stdout == "The answer is 42 🎉.\n"
    assert [each["content"] for each in wire.requests[1]["messages"]] == ["First?", "The answer is 42 🎉.", "Second?"]
    assert [row["step"] for row in saved(home)] == ["wished", "asked", "answered", "asked", "answered"]


def test_without_a_saved_conversation_there_is_none_to_go_on_with() -> None:
    done = chat("--continue", "x")
    assert done.returncode == 2
    assert "error: there is no saved conversation to go on with." in done.stderr


def test_a_conversation_whose_answers_go_into_a_pipe_writes_answers_alone(home: Path) -> None:
    master, slave = pty.openpty()
    try:
        with subprocess.Popen(CHAT, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            os.write(master, b"What is 17 + 25?\nWhat is 3 + 4?\n/exit\n")
            out, errors = process.communicate(timeout=60)
    finally:
        os.close(master)
        os.close(slave)
    assert process.returncode == 0, errors
    assert out == "17 + 25 = 42\n3 + 4 = 7\n"
    assert not (home / "data" / "conversations").exists()


def test_a_saved_conversation_with_lines_that_cannot_be_read_says_so(home: Path) -> None:
    folder = home / "data" / "conversations"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("{bad\n{worse\n", encoding="utf-8")
    done = chat("--continue", "What is 17 + 25?")
    assert (done.returncode, done.stdout) == (0, "17 + 25 = 42\n")
    assert f"2 lines of {folder / 'a.jsonl'} cannot be read: the conversation goes on without them." in done.stderr
