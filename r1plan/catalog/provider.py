"""A provider: where it is, how it speaks, and what it offered when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from r1plan.catalog.fields import Instant

_FORBID_EXTRA = {"extra": "forbid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model id that a provider sells or sold.

    `model` is the id on the wire; `serves` is what answers now, as text; `is_r1` says whether that is a real R1
    or a distill of it. Both instants are None where they are not known (still offered, or from the start). `retired` is
    true for an offer that ended on a day nobody verified. `verified` is false where nobody saw it answer lately.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    model: str
    serves: str
    is_r1: bool
    aliases: tuple[str, ...] = ()
    offered_from: Instant | None = None
    offered_until: Instant | None = None
    successor: str | None = None
    retired: bool = False
    verified: bool = True
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider, as `profiles/providers/<id>.yaml` says it.

    `thinking_fields` are the names under which the thinking arrives, first match wins; `<think>` inside the content
    is always recognised. `cache_hit_paths` are dotted paths into the usage object, first match wins.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    dialect: Literal["openai", "replicate", "none"]
    base_url: str | None = None
    key_variable: str | None = None
    thinking_fields: tuple[str, ...] = ("reasoning_content", "reasoning")
    cache_hit_paths: tuple[str, ...] = ("prompt_tokens_details.cached_tokens",)
    reasoning_tokens_path: str = "completion_tokens_details.reasoning_tokens"
    default_model: str | None = None
    offers: tuple[Offer, ...] = ()
    sources: tuple[str, ...] = ()
    note: str | None = None

    @property
    def base_url_variable(self) -> str:
        """The environment variable that replaces `base_url`, for tests and proxies."""
        return f"R1PLAN_{self.id.upper().replace('-', '_')}_BASE_URL"
