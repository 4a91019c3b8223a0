"""What a model wants of whoever runs it: how its next token is drawn, and what its prompt may hold. Pure.

Sources: DeepSeek-R1's README, "Usage Recommendations" (temperature 0.5 to 0.7, 0.6 recommended; top_p 0.95; no system
prompt; every answer begins with <think> on a line of its own), DeepSeek-R1-0528's card (it takes a system prompt, and
opens its thinking itself), the generation_config.json of R1, its distills and V3.2-Exp (0.6, 0.95), the cards of
V3-0324 (0.3), V3.2 (1.0, 0.95), V4 (1.0, 1.0; with tools 0.95) and Qwen3 (0.6, 0.95, top_k 20); how hard to
think, their chat templates in llama.cpp 0c1e57098 (models/templates).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from r1plan.engine.chat import Effort, Message
from r1plan.engine.local.llama.sampler import SamplerSettings
from r1plan.errors import EngineError

# Where a GGUF says which model it is, and of which it was made; the first that a rule knows counts.
_NAMES = ("general.name", "general.basename", "general.base_model.0.name", "general.base_model.0.repo_url")
_MOST_TOP_K = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelRules:
    """How a model is run where nobody says otherwise.

    `takes_system` false: instructions go into the first question. `opens_thinking`: where its prompt does not begin
    the thinking, that is done for it. `efforts` are what it can be told of how hard to think; None: nobody knows.
    """

    sampling: SamplerSettings = field(default_factory=SamplerSettings)
    takes_system: bool = True
    opens_thinking: bool = False
    efforts: tuple[Effort, ...] | None = None


_R1 = ModelRules(takes_system=False, opens_thinking=True, efforts=())
# V3.1 and V3.2 think or do not; V4's preview knows two efforts, its release and all after it three.
_SWITCHED: tuple[Effort, ...] = ("none",)
_V4_PREVIEW: tuple[Effort, ...] = ("none", "high", "max")
_V4: tuple[Effort, ...] = ("none", "low", "high", "max")
# In small letters and digits alone. What stands first counts: R1-0528-Qwen3-8B is an R1-0528.
_KNOWN: tuple[tuple[str, ModelRules], ...] = (
    (r"r1v?0528", ModelRules(efforts=())),
    (r"deepseekr1|r1distill|r1zero", _R1),
    (r"deepseekv32exp|deepseekv31", ModelRules(efforts=_SWITCHED)),
    (r"deepseekv32speciale", ModelRules(SamplerSettings(temperature=1.0), efforts=())),
    (r"deepseekv32", ModelRules(SamplerSettings(temperature=1.0), efforts=_SWITCHED)),
    (
        r"deepseekv4flash0731|deepseekv4pro0813|deepseekv41",
        ModelRules(SamplerSettings(temperature=1.0, top_p=1.0), efforts=_V4),
    ),
    (r"deepseekv4", ModelRules(SamplerSettings(temperature=1.0, top_p=1.0), efforts=_V4_PREVIEW)),
    (r"deepseekv3", ModelRules(SamplerSettings(temperature=0.3), efforts=())),
    (r"qwen3", ModelRules(SamplerSettings(top_k=20))),
)


def model_rules(said: Callable[[str], str | None], file: str = "") -> ModelRules:
    """The rules of the model whose GGUF says `said` of a key; the name of its `file` is asked last.

    What the file itself recommends counts before what its maker does, where it is a number that can be meant.
    """
    rules = _known([*(said(key) or "" for key in _NAMES), file])
    usual = rules.sampling
    top_k = _number(said("general.sampling.top_k"), _MOST_TOP_K)
    own = replace(
        usual,
        temperature=_or(_number(said("general.sampling.temp"), 2.0), usual.temperature),
        top_p=_or(_number(said("general.sampling.top_p"), 1.0), usual.top_p),
        top_k=usual.top_k if top_k is None else int(top_k),
        min_p=_or(_number(said("general.sampling.min_p"), 1.0), usual.min_p),
    )
    return replace(rules, sampling=own)


def check_effort(rules: ModelRules, effort: Effort | None, model: str) -> None:
    """Raises EngineError for an `effort` that `model`, of these `rules`, cannot be told."""
    if effort is None or rules.efforts is None or effort in rules.efforts:
        return
    if not rules.efforts:
        raise EngineError(
            f"--effort {effort}: {model} cannot be told how hard to think.",
            "leave it out; --max-thinking N ends a thinking after N tokens",
        )
    raise EngineError(f"--effort {effort}: {model} takes {' or '.join(rules.efforts)}.", "leave it out for its own")


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """`messages` with the instructions of the system at the head of the first question after them."""
    kept: list[Message] = []
    waiting: list[str] = []
    for each in messages:
        if each.role == "system":
            waiting.append(each.content)
        elif each.role == "user" and waiting:
            kept.append(replace(each, content="\n\n".join((*waiting, each.content))))
            waiting = []
        else:
            kept.append(each)
    # Instructions that no question follows are one.
    return (*kept, *(Message("user", text) for text in waiting))


def _known(names: Iterable[str]) -> ModelRules:
    for name in names:
        plain = re.sub(r"[^a-z0-9]", "", name.casefold())
        for pattern, rules in _KNOWN:
            if re.search(pattern, plain):
                return rules
    return ModelRules()


def _number(text: str | None, most: float) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value <= most else None


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
