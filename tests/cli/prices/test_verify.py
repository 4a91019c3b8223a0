"""`r1plan prices verify`: asks a real loopback server in each provider's documented shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from r1plan.catalog.load import load_providers
from tests.cli.prices.calling import document, prices
from tests.wire.server import Asked, Reply, serving

R1 = "deepseek/deepseek-r1-0528"


def openrouter(**pricing: Any) -> Any:
    """https://openrouter.ai/docs/api-reference/list-available-models: strings, dollars a token."""
    told = {"prompt": "0.0000004", "completion": "0.00000175", "request": "0", "image": "0", **pricing}
    old = {"id": "deepseek/deepseek-r1", "pricing": {"prompt": "0.0000007", "completion": "0.0000025"}}
    return {"data": [{"id": R1, "canonical_slug": R1, "context_length": 163840, "pricing": told}, old, {"id": "a/b"}]}


def together(**pricing: Any) -> Any:
    """https://docs.together.ai/reference/models-1: the list itself, dollars a million tokens."""
    told = {"hourly": 0, "input": 0.3, "output": 1.2, "base": 0, "finetune": 0, **pricing}
    return [{"id": "deepseek-ai/DeepSeek-V4.1-Flash", "object": "model", "type": "chat", "pricing": told}]


def deepinfra(**pricing: Any) -> Any:
    """https://deepinfra.com/docs/openai_api: metadata of each, dollars a million tokens."""
    told = {"input_tokens": 0.5, "output_tokens": 2.15, "cache_read_tokens": 0.35, **pricing}
    named = {"id": "deepseek-ai/DeepSeek-R1-0528", "object": "model", "metadata": {"pricing": told}}
    return {"object": "list", "data": [named, {"id": "embedding", "metadata": None}]}


def novita(**pricing: Any) -> Any:
    """https://novita.ai/docs/api-reference/model-apis-llm-list-models: ten-thousandths of a dollar a million."""
    told = {"input_token_price_per_m": 7000, "output_token_price_per_m": 25000, **pricing}
    return {"data": [{"id": "deepseek/deepseek-r1-0528", "title": "R1", "context_size": 163840, **told}]}


SHAPES = {"openrouter": openrouter, "together": together, "deepinfra": deepinfra, "novita": novita}


def reply(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), status=status, content_type="application/json")


def here(provider: str, url: str, home: Path) -> dict[str, str]:
    name = provider.upper()
    return {f"R1PLAN_{name}_BASE_URL": url, f"{name}_API_KEY": "sk-test-key", "R1PLAN_HOME": str(home)}


def row(fields: Mapping[str, Any]) -> dict[str, Any]:
    (each,) = (
        each for each in fields["providers"][0]["prices"] if "1-0528" in each["model"] or "V4.1" in each["model"]
    )
    return dict(each)


@pytest.mark.parametrize(
    ("provider", "published"),
    [
        ("openrouter", ("0.4", None, "1.75")),
        ("together", ("0.3", None, "1.2")),
        ("deepinfra", ("0.5", "0.35", "2.15")),
        ("novita", ("0.7", None, "2.5")),
    ],
)
def test_each_documented_shape_is_read_in_its_unit(
    provider: str, published: tuple[str, str | None, str], tmp_path: Path
) -> None:
    with serving(reply(SHAPES[provider]())) as wire:
        fields = document_of(provider, wire.url, tmp_path)
    assert (wire.asked[0].method, wire.asked[0].path) == ("GET", "/models")
    told = row(fields)["published"]
    assert tuple(told.values()) == published


def document_of(provider: str, url: str, home: Path) -> dict[str, Any]:
    done = prices("verify", "--provider", provider, "--json", environ=here(provider, url, home))
    assert done.stderr == "", done.stderr
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields


def test_a_price_that_differs_is_said_and_written_once_and_then_agrees(tmp_path: Path) -> None:
    changed = openrouter(prompt="0.00000047", completion="0.0000019", input_cache_read="0.0000001")
    with serving(reply(changed)) as wire:
        environ = here("openrouter", wire.url, tmp_path)
        first = prices("verify", "--provider", "openrouter", environ=environ, columns=80)
        assert first.returncode == 1
        assert first.stdout.startswith("1 price of ")
        assert "0.47/0.10/1.90" in first.stdout
        assert not (tmp_path / "config/pricing").exists()
        wrote = prices("verify", "--provider", "openrouter", "--write", environ=environ)
        file = tmp_path / "config/pricing/openrouter.yaml"
        assert f"Wrote 1 row to {file}" in " ".join(wrote.stdout.split())
        text = file.read_text("utf-8")
        again = prices("verify", "--provider", "openrouter", "--write", environ=environ)
        assert (again.returncode, file.read_text("utf-8")) == (0, text)
    shown = document("show", "openrouter", R1, environ=environ)
    assert (shown["output_usd_per_mtok"], shown["input_cache_hit_usd_per_mtok"]) == ("1.9", "0.1")
    assert prices("check", environ=environ).returncode == 0


def test_a_second_change_ends_the_row_of_the_first_and_loses_no_line(tmp_path: Path) -> None:
    answers = [openrouter(prompt="0.0000005"), openrouter(prompt="0.0000006")]
    file = tmp_path / "config/pricing/openrouter.yaml"
    texts = []
    for answer in answers:
        with serving(reply(answer)) as wire:
            done = prices(
                "verify", "--write", "--provider", "openrouter", environ=here("openrouter", wire.url, tmp_path)
            )
            assert done.stderr == ""
        texts.append(file.read_text("utf-8").splitlines())
    kept = [line for line in texts[1] if line in texts[0]]
    assert kept[: len(texts[0])] == texts[0]
    assert sum("effective_until:" in line for line in texts[1]) == 1


def test_the_comments_and_rows_of_ones_own_file_stay_byte_for_byte(tmp_path: Path) -> None:
    folder = tmp_path / "config/pricing"
    folder.mkdir(parents=True)
    own = (
        "# mine\nprovider: openrouter\nchecked: 2026-11-01\nprices:\n- model: other/model   # agreed by mail\n"
        "  rates: {input_cache_miss: '1', input_cache_hit: null, output: '2'}\n  effective_from: 2026-01-01\n"
        "  effective_from_precision: day\n  sources: [a mail]"
    )
    (folder / "openrouter.yaml").write_text(own)
    with serving(reply(openrouter(prompt="0.000009"))) as wire:
        prices("verify", "--provider", "openrouter", "--write", environ=here("openrouter", wire.url, tmp_path))
    assert (folder / "openrouter.yaml").read_text().startswith(own + "\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"data": "no list"}, "answered no list of models"),
        ("<html>", "answered no list of models"),
        ({"error": {"message": "down"}}, "answered no list of models"),
    ],
    ids=["no list", "a text", "an error with status 200"],
)
def test_what_is_no_list_of_models_is_one_sentence_and_writes_nothing(content: Any, said: str, tmp_path: Path) -> None:
    with serving(reply(content)) as wire:
        done = prices("verify", "--provider", "novita", "--write", environ=here("novita", wire.url, tmp_path))
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / "config/pricing").exists()


def test_a_key_is_needed_where_the_provider_wants_one_and_is_never_shown(tmp_path: Path) -> None:
    with serving(lambda asked: reply({"error": asked.headers.get("authorization")}, 401)) as wire:
        without = {"R1PLAN_TOGETHER_BASE_URL": wire.url, "TOGETHER_API_KEY": "", "R1PLAN_HOME": str(tmp_path)}
        done = prices("verify", "--provider", "together", environ=without)
        assert (done.returncode, wire.asked) == (1, [])
        assert "tells its prices only to who has a key" in done.stderr
        refused = prices("verify", "--provider", "together", environ=here("together", wire.url, tmp_path))
    assert refused.returncode == 1
    assert "sk-test-key" not in refused.stdout + refused.stderr


def test_who_publishes_none_is_told_so() -> None:
    done = prices("verify", "--provider", "fireworks")
    assert done.returncode == 2
    assert done.stderr.startswith("error: Fireworks AI publishes no prices that a program could read.")
    assert "deepinfra, novita, openrouter, together do" in done.stderr


def test_without_a_network_each_provider_is_told_with_its_own_variable(tmp_path: Path) -> None:
    names = ("TOGETHER", "DEEPINFRA", "NOVITA", "OPENROUTER")
    environ = {f"R1PLAN_{each}_BASE_URL": "http://127.0.0.1:9" for each in names}
    environ |= {"TOGETHER_API_KEY": "sk-test-key", "R1PLAN_HOME": str(tmp_path)}
    done = prices("verify", environ=environ, columns=200)
    assert done.returncode == 1
    assert done.stdout.startswith("No price was verified: nobody could be asked.\n")
    assert all(f"address (R1PLAN_{each}_BASE_URL)" in done.stdout for each in names)
    assert "--base-url" not in done.stdout


def test_a_model_that_is_listed_no_more_is_no_price_that_differs(tmp_path: Path) -> None:
    with serving(reply({"data": [{"id": "a/b"}]})) as wire:
        done = prices("verify", "--provider", "novita", environ=here("novita", wire.url, tmp_path), columns=120)
    assert done.stdout.startswith("Of 2 prices here 2 are no longer listed by Novita AI, ")
    assert "USD per million tokens: fresh input/cached/output" in done.stdout.splitlines()


def test_the_help_names_who_publishes() -> None:
    shown = " ".join(prices("verify", "--help").stdout.split())
    names = sorted(each.name for each in load_providers().values() if each.published_prices)
    assert f"Those are {', '.join(names[:-1])} and {names[-1]}" in shown


def test_one_provider_that_is_down_hides_no_other(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Reply:
        return reply(openrouter())

    with serving(answer) as wire:
        nobody = "http://127.0.0.1:9"
        environ = {**here("openrouter", wire.url, tmp_path), "TOGETHER_API_KEY": ""}
        environ |= {f"R1PLAN_{each}_BASE_URL": nobody for each in ("TOGETHER", "DEEPINFRA", "NOVITA")}
        done = prices("verify", environ=environ, columns=80)
    assert "OpenRouter" in done.stdout.splitlines()[0] + done.stdout.splitlines()[1]
    assert done.stdout.count("Not verified,") == 3
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
