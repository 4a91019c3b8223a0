"""The request for a chat completion that is streamed, as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from r1plan.catalog.provider import Provider, ThinkingBack
from r1plan.engine.chat import ChatRequest
from r1plan.engine.history import sent_messages


def request_body(
    request: ChatRequest, model: str, provider: Provider, back: ThinkingBack = "never"
) -> dict[str, object]:
    """The JSON that asks `provider` for `request`, with the thinking that `back` says.

    What the user left open is left out: the server's own default holds.
    """
    body: dict[str, object] = {
        "model": model,
        "messages": sent_messages(request.messages, back, provider.thinking_fields[0]),
        "stream": True,
    }
    if provider.include_usage:
        body["stream_options"] = {"include_usage": True}
    wishes = {
        provider.max_tokens_field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
    }
    body |= {name: value for name, value in wishes.items() if value is not None}
    body |= provider.extra_request
    if provider.max_thinking_path is not None and request.max_thinking is not None:
        body = _with(body, provider.max_thinking_path.split("."), request.max_thinking)
    return body


def _with(body: Mapping[str, object], path: Sequence[str], value: object) -> dict[str, object]:
    """`body` with `value` at `path`, beside what stands there."""
    name, *rest = path
    inner = body.get(name)
    return {**body, name: _with(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value}
