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
        "reasoning_effort": request.effort,
    }
    body |= {name: value for name, value in wishes.items() if value is not None}
    body |= provider.extra_request
    if provider.max_thinking_path is not None and request.max_thinking is not None:
        body = _with(body, provider.max_thinking_path.split("."), request.max_thinking)
    return body | _llama_server(request) if provider.ends_thinking else body


def _llama_server(request: ChatRequest) -> dict[str, object]:
    """What llama.cpp's server takes to end a thinking: at a number of tokens, and when it is told to.

    Source: tools/server/README.md and server-common.cpp of build 0c1e57098; earlier ones know the second name alone,
    and pass over what they do not know. A budget of 0 was seen to bound nothing, and one of 1 to end it at once.
    """
    if request.max_thinking is None:
        return {"reasoning_control": True}
    budget = max(request.max_thinking, 1)
    return {"reasoning_control": True, "reasoning_budget_tokens": budget, "thinking_budget_tokens": budget}


def _with(body: Mapping[str, object], path: Sequence[str], value: object) -> dict[str, object]:
    """`body` with `value` at `path`, beside what stands there."""
    name, *rest = path
    inner = body.get(name)
    return {**body, name: _with(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value}
