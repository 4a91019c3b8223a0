"""Training conversations packed into rows, each batch a pure function of the seed and its number."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from r1plan.tiny.dialogue import sample

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ROW_TOKENS = 768
ROWS = 80
NOT_LEARNED = -100
"""The target of tokens that are given, not learned (PyTorch's `ignore_index`)."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Indexable, so that loader processes make them ahead, in a fixed order."""

    tokenizer: "Tokenizer"
    seed: int
    count: int
    rows: int = ROWS
    row_tokens: int = ROW_TOKENS

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> "np.ndarray[tuple[int, int, int], np.dtype[np.int16]]":
        """Tokens, targets and conversation numbers, stacked: (3, rows, row_tokens)."""
        rng = random.Random(f"batch {self.seed} {index}")  # noqa: S311 - a seed, not a secret
        batch = np.zeros((3, self.rows, self.row_tokens), dtype=np.int16)
        batch[1] = NOT_LEARNED
        row = start = conversation = 0
        while row < self.rows:
            given, learned = (self.tokenizer.encode(text).ids for text in sample(rng))
            length = len(given) + len(learned) - 1
            if length > self.row_tokens:
                continue
            if start + length > self.row_tokens:
                row, start = row + 1, 0
                if row == self.rows:
                    break
            end = start + length
            conversation += 1
            batch[0, row, start:end] = (given + learned)[:-1]
            batch[1, row, end - len(learned) : end] = learned
            batch[2, row, start:end] = conversation
            start = end
        return batch
