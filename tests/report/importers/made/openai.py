"""Bodies and chunks of OpenAI-style servers with every dialect of usage, batches, and OpenAI's usage by buckets."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.report.importers.made.truth import Counts, Made, Truth, counts, micros, moment, plain, usd


def usage(random: Random, used: Counts) -> tuple[dict[str, Any], bool, bool]:
    """A usage; whether its hits and its thinking are known."""
    whole: dict[str, Any] = {
        "prompt_tokens": used.input, "completion_tokens": used.output, "total_tokens": used.total,
    }  # fmt: skip
    match random.randrange(8):
        case 0:  # DeepSeek
            return whole | {
                "prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit,
                "prompt_tokens_details": {"cached_tokens": used.hit},
                "completion_tokens_details": {"reasoning_tokens": used.thinking},
            }, True, True  # fmt: skip
        case 1:  # early 2025: nothing nested
            return (
                whole | {"prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit},
                True,
                False,
            )
        case 2:  # Together
            return whole | {"cached_tokens": used.hit}, True, False
        case 3:  # Fireworks
            return whole | {"prompt_tokens_details": {"cached_tokens": used.hit}}, True, False
        case 4:  # SGLang
            return whole | {"reasoning_tokens": used.thinking, "prompt_tokens_details": None}, False, True
        case 5:  # Ollama
            return whole, False, False
        case 6:  # Anthropic's messages behind a proxy
            return {
                "input_tokens": used.input - used.hit, "cache_read_input_tokens": used.hit,
                "cache_creation_input_tokens": 0, "output_tokens": used.output,
            }, True, False  # fmt: skip
        case _:  # OpenAI's responses
            return {
                "input_tokens": used.input, "input_tokens_details": {"cached_tokens": used.hit},
                "output_tokens": used.output, "output_tokens_details": {"reasoning_tokens": used.thinking},
                "total_tokens": used.total,
            }, True, True  # fmt: skip


def bodies(random: Random, number: int) -> Iterator[Made]:
    """`number` answers, each a body or the chunks of a stream, and errors among them."""
    for index in range(number):
        yield from _answer(random, index)


def _answer(random: Random, index: int) -> Iterator[Made]:
    used, at = counts(random), moment(random).replace(microsecond=0)
    said, knows_hit, knows_thinking = usage(random, used)
    identity = f"chatcmpl-{index:016d}"
    body: dict[str, Any] = {
        "id": identity, "object": "chat.completion", "created": micros(at) // 1_000_000, "model": "deepseek-reasoner",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": said,
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": identity, "provider": "deepseek", "model": "deepseek-reasoner", "input_tokens": used.input,
        "output_tokens": used.output, "cache_hit_tokens": used.hit if knows_hit else None,
        "thinking_tokens": used.thinking if knows_thinking else None, "started_us": micros(at), "ended_us": micros(at),
    }  # fmt: skip
    traps: tuple[str, ...] = ()
    unknown = {"cache_hit_tokens": None, "thinking_tokens": None}
    match random.randrange(14):
        case 0 | 1:  # a stream: no usage until the end, cumulative, then once more without choices
            chunk = body | {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Y"}}]}
            yield Made(record=chunk | {"usage": None})
            if random.random() < 0.5:
                yield Made(
                    record=chunk | {"usage": {"prompt_tokens": used.input, "completion_tokens": used.output // 2}}
                )
                yield Made(record=chunk)
            body = chunk | {"choices": []}
        case 2:
            yield Made(record={"error": {"message": "Insufficient Balance", "code": 402}}, traps=("error_body",))
        case 3:
            body["choices"][0]["finish_reason"], row["status"] = "length", "length"
        case 4:
            body["choices"][0]["finish_reason"], row["status"] = "insufficient_system_resource", "failed"
        case 5:  # a false 0 beside thinking that is there
            body["choices"][0]["message"]["reasoning"] = "Hm."
            body["usage"] = {
                "prompt_tokens": used.input, "completion_tokens": used.output,
                "completion_tokens_details": {"reasoning_tokens": 0},
            }  # fmt: skip
            row |= unknown
        case 6:
            body["usage"] = {
                "prompt_tokens": used.input, "completion_tokens": used.output,
                "prompt_cache_hit_tokens": used.hit, "prompt_cache_miss_tokens": used.input - used.hit + 1,
            }  # fmt: skip
            row |= unknown
            traps = ("counts_contradict",)
        case 7:
            body["usage"] = {
                "prompt_tokens": used.input, "completion_tokens": used.output, "reasoning_tokens": used.output + 1,
            }  # fmt: skip
            row |= unknown
            traps = ("counts_contradict",)
        case 8:
            bill = usd(random)
            body |= {"id": f"gen-{index:016d}", "provider": "DeepInfra", "model": "deepseek/deepseek-r1"}
            body["usage"] = said | {"cost": plain(bill), "is_byok": False}
            row |= {"id": body["id"], "provider": "openrouter", "model": "deepseek/deepseek-r1", "reported_usd": bill}
        case 9:  # a gateway's own reckoning
            bill = usd(random)
            body["usage"], row["tool_usd"] = said | {"cost": plain(bill)}, bill
        case 10:
            body["model"] = row["model"] = "DeepSeek-R1"
            row["provider"], traps = "unknown", ("unknown_provider",)
        case 11:
            body = {
                "id": f"batch_req_{index}", "custom_id": f"q{index}", "error": None,
                "response": {"status_code": 200, "request_id": "r", "body": body},
            }  # fmt: skip
            traps = ("batch",)
        case 12:
            body["usage"] = None
            row |= unknown | {"input_tokens": None, "output_tokens": None}
    yield Made(record=body, truth=Truth(**row), traps=traps)


def buckets(random: Random, number: int) -> Iterator[Made]:
    """`number` hours of /organization/usage/completions, each of one result."""
    for index in range(number):
        used, requests, is_batch = counts(random), random.randint(1, 99), random.random() < 0.3
        result = {
            "object": "organization.usage.completions.result", "input_tokens": used.input,
            "input_cached_tokens": used.hit,
            "output_tokens": used.output, "input_audio_tokens": 0, "output_audio_tokens": 0,
            "num_model_requests": requests,
            "project_id": "proj_1", "user_id": "user-9", "api_key_id": "key_1", "model": "gpt-5", "batch": is_batch,
            "service_tier": None,
        }  # fmt: skip
        start = 1_672_531_200 + 3600 * index
        yield Made(
            record={"object": "bucket", "start_time": start, "end_time": start + 3600, "results": [result]},
            truth=Truth(
                id="", provider="openai", model="gpt-5", requests=requests, input_tokens=used.input,
                output_tokens=used.output, cache_hit_tokens=used.hit, started_us=start * 1_000_000,
                span_us=3_600_000_000,
            ),
            traps=("batch",) if is_batch else (),
        )  # fmt: skip
