"""A hub that refuses, is busy, lies or changes: nothing wrong is used, and one sentence says what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from r1plan.errors import EngineError, R1PlanError, UsageError
from r1plan.models.pull.watcher import ChangedThere, Discarded
from tests.files.full_disk import file_size_limit
from tests.models.pull.conftest import NAME
from tests.models.pull.hub import COMMIT, LATER_COMMIT, TOKEN, Handler, HubDouble, some_bytes
from tests.models.pull.pulling import Pulling
from tests.models.pull.test_cuts import Cutting, failing_once, first_bytes


def nothing_wrong_is_left(pulling: Pulling) -> bool:
    """Whether every blob and every file that an engine could be given holds what its checksum says."""
    blobs = [each for each in pulling.cache.rglob("blobs/*") if each.suffix != ".incomplete"]
    return all(hashlib.sha256(each.read_bytes()).hexdigest() == each.name for each in blobs) and all(
        each.resolve() in [blob.resolve() for blob in blobs] for each in pulling.cache.rglob("snapshots/*/*")
    )


def later(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("where", ["hub_hook", "store_hook"])
@pytest.mark.parametrize(
    ("status", "headers", "least_s", "most_s"),
    [
        pytest.param(429, {"Retry-After": "3"}, 3, 3, id="429-seconds"),
        pytest.param(429, {"RateLimit": '"resolvers";r=0;t=5'}, 5, 5, id="429-ratelimit"),
        pytest.param(503, {"Retry-After": "at +100"}, 60, 100, id="503-date"),
        pytest.param(503, {"Retry-After": "soon"}, 1, 1, id="503-garbled"),
        pytest.param(503, {"Retry-After": "at -100"}, 0, 0, id="503-past"),
        pytest.param(429, {"Retry-After": "300"}, 300, 300, id="429-longest"),
        pytest.param(500, {}, 1, 1, id="500"),
        pytest.param(502, {}, 1, 1, id="502"),
        pytest.param(504, {}, 1, 1, id="504"),
    ],
)
def test_a_busy_server_is_asked_again_when_it_says(
    pulling: Pulling, where: str, status: int, headers: dict[str, str], least_s: float, most_s: float
) -> None:
    # A date counts from now, and not from when the tests were collected.
    said = {name: later(int(value[3:])) if value.startswith("at ") else value for name, value in headers.items()}
    setattr(pulling.hub, where, failing_once(lambda request: request.answer(status, said)))
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]
    assert least_s <= sum(pulling.slept) <= most_s


@pytest.mark.parametrize("where", ["hub_hook", "store_hook"])
def test_a_wait_that_is_too_long_is_not_waited(pulling: Pulling, where: str) -> None:
    setattr(pulling.hub, where, lambda request: request.answer(429, {"Retry-After": "301"}))
    with pytest.raises(EngineError, match=r"asks to wait 301 s \(HTTP 429\), which is too long"):
        pulling()
    assert pulling.slept == []


def test_a_busy_server_is_asked_six_times_and_no_more(pulling: Pulling) -> None:
    pulling.hub.store_hook = lambda request: request.answer(503)
    with pytest.raises(EngineError, match=r"refused 6 times \(HTTP 503\)"):
        pulling()
    assert len(pulling.hub.gets("store")) == 6
    assert pulling.slept == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_an_address_at_the_store_that_has_expired_is_asked_for_anew(pulling: Pulling, status: int) -> None:
    pulling.hub.store_hook = failing_once(lambda request: request.answer(status))
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]
    assert len([each for each in pulling.hub.gets("hub") if "/resolve/" in each.path]) == 2


GATED = "maker/R1-GGUF is given only to those who accept its terms."


@pytest.mark.parametrize(
    ("status", "headers", "token", "message", "hint"),
    [
        pytest.param(401, {"X-Error-Code": "GatedRepo"}, None, GATED, "{url}/maker/R1-GGUF and set HF_TOKEN", id="401"),
        pytest.param(403, {"X-Error-Code": "GatedRepo"}, TOKEN, GATED, "with the account of HF_TOKEN", id="403-gated"),
        pytest.param(403, {}, TOKEN, GATED, "accept them at {url}/maker/R1-GGUF", id="403-plain"),
        pytest.param(
            401, {}, TOKEN, "{host} does not take the token of HF_TOKEN.", "set a new one, or none", id="401-bad-token"
        ),
        pytest.param(
            401, {}, None, "{host} has no public repository maker/R1-GGUF.", "needs HF_TOKEN", id="401-hidden"
        ),
        pytest.param(
            404,
            {"X-Error-Code": "RepoNotFound"},
            None,
            "{host} has no public repository maker/R1-GGUF.",
            None,
            id="404",
        ),
        pytest.param(
            404,
            {"X-Error-Code": "RevisionNotFound"},
            None,
            "maker/R1-GGUF has no such revision.",
            "--revision",
            id="rev",
        ),
        pytest.param(
            451, {"X-Error-Message": "not in\x1b[31m your country"}, None, "(HTTP 451: not in", None, id="451"
        ),
        pytest.param(400, {}, None, "refused", "{url}/maker/R1-GGUF", id="400"),
    ],
)
@pytest.mark.parametrize("files", [(), (NAME,)], ids=["repo", "file"])
def test_a_refusal_says_what_to_do(
    pulling: Pulling,
    status: int,
    headers: dict[str, str],
    token: str | None,
    message: str,
    hint: str | None,
    files: tuple[str, ...],
) -> None:
    pulling.environ = {"HF_TOKEN": token or "", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "" if token else "1"}
    pulling.hub.hub_hook = lambda request: request.answer(status, headers)
    places = {"url": pulling.hub.url, "host": pulling.hub.url.removeprefix("http://")}
    with pytest.raises(R1PlanError) as error:
        pulling(*files)
    assert message.format(**places) in error.value.message
    assert (hint or "").format(**places) in (error.value.hint or "")
    assert TOKEN not in error.value.message + (error.value.hint or "")
    assert pulling.slept == []


def test_a_misspelt_file_is_answered_with_those_near_it(pulling: Pulling) -> None:
    pulling.hub.files |= {"R1-Q8_0.gguf": b"8", "README.md": b"r"}
    with pytest.raises(EngineError) as error:
        pulling("R1-Q4_K_S.gguf")
    assert error.value.message == "maker/R1-GGUF has no R1-Q4_K_S.gguf."
    assert error.value.hint == "it has R1-Q4_K_M.gguf, R1-Q8_0.gguf"


@pytest.mark.parametrize(
    ("name", "there", "hint"),
    [
        pytest.param("Q4_K_M/*.gguf", ["R1-Q4_K_M.gguf", "a.md"], "it has R1-Q4_K_M.gguf", id="a-folder-that-is-none"),
        pytest.param("R1-UD-Q4_K_M*", ["Q8_0.gguf"], "it has Q8_0.gguf", id="nothing-near"),
        pytest.param("x*.gguf", ["model.safetensors"], "it holds no GGUF", id="no-gguf"),
        pytest.param("x.gguf", ["model.safetensors"], "it holds no GGUF", id="no-gguf-by-name"),
        pytest.param(
            "DeepSeek-R1-Q4_K_M.gguf",
            [f"Q4_K_M/DeepSeek-R1-Q4_K_M-0000{number}-of-00002.gguf" for number in (1, 2)],
            "it has Q4_K_M/DeepSeek-R1-Q4_K_M-00001-of-00002.gguf",
            id="shards-once",
        ),
        pytest.param("zzz.gguf", [f"{letter}.gguf" for letter in "abcdefghijklmnop"], "and 4 more", id="many"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_the_models_that_are(
    pulling: Pulling, name: str, there: list[str], hint: str
) -> None:
    pulling.hub.files = dict.fromkeys(there, b"x")
    with pytest.raises(EngineError) as error:
        pulling(name)
    assert error.value.message == f"maker/R1-GGUF has no {name}."
    assert hint in (error.value.hint or "")


def test_a_missing_shard_is_said_before_anything_is_fetched(pulling: Pulling) -> None:
    pulling.hub.files = {f"R1-0000{number}-of-00003.gguf": b"x" for number in (1, 3)}
    for names in ((), ("R1-00001-of-00003.gguf",)):
        with pytest.raises(EngineError) as error:
            pulling(*names)
        assert error.value.message == "maker/R1-GGUF has only 2 of the 3 shards of R1-00002-of-00003.gguf."
    assert pulling.hub.sent_bytes == 0


@pytest.mark.parametrize(
    ("names", "quant", "found"),
    [
        pytest.param(["a-Q4_K_M.gguf", "a-Q8_0.gguf"], "Q8_0", "a-Q8_0.gguf", id="exact"),
        pytest.param(["a-Q4_K_M.gguf", "a-Q8_0.gguf"], "q4", "a-Q4_K_M.gguf", id="usual"),
        pytest.param(["a.gguf", "mmproj-a.gguf", "README.md"], None, "a.gguf", id="only"),
        pytest.param(["Q2_K/a-00001-of-00002.gguf", "Q2_K/a-00002-of-00002.gguf"], "Q2_K", None, id="folder"),
        pytest.param(["a-IQ4_XS.gguf", "a-Q4_K_M.gguf"], "Q4_K_M", "a-Q4_K_M.gguf", id="not-a-part"),
    ],
)
@pytest.mark.parametrize("lists_by", ["info", "tree", "info tree"])
def test_a_quant_of_a_repository_is_found_however_it_is_listed(
    pulling: Pulling, names: list[str], quant: str | None, found: str | None, lists_by: str
) -> None:
    pulling.hub.files = {name: name.encode() for name in names}
    pulling.hub.lists_by = lists_by
    done = pulling(quant=quant)
    assert done.model.files[0].name == (found or names[0])
    assert len(done.files) == (1 if found else 2)


@pytest.mark.parametrize(
    ("names", "quant", "message"),
    [
        pytest.param(["a-Q4_K_M.gguf", "b-Q8_0.gguf"], None, "holds 2 models.", id="several"),
        pytest.param(["a-Q4_K_M.gguf", "b-Q4_K_M.gguf"], "q4", "holds 2 models of q4.", id="two-of-one"),
        pytest.param(["a-Q4_K_M.gguf"], "Q8_0", "holds no GGUF of Q8_0.", id="none-of-it"),
        pytest.param(["model.safetensors"], None, "holds no GGUF.", id="none"),
    ],
)
def test_a_repository_that_may_mean_several_or_none_is_answered_with_its_files(
    pulling: Pulling, names: list[str], quant: str | None, message: str
) -> None:
    pulling.hub.files = dict.fromkeys(names, b"x")
    with pytest.raises((EngineError, UsageError)) as error:
        pulling(quant=quant)
    assert error.value.message == f"maker/R1-GGUF {message}"
    assert error.value.hint is not None


def test_names_that_would_leave_the_cache_are_never_taken(pulling: Pulling) -> None:
    pulling.hub.files = {"../../../evil.gguf": b"x", "/etc/evil.gguf": b"x", "a\\..\\b.gguf": b"x", "x\x1b.gguf": b"x"}
    with pytest.raises(EngineError, match="holds no GGUF"):
        pulling()


def test_the_token_goes_to_the_endpoint_and_nowhere_else(pulling: Pulling) -> None:
    pulling.environ = {"HF_TOKEN": TOKEN}
    pulling()
    with_token = {(each.server, "authorization" in each.headers) for each in pulling.hub.requests}
    assert with_token == {("hub", True), ("store", False)}


def test_without_a_token_none_is_sent(pulling: Pulling) -> None:
    pulling()
    assert not any("authorization" in each.headers for each in pulling.hub.requests)


@pytest.mark.parametrize("said", ["ab" * 32, None], ids=["another-sum", "damaged"])
def test_bytes_with_another_checksum_are_removed_and_said(pulling: Pulling, said: str | None) -> None:
    hub = pulling.hub
    if said:
        hub.etags[NAME] = said
    else:
        hub.store_hook = lambda request: request.answer(
            206, {"Content-Range": "bytes 0-2999999/3000000"}, bytes(3_000_000)
        )
    with pytest.raises(EngineError) as error:
        pulling()
    assert "came with another checksum" in error.value.message
    assert error.value.message.endswith("it was removed.")
    assert pulling.partials() == []
    assert nothing_wrong_is_left(pulling)
    assert not list(pulling.cache.rglob("blobs/*"))


def test_one_part_that_comes_wrong_after_a_cut_costs_one_more_fetch_and_is_never_used(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.cut_after = Cutting(1, lambda: 1_000_000)
    wrong = [False, True]

    def store(request: Handler) -> bool:
        if wrong and wrong.pop(0):
            request.part(bytes(3_000_000), {})
            return True
        return False

    hub.store_hook = store
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert Discarded(NAME) in pulling.telling.told


@pytest.mark.parametrize("size", [2_999_999, 3_000_001], ids=["fewer", "more"])
def test_a_hub_and_a_store_that_tell_two_lengths_are_not_believed(pulling: Pulling, size: int) -> None:
    pulling.hub.sizes[NAME] = size
    with pytest.raises(EngineError) as error:
        pulling()
    assert f"{size:,} bytes" in error.value.message
    assert "3,000,000 where it is sent from" in error.value.message
    assert pulling.partials() == []
    assert nothing_wrong_is_left(pulling)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param({"Content-Range": "bytes 5-9/3000000"}, "sent another part", id="elsewhere"),
        pytest.param({"Content-Range": "bytes 0-9/*"}, "ended", id="ten-bytes"),
        pytest.param({"Content-Range": "nonsense"}, "sent another part", id="garbled"),
        pytest.param({"Content-Range": "bytes 0-9/3000000", "Content-Encoding": "gzip"}, "compressed", id="gzip"),
        pytest.param({}, "sent another part", id="none"),
    ],
)
def test_an_answer_that_is_no_part_of_the_file_is_never_written(
    pulling: Pulling, headers: dict[str, str], message: str
) -> None:
    pulling.hub.store_hook = lambda request: request.answer(206, headers, b"0123456789" * (message != "ended"))
    with pytest.raises(EngineError, match=message):
        pulling()
    assert pulling.partials() == []


@pytest.mark.parametrize("etag", ["abc", "", "g" * 64], ids=["short", "none", "no-hex"])
def test_without_a_checksum_nothing_is_fetched(pulling: Pulling, etag: str) -> None:
    pulling.hub.head_headers = {"X-Linked-Etag": f'"{etag}"'}
    pulling.hub.lists_by = ""
    with pytest.raises(R1PlanError):
        pulling(NAME)
    assert pulling.hub.sent_bytes == 0


def test_a_checksum_that_only_the_listing_has_is_taken_from_there(pulling: Pulling) -> None:
    pulling.hub.head_headers = {"X-Linked-Etag": '"abc"'}
    assert pulling(NAME).path.read_bytes() == pulling.hub.files[NAME]


def test_a_file_that_is_no_large_one_is_held_against_gits_name_for_it(pulling: Pulling) -> None:
    body = pulling.hub.files[NAME]
    pulling.hub.etags[NAME] = hashlib.sha1(b"blob 3000000\0" + body, usedforsecurity=False).hexdigest()
    pulling.hub.redirects = False
    assert pulling().path.read_bytes() == body


def test_a_file_of_the_newer_storage_is_fetched_as_any_other(pulling: Pulling) -> None:
    pulling.hub.head_headers = {"X-Xet-Hash": "1" * 64, "Link": '<https://x.invalid/auth>; rel="xet-auth"'}
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]


def changes_after(hub: HubDouble, count: int, times: int = 1) -> Callable[[Handler], bool]:
    """The store cuts each answer after `count` bytes, and the hub has another file and commit by then."""
    left = list(range(times))

    def store(request: Handler) -> bool:
        if not left:
            return False
        body = hub.files[NAME]
        hub.files = {NAME: some_bytes(3_000_000, seed=100 + left.pop())}
        hub.commit = LATER_COMMIT if hub.commit != LATER_COMMIT else COMMIT
        hub.cut_after = lambda _: count
        request.part(body, {})
        hub.cut_after = lambda _: None
        return True

    return store


@pytest.mark.parametrize("count", [1, 1_500_000])
def test_a_file_that_changes_meanwhile_is_never_mixed(pulling: Pulling, count: int) -> None:
    hub = pulling.hub
    hub.store_hook = changes_after(hub, count)
    done = pulling()
    assert done.path.read_bytes() == hub.files[NAME]
    assert done.model.commit == LATER_COMMIT
    assert pulling.telling.told == [ChangedThere(NAME)]
    assert nothing_wrong_is_left(pulling)


def test_a_file_that_changes_again_and_again_is_given_up(pulling: Pulling) -> None:
    pulling.hub.store_hook = changes_after(pulling.hub, 1000, times=10)
    with pytest.raises(EngineError, match=r"changed at .* 3 times"):
        pulling()


def test_shards_are_of_one_commit(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.files = {f"R1-0000{number}-of-00002.gguf": bytes([number]) * 1000 for number in (1, 2)}
    heads = []

    def moves_on(request: Handler) -> bool:
        heads.append(request.command)
        if heads.count("HEAD") == 2 and hub.commit != LATER_COMMIT:
            hub.files = {name: body * 2 for name, body in hub.files.items()}
            hub.commit = LATER_COMMIT
        return False

    hub.hub_hook = moves_on
    done = pulling()
    assert {each.path.parent.name for each in done.files} == {LATER_COMMIT}
    assert [each.path.read_bytes() for each in done.files] == list(hub.files.values())


def test_room_is_asked_for_before_anything_is_fetched(pulling: Pulling) -> None:
    pulling.free_bytes = 3_149_999
    with pytest.raises(EngineError) as error:
        pulling()
    assert error.value.message == (
        f"maker/R1-GGUF needs 3.1 MB more on the disk of {pulling.cache}, where 3.1 MB are free."
    )
    assert pulling.hub.sent_bytes == 0
    pulling.free_bytes = 3_150_000
    assert pulling().path.exists()
    pulling.free_bytes = 0
    assert pulling().path.exists()  # it is here


def test_what_is_here_needs_no_room_again(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.cut_after = Cutting(100, iter([2_000_000, *[0] * 100]).__next__)
    with pytest.raises(EngineError):
        pulling()
    hub.cut_after = lambda _: None
    pulling.free_bytes = 1_050_000
    assert pulling().files[0].fetched_bytes == 1_000_000


def test_a_disk_that_fills_is_one_sentence_and_what_came_is_kept(pulling: Pulling) -> None:
    with file_size_limit(2_000_000), pytest.raises(EngineError) as error:
        pulling()
    assert error.value.message == f"the disk of {pulling.cache} is full: what has come so far is kept."
    done = pulling()
    assert done.path.read_bytes() == pulling.hub.files[NAME]
    assert first_bytes(pulling.hub.gets("store"))[-1] == 2_000_000


def test_offline_what_is_whole_is_found_and_nothing_is_asked(pulling: Pulling) -> None:
    path = pulling().path
    asked = len(pulling.hub.requests)
    pulling.environ = {"HF_HUB_OFFLINE": "1", "HF_TOKEN": TOKEN}
    assert pulling().path == path
    assert pulling(NAME).path == path
    with pytest.raises(EngineError, match="HF_HUB_OFFLINE forbids"):
        pulling("R1-Q8_0.gguf")
    with pytest.raises(EngineError, match="HF_HUB_OFFLINE forbids"):
        pulling(repo="maker/other")
    assert len(pulling.hub.requests) == asked


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"siblings": 3}', b"", b"[" * 100_000])
def test_a_listing_that_is_none_is_said(pulling: Pulling, body: bytes) -> None:
    pulling.hub.hub_hook = lambda request: request.answer(200, {}, body)
    with pytest.raises(R1PlanError):
        pulling()


def test_a_server_that_is_no_hub_is_said(pulling: Pulling) -> None:
    pulling.hub.hub_hook = lambda request: request.answer(200, {}, b"hello")
    with pytest.raises(EngineError, match="does not say of which commit"):
        pulling(NAME)


def test_an_unknown_revision_is_said(pulling: Pulling) -> None:
    for files in ((), (NAME,)):
        with pytest.raises(EngineError, match=r"maker/R1-GGUF has no such revision\."):
            pulling(*files, revision="nope")


@pytest.mark.parametrize("revision", ["main", "a" * 40])
def test_a_commit_can_be_asked_for_as_a_branch_can(pulling: Pulling, revision: str) -> None:
    assert pulling(revision=revision).model.commit == "a" * 40


@pytest.mark.parametrize(
    ("where", "message"),
    [
        pytest.param("{url}/loop", "redirects", id="in-a-circle"),
        pytest.param("file:///etc/passwd", "cannot fetch", id="to-a-file"),
        pytest.param("http://127.0.0.1:9/x", "failed 6 times: Connection refused", id="to-nobody"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_said(pulling: Pulling, where: str, message: str) -> None:
    def hook(request: Handler) -> bool:
        if request.command == "HEAD" or request.path.startswith("/api"):
            return False
        return request.answer(302, {"Location": where.format(url=pulling.hub.url)})

    pulling.hub.hub_hook = hook
    with pytest.raises(EngineError, match=message):
        pulling(NAME)
    assert nothing_wrong_is_left(pulling)


def test_a_token_follows_no_redirect_of_the_hub_itself(pulling: Pulling) -> None:
    pulling.environ = {"HF_TOKEN": TOKEN}
    pulling.hub.hub_hook = lambda request: (
        request.path.startswith("/api") and request.answer(307, {"Location": f"{pulling.hub.store_url}/{NAME}"})
    )
    with pytest.raises(R1PlanError):
        pulling()
    assert not any("authorization" in each.headers for each in pulling.hub.requests if each.server == "store")
