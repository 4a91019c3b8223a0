"""DeepSeek-V3.2, which the catalogue does not hold: its true shape, as its files are converted and without their block
that predicts further tokens, and a small one of the same kind.
"""

from __future__ import annotations

from dataclasses import replace

from r1plan.catalog.model import Indexer
from tests.plan.catalogue import model

_R1 = model("DeepSeek-R1")
# deepseek-ai/DeepSeek-V3.2, config.json: R1's numbers with index_n_heads, index_head_dim and index_topk.
V32 = replace(
    _R1,
    id="DeepSeek-V3.2",
    architecture="deepseek32",
    shape=replace(_R1.shape, indexer=Indexer(heads=64, head_dim=128, top_k=2048), nextn_layers=1),
    quants=(),
)
V32_ALONE = replace(V32, id="DeepSeek-V3.2-alone", shape=replace(V32.shape, nextn_layers=0))
