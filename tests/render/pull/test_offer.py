"""The question whether a model is to be fetched: what, how large, how long and from where."""

from __future__ import annotations

import pytest

from r1plan.models.pull.pinned import WantedFiles, WantedModel
from r1plan.render.pull.words import offer_text

FILES = WantedFiles("maker/R1-GGUF", ("x.gguf",))


@pytest.mark.parametrize(
    ("wanted", "size", "rate", "said"),
    [
        pytest.param(
            WantedModel(FILES, "R1", "Q4_K_M"),
            19_900_000_000,
            None,
            "R1:Q4_K_M is not on this machine. Fetch 19.9 GB from maker/R1-GGUF at hub, about 26 min at 12.5 MB/s, "
            "which is assumed?",
            id="assumed",
        ),
        pytest.param(
            WantedModel(FILES, "R1", "Q4_K_M"),
            404_000_000_000,
            50e6,
            "R1:Q4_K_M is not on this machine. Fetch 404.0 GB from maker/R1-GGUF at hub, about 2 h 14 min at 50.0 MB/s,"
            " as the last download?",
            id="measured",
        ),
        pytest.param(
            WantedModel(FILES),
            1_000_000,
            None,
            "hf:a/b is not here. Fetch 1.0 MB from maker/R1-GGUF at hub, about 0 s at 12.5 MB/s, which is assumed?",
            id="address",
        ),
    ],
)
def test_the_question_says_all_that_it_takes(wanted: WantedModel, size: int, rate: float | None, said: str) -> None:
    assert offer_text("hf:a/b is not here.", wanted, size, "hub", rate) == said
