"""r1-tiny's byte-level BPE, with Qwen2's split of text, so that llama.cpp's own tokenizer gives the same ids."""

import random
from typing import TYPE_CHECKING

from r1plan.tiny.dialogue import ASSISTANT, BOS, END_THINK, EOS, THINK, USER, sample

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY = 2048
SAMPLES = 60_000
TOKEN_BYTES = 24
"""llama-cpp-python (0.3.36, `_internals.py`, `token_to_piece` buffers) drops a token longer than 32 bytes."""
CONTROL = (BOS, EOS, USER, ASSISTANT)
"""Never shown and never read from a user's text."""
VISIBLE = (THINK, END_THINK)
"""Single tokens that stay readable in the output, as in R1's distills."""

# Qwen2's pattern (Qwen/Qwen2.5-7B, tokenizer.json); llama.cpp knows it as `deepseek-r1-qwen` (src/llama-vocab.cpp).
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(seed: int) -> "Tokenizer":
    """A vocabulary learned from generated conversations; the special tokens come first."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    specials = [AddedToken(text, special=text in CONTROL, normalized=False) for text in (*CONTROL, *VISIBLE)]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=TOKEN_BYTES,
        show_progress=False,
    )
    rng = random.Random(f"tokenizer {seed}")  # noqa: S311 - a seed, not a secret
    tokenizer.train_from_iterator(("".join(sample(rng)) for _ in range(SAMPLES)), trainer)
    return tokenizer
