"""The variables that Hugging Face's own programs read mean here what they mean there."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.errors import UsageError
from r1plan.models.pull.access import hub_access, hub_cache

HOME = {"HOME": "/home/ann"}


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, "/home/ann/.cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HF_HOME": "/big"}, "/big/hub"),
        ({"HF_HOME": "~/big"}, "/home/ann/big/hub"),
        ({"HF_HOME": "/big", "XDG_CACHE_HOME": "/x"}, "/big/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "/old", "HF_HOME": "/big"}, "/old"),
        ({"HF_HUB_CACHE": "/new", "HUGGINGFACE_HUB_CACHE": "/old"}, "/new"),
        ({"HF_HUB_CACHE": "", "HF_HOME": ""}, "/home/ann/.cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_others_look_for_it(environ: dict[str, str], folder: str) -> None:
    assert hub_cache({**HOME, **environ}) == Path(folder)


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({}, "https://huggingface.co"),
        ({"HF_ENDPOINT": "https://mirror.example/"}, "https://mirror.example"),
        ({"HF_ENDPOINT": "https://a.example", "R1PLAN_HF_BASE_URL": "https://b.example"}, "https://b.example"),
    ],
)
def test_the_endpoint_is_the_one_that_is_named(environ: dict[str, str], endpoint: str) -> None:
    assert hub_access({**HOME, **environ}).endpoint == endpoint


@pytest.mark.parametrize("address", ["ftp://x", "huggingface.co", "http://u:p@x", "http://x:0", "http://[::1"])
def test_an_endpoint_that_is_none_is_said(address: str) -> None:
    with pytest.raises(UsageError, match="HF_ENDPOINT") as caught:
        hub_access({**HOME, "HF_ENDPOINT": address})
    assert caught.value.hint


@pytest.mark.parametrize(
    ("environ", "token"),
    [
        ({}, None),
        ({"HF_TOKEN": "hf_a"}, "hf_a"),
        ({"HF_TOKEN": " hf_a\n"}, "hf_a"),
        ({"HUGGING_FACE_HUB_TOKEN": "hf_b"}, "hf_b"),
        ({"HF_TOKEN": "hf_a", "HUGGING_FACE_HUB_TOKEN": "hf_b"}, "hf_a"),
        ({"HF_TOKEN": "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, None),
        ({"HF_TOKEN": "hf_a", "HF_HUB_OFFLINE": "1"}, None),
    ],
)
def test_the_token_is_the_one_that_is_set(environ: dict[str, str], token: str | None) -> None:
    assert hub_access({**HOME, **environ}).token == token


def test_the_token_of_a_login_is_taken_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_kept\n")
    access = hub_access({"HF_HOME": str(tmp_path)})
    assert access.token == "hf_kept"
    assert "hf_kept" not in repr(access)


@pytest.mark.parametrize("token", ["hf a", "hf_\x1b[31m", "hf_\u00e4"])
def test_a_token_that_can_be_none_is_said_without_showing_it(token: str) -> None:
    with pytest.raises(UsageError) as error:
        hub_access({**HOME, "HF_TOKEN": token})
    assert token not in error.value.message


@pytest.mark.parametrize(
    ("endpoint", "allowed", "goes"),
    [
        ("https://mirror.example", "", True),
        ("http://127.0.0.1:8080", "", True),
        ("http://10.0.0.5", "", True),
        ("http://mirror.example", "", False),
        ("http://mirror.example", "mirror.example", True),
        ("http://mirror.example:81", "mirror.example:81", True),
        ("http://mirror.example", "other.example", False),
    ],
)
def test_a_token_goes_over_plain_http_to_no_other_machine(endpoint: str, allowed: str, goes: bool) -> None:
    environ = {**HOME, "HF_TOKEN": "hf_a", "HF_ENDPOINT": endpoint, "R1PLAN_ALLOW_PLAIN_HTTP": allowed}
    if goes:
        assert hub_access(environ).token == "hf_a"
        return
    with pytest.raises(UsageError, match="over plain http"):
        hub_access(environ)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf", "3601"])
def test_seconds_that_are_none_are_said(value: str) -> None:
    with pytest.raises(UsageError, match="HF_HUB_DOWNLOAD_TIMEOUT"):
        hub_access({**HOME, "HF_HUB_DOWNLOAD_TIMEOUT": value})
