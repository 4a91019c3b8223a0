"""Headers read over HTTP in parts, from a loopback server that answers as Hugging Face does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from r1plan.errors import EngineError, R1PlanError, UsageError
from r1plan.models.gguf.file import Gguf, read_gguf
from r1plan.models.gguf.source import LocalFile
from r1plan.models.hub.files import Address, Hub, address
from tests.models.hub.server import REPOSITORY, HubServer, hub
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import model

SMALL = "R1-Distill-Qwen-1.5B"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HubServer]:
    folder = tmp_path / "repository"
    (folder / "Q4_K_M").mkdir(parents=True)
    write_header(folder / f"{SMALL}-Q8_0.gguf", model(SMALL), "Q8_0")
    write_header(folder / f"{SMALL}-Q4_0.gguf", model(SMALL), "Q4_0")
    write_header(folder / "Q4_K_M" / "DeepSeek-R1-Q4_K_M.gguf", model("DeepSeek-R1"), "Q4_K_M", splits=3)
    (folder / "README.md").write_text("# R1", encoding="utf-8")
    with hub(folder) as running:
        yield running


def reading(server: HubServer, file: str | None, quant: str | None = None) -> Gguf:
    return read_gguf(Hub({"R1PLAN_HF_BASE_URL": server.url}).open(Address(REPOSITORY, file), quant))


def test_a_remote_header_is_the_local_one(server: HubServer) -> None:
    local = read_gguf(LocalFile(server.folder / f"{SMALL}-Q8_0.gguf"))
    assert reading(server, f"{SMALL}-Q8_0.gguf") == local


def test_all_shards_are_read_and_the_weights_are_not(server: HubServer) -> None:
    gguf = reading(server, "Q4_K_M/DeepSeek-R1-Q4_K_M-00001-of-00003.gguf")
    assert gguf.shards == 3
    assert gguf.file_bytes > 400e9
    assert server.sent_bytes < 10 << 20


def test_no_request_carries_a_token(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    reading(server, f"{SMALL}-Q8_0.gguf")
    assert any(path.startswith("/store/") for path in server.paths)
    for headers in server.headers:
        assert "authorization" not in headers
        assert "cookie" not in headers


@pytest.mark.parametrize(
    ("quant", "name"),
    [
        ("Q4_K_M", "DeepSeek-R1-Q4_K_M-00001-of-00003.gguf"),
        ("q8_0", f"{SMALL}-Q8_0.gguf"),
        ("Q4_0", f"{SMALL}-Q4_0.gguf"),
        ("Q4_K", "DeepSeek-R1-Q4_K_M-00001-of-00003.gguf"),
        ("8bit", f"{SMALL}-Q8_0.gguf"),
    ],
)
def test_a_quant_picks_its_file_of_a_repository(server: HubServer, quant: str, name: str) -> None:
    assert reading(server, None, quant).name == name


@pytest.mark.parametrize(
    ("file", "quant", "manner", "kind", "said"),
    [
        (None, None, "sound", UsageError, "holds 3 models"),
        (None, "Q5_K_M", "sound", EngineError, "no GGUF of Q5_K_M"),
        (None, "Q5_K", "sound", EngineError, "no GGUF of Q5_K"),
        (None, "Q8_0", "garbled", EngineError, "did not list"),
        ("README.md", None, "sound", UsageError, "README.md is no GGUF"),
        ("nothing.gguf", None, "sound", EngineError, "HTTP 404"),
        (f"{SMALL}-Q8_0.gguf", None, "to a file", EngineError, "an address that is not taken"),
        (f"{SMALL}-Q8_0.gguf", None, "elsewhere", EngineError, "another part"),
        (f"{SMALL}-Q8_0.gguf", None, "whole", EngineError, "cut short"),
        (f"{SMALL}-Q8_0.gguf", None, "short", EngineError, "cut short"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_what_goes_wrong_is_said(
    server: HubServer, file: str | None, quant: str | None, manner: str, kind: type[R1PlanError], said: str
) -> None:
    server.manner = manner
    with pytest.raises(kind) as caught:
        reading(server, file, quant)
    assert said in caught.value.message
    assert caught.value.hint


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(EngineError, match=r"cannot read /a/b/resolve/main/c\.gguf at http://127\.0\.0\.1:9"):
        Hub({"R1PLAN_HF_BASE_URL": "http://127.0.0.1:9"}).open(Address("a/b", "c.gguf"))


@pytest.mark.parametrize("base", ["file:///etc", "ftp://example.com", "example.com"])
def test_only_http_is_a_base(base: str) -> None:
    with pytest.raises(UsageError, match="R1PLAN_HF_BASE_URL"):
        Hub({"R1PLAN_HF_BASE_URL": base})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hf:a/b", Address("a/b", None)),
        ("hf:a/b/", Address("a/b", None)),
        ("hf:unsloth/DeepSeek-R1-GGUF/x.gguf", Address("unsloth/DeepSeek-R1-GGUF", "x.gguf")),
        ("hf:a/b/Q4_K_M/x-00001-of-00009.gguf", Address("a/b", "Q4_K_M/x-00001-of-00009.gguf")),
    ],
)
def test_an_address_names_repository_and_file(text: str, expected: Address) -> None:
    assert address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "hf:",
        "hf:a",
        "hf:a/",
        "hf:/b",
        "hf:a/../b",
        "hf:a/b/../../c.gguf",
        "hf:a/b/c d.gguf",
        "hf:a/b?x=1",
        "hf:a/b/c\n",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        address(text)
