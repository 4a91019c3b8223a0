"""A saved conversation: whole lines, for their owner alone, read back as it was."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.policy import Binding
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.spending import Spent
from r1plan.conversation.steps import Answered, Asked, Cleared, Step, TookBack, Unbound, Wished, replayed
from r1plan.conversation.store import append, latest, load
from r1plan.errors import LogError

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
STEPS: list[Step] = [
    Wished(Wishes(model="a/b", budget_usd=Decimal("0.50"), thinking="hide")),
    Asked("first\n?"),
    Answered(Exchange(question="first\n?", answer="ä 🎉", thinking="hm", finish="length"), Spent(model="a/b")),
    Asked("second"),
]


def written(path: Path, steps: list[Step]) -> Path:
    for step in steps:
        append(path, step, AT)
    return path


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    saved = load(written(tmp_path / "x" / "a.jsonl", STEPS))
    assert (saved.begun_at, saved.unread) == (AT, 0)
    assert saved.session == replayed(STEPS)


texts = st.text(st.characters(codec="utf-8"), max_size=20)
amounts = st.none() | st.decimals(0, 10, places=12)
steps_taken = st.lists(
    st.one_of(
        st.builds(Asked, texts),
        st.builds(
            Answered,
            st.none() | st.builds(Exchange, question=texts, answer=texts, thinking=texts, model=texts),
            st.none() | st.builds(Spent, model=texts, input_tokens=st.none() | st.integers(0), cost_usd=amounts),
        ),
        st.just(TookBack()),
        st.just(Cleared()),
        st.builds(Wished, st.builds(Wishes, model=st.none() | texts, budget_usd=amounts, system=st.none() | texts)),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(steps_taken)
def test_any_steps_are_read_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, steps: list[Step]) -> None:
    path = tmp_path_factory.mktemp("saved") / "a.jsonl"
    path.touch()
    assert load(written(path, steps)).session == replayed(steps)


@pytest.mark.parametrize("torn", ["{", '{"schema":"r1plan.conversation/1","at":"2026', "[]", '{"schema":"other/1"}'])
def test_a_torn_line_costs_that_step_alone(torn: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", STEPS[:3])
    with path.open("a", encoding="utf-8") as file:
        file.write(torn)
    assert load(path).session == replayed(STEPS[:3])
    append(path, STEPS[3], AT)
    saved = load(path)
    assert saved.session == replayed(STEPS)
    assert saved.unread == 1


def test_a_step_of_an_unknown_kind_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", STEPS)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"schema":"r1plan.conversation/1","at":"2026-11-24T05:00:00+00:00","step":"danced"}\n')
    assert (load(path).session, load(path).unread) == (replayed(STEPS), 1)


def test_what_a_newer_program_wrote_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"schema":"r1plan.conversation/2"}\n', encoding="utf-8")
    with pytest.raises(LogError, match="newer r1plan"):
        load(path)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = written(tmp_path / "conversations" / "a.jsonl", STEPS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("in the way", encoding="utf-8")
    with pytest.raises(LogError, match="cannot be saved"):
        append(tmp_path / "a" / "b.jsonl", Asked("?"), AT)


def test_the_latest_is_the_one_that_was_written_last(tmp_path: Path) -> None:
    import os

    assert latest(tmp_path / "none") is None
    older, newer = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    for path, second in ((older, 2), (newer, 1)):
        written(path, STEPS)
        os.utime(path, (second, second))
    assert latest(tmp_path) == older


def test_an_empty_file_is_a_new_conversation(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    assert load(tmp_path / "a.jsonl").session == Session()


def test_what_binds_a_conversation_is_lost_with_what_it_binds_and_not_alone(tmp_path: Path) -> None:
    steps: list[Step] = [
        Wished(Wishes(project="secret", tags={"team": "x"})),
        Asked("a?", "secret"),
        Answered(Exchange(question="a?", answer="A"), None, Binding("mine", 1)),
        Unbound(),
        Asked("b?", "secret"),
    ]
    path = written(tmp_path / "a.jsonl", steps)
    assert load(path).session == replayed(steps)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    spoilt = lines[2].replace('"rule":1', '"rule":"one"')
    assert spoilt != lines[2]
    path.write_text("".join([*lines[:2], spoilt]), encoding="utf-8")
    saved = load(path)
    assert (saved.unread, saved.session.exchanges) == (1, ())


def test_a_conversation_from_before_projects_were_kept_has_none_and_is_unbound(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    begin = f'{{"schema":"r1plan.conversation/1","at":"{AT.isoformat()}","step":'
    path.write_text(
        f'{begin}"wished","wishes":{{"model":"a/b"}}}}\n{begin}"asked","question":"a?"}}\n'
        f'{begin}"answered","exchange":{{"question":"a?","answer":"A"}},"spent":null}}\n'
    )
    saved = load(path)
    assert (saved.unread, len(saved.session.exchanges)) == (0, 1)
    assert (saved.session.projects, saved.session.binding, saved.session.wishes.project) == ((), None, None)


@pytest.mark.parametrize(
    ("address", "kept"),
    [("http://me:hunter2@h/v1", "http://h/v1"), ("http://h/v1", "http://h/v1"), ("me:hunter2@h", "h"), (None, None)],
)
def test_an_address_is_saved_without_its_password(address: str | None, kept: str | None, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [Wished(Wishes(base_url=address))])
    assert "hunter2" not in path.read_text()
    assert load(path).session.wishes.base_url == kept


def test_a_way_to_show_the_thinking_that_there_was_is_read_as_the_usual_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [Wished(Wishes(model="a/b", thinking="hide"))])
    path.write_text(path.read_text(encoding="utf-8").replace('"hide"', '"fold"'), encoding="utf-8")
    assert load(path).session.wishes == Wishes(model="a/b")
