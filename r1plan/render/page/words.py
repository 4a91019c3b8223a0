"""The sentences of a plan's page that no other form of the plan has."""

from __future__ import annotations

from r1plan.plan.reasons import Cause, RanksBelow
from r1plan.plan.speed import Range
from r1plan.render.plan.words import cause_text, difference_text
from r1plan.render.text.units import count, rate

_BENCHMARKS = {
    "aider_polyglot": "Aider Polyglot",
    "aime2024_cons64": "AIME 2024, consensus of 64",
    "aime2024_pass1": "AIME 2024, pass@1",
    "aime2025": "AIME 2025",
    "codeforces_div1": "Codeforces Div. 1",
    "codeforces_rating": "Codeforces rating",
    "gpqa_diamond": "GPQA Diamond",
    "hle": "Humanity's Last Exam",
    "hmmt2025": "HMMT 2025",
    "livecodebench": "LiveCodeBench",
    "livecodebench_v5": "LiveCodeBench v5",
    "math500": "MATH-500",
    "mmlu": "MMLU",
    "mmlu_pro": "MMLU-Pro",
    "mmlu_redux": "MMLU-Redux",
    "simpleqa": "SimpleQA",
    "swe_verified": "SWE-bench Verified",
}


KICKERS = {
    "fits": "r1plan recommends",
    "nothing": "r1plan finds nothing that fits",
    "asked": "r1plan: what was asked for does not fit",
}
SCALE = (
    "Quality: GPQA-Diamond as its makers publish it. A quant whose perplexity is more than 10 % above the full model's "
    "has it divided by the ratio of both."
)
REASONS_BELOW = "Every option, with its reason, stands below."


def benchmark_name(benchmark: str) -> str:
    """A benchmark as its makers write it; an unknown one as the model's file does."""
    return _BENCHMARKS.get(benchmark, benchmark.replace("_", " "))


def rates(speed: Range) -> str:
    """A speed with the interval that it is expected in."""
    return f"{rate(speed.mid)} tok/s ({rate(speed.low)} to {rate(speed.high)})"


def reason_text(cause: Cause) -> str:
    """Why an option is not offered; what only ranks lower is not told again below which option."""
    if not isinstance(cause, RanksBelow) or cause.not_on_gpu is not None:
        return cause_text(cause)
    speed = f" ({rate(cause.tok_s)} tok/s)" if cause.tok_s is not None else ""
    return f"ranks lower: {difference_text(cause.difference)}{speed}"


def beyond_text(number: int) -> str:
    """How many options a picture leaves out."""
    are = "is" if number == 1 else "are"
    return f"{count(number, 'option')} of much lesser quality or speed {are} not drawn." if number else ""
