"""Measured servers, one row each, and which rows are left out because their labels contradict themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.era import Era, ModelKind, ServerName

Unusable = Literal[
    "another server",
    "another model",
    "no requests at once given",
    "measured twice",
    "requests are not batch times groups",
    "cards that no machine has or heads do not divide by",
    "most of the time is waiting",
]

# Whose shapes the models have; DeepSeek-V3's are R1's.
_SHAPES = {
    "deepseek-ai/DeepSeek-R1": "DeepSeek-R1",
    "deepseek-ai/DeepSeek-V3": "DeepSeek-R1",
    "nvidia/DeepSeek-R1-NVFP4": "DeepSeek-R1",
    "meta-llama/Llama-3.1-70B": "R1-Distill-Llama-70B",
    "meta-llama/Llama-3.1-8B-Instruct": "R1-Distill-Llama-8B",
    "Qwen/Qwen3-32B": "Qwen3-32B",
    "nvidia/Qwen3-32B-NVFP4": "Qwen3-32B",
}
_CARDS = {
    "h100_sxm": "h100-sxm-80gb",
    "h200_sxm": "h200-sxm-141gb",
    "b200_sxm": "b200-sxm",
    "b300_sxm": "b300-sxm",
    "gb200": "gb200",
    "gb300": "gb300",
    "a100_sxm": "a100-sxm-80gb",
    "l40s": "l40s",
}
_DTYPES: dict[str, Dtype] = {"": "BF16", "bf16": "BF16", "fp8": "FP8", "fp4": "NVFP4"}
_MOST_CARDS = 8


class ServerRow(NamedTuple):
    """One measurement: `at_once` requests of `prompt` and `output` tokens, always as many.

    `model` is ours of the same shapes, or Qwen3-32B; `card` ours too. `first_token_s` and `token_s` are what a request
    got in the middle or the mean, as its source has it.
    """

    model: str
    system: str
    card: str
    era: Era
    dtype: Dtype
    parallel: Parallel
    prompt: int
    output: int
    at_once: int
    first_token_s: float
    token_s: float

    @property
    def total_tok_s(self) -> float:
        """What all requests get together, their waiting for the first token included."""
        return self.at_once * self.output / (self.first_token_s + self.output * self.token_s)


class MeasuredServers(NamedTuple):
    """The rows that can be used, and how many of each kind cannot."""

    rows: tuple[ServerRow, ...]
    unusable: Mapping[Unusable, int]


def measured_of(table: Iterable[Mapping[str, str]]) -> MeasuredServers:
    """The rows of a table with the columns of tests/measured/server_speeds.csv."""
    rows: dict[tuple[object, ...], ServerRow] = {}
    unusable: dict[Unusable, int] = {}
    for each in table:
        found = _row(each)
        if isinstance(found, ServerRow):
            times = (found.model, found.system, found.era.server, found.prompt, found.output)
            key = (*times, found.first_token_s, found.token_s)
            if key not in rows:
                rows[key] = found
                continue
            found = "measured twice"
        unusable[found] = unusable.get(found, 0) + 1
    return MeasuredServers(tuple(rows.values()), unusable)


def _row(each: Mapping[str, str]) -> ServerRow | Unusable:
    server: ServerName | None = next((name for name in get_args(ServerName) if name == each["backend"]), None)
    if server is None:
        return "another server"
    model = _SHAPES.get(each["model"])
    if model is None or each["system"] not in _CARDS or each["precision"] not in _DTYPES:
        return "another model"
    if not each["concurrency"]:
        return "no requests at once given"
    at_once, groups = round(float(each["concurrency"])), _number(each["attention_dp"])
    if round(float(each["batch"])) * groups != at_once:
        return "requests are not batch times groups"
    parallel = _parallel(each, groups)
    if parallel is None:
        return "cards that no machine has or heads do not divide by"
    prompt, output = int(each["isl"]), int(each["osl"])
    first_token_s, token_s = float(each["ttft_ms"]) / 1e3, float(each["tpot_ms"]) / 1e3
    if first_token_s > output * token_s:
        return "most of the time is waiting"
    kind: ModelKind = "mixture" if model == "DeepSeek-R1" else "dense"
    return ServerRow(
        model=model,
        system=each["system"],
        card=_CARDS[each["system"]],
        era=Era(server, kind, each["backend_version"], each["measured"][:7]),
        dtype=_DTYPES[each["precision"]],
        parallel=parallel,
        prompt=prompt,
        output=output,
        at_once=at_once,
        first_token_s=first_token_s,
        token_s=token_s,
    )


def _parallel(each: Mapping[str, str], groups: int) -> Parallel | None:
    """How the cards share the model; None where that cannot be.

    Rows that say both of the experts' ways to be shared give the cards as the product: 64 of a machine with eight. Each
    of the two is then the cards.
    """
    tensor, in_parts, whole = _number(each["tp"]), _number(each["moe_tp"]), _number(each["moe_ep"])
    cards = max(tensor, groups)
    if in_parts == whole > 1 and cards == in_parts * whole:
        cards = in_parts
    if cards > _MOST_CARDS or cards & (cards - 1):
        return None
    return Parallel(1, data=cards) if groups > 1 else Parallel(cards)


def _number(text: str) -> int:
    """A count, of which nothing and 0 mean one."""
    return max(round(float(text or 1)), 1)
