"""Whatever cuts a pull off, what comes in the end is exact, and nothing that had come is fetched twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from r1plan.errors import EngineError
from r1plan.models.pull.watcher import ChecksFile, Discarded, WaitsForServer
from tests.models.pull.conftest import NAME
from tests.models.pull.hub import Handler, HubDouble, Request
from tests.models.pull.pulling import Pulling

CUTS = 50


class Cutting:
    """Cuts the first answers of a store after some of their bytes."""

    def __init__(self, cuts: int, after: Callable[[], int]) -> None:
        self.left, self._after = cuts, after

    def __call__(self, length: int) -> int | None:
        if not self.left:
            return None
        self.left -= 1
        return min(self._after(), length - 1)


def first_bytes(requests: list[Request]) -> list[int]:
    """Where each of the parts that were asked for begins."""
    return [int(each.headers["range"].removeprefix("bytes=").partition("-")[0]) for each in requests]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("piece_bytes", [977, 1 << 16], ids=["odd", "even"])
def test_fifty_cuts_leave_the_file_exact_and_no_byte_is_sent_twice(
    pulling: Pulling, seed: int, piece_bytes: int
) -> None:
    hub, chance = pulling.hub, random.Random(seed)
    hub.piece_bytes = piece_bytes
    hub.cut_after = Cutting(CUTS, lambda: chance.randrange(1, 2 * 3_000_000 // (CUTS * 3)))
    done = pulling()
    assert done.path.read_bytes() == hub.files[NAME]
    assert hub.cut_after.left == 0
    assert hub.sent_bytes == len(hub.files[NAME])
    assert pulling.partials() == []
    assert pulling.slept == []  # a connection that worked is made again at once


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2_999_999])
def test_a_cut_at_any_edge_goes_on_exactly_there(pulling: Pulling, at: int) -> None:
    hub = pulling.hub
    hub.cut_after = Cutting(1, lambda: at)
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert first_bytes(hub.gets("store")) == [0, at]
    assert hub.sent_bytes == len(hub.files[NAME])


def test_a_pull_that_was_given_up_goes_on_where_it_ended(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.cut_after = Cutting(100, iter([1_500_000, *[0] * 100]).__next__)
    with pytest.raises(EngineError) as gave_up:
        pulling()
    assert gave_up.value.message == f"{pulling_host(hub)} failed 6 times: {gave_up.value.message.split(': ', 1)[1]}"
    assert gave_up.value.hint == "run the same command again later: what has come is kept"
    assert [each.stat().st_size for each in pulling.partials()] == [1_500_000]
    assert not list(pulling.cache.rglob("snapshots/*/*"))
    hub.cut_after = lambda _: None
    done = pulling()
    assert done.path.read_bytes() == hub.files[NAME]
    assert done.files[0].fetched_bytes == 1_500_000
    assert hub.sent_bytes == len(hub.files[NAME])
    assert pulling.telling.begun[-1][1] == 1_500_000
    assert ChecksFile(NAME, 1_500_000) in pulling.telling.told


def pulling_host(hub: HubDouble) -> str:
    return hub.url.removeprefix("http://")


def test_what_is_whole_is_found_in_a_cache_that_may_only_be_read(pulling: Pulling) -> None:
    path = pulling().path
    folders = [pulling.cache, *(each for each in pulling.cache.rglob("*") if each.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        assert pulling().path == path
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_two_files_of_the_same_bytes_are_fetched_once_and_both_are_there(pulling: Pulling) -> None:
    pulling.hub.files = {f"R1-0000{number}-of-00002.gguf": b"x" * 5000 for number in (1, 2)}
    done = pulling()
    assert [each.path.read_bytes() for each in done.files] == list(pulling.hub.files.values())
    assert pulling.hub.sent_bytes == 5000
    assert pulling.telling.moved[-1] == 10_000


def test_what_is_whole_is_not_fetched_again(pulling: Pulling) -> None:
    pulling()
    asked = len(pulling.hub.gets("store"))
    again = pulling()
    assert again.files[0].fetched_bytes == 0
    assert len(pulling.hub.gets("store")) == asked
    assert pulling.telling.told == []  # nor is it summed a second time


def test_of_several_shards_the_finished_ones_stay_finished(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.files = {f"s/R1-Q8_0-0000{number}-of-00003.gguf": bytes([number]) * 400_000 for number in (1, 2, 3)}
    second = next(name for name in hub.files if "-00002-" in name)
    hub.store_hook = lambda request: second in request.path and request.answer(500)
    with pytest.raises(EngineError, match=r"refused 6 times \(HTTP 500\)"):
        pulling()
    assert hub.sent_bytes == 400_000
    hub.store_hook = lambda _: False
    done = pulling(second)  # any shard means all of them
    assert [each.path.read_bytes() for each in done.files] == list(hub.files.values())
    assert done.path.name.endswith("-00001-of-00003.gguf")
    assert hub.sent_bytes == 1_200_000


def test_a_store_that_sends_no_parts_is_read_from_its_beginning_and_nothing_is_mixed(pulling: Pulling) -> None:
    hub, sent = pulling.hub, [1_000_000, None]

    def whole(request: Handler) -> bool:
        body = hub.files[NAME]
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.send_cut(body, sent.pop(0))
        return True

    hub.store_hook = whole
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert sent == []


def test_a_connection_that_falls_silent_is_given_up_and_the_rest_is_asked_for(pulling: Pulling) -> None:
    hub, silent = pulling.hub, [True]
    pulling.environ = {"HF_HUB_DOWNLOAD_TIMEOUT": "0.2"}

    def stalls(request: Handler) -> bool:
        if not silent:
            return False
        silent.clear()
        request.send_response(206)
        request.send_header("Content-Range", f"bytes 0-2999999/{len(hub.files[NAME])}")
        request.send_header("Content-Length", "3000000")
        request.end_headers()
        request.wfile.write(hub.files[NAME][:1_234_567])
        hub.sent_bytes += 1_234_567
        request.rfile.read(1)  # until the other side leaves
        request.close_connection = True
        return True

    hub.store_hook = stalls
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert hub.sent_bytes == len(hub.files[NAME])


def test_a_hub_that_says_nothing_is_waited_for_and_then_given_up(pulling: Pulling) -> None:
    pulling.environ = {"HF_HUB_ETAG_TIMEOUT": "0.1", "HF_HUB_DOWNLOAD_TIMEOUT": "0.1"}
    pulling.hub.hub_hook = lambda request: request.rfile.read(1) == b""
    with pytest.raises(EngineError, match=r"failed 6 times: nothing came for 0\.1 s"):
        pulling(NAME)
    assert pulling.slept == [1, 2, 4, 8]


def test_a_hub_that_is_not_there_is_said_at_once(pulling: Pulling) -> None:
    pulling.environ = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    with pytest.raises(EngineError) as error:
        pulling(NAME)
    assert error.value.message == "127.0.0.1:9 cannot be reached: Connection refused."
    assert pulling.slept == []


def test_zeros_that_a_lost_power_left_behind_are_fetched_again(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.cut_after = Cutting(100, iter([1_500_000, *[0] * 100]).__next__)
    with pytest.raises(EngineError):
        pulling()
    [partial] = pulling.partials()
    with partial.open("ab") as file:
        file.write(bytes(100_000))
    hub.cut_after = lambda _: None
    pulling.booted_at_s = partial.stat().st_mtime + 1
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert hub.sent_bytes - len(hub.files[NAME]) < 16
    assert Discarded(NAME) not in pulling.telling.told


@pytest.mark.parametrize("wrong", [b"x" * 1000, b"y" * 3_000_001], ids=["other-bytes", "too-long"])
def test_wrong_bytes_of_an_earlier_time_are_said_and_fetched_anew(pulling: Pulling, wrong: bytes) -> None:
    hub = pulling.hub
    blobs = pulling.cache / "models--maker--R1-GGUF" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{hub.etag(NAME)}.incomplete").write_bytes(wrong)
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert (Discarded(NAME) in pulling.telling.told) == (len(wrong) == 1000)


@pytest.mark.parametrize("length", [1000, 3_000_000], ids=["shorter", "as-long"])
def test_a_wrong_file_that_another_program_left_is_replaced(pulling: Pulling, length: int) -> None:
    blob = pulling.cache / "models--maker--R1-GGUF" / "blobs" / pulling.hub.etag(NAME)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"w" * length)
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]
    assert (Discarded(NAME) in pulling.telling.told) == (length == 3_000_000)


def test_a_right_file_of_another_program_is_summed_once_and_not_fetched(pulling: Pulling) -> None:
    blob = pulling.cache / "models--maker--R1-GGUF" / "blobs" / pulling.hub.etag(NAME)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(pulling.hub.files[NAME])
    pulling()
    pulling()
    assert pulling.telling.told == [ChecksFile(NAME, 3_000_000)]
    assert pulling.hub.sent_bytes == 0
    assert list(pulling.records.ours()) == []


def test_waits_are_told(pulling: Pulling) -> None:
    pulling.hub.store_hook = failing_once(lambda request: request.answer(503, {"Retry-After": "7"}))
    pulling()
    assert pulling.telling.told == [WaitsForServer(pulling_host(pulling.hub), 7, 503, None)]
    assert pulling.slept == [7]


def failing_once(fails: Callable[[Handler], bool]) -> Callable[[Handler], bool]:
    left = [True]

    def hook(request: Handler) -> bool:
        return bool(left) and left.pop() and fails(request)

    return hook


def test_the_cache_is_huggingface_hubs_own(pulling: Pulling, tmp_path: Path) -> None:
    from huggingface_hub import hf_hub_download, scan_cache_dir

    done = pulling()
    found = hf_hub_download(pulling.hub.repo, NAME, cache_dir=pulling.cache, local_files_only=True)
    assert Path(found) == done.path
    [repo] = scan_cache_dir(pulling.cache).repos
    assert (repo.repo_id, repo.size_on_disk) == (pulling.hub.repo, 3_000_000)


def test_what_huggingface_hub_fetched_is_found_and_what_we_fetched_it_finds(pulling: Pulling) -> None:
    from huggingface_hub import hf_hub_download

    endpoint = pulling.hub.url
    theirs = hf_hub_download(pulling.hub.repo, NAME, cache_dir=pulling.cache, endpoint=endpoint, token=False)
    sent = pulling.hub.sent_bytes
    assert str(pulling().path) == theirs
    assert pulling.hub.sent_bytes == sent
