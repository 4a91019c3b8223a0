"""A routing policy: what may be asked, what counts, and what must never happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from r1plan.catalog.price import Window
from r1plan.catalog.provider import Family
from r1plan.catalog.reading.fields import Count, Filled, Positive, Price, Whole

_FORBID_EXTRA = {"extra": "forbid"}

Objective = Literal["cost", "latency", "quality"]
Place = Literal["anywhere", "machine"]
Kind = Literal["code", "math", "long_text", "short_question", "writing", "other"]
"""What kind of prompt it is."""
Language = Literal[
    "ja", "ko", "zh", "ru", "ar", "he", "hi", "el", "th", "en", "de", "fr", "es", "it", "pt", "nl"
]  # fmt: skip
"""The languages that a prompt is known by."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What binds a request: a rule by its place from 1 in the route of that id, or the route itself (None)."""

    route: str
    rule: int | None = None

    @property
    def name(self) -> str:
        """How a sentence calls it."""
        return f"route {self.route}" if self.rule is None else f"rule {self.rule} of route {self.route}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLimits:
    """What no chosen candidate may exceed; None: no limit.

    The dollars and the seconds are those that nine in ten such requests stay under. `min_context_tokens` is the least
    context that a model must have.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    max_p90_usd: Price | None = None
    max_p90_s: Positive | None = None
    min_context_tokens: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a request must be for a rule to apply: all that is said here; nothing said applies always.

    `projects`, `kinds` and `languages` are lists of which one must match; projects do by `project_key`. Prompt tokens
    are those of the last turn, context tokens all that is sent. `hours_utc` is a half-open window that may run over
    midnight.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    projects: Annotated[tuple[str, ...], Filled()] = ()
    kinds: Annotated[tuple[Kind, ...], Filled()] = ()
    languages: Annotated[tuple[Language, ...], Filled()] = ()
    min_prompt_tokens: Whole | None = None
    max_prompt_tokens: Whole | None = None
    min_context_tokens: Whole | None = None
    max_context_tokens: Whole | None = None
    hours_utc: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What changes when a request is as `when` says. What is None or empty stays as it is.

    `route` takes the objective, the order and what is accepted from another route, whose rules apply too. Limits and
    the place only ever get tighter: a rule cannot lift a limit, nor let a request off a machine that it must not leave.
    A rule that names projects holds them to its place, limits, `only` and `never` whatever route or option names who is
    asked, and one that keeps a kind or a language on the machine does so, too.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    when: When
    route: str | None = None
    objective: Objective | None = None
    accepts: Annotated[tuple[Family, ...], Filled()] = ()
    only: Annotated[tuple[str, ...], Filled()] = ()
    never: Annotated[tuple[str, ...], Filled()] = ()
    place: Place | None = None
    limits: PolicyLimits = PolicyLimits()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One policy, as `profiles/routes/<id>.yaml` says it.

    `accepts` are the families of models that will do: R1 itself, what it was distilled into, what its maker sells in
    its stead, any other. `prefer_local` puts what answers here first, whatever it costs. `only` and `never` name
    providers ("local" among them). `order` ranks models whose quality nobody put in a number, the best first, by the
    name that `provider.model_key` makes of what a provider serves.

    Where a model here comes first, it hands over to the next one when its answer has not begun after
    `hand_over_after_s`, or when it has thought longer than `hand_over_thinking_tokens`. None: what nine in ten of its
    answers are forecast to stay under.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    description: str
    objective: Objective = "cost"
    accepts: Annotated[tuple[Family, ...], Filled()] = ("r1", "successor")
    place: Place = "anywhere"
    prefer_local: bool = False
    only: Annotated[tuple[str, ...], Filled()] = ()
    never: Annotated[tuple[str, ...], Filled()] = ()
    order: tuple[str, ...] = ()
    hand_over_after_s: Positive | None = None
    hand_over_thinking_tokens: Count | None = None
    limits: PolicyLimits = PolicyLimits()
    rules: tuple[Rule, ...] = ()
    note: str | None = None
