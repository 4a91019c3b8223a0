"""A user's own files are laid over ours."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.load import load_hardware, load_holidays, load_models, load_prices, load_providers
from r1plan.errors import CatalogError
from tests.catalog.conftest import WriteOwn, shipped
from tests.catalog.ours import MODELS


def test_a_users_model_replaces_ours_of_the_same_id(write_own: WriteOwn) -> None:
    text = shipped("profiles/models/r1-distill-qwen-7b.yaml")
    write_own("profiles/models/any-name.yaml", text.replace("context_max: 131072", "context_max: 4096"))
    models = load_models()
    assert len(models) == len(MODELS)
    assert models["R1-Distill-Qwen-7B"].context_max == 4096


def test_a_users_row_replaces_one_card_and_leaves_the_others(write_own: WriteOwn) -> None:
    before = load_hardware()
    write_own(
        "profiles/hardware/mine.yaml",
        "sources: {bench: my own}\ngpus:\n  - {id: rtx-4090, name: My 4090, gpu_class: nvidia-consumer, vram_gib: 48, "
        "bandwidth_gb_s: 1008, tdp_w: 450, fp32_tflops: 82, fp16_tensor_tflops: null, memory_type: GDDR6X, "
        "released: null, confidence: low, sources: [bench]}\n",
    )
    after = load_hardware()
    assert after.gpus["rtx-4090"].vram_gib == 48
    assert {**after.gpus, "rtx-4090": before.gpus["rtx-4090"]} == before.gpus
    assert after.apple == before.apple


def test_a_users_price_is_added_after_ours(write_own: WriteOwn) -> None:
    ours = load_prices("deepseek")["deepseek"]
    write_own(
        "pricing/deepseek.yaml",
        """provider: deepseek
checked: 2026-12-02
prices:
  - model: deepseek-flash
    rates: {input_cache_miss: '0.10', input_cache_hit: '0.001', output: '0.40'}
    effective_from: 2026-12-01T04:00:00+08:00
    effective_from_precision: instant
    effective_until: null
    effective_until_precision: open
    sources: [my bill]
    confidence: high
""",
    )
    merged = load_prices("deepseek")["deepseek"]
    assert merged.prices[:-1] == ours.prices
    assert merged.checked == date(2026, 12, 2)
    added = merged.prices[-1]
    assert added.rates.input_cache_miss == Decimal("0.10")
    assert added.effective_from is not None
    assert added.effective_from.isoformat() == "2026-11-30T20:00:00+00:00"


def test_a_users_provider_and_its_prices_need_no_code(write_own: WriteOwn) -> None:
    write_own(
        "profiles/providers/acme.yaml",
        "{id: acme, name: Acme, dialect: openai, base_url: 'https://acme.example/v1', key_variable: ACME_API_KEY}",
    )
    assert load_providers()["acme"].base_url_variable == "R1PLAN_ACME_BASE_URL"
    assert load_prices("acme") == {}


def test_a_users_dialect_changes_every_provider_that_leaves_it_open(write_own: WriteOwn) -> None:
    before = load_providers()
    write_own(
        "profiles/dialects/openai.yaml",
        "{id: openai, usage: {input: [usage.read], output: [usage.written], cache_hit: [usage.cached]}}",
    )
    after = load_providers()
    assert after["together"].usage.input == (("usage.read",),)
    assert after["together"].usage.cache_hit == before["together"].usage.cache_hit
    assert after["replicate"] == before["replicate"]


def test_a_users_calendar_adds_its_days(write_own: WriteOwn) -> None:
    write_own(
        "pricing/calendars/mine.yaml",
        "{id: china-public-holidays, name: more, zone: Asia/Shanghai, checked: 2026-11-23, days: [2027-01-01], "
        "sources: [State Council]}",
    )
    days = load_holidays()["china-public-holidays"].days
    assert date(2027, 1, 1) in days
    assert date(2026, 10, 1) in days


def test_one_providers_prices_are_loaded_alone() -> None:
    assert list(load_prices("together")) == ["together"]
    assert load_prices("nobody") == {}
    assert load_prices("../pricing/together") == {}


def test_a_model_written_on_windows_reads_the_same(write_own: WriteOwn) -> None:
    before = load_models()["DeepSeek-R1"]
    text = shipped("profiles/models/deepseek-r1.yaml")
    write_own("profiles/models/mine.yaml", "").write_bytes(text.replace("\n", "\r\n").encode())
    assert load_models()["DeepSeek-R1"] == before


@pytest.mark.parametrize("id_", ["local", "Local", "LOCAL", "ｌｏｃａｌ", " local ", "lo\u200bcal"])
def test_no_provider_has_the_id_of_this_machine(write_own: WriteOwn, id_: str) -> None:
    write_own("profiles/providers/near.yaml", f"{{id: '{id_}', name: Near, dialect: openai}}")
    with pytest.raises(CatalogError, match="stands for models on this machine, and is no provider's"):
        load_providers()


@pytest.mark.parametrize("id_", ["127.0.0.1:8080", "a/b", "a b", "", "-a", "DeepSeek", "\u0430cme"])
def test_an_id_that_could_be_taken_for_another_is_refused(write_own: WriteOwn, id_: str) -> None:
    write_own("profiles/providers/near.yaml", f"{{id: '{id_}', name: Near, dialect: openai}}")
    with pytest.raises(CatalogError, match=r"profiles/providers/near\.yaml: id: "):
        load_providers()


def test_two_files_of_one_provider_do_not_replace_one_another(write_own: WriteOwn) -> None:
    for name in ("a", "b"):
        write_own(f"profiles/providers/{name}.yaml", "{id: acme, name: Acme, dialect: openai}")
    with pytest.raises(CatalogError, match=r"'acme' is the id of a\.yaml too"):
        load_providers()


def test_a_password_in_an_address_is_not_copied_into_the_cache(write_own: WriteOwn, home: Path) -> None:
    path = write_own(
        "profiles/providers/acme.yaml",
        "{id: acme, name: Acme, dialect: openai, base_url: 'http://me:hunter2@acme.example'}",
    )
    os.utime(path, ns=(0, 0))
    for _ in range(2):
        assert load_providers()["acme"].base_url == "http://me:hunter2@acme.example"
    kept = [each.read_text(encoding="utf-8") for each in (home / "cache").rglob("*") if each.is_file()]
    assert "hunter2" not in "".join(kept)
