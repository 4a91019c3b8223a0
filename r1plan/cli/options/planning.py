"""The options that say what is planned for, for every command that plans; and which of them only some engines have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from r1plan.plan.pins import Pins
    from r1plan.plan.planner import EngineOption
    from r1plan.render.plan.show import FormName, PlanForm

ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="ID|FILE",
        help="Only this model, such as 32b, deepseek-r1:8b, x.gguf or hf:OWNER/REPO/x.gguf.",
    ),
]
FamilyOption = Annotated[
    Literal["r1", "successors", "all"],
    typer.Option(help="Choose among R1 and its distills, its open successors (V3.1 to V4.1), or all."),
]
QuantOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only this quant, such as Q4_K_M or q4.")]
ContextOption = Annotated[
    int | None, typer.Option(metavar="TOKENS", help="Context of each slot, such as 32k. Default: up to 32,768.")
]
KvOption = Annotated[
    Literal["f16", "q8_0", "q4_0", "bf16", "f32", "q5_1", "q5_0", "q4_1", "iq4_nl"] | None,
    typer.Option(help="Type of the KV cache."),
]
UbatchOption = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", help="llama.cpp's micro-batch. Default: 512, or less where that makes it fit."),
]
SlotsOption = Annotated[
    int | None,
    typer.Option(metavar="N", help="Contexts at once, with vLLM users. Default: 1; llama-server's 4 share it."),
]
GpuLayersOption = Annotated[
    int | None, typer.Option(metavar="N", help="Layers on the GPU, with the output head as one.")
]
ExpertsOnCpuOption = Annotated[bool, typer.Option("--experts-on-cpu", help="Keep all experts in main memory.")]
FlashAttentionOption = Annotated[bool, typer.Option("--flash-attn/--no-flash-attn", help="Flash attention.")]
MmapOption = Annotated[
    bool, typer.Option("--mmap/--no-mmap", help="Map the file, so that experts may stay on disk, or read all into RAM.")
]
EngineNameOption = Annotated[
    Literal["llama.cpp", "vllm"],
    typer.Option(help="Which engine to plan for; vLLM's quants are BF16, FP8, AWQ, GPTQ, NVFP4, MXFP4."),
]
UtilizationOption = Annotated[
    float | None,
    typer.Option("--gpu-memory-utilization", metavar="SHARE", help="Of each card, what vLLM may use. Default: 0.92."),
]
GpusPerNodeOption = Annotated[
    int | None, typer.Option("--gpus-per-node", metavar="N", help="With vLLM: cards in one machine. Default: up to 8.")
]
RuntimeOption = Annotated[Literal["in-process", "llama-server"], typer.Option(help="A plain context or the server.")]
DepthOption = Annotated[
    list[int] | None, typer.Option(metavar="TOKENS", help="Predict decoding at this depth. Repeatable.")
]
ObjectiveOption = Annotated[
    Literal["balanced", "quality", "speed", "cost"],
    typer.Option(help="Minutes an answer may take: balanced 15, quality 180, speed 2; cost 15, and 10 Wh."),
]
MinSpeedOption = Annotated[
    float | None,
    typer.Option(metavar="TOK_S", help="Nothing slower. Default: whatever the patience allows."),
]
RequestsPerDayOption = Annotated[
    float | None, typer.Option(metavar="N", help="How many machines that takes, and what a month costs.")
]
FromLogsOption = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="Requests, their lengths and hours as the log of a month has them."),
]
UsersOption = Annotated[int | None, typer.Option(metavar="N", help="People who wait for an answer at once.")]
SloTtftOption = Annotated[
    float | None,
    typer.Option("--slo-ttft", metavar="SECONDS", help="The longest that 9 of 10 may wait for the first token."),
]
SloTokSOption = Annotated[
    float | None, typer.Option("--slo-tok-s", metavar="TOK_S", help="The slowest that an answer may come to anyone.")
]
PatienceOption = Annotated[
    float | None, typer.Option(metavar="MINUTES", help="How long a typical answer may take. Default: by --objective.")
]
InputTokensOption = Annotated[int, typer.Option(metavar="N", help="Tokens of a typical prompt.")]
CacheHitOption = Annotated[float, typer.Option(metavar="0..1", help="Share of the prompt that a cache holds.")]
ThinkingTokensOption = Annotated[int, typer.Option(metavar="N", help="Tokens of thinking in a typical answer.")]
AnswerTokensOption = Annotated[int, typer.Option(metavar="N", help="Tokens after the thinking.")]
PowerPriceOption = Annotated[float | None, typer.Option(metavar="USD_PER_KWH", help="For the cost of electricity.")]
GpuHourOption = Annotated[float | None, typer.Option(metavar="USD", help="Rented cards: what one costs an hour.")]
PurchaseOption = Annotated[float | None, typer.Option(metavar="USD", help="A bought machine: what it costs.")]
YearsOption = Annotated[float | None, typer.Option(metavar="N", help="With --purchase: how long it will be used.")]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Show each part of the memory and all that was rejected.")
]
FormatOption = Annotated[
    Literal["text", "json", "html"] | None,
    typer.Option(help="How to show it; html is one page for a browser. Default: by the name of --output, or text."),
]
OutputOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write to FILE, such as plan.html, instead.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]

_FORM_OF_ENDING: dict[str, FormName] = {".json": "json", ".html": "html", ".htm": "html"}


def plan_form(
    form: Literal["text", "json", "html"] | None, *, json: bool, explain: bool, file: Path | None
) -> PlanForm:
    """How a plan is to be shown. Raises UsageError where --json and --format say different things."""
    from r1plan.errors import UsageError
    from r1plan.render.plan.show import PlanForm

    if json and form not in (None, "json"):
        raise UsageError(f"--json with --format {form}: a plan is shown in one form.", "leave out one of the two.")
    if form is None and file is not None:
        form = _FORM_OF_ENDING.get(file.suffix.lower())
    return PlanForm("json" if json else form or "text", explain, file)


def check_tokens(context: int | None, ubatch: int | None, depths: list[int] | None) -> None:
    """Raise UsageError for a number of tokens that nobody means."""
    given = [("--context", context), ("--ubatch", ubatch), *(("--depth", each) for each in depths or ())]
    if any(tokens for _, tokens in given):
        from r1plan.cli.options import plausible

        plausible.check_tokens(given)


_OF_A_MONTH = (
    *("requests_per_day", "from_logs", "users", "slo_ttft", "slo_tok_s", "power_price", "gpu_hour", "purchase"),
    "years",
)


def asks_for_a_month() -> bool:
    """Whether any option was typed that asks what a month takes or costs."""
    from r1plan.cli.options.given import is_given

    return any(map(is_given, _OF_A_MONTH))


def engine_options_given(pins: Pins, disk_bandwidth: float | None, model: str | None) -> list[EngineOption]:
    """Those of the options that not every engine understands which were given, by the names that a person types.

    `model` is what --model says.
    """
    from r1plan.cli.options.given import is_given
    from r1plan.models.reference import GgufFile, HubFile, model_reference

    given: dict[EngineOption, bool] = {
        "--ubatch": pins.n_ubatch is not None,
        "--gpu-layers": pins.gpu_layers is not None,
        "--experts-on-cpu": pins.experts_on_cpu,
        "--flash-attn": pins.flash_attn and is_given("flash_attn"),
        "--no-flash-attn": not pins.flash_attn,
        "--mmap": pins.mapped and is_given("mmap"),
        "--no-mmap": not pins.mapped,
        "--disk-bandwidth": disk_bandwidth is not None,
        "--runtime": pins.runtime != "in-process" or is_given("runtime"),
        "--gpu-memory-utilization": pins.gpu_memory_utilization is not None,
        "--gpus-per-node": pins.gpus_per_node is not None,
        "--model FILE.gguf": model is not None and isinstance(model_reference(model), GgufFile | HubFile),
    }
    return [option for option, said in given.items() if said]
