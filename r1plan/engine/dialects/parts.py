"""What a message, or a piece of one, holds of thinking and of answer, in every form that servers give it. Pure.

Sources: OpenAI's chat object (content parts, refusal, text of the old completions), Mistral's thinking chunks,
openrouter.ai/docs/use-cases/reasoning-tokens (reasoning_details), LiteLLM's thinking_blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

THINKING_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""The names of thinking that any server may use, whatever its file names first."""

_DETAILS = ("reasoning_details", "thinking_blocks")
_HOLDS_TEXT = ("text", "thinking", "reasoning", "content", "summary", "refusal", "value")
_DEEPEST = 4  # lists and objects in one another

Part = tuple[bool, str]
"""Whether it is thinking, and its text."""


@dataclass(slots=True)
class Said:
    """The parts of a message in their order, none empty.

    `by_field`: the thinking stood apart from the answer. `calls_tools`: a tool is called. `unread` names the form of a
    part that is no text.
    """

    parts: list[Part]
    by_field: bool = False
    calls_tools: bool = False
    unread: str | None = None


def said_in(message: Mapping[str, object], fields: Sequence[str], *, details: bool = True) -> Said:
    """What `message`, or a delta, says. `fields` name its thinking: the first that holds any counts, never two.

    `details`: where no field does, the lists beside them are read.
    """
    thought = ""
    for field in fields:
        if value := message.get(field):
            thought = value if isinstance(value, str) else text_of(value)
            if thought:
                break
    if not thought and details:
        thought = next(filter(None, (text_of(message.get(name)) for name in _DETAILS)), "")
    said = Said([(True, thought)] if thought else [], by_field=bool(thought))
    content = message.get("content")
    if isinstance(content, str):
        if content:
            said.parts.append((False, content))
    elif content is not None:
        _read(content, said, has_thought=bool(thought))
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        said.parts.append((False, refusal))
    said.calls_tools |= bool(message.get("tool_calls") or message.get("function_call"))
    return said


def _read(content: object, said: Said, *, has_thought: bool) -> None:
    """Take the parts of `content`, which is no string and not null, into `said`."""
    for part in content if isinstance(content, list) else [content]:
        named = part.get("type") if isinstance(part, Mapping) else None
        kind = named.casefold() if isinstance(named, str) else ""
        text = text_of(part)
        if _is_thinking(part, kind):
            if text and not has_thought:
                said.parts.append((True, text))
                said.by_field = True
        elif text:
            said.parts.append((False, text))
        elif "tool" in kind or "function" in kind:
            said.calls_tools = True
        elif not (part is None or isinstance(part, str) or (isinstance(part, Mapping) and "" in part.values())):
            said.unread = named if isinstance(named, str) and named else type(part).__name__


def _is_thinking(part: object, kind: str) -> bool:
    if not isinstance(part, Mapping):
        return False
    if kind:
        return (
            kind.startswith(("thinking", "reasoning", "thought", "redacted", "summary")) or part.get("thought") is True
        )
    return part.get("thought") is True or ("thinking" in part and "text" not in part)


def text_of(value: object, depth: int = 0) -> str:
    """The text that `value` holds: itself, that of its parts, or that under the first name that holds any."""
    if isinstance(value, str):
        return value
    if depth == _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(text_of(each, depth + 1) for each in value)
    if isinstance(value, Mapping):
        return next(_texts(value, depth + 1), "")
    return ""


def _texts(value: Mapping[str, object], depth: int) -> Iterator[str]:
    for name in _HOLDS_TEXT:
        if found := text_of(value.get(name), depth):
            yield found
