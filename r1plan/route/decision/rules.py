"""What the rules of routes make of a request: the route as they change it, and what holds beside any route. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal

from r1plan.catalog.policy import Binding, Place, PolicyLimits, Route, Rule, When
from r1plan.errors import CatalogError, NotFound
from r1plan.project_name import project_key
from r1plan.route.decision.cause import RuleApplied
from r1plan.route.forecast.forecast import PromptFacts

_NO_LIMITS = PolicyLimits()


def route_named(name: str, routes: Mapping[str, Route]) -> Route:
    """The route that the user means, without regard to case. Raises NotFound."""
    found = next((each for id_, each in routes.items() if id_.casefold() == name.casefold()), None)
    if found is None:
        raise NotFound.among("route", name, routes)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a rule holds a request to, whatever names who is asked; `binding` says which rule."""

    binding: Binding
    place: Place = "anywhere"
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    limits: PolicyLimits = _NO_LIMITS


def holds(ask: PromptFacts, routes: Mapping[str, Route]) -> tuple[Hold, ...]:
    """What `ask` is held to by the rules of `routes`, of which none need be the one that decides.

    A rule that names a project holds all that it restricts. One that keeps a kind or a language of prompts on the
    machine holds that. The others, on lengths and hours, are a route's own affair.
    """
    return tuple(_held(ask, routes))


def changed_by_rules(
    ask: PromptFacts, route: Route, routes: Mapping[str, Route]
) -> tuple[Route, tuple[RuleApplied, ...], Binding | None]:
    """`route` as its rules make it for `ask`, those that did, and what keeps it on the machine.

    Rules apply one after another, those of a route that a rule takes among them. Raises NotFound for a rule that names
    no route, CatalogError for rules that lead back to their own route.
    """
    walk = _Walk(ask, routes)
    changed = walk.through(route, route, (route.id,))
    return changed, tuple(walk.applied), walk.binding


def tightest(one: PolicyLimits, other: PolicyLimits) -> PolicyLimits:
    """The tighter of each pair of limits."""

    def least(*values: Decimal | float | None) -> Decimal | float | None:
        return min((each for each in values if each is not None), default=None)

    contexts = [each for each in (one.min_context_tokens, other.min_context_tokens) if each is not None]
    return PolicyLimits(
        max_p90_usd=least(one.max_p90_usd, other.max_p90_usd),  # type: ignore[arg-type]
        max_p90_s=least(one.max_p90_s, other.max_p90_s),  # type: ignore[arg-type]
        min_context_tokens=max(contexts, default=None),
    )


def matches(when: When, ask: PromptFacts) -> bool:
    """Whether a rule for `when` applies to `ask`."""
    sent = ask.estimated_input_tokens
    prompt = sent if ask.prompt_tokens is None else ask.prompt_tokens
    return (
        (not when.projects or not _keys(when.projects).isdisjoint(_keys((ask.project, *ask.projects))))
        and (not when.kinds or ask.kind in when.kinds)
        and (not when.languages or ask.language in when.languages)
        and _between(prompt, when.min_prompt_tokens, when.max_prompt_tokens)
        and _between(sent, when.min_context_tokens, when.max_context_tokens)
        and (when.hours_utc is None or when.hours_utc.holds(ask.at.astimezone(UTC).time()))
    )


def _keys(projects: tuple[str | None, ...]) -> set[str]:
    return {project_key(each) for each in projects if each is not None}


class _Walk:
    """The way through the rules of a route, and of those that they take."""

    def __init__(self, ask: PromptFacts, routes: Mapping[str, Route]) -> None:
        self._ask, self._routes = ask, routes
        self.applied: list[RuleApplied] = []
        self.binding: Binding | None = None

    def through(self, changed: Route, of: Route, path: tuple[str, ...]) -> Route:
        """`changed` by the rules of the route `of`, to which `path` has led."""
        self._keep(changed, Binding(of.id))
        for number, rule in enumerate(of.rules, start=1):
            if matches(rule.when, self._ask):
                taken_by = of.id if len(path) > 1 else None
                self.applied.append(RuleApplied(number, rule.note, rule.route, taken_by))
                changed = self.by(changed, rule, number, path)
        return changed

    def by(self, changed: Route, rule: Rule, number: int, path: tuple[str, ...]) -> Route:
        """`changed` by one rule of the last route of `path`."""
        if rule.route is not None:
            other = route_named(rule.route, self._routes)
            if other.id in path:
                way = " to ".join((*path, other.id))
                raise CatalogError(
                    f"the rules of route {path[0]} lead in a circle: {way}.", "let one rule name no route."
                )
            changed = replace(
                changed,
                objective=other.objective,
                accepts=other.accepts,
                prefer_local=other.prefer_local,
                only=other.only,
                order=other.order,
                never=(*changed.never, *other.never),
                place=_stricter(changed.place, other.place),
                limits=tightest(changed.limits, other.limits),
            )
            changed = self.through(changed, other, (*path, other.id))
        changed = replace(
            changed,
            objective=rule.objective or changed.objective,
            accepts=rule.accepts or changed.accepts,
            only=rule.only or changed.only,
            never=(*changed.never, *rule.never),
            place=_stricter(changed.place, rule.place),
            limits=tightest(changed.limits, rule.limits),
        )
        self._keep(changed, Binding(path[-1], number))
        return changed

    def _keep(self, changed: Route, binding: Binding) -> None:
        if changed.place == "machine" and self.binding is None:
            self.binding = binding


def _held(ask: PromptFacts, routes: Mapping[str, Route]) -> Iterator[Hold]:
    for route in routes.values():
        for number, rule in enumerate(route.rules, start=1):
            when = rule.when
            if not (when.projects or when.kinds or when.languages) or not matches(when, ask):
                continue
            nothing = Route(id=route.id, description=route.description)
            found = _Walk(ask, routes).by(nothing, rule, number, (route.id,))
            hold = Hold(binding=Binding(route.id, number), place=found.place)
            if when.projects:
                hold = replace(hold, only=found.only, never=found.never, limits=found.limits)
            if hold != Hold(binding=hold.binding):
                yield hold


def _stricter(one: Place, other: Place | None) -> Place:
    return "machine" if "machine" in (one, other) else "anywhere"


def _between(value: int, least: int | None, most: int | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)
