"""Which quants of a model are looked at at all."""

from __future__ import annotations

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.llamacpp.candidates import candidates_of
from r1plan.plan.pins import Pins
from tests.plan.catalogue import CATALOGUE, model, plan, quant

H200 = machine_from_options(gpu=["h200:8"])


@pytest.mark.parametrize("id_", ["DeepSeek-V4-Pro", "DeepSeek-V4-Pro-0813"])
def test_of_a_model_trained_in_four_bits_no_larger_quant_than_its_lossless_one_is_chosen(id_: str) -> None:
    looked_at = {each.quant.name: each.quant.tensor_bytes for each in candidates_of(CATALOGUE, Pins(model=id_))}
    lossless = quant("DeepSeek-V4-Pro-0813", "UD-Q4_K_XL").tensor_bytes
    assert max(held for name, held in looked_at.items() if name not in ("UD-Q4_K_XL", "UD-Q8_K_XL")) < lossless
    chosen, asked = plan(H200, pins=Pins(model=id_)).choice, plan(H200, pins=Pins(model=id_, quant="Q4_K_M")).choice
    assert chosen is not None
    # Of the preview nobody is known to offer anything, so that the next smaller type that is made of it comes.
    assert chosen.quant_name == ("UD-Q4_K_XL" if "UD-Q4_K_XL" in looked_at else "IQ4_XS")
    assert asked is not None
    assert asked.quant_name == "Q4_K_M"
    every = {each.quant.name for each in candidates_of(CATALOGUE, Pins(model="DeepSeek-R1"))}
    assert every == {each.name for each in model("DeepSeek-R1").quants if each.engine == "llama.cpp"}
