"""How a server says that its answer has ended."""

from __future__ import annotations

from collections.abc import Mapping

from r1plan.engine.chat import FinishReason

# The ends of a whole answer, in small letters, by whoever says so. Any other is a failure: nobody says what it means.
ENDS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",  # Together
    "eos_token": "stop",  # Hugging Face's TGI
    "stop_sequence": "stop",  # TGI, Anthropic
    "end_turn": "stop",  # Anthropic
    "complete": "stop",  # Cohere
    "tool_calls": "stop",
    "tool_use": "stop",  # Anthropic
    "function_call": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "content_filter": "content_filter",
}
FAILURES: Mapping[str, str] = {"insufficient_system_resource": "it ran out of resources"}  # DeepSeek
