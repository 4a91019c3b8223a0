from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from r1plan.plan.llamacpp.compute.allocator import Arena


def test_a_tensor_takes_the_gap_that_fits_it_best() -> None:
    arena = Arena(32)
    first, second, third, _end = (arena.take(size) for size in (320, 64, 96, 64))
    arena.give_back(first, 320)
    arena.give_back(third, 96)
    assert arena.take(96) == third
    assert arena.take(64) == first
    assert second == 320


def test_of_two_gaps_alike_the_later_is_taken() -> None:
    arena = Arena(32)
    offsets = [arena.take(64) for _ in range(5)]
    arena.give_back(offsets[0], 64)
    arena.give_back(offsets[2], 64)
    assert arena.take(64) == offsets[2]


def test_gaps_beside_each_other_become_one() -> None:
    arena = Arena(32)
    offsets = [arena.take(64) for _ in range(4)]
    for number in (0, 2, 1):
        arena.give_back(offsets[number], 64)
    assert arena.take(192) == 0


def test_sizes_count_in_whole_alignments() -> None:
    arena = Arena(128)
    arena.take(1)
    assert arena.take(1) == 128
    assert arena.peak == 256


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 500)), max_size=60))
def test_tensors_never_overlap_and_all_room_comes_back(steps: list[tuple[bool, int]]) -> None:
    arena = Arena(32)
    alive: dict[int, int] = {}
    most = 0
    for takes, size in steps:
        if takes or not alive:
            offset = arena.take(size)
            end = offset + arena.padded(size)
            assert all(end <= other or other + arena.padded(alive[other]) <= offset for other in alive)
            alive[offset] = size
            most = max(most, sum(map(arena.padded, alive.values())))
        else:
            offset = sorted(alive)[size % len(alive)]
            arena.give_back(offset, alive.pop(offset))
    assert arena.peak >= most
    for offset, size in alive.items():
        arena.give_back(offset, size)
    assert arena.take(arena.peak + 1) == 0
