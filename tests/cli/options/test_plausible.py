"""A size or speed that nothing has is refused, with what was probably meant."""

from __future__ import annotations

import pytest

from r1plan.cli import build
from r1plan.cli.options.plausible import check_cores, check_figure, check_tokens
from r1plan.cli.usage_error import run
from r1plan.errors import UsageError


@pytest.mark.parametrize(
    ("option", "value", "found", "hint"),
    [
        ("--vram", 24576, "no card has that much", "did you mean --vram 24 (24,576 MiB)?"),
        ("--vram", 8192, "no card has that much", "did you mean --vram 8 (8,192 MiB)?"),
        ("--vram", 600, "no card has that much", "it is in GiB."),
        ("--vram", 0.024, "no card has so little", "did you mean --vram 24 (0.024 TB)?"),
        ("--vram", 1e12, "no card has that much", "it is in GiB."),
        ("--ram", 65536, "no machine has that much", "did you mean --ram 64 (65,536 MiB)?"),
        ("--ram", 0.064, "no machine has so little", "did you mean --ram 64 (0.064 TB)?"),
        ("--unified", 131072, "no machine has that much", "did you mean --unified 128 (131,072 MiB)?"),
        ("--bandwidth", 0.936, "no card has so little", "did you mean --bandwidth 936 (0.936 TB/s)?"),
        ("--bandwidth", 1.8, "no card has so little", "did you mean --bandwidth 1800 (1.8 TB/s)?"),
        ("--bandwidth", 936000, "no card has that much", "did you mean --bandwidth 936 (936,000 MB/s)?"),
        ("--ram-bandwidth", 0.46, "no main memory has so little", "did you mean --ram-bandwidth 460 (0.46 TB/s)?"),
        ("--ram-bandwidth", 51200, "no main memory has that much", "did you mean --ram-bandwidth 51.2 (51,200 MB/s)?"),
        (
            "--ram-bandwidth",
            6400,
            "no main memory has that much",
            "two channels of 6400 MT/s have 102.4 GB/s; --cpu NAME knows a processor's.",
        ),
        ("--disk-bandwidth", 7000, "no disk has that much", "did you mean --disk-bandwidth 7 (7,000 MB/s)?"),
        ("--disk-bandwidth", 0.001, "no disk has so little", "did you mean --disk-bandwidth 1 (0.001 TB/s)?"),
        ("--vram-used", 1200, "no card has that much", "did you mean --vram-used 1.172 (1,200 MiB)?"),
    ],
)
def test_what_nothing_has_is_refused_with_what_was_meant(option: str, value: float, found: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_figure(option, value)
    assert raised.value.message.startswith(f"{option} ")
    assert raised.value.message.endswith(f": {found}.")
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("option", "text", "says", "hint"),
    [
        ("--ram", "64MB", "--ram 64MB: no machine has so little.", "did you mean --ram 64GB?"),
        ("--ram", "64TB", "--ram 64TB: no machine has that much.", "did you mean --ram 64GB?"),
        ("--ram", "64 mib", "--ram 64 mib: no machine has so little.", "did you mean --ram '64 gib'?"),
        ("--ram", "0GB", "--ram 0GB: expected a number above zero.", "give more, or leave --ram out."),
        ("--vram", "24T", "--vram 24T: no card has that much.", "did you mean --vram 24G?"),
        ("--vram", "9000000GB", "--vram 9000000GB: no card has that much.", "it is in GiB."),
        ("--vram", "0.024MB", "--vram 0.024MB: no card has so little.", "it is in GiB."),
        ("--unified", "128MB", "--unified 128MB: no machine has so little.", "did you mean --unified 128GB?"),
        ("--bandwidth", "936MB/s", "--bandwidth 936MB/s: no card has so little.", "did you mean --bandwidth 936GB/s?"),
        ("--bandwidth", "1.8GB/s", "--bandwidth 1.8GB/s: no card has so little.", "did you mean --bandwidth 1.8TB/s?"),
        ("--bandwidth", "936TB/s", "--bandwidth 936TB/s: no card has that much.", "did you mean --bandwidth 936GB/s?"),
    ],
)
def test_a_size_with_a_unit_is_said_as_it_was_typed(option: str, text: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(build(), ["recommend", option, text, *([] if option != "--bandwidth" else ["--vram", "24"])])
    assert (raised.value.message, raised.value.hint) == (says, hint)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--vram", 0.25), ("--vram", 288), ("--vram", 512), ("--bandwidth", 14.4), ("--bandwidth", 8000)),
        *(("--ram", 0.5), ("--ram", 6144), ("--ram-bandwidth", 5.3), ("--ram-bandwidth", 1228), ("--unified", 512)),
        *(("--disk-bandwidth", 0.1), ("--disk-bandwidth", 14), ("--vram-used", 0), ("--vram-used", 0.3)),
    ],
)
def test_what_there_is_is_taken(option: str, value: float) -> None:
    check_figure(option, value)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_what_is_used_of_a_card_is_zero_or_more(value: float) -> None:
    with pytest.raises(UsageError, match="expected zero or more"):
        check_figure("--vram-used", value)


@pytest.mark.parametrize(("cores", "fine"), [(0, False), (-4, False), (1, True), (2048, True), (2049, False)])
def test_cores_are_what_a_machine_has(cores: int, fine: bool) -> None:
    if fine:
        check_cores(cores)
    else:
        with pytest.raises(UsageError, match=f"--cores {cores}: expected 1 to 2,048"):
            check_cores(cores)


@pytest.mark.parametrize(
    ("option", "tokens", "hint"),
    [
        ("--context", 1, "did you mean --context 1k (1,024 tokens)?"),
        ("--context", 32, "did you mean --context 32k (32,768 tokens)?"),
        ("--context", 63, "did you mean --context 63k (63,000 tokens)?"),
        ("--context", 10**9, "at most 16,777,216 make sense."),
        ("--ubatch", 1_000_000, "at most 65,536 make sense."),
        ("--depth", 10**9, "at most 16,777,216 make sense."),
    ],
)
def test_numbers_of_tokens_that_nobody_means_are_refused(option: str, tokens: int, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_tokens([(option, tokens)])
    assert raised.value.message.startswith(f"{option} {tokens}: ")
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("option", "tokens"), [("--context", None), ("--context", 64), ("--context", 0), ("--ubatch", 1), ("--depth", 0)]
)
def test_other_numbers_of_tokens_are_left_to_the_planner(option: str, tokens: int | None) -> None:
    check_tokens([(option, tokens)])
