"""Routing policies and what forecasts assume: ours, and the user's laid over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.cache import cached
from r1plan.catalog.load import file_of_route, has_own_routes, load_routes
from r1plan.catalog.policy import PolicyLimits, Rule, When
from r1plan.catalog.price import Window
from r1plan.catalog.priors import Priors, load_priors
from r1plan.catalog.reading.files import files_of
from r1plan.catalog.reading.validate import load_file
from r1plan.errors import CatalogError

MINE = """
id: mine
description: Code at home by night, else what is cheap.
objective: cost
accepts: [r1, distill]
limits: {max_p90_usd: '0.05', max_p90_s: 120, min_context_tokens: 64000}
rules:
  - when: {kinds: [code], hours_utc: {start: '22:00', end: '06:00'}, projects: [shop]}
    route: private
    note: at home by night
  - when: {languages: [zh], min_prompt_tokens: 1000}
    only: [deepseek]
"""


def written(home: Path, text: str, name: str = "mine", folder: str = "profiles/routes") -> None:
    path = home / "config" / folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_users_route_lies_beside_ours(home: Path) -> None:
    written(home, MINE)
    routes = load_routes()
    assert set(routes) == {"cheapest", "fastest", "local-first", "private", "quality", "r1", "mine"}
    mine = routes["mine"]
    assert mine.limits == PolicyLimits(max_p90_usd=Decimal("0.05"), max_p90_s=120, min_context_tokens=64_000)
    assert mine.rules[0] == Rule(
        when=When(kinds=("code",), projects=("shop",), hours_utc=Window(start=time(22), end=time(6))),
        route="private",
        note="at home by night",
    )


def test_a_users_route_of_our_name_replaces_ours(home: Path) -> None:
    written(home, MINE.replace("id: mine", "id: cheapest"))
    assert load_routes()["cheapest"].accepts == ("r1", "distill")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("route: private", "route: privat", "expected one of", id="unknown-route"),
        pytest.param("[r1, distill]", "[r2]", "accepts", id="unknown-family"),
        pytest.param("'0.05'", "0.05", "in quotes", id="money-without-quotes"),
        pytest.param("'22:00'", "'25:00'", "expected a time such as 16:30", id="no-time"),
        pytest.param("objective: cost", "objectiv: cost", "unknown field 'objectiv'", id="misspelt"),
        pytest.param("max_p90_s: 120", "max_p90_s: 0", "more than 0", id="no-seconds"),
    ],
)
def test_a_wrong_route_is_named_with_field_and_value(home: Path, old: str, new: str, said: str) -> None:
    written(home, MINE.replace(old, new))
    with pytest.raises(CatalogError, match=said) as raised:
        load_routes()
    assert raised.value.message.startswith("profiles/routes/mine.yaml")


def test_what_is_assumed_has_a_basis_a_source_and_something_for_every_model_and_kind() -> None:
    priors = load_priors()
    assert ("*", "*") in {(each.model, each.kind) for each in priors.lengths}
    assert all(each.source for each in priors.lengths)
    assert [each.within_s for each in priors.cache] == sorted(each.within_s for each in priors.cache)
    assert all(0 <= each.chance <= 1 for each in priors.cache)
    assert priors.power.usd_per_kwh == Decimal("0.1883")


def test_the_stored_copy_of_what_is_assumed_equals_what_was_read() -> None:
    files = files_of("profiles", stem="forecast")
    read = load_file(Priors, files[-1])
    later_ns = 2**62  # by then every file has settled
    assert cached("forecast", Priors, files, lambda: read, later_ns) == read
    copied = load_priors()
    assert copied is not read
    assert copied == read


def test_a_users_assumptions_replace_ours(home: Path) -> None:
    ours = (Path(__file__).parents[2] / "profiles" / "forecast.yaml").read_text("utf-8")
    written(home, ours.replace("'0.1883'", "'0.30'"), "forecast", "profiles")
    changed = load_priors()
    assert changed.power.usd_per_kwh == Decimal("0.30")
    assert replace(changed.power, usd_per_kwh=Decimal("0.1883")).watts == 150


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("kinds: [code]", "kinds: [maht]", "got 'maht'", id="kind"),
        pytest.param("kinds: [code]", "kinds: [Code]", "got 'Code'", id="kind-in-capitals"),
        pytest.param("languages: [zh]", "languages: [xx]", "got 'xx'", id="language"),
        pytest.param("languages: [zh]", "languages: []", "with something in it", id="no-language"),
        pytest.param("projects: [shop]", "projects: []", "with something in it", id="no-project"),
        pytest.param("projects: [shop]", "projects: [' ']", "the name of a project", id="blank-project"),
        pytest.param("projects: [shop]", "projects: [7]", "expected text", id="project-of-digits"),
        pytest.param("projects: [shop]", "projects: shop", "expected a list", id="project-without-list"),
        pytest.param("end: '06:00'", "end: '22:00'", "an end that is not the start", id="hours-of-nothing"),
        pytest.param(
            "min_prompt_tokens: 1000", "min_prompt_tokens: 9, max_prompt_tokens: 8", "9 or more", id="lengths"
        ),
        pytest.param("only: [deepseek]", "only: [deepsek]", "did you mean deepseek", id="provider"),
        pytest.param("only: [deepseek]", "only: [DeepSeek]", "did you mean deepseek", id="provider-in-capitals"),
        pytest.param("only: [deepseek]", "never: [nobody]", "known are", id="nobody"),
        pytest.param("only: [deepseek]", "only: []", "with something in it", id="only-nobody"),
        pytest.param("only: [deepseek]", "note: x", "changes nothing", id="a-rule-of-nothing"),
        pytest.param("only: [deepseek]", "place: anywhere", "changes nothing", id="a-rule-that-lifts"),
        pytest.param("route: private", "route: mine", "in a circle: mine to mine", id="circle"),
        pytest.param("objective: cost", "only: [nobody]", "no provider is called 'nobody'", id="route-only"),
        pytest.param("objective: cost", "never: [nobody]", "no provider is called 'nobody'", id="route-never"),
        pytest.param("id: mine", "id: my route", "expected letters, digits", id="id-with-a-blank"),
        pytest.param("id: mine", "id: Cheapest", "is 'cheapest' but for the case", id="id-in-capitals"),
        pytest.param("id: mine", "id: private", "expected machine, got anywhere", id="private-that-is-not"),
    ],
)
def test_a_rule_that_is_there_and_unusable_is_an_error_and_never_no_rule(
    home: Path, old: str, new: str, said: str
) -> None:
    assert old in MINE
    written(home, MINE.replace(old, new))
    with pytest.raises(CatalogError) as raised:
        load_routes()
    assert said in raised.value.message
    assert raised.value.message.startswith("profiles/routes/mine.yaml")
    assert "mine.yaml" in str(raised.value.hint)


def test_this_machine_and_a_provider_of_ones_own_can_be_named_in_a_rule(home: Path) -> None:
    written(
        home, "{id: acme, name: Acme, dialect: openai, base_url: 'https://acme.example'}", "acme", "profiles/providers"
    )
    written(home, MINE.replace("only: [deepseek]", "only: [acme, local]"))
    assert load_routes()["mine"].rules[1].only == ("acme", "local")
    (home / "config" / "profiles" / "providers" / "acme.yaml").unlink()
    with pytest.raises(CatalogError, match="no provider is called 'acme'"):
        load_routes()


def test_a_stricter_private_may_replace_ours(home: Path) -> None:
    written(home, "{id: private, description: Mine., place: machine, accepts: [distill]}")
    assert load_routes()["private"].accepts == ("distill",)


def test_two_files_of_one_id_do_not_replace_one_another(home: Path) -> None:
    written(home, MINE)
    (home / "config" / "profiles" / "routes" / "more.yaml").write_text(MINE)
    with pytest.raises(CatalogError, match=r"'mine' is the id of mine\.yaml too"):
        load_routes()


def test_rules_of_three_routes_may_lead_in_a_circle(home: Path) -> None:
    written(home, "{id: a, description: A., rules: [{when: {}, route: b}]}", "a")
    for id_, to in (("b", "c"), ("c", "a")):
        text = f"{{id: {id_}, description: X., rules: [{{when: {{kinds: [code]}}, route: {to}}}]}}"
        (home / "config" / "profiles" / "routes" / f"{id_}.yaml").write_text(text)
    with pytest.raises(CatalogError, match="it leads in a circle: a to b to c to a"):
        load_routes()


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml", "Mine.YAML", "mine.Yml"])
def test_a_route_is_read_however_its_file_is_spelt_and_found_again(home: Path, name: str) -> None:
    written(home, MINE)
    folder = home / "config" / "profiles" / "routes"
    (folder / "mine.yaml").rename(folder / name)
    assert "mine" in load_routes()
    assert file_of_route("mine") == folder / name
    assert file_of_route("nobody") is None


def test_own_routes_are_there_when_their_folder_is(home: Path) -> None:
    assert not has_own_routes()
    written(home, MINE)
    assert has_own_routes()


@pytest.mark.parametrize(
    "name",
    [
        "routes/mine.yaml",
        "route/mine.yaml",
        "Routes/mine.yaml",
        "rules/mine.yaml",
        "rules.yaml",
        "routes.yml",
        "profiles/route/mine.yaml",
        "profiles/Routes/mine.yaml",
        "profiles/routes.yaml",
        "profiles/policies/mine.yaml",
        "profiles/routes/mine.yaml.txt",
        "profiles/routes/mine.json",
        "profiles/routes/mine.yam",
        "profiles/routes/mine",
        "profiles/routes/work/mine.yaml",
    ],
)
def test_what_a_person_may_take_for_a_route_and_is_not_read_is_an_error(home: Path, name: str) -> None:
    path = home / "config" / name
    path.parent.mkdir(parents=True)
    path.write_text(MINE)
    for look in (load_routes, has_own_routes):
        with pytest.raises(CatalogError, match=r"is not read") as raised:
            look()
        assert str(home / "config" / "profiles" / "routes") in raised.value.message + str(raised.value.hint)


@pytest.mark.parametrize("name", [".git", ".mine.yaml.swp", "mine.yaml~", "mine.yaml.bak", "README.md", "#mine.yaml#"])
def test_what_editors_leave_beside_a_route_is_passed_over(home: Path, name: str) -> None:
    written(home, MINE)
    (home / "config" / "profiles" / "routes" / name).write_text("?")
    assert "mine" in load_routes()


def test_a_server_may_be_named_in_a_rule_by_its_host_and_port_alone(home: Path) -> None:
    written(home, MINE.replace("only: [deepseek]", "only: ['127.0.0.1:8080', 'gpu.lan:80', '[::1]:8080']"))
    assert len(load_routes()["mine"].rules[1].only) == 3
    written(home, MINE.replace("only: [deepseek]", "only: [gpu.lan]"))
    with pytest.raises(CatalogError, match=r"no provider is called 'gpu\.lan'"):
        load_routes()
