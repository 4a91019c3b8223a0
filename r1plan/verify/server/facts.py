"""What servers say of themselves, each in its own words, as the same few facts. Pure.

llama-server: tools/server/README.md (GET /props, /slots). vLLM: entrypoints/openai/models, /version, and
`vllm:cache_config_info` of /metrics. Ollama: docs/api.md (/api/version, /api/tags, /api/ps, /api/show). SGLang:
docs/basic_usage/native_api (/server_info, before /get_server_info).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

ServerKind = Literal["llama-server", "vllm", "ollama", "sglang", "openai"]
Answer = Mapping[str, object]

_MOST_TOKENS = 1 << 31
_MOST_BYTES = 1 << 50
_MOST_TEXT = 300
_MOST_MODELS = 200
_CACHE_INFO = re.compile(r"^vllm:cache_config_info\{(?P<labels>[^\n]{0,4000})\}", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_RUNNING = re.compile(r"^vllm:num_requests_running(?:\{[^}\n]*\})?\s+([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server said. None: it did not.

    `context_tokens` is what one request really gets, `trained_tokens` what the model could take; `cache_tokens` is room
    for all requests together. `loaded_bytes` are the model's in memory, `on_cards_bytes` those of them on cards.
    `busy` is how many requests it has besides ours. `models` are all names that it answers to.
    """

    kind: ServerKind
    version: str | None = None
    model: str | None = None
    models: tuple[str, ...] = ()
    path: str | None = None
    quant: str | None = None
    context_tokens: int | None = None
    trained_tokens: int | None = None
    cache_tokens: int | None = None
    slots: int | None = None
    busy: int | None = None
    loaded_bytes: int | None = None
    on_cards_bytes: int | None = None


def llama_server_facts(props: Answer, slots: object, models: Sequence[Answer]) -> ServerFacts | None:
    """From /props, /slots and /v1/models; None where /props is not llama-server's."""
    settings = _object(props.get("default_generation_settings"))
    if settings is None or not ({"total_slots", "model_path", "build_info"} & props.keys()):
        return None
    each_slot = [each for each in map(_object, slots if isinstance(slots, list) else []) if each is not None]
    contexts = [found for each in each_slot if (found := whole(each.get("n_ctx"))) is not None]
    meta = _object(models[0].get("meta")) if models else None
    path = text(props.get("model_path"))
    names = _names(models)
    return ServerFacts(
        kind="llama-server",
        version=text(props.get("build_info")),
        model=text(props.get("model_alias")) or (names[0] if names else None) or (path and path.rpartition("/")[2]),
        models=names,
        path=path,
        quant=text(props.get("model_ftype")),
        context_tokens=min(contexts) if contexts else whole(settings.get("n_ctx")),
        trained_tokens=None if meta is None else whole(meta.get("n_ctx_train")),
        slots=whole(props.get("total_slots"), most=1 << 16) or (len(each_slot) or None),
        busy=sum(each.get("is_processing") is True for each in each_slot) if each_slot else None,
        loaded_bytes=None if meta is None else whole(meta.get("size"), most=_MOST_BYTES),
    )


def vllm_facts(version: Answer | None, models: Sequence[Answer], metrics: str | None) -> ServerFacts | None:
    """From /version, /v1/models and /metrics; None where none of them is vLLM's."""
    owned = any(each.get("owned_by") == "vllm" for each in models)
    if not models or not (owned or (metrics is not None and "vllm:" in metrics)):
        return None
    first = models[0]
    labels = dict(_LABEL.findall(found["labels"])) if metrics and (found := _CACHE_INFO.search(metrics)) else {}
    blocks, size = _digits(labels.get("num_gpu_blocks")), _digits(labels.get("block_size"))
    running = _RUNNING.search(metrics) if metrics else None
    return ServerFacts(
        kind="vllm",
        version=None if version is None else text(version.get("version")),
        model=text(first.get("id")),
        models=_names(models),
        path=text(first.get("root")),
        context_tokens=whole(first.get("max_model_len")),
        cache_tokens=blocks * size if blocks and size and blocks * size < _MOST_TOKENS else None,
        busy=int(float(running[1])) if running and running[1].count(".") <= 1 and running[1] != "." else None,
    )


def sglang_facts(info: Answer, models: Sequence[Answer]) -> ServerFacts | None:
    """From /server_info and /v1/models; None where the former is not SGLang's."""
    if "model_path" not in info or not {"tp_size", "mem_fraction_static", "max_total_num_tokens"} & info.keys():
        return None
    states = info.get("internal_states")
    state = _object(states[0]) if isinstance(states, list) and states else None
    room = whole(info.get("max_total_num_tokens"))
    if room is None and state is not None and (memory := _object(state.get("memory_usage"))) is not None:
        room = whole(memory.get("token_capacity"))
    length = whole(models[0].get("max_model_len")) if models else None
    return ServerFacts(
        kind="sglang",
        version=text(info.get("version")),
        model=text(info.get("served_model_name")) or text(info.get("model_path")),
        models=_names(models),
        path=text(info.get("model_path")),
        quant=text(info.get("quantization")),
        context_tokens=whole(info.get("context_length")) or length,
        cache_tokens=room,
        slots=whole(info.get("max_running_requests"), most=1 << 20),
    )


def ollama_facts(
    version: Answer, tags: Answer | None, running: Answer | None, wanted: str | None
) -> ServerFacts | None:
    """From /api/version, /api/tags and /api/ps; `wanted` is the model that is meant, None: the one that is loaded.

    None where /api/version is not Ollama's.
    """
    number = text(version.get("version"))
    if number is None or (tags is None and running is None):
        return None
    loaded, known = _models(running), _models(tags)
    names = tuple(name for each in known if (name := text(each.get("name"))) is not None)
    chosen = next((each for each in loaded if wanted is None or _same_tag(text(each.get("name")), wanted)), None)
    name = text(chosen.get("name")) if chosen else None
    if name is None:
        only = names[0] if len(names) == 1 else None
        name = next((each for each in names if _same_tag(each, wanted)), wanted) or only
    listed = next((each for each in known if text(each.get("name")) == name), None)
    details = _object((chosen or listed or {}).get("details")) or {}
    return ServerFacts(
        kind="ollama",
        version=number,
        model=name,
        models=names,
        quant=text(details.get("quantization_level")),
        context_tokens=None if chosen is None else whole(chosen.get("context_length")),
        loaded_bytes=None if chosen is None else whole(chosen.get("size"), most=_MOST_BYTES),
        on_cards_bytes=None if chosen is None else whole(chosen.get("size_vram"), least=0, most=_MOST_BYTES),
    )


def trained_tokens(show: Answer | None) -> int | None:
    """How long a context Ollama's /api/show says that the model can take."""
    info = None if show is None else _object(show.get("model_info"))
    found = [] if info is None else [value for key, value in info.items() if str(key).endswith(".context_length")]
    return whole(found[0]) if found else None


def openai_facts(models: Sequence[Answer]) -> ServerFacts | None:
    """From /v1/models alone; None where it lists nothing."""
    if not models:
        return None
    first = models[0]
    context = whole(first.get("max_model_len")) or whole(first.get("context_length"))
    return ServerFacts(kind="openai", model=text(first.get("id")), models=_names(models), context_tokens=context)


def listed(answer: Answer | None) -> tuple[Answer, ...]:
    """The models of /v1/models."""
    data = None if answer is None else answer.get("data")
    found = (_object(each) for each in (data if isinstance(data, list) else [])[:_MOST_MODELS])
    return tuple(each for each in found if each is not None)


def whole(value: object, *, least: int = 1, most: int = _MOST_TOKENS) -> int | None:
    """A whole number within bounds; None for anything else that a server may say."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        return None
    return value


def text(value: object) -> str | None:
    """A short text; None for anything else."""
    return value[:_MOST_TEXT] if isinstance(value, str) and value.strip() else None


def _object(value: object) -> Answer | None:
    return value if isinstance(value, dict) else None


def _models(answer: Answer | None) -> list[Answer]:
    found = None if answer is None else answer.get("models")
    objects = (_object(each) for each in (found if isinstance(found, list) else [])[:_MOST_MODELS])
    return [each for each in objects if each is not None]


def _names(models: Sequence[Answer]) -> tuple[str, ...]:
    return tuple(name for each in models if (name := text(each.get("id"))) is not None)


def _digits(value: str | None) -> int | None:
    return int(value) if value is not None and value.isdigit() and len(value) < 16 else None


def _same_tag(name: str | None, wanted: str | None) -> bool:
    """Whether both are one of Ollama's names: without a tag it is `latest`."""
    if name is None or wanted is None:
        return False
    return name.removesuffix(":latest").casefold() == wanted.removesuffix(":latest").casefold()
