"""A saved conversation, read back for `--continue` and shown as the page that `/save` writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from r1plan.conversation.spending import by_model
from r1plan.conversation.store import load
from r1plan.render.chat.conversation import markdown
from tests.fuzz.mutation import mutated, mutated_json
from tests.fuzz.parser import FuzzedParser

_AT = datetime(2026, 11, 24, 5, tzinfo=UTC)
_HEAD = {"schema": "r1plan.conversation/1", "at": "2026-11-24T05:00:00+00:00"}
_EXCHANGE = {"question": "q", "answer": "ä 🎉", "thinking": "hm", "model": "a/b", "finish": "stop"}
_SPENT = {"model": "a/b", "input_tokens": 10, "output_tokens": 20, "thinking_tokens": 5}
_MONEY = {"cost_usd": "0.01", "thinking_usd": "0.002", "high_usd": "0.02", "counted_usd": "0.015"}
_WISHES = {"model": "a/b", "provider": None, "local": False, "budget_usd": "0.5", "system": "s", "thinking": "fold"}
_ROWS = (
    {**_HEAD, "step": "asked", "question": "first\n?"},
    {**_HEAD, "step": "answered", "exchange": _EXCHANGE, "spent": {**_SPENT, **_MONEY}},
    {**_HEAD, "step": "answered", "exchange": None, "spent": None},
    {**_HEAD, "step": "took_back"},
    {**_HEAD, "step": "cleared"},
    {**_HEAD, "step": "wished", "wishes": _WISHES},
)


def _made(random: Random) -> bytes:
    rows = [
        mutated_json(random, row) if random.random() < 0.6 else json.dumps(row).encode()
        for row in random.choices(_ROWS, k=random.choice((1, 2, 5)))
    ]
    content = b"\n".join(rows) + b"\n" * random.randrange(2)
    return mutated(random, [content]) if random.random() < 0.2 else content


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"

        def read(content: bytes) -> str:
            path.unlink(missing_ok=True)  # to empty a file takes longer
            path.write_bytes(content)
            saved = load(path)
            session = saved.session
            markdown(session, _AT).encode()
            for message in session.messages("next"):
                message.content.encode()
            left, models = session.budget_left_usd, len(by_model(session.spent))
            counts = (len(session.exchanges), models, saved.unread, session.unanswered is not None)
            return f"{'none' if left is None else 'budget'} {' '.join('abcdefgh'[min(each, 7)] for each in counts)}"

        yield read


PARSER = FuzzedParser("conversation", _made, _opened)
