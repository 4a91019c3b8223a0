"""DeepSeek-V3.2's true shape, as files with a block that predicts further tokens have it and as those without, and a
small one of the same kind.
"""

from __future__ import annotations

from dataclasses import replace

from r1plan.catalog.model import Experts, Indexer, LatentAttention
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
# Ten layers (a number at which the two sizes that the engine prints, rounded, add up), every width another than V3.2's.
V32_SMALL = replace(
    V32,
    id="DeepSeek-V3.2-small",
    shape=replace(
        V32.shape,
        layers=10,
        hidden_size=1024,
        heads=16,
        kv_heads=16,
        ffn_size=2816,
        vocab_size=32_000,
        latent_attention=LatentAttention(
            q_lora_rank=512, kv_lora_rank=256, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128
        ),
        indexer=Indexer(heads=8, head_dim=64, top_k=512),
        experts=Experts(dense_layers=2, ffn_size=512, routed=32, shared=1, used_per_token=4),
    ),
)
