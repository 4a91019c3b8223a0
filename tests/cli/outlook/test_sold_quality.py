"""How good what sellers serve is, as far as anybody published it."""

from __future__ import annotations

from r1plan.catalog.load import load_providers
from r1plan.cli.outlook.sold_quality import sold_quality


def test_what_deepseek_and_the_sellers_of_r1_serve_now_has_a_quality() -> None:
    providers = load_providers()
    own = providers["deepseek"]
    default = next(offer for offer in own.offers if offer.model == own.default_model)
    assert sold_quality(default.serves) is not None
    r1 = sold_quality("DeepSeek-R1")
    assert r1 is not None
    assert (r1.published, r1.perplexity_ratio) == (71.5, 1.0)
    assert sold_quality("nobody's-model") is None
