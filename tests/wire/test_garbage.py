"""Whatever bytes come, there is an answer or one sentence."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.engine.chat import Event, Finished
from r1plan.errors import ProviderError
from tests.wire.asking import QUESTION, Peer
from tests.wire.chunks import event
from tests.wire.server import FOLDER, Reply, recorded


def gathered(peer: Peer) -> tuple[list[Event], ProviderError | None]:
    """What came, and the sentence when it was not whole. No other error may come."""
    events: list[Event] = []
    error = None
    try:
        events.extend(each for each in peer.engine.stream(QUESTION))
    except ProviderError as raised:
        error = raised
    assert error is None or (error.hint and len(error.message) < 600)
    return events, error


STREAMS = [path.name for path in sorted(FOLDER.glob("*.sse"))]


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(STREAMS),
    damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=8)), max_size=4),
    piece_bytes=st.sampled_from([1, 7, 1 << 20]),
    cut=st.booleans(),
)
def test_a_damaged_stream_is_an_answer_or_one_sentence(
    peer: Peer, name: str, damage: list[tuple[float, int, bytes]], piece_bytes: int, cut: bool
) -> None:
    body = recorded(name)
    for where, length, put in damage:
        at = round(where * len(body))
        body = body[:at] + put + body[at + length :]
    peer.reply = Reply(body, piece_bytes=piece_bytes, cut=cut)
    events, error = gathered(peer)
    assert error is not None or isinstance(events[-1], Finished)
    assert not any(isinstance(each, Finished) for each in events[:-1])
    usage = peer.engine.usage_so_far()
    assert usage is None or min(usage.input_tokens, usage.output_tokens) >= 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


FIELDS = dict.fromkeys(("choices", "usage", "model", "error", "timings", "id", "delta"), JSON)


@settings(max_examples=100, deadline=None)
@given(fields=st.fixed_dictionaries({}, optional=FIELDS), delta=JSON, reason=JSON)
def test_a_chunk_of_any_shape_is_read_or_refused_in_one_sentence(
    peer: Peer, fields: dict[str, object], delta: object, reason: object
) -> None:
    chunk = {"choices": [{"delta": delta, "finish_reason": reason}]} | fields
    peer.reply = Reply(b"data: " + json.dumps(chunk).encode() + b"\n\n" + event("x", "[DONE]"))
    events, error = gathered(peer)
    assert error is not None or isinstance(events[-1], Finished)
