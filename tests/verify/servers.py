"""Servers as others' are, on loopback: what each says of itself, and answers that take their time.

Recorded from llama-server of build 0c1e57098 with r1-tiny; the others' by their own documentation and sources.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.wire.server import Asked, Reply

Answers = Mapping[str, object]

LLAMA_SERVER: Answers = {
    "/props": {
        "default_generation_settings": {"params": {"temperature": 0.8}, "n_ctx": 8192},
        "total_slots": 4,
        "model_alias": "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf",
        "model_ftype": "Q4_K_M",
        "model_path": "/models/DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf",
        "build_info": "b1-0c1e570",
        "chat_template": "{{ messages }}" * 500,
    },
    "/slots": [{"id": each, "n_ctx": 8192, "is_processing": each == 3} for each in range(4)],
    "/v1/models": {
        "object": "list",
        "data": [
            {
                "id": "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf",
                "owned_by": "llamacpp",
                "meta": {"n_ctx_train": 131072, "size": 4677120000},
            }
        ],
    },
    "/completion": {
        "content": "Once",
        "timings": {"prompt_n": 1000, "prompt_ms": 500.0, "predicted_n": 64, "predicted_ms": 1280.5},
    },
}
OLLAMA: Answers = {
    "/api/version": {"version": "0.12.6"},
    "/v1/models": {"object": "list", "data": [{"id": "deepseek-r1:7b", "object": "model", "owned_by": "library"}]},
    "/api/tags": {
        "models": [{"name": "deepseek-r1:7b", "size": 4683075271, "details": {"quantization_level": "Q4_K_M"}}]
    },
    "/api/ps": {
        "models": [
            {
                "name": "deepseek-r1:7b",
                "size": 6015488000,
                "size_vram": 4000000000,
                "context_length": 4096,
                "expires_at": "2026-11-28T21:00:00Z",
                "details": {"quantization_level": "Q4_K_M"},
            }
        ]
    },
    "/api/show": {"model_info": {"general.architecture": "qwen2", "qwen2.context_length": 131072}},
    "/api/generate": {
        "model": "deepseek-r1:7b",
        "response": "Once",
        "done": True,
        "load_duration": 14389625,
        "prompt_eval_count": 500,
        "prompt_eval_duration": 250000000,
        "eval_count": 64,
        "eval_duration": 640000000,
    },
}
VLLM: Answers = {
    "/version": {"version": "0.11.2"},
    "/v1/models": {
        "object": "list",
        "data": [
            {
                "id": "r1-32b",
                "object": "model",
                "owned_by": "vllm",
                "root": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
                "max_model_len": 32768,
            }
        ],
    },
    "/metrics": (
        "# HELP vllm:cache_config_info Information of the LLMEngine CacheConfig\n"
        'vllm:cache_config_info{block_size="16",cache_dtype="auto",gpu_memory_utilization="0.92",'
        'num_gpu_blocks="27846"} 1.0\n'
        'vllm:num_requests_running{engine="0",model_name="r1-32b"} 2.0\n'
    ),
}
SGLANG: Answers = {
    "/server_info": {
        "model_path": "deepseek-ai/DeepSeek-R1",
        "served_model_name": "deepseek-ai/DeepSeek-R1",
        "tp_size": 8,
        "mem_fraction_static": 0.85,
        "context_length": None,
        "max_running_requests": 256,
        "max_total_num_tokens": 512000,
        "quantization": "fp8",
        "version": "0.5.6",
    },
    "/v1/models": {
        "data": [{"id": "deepseek-ai/DeepSeek-R1", "owned_by": "sglang", "max_model_len": 163840}],
    },
}
OTHER: Answers = {"/v1/models": {"data": [{"id": "r1-tiny", "object": "model"}]}}


@dataclass
class ServerDouble:
    """A server that has those `answers` by path, and streams an answer to a chat; 404 for all else.

    `piece_bytes` is how much is sent at once. `key` is what it wants in every request.
    """

    answers: Answers
    piece_bytes: int = 1 << 20
    key: str | None = None
    wraps: Callable[[Asked, Reply], Reply] = lambda _asked, reply: reply
    asked: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked.path)
        if self.key is not None and asked.headers.get("authorization") != f"Bearer {self.key}":
            return _json({"error": {"message": "Invalid API Key"}}, status=401)
        reply = self._reply(asked)
        reply.piece_bytes = self.piece_bytes
        return self.wraps(asked, reply)

    def _reply(self, asked: Asked) -> Reply:
        if asked.path == "/v1/chat/completions":
            return streamed(asked.body)
        found = self.answers.get(asked.path)
        if found is None:
            return _json({"detail": "Not Found"}, status=404)
        if isinstance(found, str):
            return Reply(found.encode(), content_type="text/plain; version=0.0.4")
        return _json(found)


def streamed(body: Any, tokens: int = 24) -> Reply:
    """An answer of so many tokens, each an event, with its counts."""
    words = sum(len(each["content"].split()) for each in body["messages"])
    events: list[object] = [
        {"choices": [{"index": 0, "delta": {"content": f" word{number}"}}], "model": body["model"]}
        for number in range(tokens)
    ]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}], "model": body["model"]})
    events.append({"choices": [], "usage": {"prompt_tokens": 2 * words, "completion_tokens": tokens}})
    text = "".join(f"data: {json.dumps(each)}\n\n" for each in events) + "data: [DONE]\n\n"
    return Reply(text.encode(), pause_s=0.0)


def _json(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status=status, content_type="application/json")
