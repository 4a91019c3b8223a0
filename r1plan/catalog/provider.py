"""A provider: where it is, how it speaks, and what it offered when; which model that is, and of which family."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import ClassVar, Literal

from r1plan.catalog.reading.fields import Instant, PathSum, Positive, TagName

_FORBID_EXTRA = {"extra": "forbid"}

LOCAL = "local"
"""What stands in a provider's place for models on this machine; no provider may have it for its id."""

Family = Literal["r1", "distill", "successor", "other"]
"""R1 itself; what it was distilled into; what its maker sells in its stead; any other model."""

WireDialect = Literal["openai", "replicate"]
"""The dialects that r1plan speaks: each has a file in profiles/dialects and a row in `engine.dialects.table`."""

ThinkingBack = Literal["never", "tool_turns"]
"""Which thinking goes back to the model: none, or that of turns in which it called a tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model id that a provider sells or sold.

    `model` is the id on the wire; `serves` is what answers now, as text; `is_r1` says whether that is a real R1
    or a distill of it. Both instants are None where they are not known (still offered, or from the start). `retired` is
    true for an offer that ended on a day nobody verified. `verified` is false where nobody saw it answer lately.
    `served_since` is when `serves` replaced another model under this id. `thinking_back` and `inline_thinking` None: as
    its provider.
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
    served_since: Instant | None = None
    thinking_back: ThinkingBack | None = None
    inline_thinking: tuple[TagName, ...] | None = None
    note: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it can be asked by: the id, and its aliases."""
        return self.model, *self.aliases

    @property
    def family(self) -> Family:
        """Whether what it serves is R1, a distill of it, a successor or another model."""
        return family_of(self.serves, self.is_r1)

    @property
    def answers(self) -> bool:
        """Whether any model answers: the profile of an id that ended says "nothing: refused"."""
        return not self.serves.startswith("nothing")

    def has_begun(self, at: datetime) -> bool:
        """Whether its first instant had come at `at`, as far as that is known."""
        return self.offered_from is None or self.offered_from <= at

    def has_ended(self, at: datetime, gone_by: date | None = None) -> bool:
        """Whether it was no longer offered at `at`.

        One that ended on an unknown day had by `gone_by`, the day on which somebody found it gone; None: by any.
        """
        if self.offered_until is not None:
            return self.offered_until <= at
        return self.retired and (gone_by is None or at.date() >= gone_by)

    def is_current(self, at: datetime) -> bool:
        """Whether it was on offer at `at`, as far as its dates are known."""
        return self.has_begun(at) and not self.has_ended(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePaths:
    """Where a server's JSON says what was counted: of each field the ways to read it, first match wins.

    A way is a dotted path from the top of a chunk of the stream, or several whose values are added up: the first must
    be there, and of the others each that is. `[0]` behind a name is the first of a list. `input` counts cached tokens
    and `output` the thinking; `cache_miss` and `total` are only compared with them. `reported_usd` is what was billed,
    but where `billed_elsewhere` leads to a true, or to a larger amount: then another bills the request too. `usage_at`
    are further places of the object that other paths call `usage`. None: as the provider's dialect has it.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    input: tuple[PathSum, ...] | None = None
    output: tuple[PathSum, ...] | None = None
    cache_hit: tuple[PathSum, ...] | None = None
    cache_miss: tuple[PathSum, ...] | None = None
    thinking: tuple[PathSum, ...] | None = None
    total: tuple[PathSum, ...] | None = None
    reported_usd: tuple[PathSum, ...] | None = None
    billed_elsewhere: tuple[PathSum, ...] | None = None
    usage_at: tuple[PathSum, ...] | None = None

    def over(self, dialect: UsagePaths) -> UsagePaths:
        """These, and where they say nothing those of the dialect."""
        own: dict[str, tuple[PathSum, ...] | None] = {each.name: getattr(self, each.name) for each in fields(self)}
        return UsagePaths(**{name: getattr(dialect, name) if paths is None else paths for name, paths in own.items()})


PriceUnit = Literal["usd_per_token", "usd_per_mtok", "usd_e-4_per_mtok"]
"""What a published number is: dollars a token, dollars a million tokens, or ten-thousandths of a dollar a million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPrices:
    """Where a provider's own list of models says what it charges.

    The list is at `path` behind the provider's address: under the dotted path `items` of the answer, None: the answer
    itself. Of each of its objects `id`, `input`, `output` and `cache_hit` are dotted paths to the model's id and to its
    prices in `unit`; `cache_hit` None: the list does not say it. `needs_key` is false where anybody may ask.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    unit: PriceUnit
    input: str
    output: str
    cache_hit: str | None = None
    id: str = "id"
    items: str | None = "data"
    path: str = "/models"
    needs_key: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the servers of a dialect share, as `profiles/dialects/<id>.yaml` says it."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: WireDialect
    usage: UsagePaths
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider, as `profiles/providers/<id>.yaml` says it. `known_as` are names that other tools have for it.

    Where it is: `base_url`; `own_server` for one that people run themselves, whose address stands for theirs.
    The key: `key_variable` in the environment, without which nothing is sent when `needs_key`; it goes to the host of
    the address alone, and over https to `key_hosts` and their subdomains where a reply names an address there. Over
    plain http to another machine it goes only if `allow_plain_http`.
    What is asked: at `chat_path`; `extra_request` joins every request, `include_usage` asks for the counts,
    `max_tokens_field` is the name of that limit, `max_thinking_path` the dotted path of the one on the thinking (None:
    it has none), `ends_thinking` that a running one can be ended as at llama-server, `session_header` carries one value
    a conversation, so that a cache kept by each replica is found.
    What comes: `thinking_fields` are the names of the thinking, first match wins; `inline_thinking` are the tags, such
    as `think`, that it stands between where it comes inside the content; none: tags there are text. `usage` is where
    the counts are: in a loaded catalogue, with those of its dialect.
    `finds_prefixes`: whether its cache finds by itself the beginning of an input that was sent before, and bills it as
    cached; None: not known.
    `first_token_s` is how long the first token may take, comments that keep the connection alive not counted.
    `published_prices` is where it publishes what it charges; None: nowhere that a program could read.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    id: str
    name: str
    known_as: tuple[str, ...] = ()
    dialect: WireDialect | Literal["none"]
    base_url: str | None = None
    own_server: bool = False
    key_variable: str | None = None
    needs_key: bool = True
    key_hosts: tuple[str, ...] = ()
    allow_plain_http: bool = False
    chat_path: str = "/chat/completions"
    extra_request: dict[str, object] = field(default_factory=dict)
    include_usage: bool = True
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    max_thinking_path: str | None = None
    ends_thinking: bool = False
    session_header: str | None = None
    thinking_fields: tuple[str, ...] = ("reasoning_content", "reasoning")
    inline_thinking: tuple[TagName, ...] = ()
    usage: UsagePaths = UsagePaths()
    thinking_back: ThinkingBack = "never"
    finds_prefixes: bool | None = None
    first_token_s: Positive = 180
    default_model: str | None = None
    published_prices: PublishedPrices | None = None
    offers: tuple[Offer, ...] = ()
    sources: tuple[str, ...] = ()
    note: str | None = None

    @property
    def base_url_variable(self) -> str:
        """The environment variable that replaces `base_url`, for tests and proxies."""
        return f"R1PLAN_{self.id.upper().replace('-', '_')}_BASE_URL"

    @property
    def can_be_asked(self) -> bool:
        """Whether r1plan speaks its dialect."""
        return self.dialect != "none"

    def named(self, name: str) -> tuple[Offer, ...]:
        """The offers that had the id or alias `name` at some time, in the order of the file."""
        return tuple(each for each in self.offers if name in each.names)

    def full_r1(self, at: datetime) -> tuple[Offer, ...]:
        """The offers on sale at `at` of which somebody verified that R1 itself answers, and no distill."""
        return tuple(each for each in self.offers if each.verified and each.family == "r1" and each.is_current(at))


def model_key(serves: str) -> str:
    """One name for one model, whoever sells it: "DeepSeek-V4.1-Flash (1017)" is "deepseek-v4.1-flash"."""
    return re.split(r"[\s(,:]", serves.strip().rsplit("/", 1)[-1].casefold(), maxsplit=1)[0]


_DESCENDANT = re.compile(r"deepseek-(v\d(?:\.\d)?)((?:-(?:flash|pro|terminus|exp|speciale|vision))*)")


def descendant_of(serves: str, *, in_full: bool = True) -> str | None:
    """Which of R1's descendants is called `serves`: "V4.1-Flash", not `in_full` "V4.1"; None for any other name."""
    found = _DESCENDANT.match(model_key(serves))
    if found is None:
        return None
    return found[1].upper() + ("-".join(each.capitalize() for each in found[2].split("-")) if in_full else "")


# Names that DeepSeek gave: anybody may call a model "r1-…" that is none of them.
_NAMES_R1 = re.compile(r"deepseek-r1\b|r1(?:-0528|-zero)?\Z|r1-(?:0528-|distill-)")
_NAMES_DISTILL = re.compile(r"distill|qwen|llama")


def family_of(serves: str, is_r1: bool) -> Family:
    """The family of what is called `serves`; `is_r1` when it is known to be R1 or a distill of it."""
    key = model_key(serves)
    if is_r1 or _NAMES_R1.match(key):
        return "distill" if _NAMES_DISTILL.search(key) else "r1"
    return "successor" if key.startswith("deepseek-v") or key == "deepseek-flash" else "other"
