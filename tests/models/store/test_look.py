"""What is found in stores, and that nothing in them is an error for all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.catalog.load import load_models
from r1plan.models.store.find import quant_of
from r1plan.models.store.look import StoredModel, StoreListing, look
from r1plan.models.store.places import StorePlace, store_places
from r1plan.render.models.here import ListedModel, here_document, here_lines
from r1plan.render.models.words import state_of
from tests.models.store.stores import COMMIT, header, host, hugging_face, looked, ollama

REPOSITORY = "unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF"
FILE = "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / ".cache/huggingface/hub"


@pytest.fixture
def ollamas(tmp_path: Path) -> Path:
    return tmp_path / ".ollama/models"


@pytest.fixture
def lm_studio(tmp_path: Path) -> Path:
    folder = tmp_path / ".lmstudio/models/someone/some-GGUF"
    folder.mkdir(parents=True)
    return folder


def only(listing: StoreListing) -> StoredModel:
    assert len(listing.models) == 1, [each.stored.path for each in listing.models]
    return listing.models[0]


def states(listing: StoreListing) -> dict[str, str]:
    return {each.stored.path.name: state_of(each) for each in listing.models}


def test_no_store_is_no_error(tmp_path: Path) -> None:
    assert looked(tmp_path) == StoreListing((), ())


def test_a_file_of_hugging_faces_cache_is_given_by_its_link(tmp_path: Path, hub: Path) -> None:
    link = hugging_face(hub, REPOSITORY, FILE, header(tmp_path / "x.gguf"))
    found = only(looked(tmp_path))
    assert (found.id, quant_of(found), found.stored.path, found.is_whole) == (
        "R1-Distill-Qwen-7B",
        "Q4_K_M",
        link,
        True,
    )
    assert found.stored.names == (f"{REPOSITORY}/{FILE}",)
    assert found.stored.bytes == link.stat().st_size


def test_bytes_that_two_revisions_share_are_one_model(tmp_path: Path, hub: Path) -> None:
    link = hugging_face(hub, REPOSITORY, FILE, header(tmp_path / "x.gguf"))
    older = link.parent.parent / ("0" * 40)
    older.mkdir()
    (older / FILE).symlink_to(link.readlink())
    assert only(looked(tmp_path)).stored.path == link


def test_a_cache_without_links_holds_the_file_itself(tmp_path: Path, hub: Path) -> None:
    header(hub / f"models--a--b-GGUF/snapshots/{COMMIT}/R1-Distill-Qwen-7B-Q8_0.gguf", quant="Q8_0")
    assert only(looked(tmp_path)).is_whole


def test_shards_in_a_folder_of_a_repository_are_one_model(tmp_path: Path, hub: Path) -> None:
    first = header(tmp_path / "R1-Distill-Qwen-7B-Q4_K_M.gguf", splits=3)
    shards = sorted(tmp_path.glob("*-of-00003.gguf"))
    sizes = sum(each.stat().st_size for each in shards)
    for each in shards:
        hugging_face(hub, REPOSITORY, f"Q4_K_M/{each.name}", each)
    found = only(looked(tmp_path))
    assert (found.stored.files, found.stored.bytes, found.stored.path.name) == (3, sizes, first.name)
    assert found.id == "R1-Distill-Qwen-7B"


def test_a_missing_shard_is_said_and_the_rest_still_listed(tmp_path: Path, lm_studio: Path) -> None:
    header(lm_studio / "R1-Distill-Qwen-7B-Q4_K_M.gguf", splits=3)
    (lm_studio / "R1-Distill-Qwen-7B-Q4_K_M-00002-of-00003.gguf").unlink()
    header(lm_studio / "R1-Distill-Qwen-7B-Q8_0.gguf", quant="Q8_0")
    found = looked(tmp_path)
    assert sorted(states(found).values()) == ["damaged", "ready"]
    assert any("00002-of-00003.gguf is not there" in (each.problem or "") for each in found.models)


def test_a_download_into_the_cache_that_has_not_ended_is_said(tmp_path: Path, hub: Path) -> None:
    blobs = hub / f"models--{REPOSITORY.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{'a' * 64}.incomplete").write_bytes(b"GGUF" + bytes(96))
    (blobs / f"{'b' * 64}.0123abcd.incomplete").write_bytes(b"")
    (blobs / f"{'b' * 64}").write_bytes(b"it has been fetched since")
    assert states(looked(tmp_path)) == {f"{'a' * 64}.incomplete": "unfinished"}


def test_downloads_of_other_things_are_left_out(tmp_path: Path, hub: Path) -> None:
    blobs = hub / "models--someone--checkpoint" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{'a' * 64}.incomplete").write_bytes(b"\x80\0\0\0\0\0\0\0{}")
    assert looked(tmp_path).models == ()


def test_a_link_to_a_blob_that_is_gone_is_said(tmp_path: Path, hub: Path) -> None:
    hugging_face(hub, REPOSITORY, FILE, header(tmp_path / "x.gguf")).resolve().unlink()
    assert states(looked(tmp_path)) == {FILE: "gone"}


@pytest.mark.parametrize(
    ("name", "id_", "quant", "mark"),
    [
        pytest.param("deepseek-r1:7b", "R1-Distill-Qwen-7B", "Q4_K_M", "-", id="of the library"),
        pytest.param("deepseek-r1:7b", "R1-Distill-Qwen-7B", "Q4_K_M", ":", id="of an older Ollama"),
        pytest.param("ann/r1:latest", "R1-Distill-Qwen-7B", "Q4_K_M", "-", id="of a person"),
        pytest.param(
            f"hf.co/{REPOSITORY}:UD-Q4_K_XL", "R1-Distill-Qwen-7B", "UD-Q4_K_XL", "-", id="of Hugging Face, by its tag"
        ),
    ],
)
def test_a_model_of_ollama_is_its_blob(
    tmp_path: Path, ollamas: Path, name: str, id_: str, quant: str, mark: str
) -> None:
    blob = ollama(ollamas, name, header(tmp_path / "x.gguf"), mark=mark)
    found = only(looked(tmp_path))
    assert (found.id, quant_of(found), found.stored.path, found.stored.names) == (id_, quant, blob, (name,))
    assert found.is_whole


def test_two_names_of_one_blob_are_one_model(tmp_path: Path, ollamas: Path) -> None:
    ollama(ollamas, "deepseek-r1:7b", header(tmp_path / "x.gguf"))
    library = ollamas / "manifests/registry.ollama.ai/library/deepseek-r1"
    shutil.copy(library / "7b", library / "mine")
    assert only(looked(tmp_path)).stored.names == ("deepseek-r1:7b", "deepseek-r1:mine")


def test_a_manifest_whose_blob_is_gone_is_said(tmp_path: Path, ollamas: Path) -> None:
    ollama(ollamas, "deepseek-r1:7b", None)
    assert set(states(looked(tmp_path)).values()) == {"gone"}


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"layers": 1}', '{"layers": [1, {"mediaType": 7}]}', '{"layers": [{"mediaType": "x"}]}'),
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../etc/passwd"}]}',
    ],
)
def test_a_manifest_that_names_no_model_is_left_out(tmp_path: Path, ollamas: Path, content: str) -> None:
    manifest = ollamas / "manifests/registry.ollama.ai/library/x/latest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(content)
    assert looked(tmp_path).models == ()


def test_blobs_on_another_disk_are_found_through_the_link_to_them(tmp_path: Path, ollamas: Path) -> None:
    ollama(ollamas, "deepseek-r1:7b", header(tmp_path / "x.gguf"))
    shutil.move(ollamas / "blobs", tmp_path / "disk")
    (ollamas / "blobs").symlink_to(tmp_path / "disk")
    assert only(looked(tmp_path)).is_whole


def test_a_store_that_is_a_link_is_looked_at(tmp_path: Path) -> None:
    header(tmp_path / "disk/R1-Distill-Qwen-7B-Q4_K_M.gguf")
    (tmp_path / ".lmstudio").mkdir()
    (tmp_path / ".lmstudio/models").symlink_to(tmp_path / "disk")
    assert only(looked(tmp_path)).is_whole


def test_links_out_of_a_store_and_in_a_circle_are_not_followed(tmp_path: Path, lm_studio: Path) -> None:
    outside = header(tmp_path / "outside/R1-Distill-Qwen-7B-Q4_K_M.gguf")
    (lm_studio / "elsewhere.gguf").symlink_to(outside)
    (lm_studio / "folder").symlink_to(outside.parent)
    (lm_studio / "up").symlink_to("..")
    (lm_studio / "self.gguf").symlink_to("self.gguf")
    found = looked(tmp_path)
    assert states(found)["elsewhere.gguf"] == "outside"
    assert not any(each.is_whole for each in found.models)


def test_a_pipe_is_not_opened(tmp_path: Path, lm_studio: Path) -> None:
    os.mkfifo(lm_studio / "x.gguf")
    header(lm_studio / "R1-Distill-Qwen-7B-Q4_K_M.gguf")
    assert only(looked(tmp_path)).is_whole


@pytest.mark.parametrize(
    ("name", "content", "state"),
    [
        ("page.gguf", b"<!doctype html><title>404</title>", "not_a_model"),
        ("lfs.gguf", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n", "not_a_model"),
        ("cut.gguf", b"GGUF\3\0\0\0", "damaged"),
        ("empty.gguf", b"", "not_a_model"),
        ("x.gguf.part", b"GGUF" + bytes(40), "unfinished"),
        ("x.gguf.downloadInProgress", b"GGUF", "unfinished"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_row_that_says_so(
    tmp_path: Path, lm_studio: Path, name: str, content: bytes, state: str
) -> None:
    (lm_studio / name).write_bytes(content)
    header(lm_studio / "R1-Distill-Qwen-7B-Q4_K_M.gguf")
    assert states(looked(tmp_path)) == {name: state, "R1-Distill-Qwen-7B-Q4_K_M.gguf": "ready"}


@pytest.mark.parametrize("name", ["README.md", "model.safetensors", "._x.gguf", "x.gguf.etag", "x.json"])
def test_other_files_are_left_out(tmp_path: Path, lm_studio: Path, name: str) -> None:
    (lm_studio / name).write_bytes(b"GGUF")
    assert looked(tmp_path).models == ()


def test_two_stores_in_one_folder_show_each_file_once(tmp_path: Path) -> None:
    header(tmp_path / "both/R1-Distill-Qwen-7B-Q4_K_M.gguf")
    both = str(tmp_path / "both")
    places = [StorePlace("r1plan", Path(both)), StorePlace("llama.cpp", Path(both))]
    assert only(look(places, load_models().values(), lambda: 0.0, most_s=60)).stored.store == "r1plan"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path, lm_studio: Path) -> None:
    header(lm_studio / "R1-Distill-Qwen-7B-Q4_K_M.gguf")
    closed = lm_studio.parent / "closed"
    closed.mkdir(mode=0)
    found = looked(tmp_path)
    assert [(each.trouble, each.paths) for each in found.troubles] == [("unreadable", (closed,))]
    assert only(found).is_whole


def test_more_files_than_are_looked_at_are_said(tmp_path: Path, lm_studio: Path) -> None:
    for number in range(20):
        (lm_studio / f"{number}.gguf").write_bytes(b"")
    found = look(store_places(host(tmp_path)), (), lambda: 0.0, most_s=60, most_entries=10)
    assert [each.trouble for each in found.troubles] == ["too_many"]
    assert len(found.models) < 20


def test_ten_thousand_files_are_looked_at_and_only_models_into(tmp_path: Path, lm_studio: Path) -> None:
    for number in range(10_000):
        (lm_studio / f"{number}.json").touch()
    header(lm_studio / "R1-Distill-Qwen-7B-Q4_K_M.gguf")
    found = looked(tmp_path)
    assert (only(found).is_whole, found.troubles) == (True, ())


def test_when_the_time_is_over_what_was_not_looked_into_is_said(tmp_path: Path, lm_studio: Path) -> None:
    for number in range(200):
        header(lm_studio / f"R1-Distill-Qwen-7B-{number}-Q4_K_M.gguf")
    found = look(store_places(host(tmp_path)), load_models().values(), lambda: 0.0, most_s=0.0)
    assert {each.trouble for each in found.troubles} <= {"too_slow", "no_answer"}
    assert found.troubles


class Hanging(type(Path())):  # type: ignore[misc]
    """A folder on a disk that does not answer before the test is over."""

    over = Event()

    def is_dir(self, **_options: bool) -> bool:
        self.over.wait(60)
        return False


def test_a_disk_that_does_not_answer_holds_up_no_other(tmp_path: Path) -> None:
    header(tmp_path / "here/R1-Distill-Qwen-7B-Q4_K_M.gguf")
    ticks = iter(range(1_000))
    places = [StorePlace("r1plan", tmp_path / "here"), StorePlace("lmstudio", Hanging("/mnt/dead"))]
    try:
        found = look(places, load_models().values(), lambda: float(next(ticks)), most_s=3)
    finally:
        Hanging.over.set()
    assert only(found).is_whole
    assert [(each.place.store, each.trouble) for each in found.troubles] == [("lmstudio", "no_answer")]


NAMES = st.sampled_from(
    [
        *("a", "b.gguf", "x-00001-of-00002.gguf", "x-00002-of-00002.gguf", "\udcff.gguf", "é"),
        *("manifests", "registry.ollama.ai", "blobs", "sha256-0", "d-partial"),
        *("models--a--b", "models--", "snapshots", "refs", "main", "c.incomplete"),
    ]
)
CONTENTS = st.one_of(st.binary(max_size=40), st.binary(max_size=40).map(lambda tail: b"GGUF\3\0\0\0" + tail))
ENTRIES = st.tuples(
    st.lists(NAMES, min_size=1, max_size=5), st.sampled_from(["file", "folder", "link", "pipe"]), CONTENTS, NAMES
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, max_size=12))
def test_whatever_lies_in_a_store_it_is_listed_without_an_error(
    entries: list[tuple[list[str], str, bytes, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        for parts, kind, content, target in entries:
            path = root.joinpath(*parts)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if os.path.lexists(path):  # a pipe that stands there would wait for a reader
                    continue
                match kind:
                    case "file":
                        path.write_bytes(content)
                    case "folder":
                        path.mkdir()
                    case "link":
                        path.symlink_to(target)
                    case _:
                        os.mkfifo(path)
            except OSError:
                continue  # something else stands there
        places = [StorePlace(store, root) for store in ("huggingface", "ollama", "lmstudio")]
        found = look(places, load_models().values(), lambda: 0.0, most_s=60)
        rows = [ListedModel(each) for each in found.models]
        assert len(here_document(rows, found)["models"]) == len(found.models)
        assert list(here_lines(rows, found, 80))
        assert {each.trouble for each in found.troubles} <= {"unreadable"}  # a folder that is a link to itself
