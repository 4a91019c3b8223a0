"""What is private stays on this machine, and what is a key goes to its server alone, whatever names who is asked."""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.__main__ import main
from r1plan.ask.question import AskOptions
from r1plan.cli.chat.asking import ChatAsker
from r1plan.cli.chat.repl import Conversation
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.steps import Answered, Asked, Step, Wished
from r1plan.conversation.store import append
from r1plan.engine.chat import ChatRequest
from r1plan.ledger.usage_log import UsageLog
from tests.wire.server import Reply, Wire, recorded, serving

KEY = "sk-planted-0a1b2c3d4e5f"
WHOLE = Reply(recorded("deepseek.sse"), piece_bytes=7)
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)

SECRET = "id: mine\ndescription: Mine.\nrules:\n- when: {projects: [secret]}\n  place: machine\n"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server that answers every question, and stands for a provider or a proxy."""
    with serving(WHOLE) as found:
        yield found


def own(home: Path, text: str, name: str = "routes/mine") -> Path:
    path = home / "config" / "profiles" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def chat(*words: str, **environment: str) -> tuple[int, str]:
    """The exit code of one chat, run in this process, and all that it prints."""
    shown, thresholds = io.StringIO(), gc.get_threshold()
    with pytest.MonkeyPatch.context() as patched, Path(os.devnull).open() as nothing:
        patched.setattr(sys, "argv", ["r1plan", "chat", *words])
        patched.setattr(sys, "stdin", nothing)
        for name, value in environment.items():
            patched.setenv(name, value)
        with redirect_stdout(shown), redirect_stderr(shown), pytest.raises(SystemExit) as ended:
            main()
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    code = ended.value.code
    return code if isinstance(code, int) else 0, shown.getvalue()


def deepseek(wire: Wire) -> dict[str, str]:
    return {"DEEPSEEK_API_KEY": KEY, "R1PLAN_DEEPSEEK_BASE_URL": wire.url}


def written(home: Path, *, without: str = "keys.yaml") -> str:
    files = [path for path in home.rglob("*") if path.is_file() and path.name != without and "config" not in path.parts]
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


# ---- rules hold whatever names who is asked

WAYS = {
    "--provider": ["--provider", "deepseek"],
    "--model": ["--model", "deepseek/deepseek-flash"],
    "--model alone": ["--model", "deepseek-v4-pro"],
    "--base-url": ["--base-url", "http://far.invalid/v1", "--model", "r1"],
    "--provider at --base-url": ["--provider", "deepseek", "--base-url", "https://far.invalid/v1"],
    "--route": ["--route", "cheapest"],
    "the default": [],
    "an alias": ["--model", "deepseek/deepseek-v4-flash"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_rule_for_a_project_holds_beside(way: str, wire: Wire, home: Path) -> None:
    file = own(home, SECRET)
    environment = {**deepseek(wire), "http_proxy": wire.url}
    code, shown = chat("hi", *WAYS[way], "--project", "secret", **environment)
    assert wire.asked == []
    assert code == 2
    assert "rule 1 of route mine keeps it on this machine" in shown
    assert str(file) in shown
    code, shown = chat("hi", *WAYS[way], "--project", "secret", "--explain", **environment)
    assert (code, wire.asked) == (2, [])


@pytest.mark.parametrize(
    "project",
    [
        "Secret",
        "SECRET",
        " secret",
        "secret  ",
        "ｓｅｃｒｅｔ",
        "se\u200bcret",
        "\ufeffsecret",
        "se\u00adcret",
        "𝐬ecret",
    ],
)
def test_a_project_is_known_however_it_is_spelt(project: str, wire: Wire, home: Path) -> None:
    own(home, SECRET)
    code, shown = chat("hi", "--provider", "deepseek", "--project", project, **deepseek(wire))
    assert (code, wire.asked) == (2, []), shown


def test_another_project_is_asked_as_it_was_named(wire: Wire, home: Path) -> None:
    own(home, SECRET)
    code, _ = chat("hi", "--provider", "deepseek", "--project", "secrets", **deepseek(wire))
    assert (code, len(wire.asked)) == (0, 1)


@pytest.mark.parametrize(
    ("rule", "code", "told"),
    [
        ("never: [deepseek]", 2, "rule 1 of route mine leaves out deepseek"),
        ("only: [novita, local]", 2, "rule 1 of route mine leaves out deepseek"),
        ("limits: {max_p90_usd: '0.0000001'}", 4, "over the limit of $0.00000010 of rule 1 of route mine"),
        ("limits: {min_context_tokens: 90000000}", 2, "under the 90,000,000 that are wanted of rule 1 of route mine"),
        ("route: private", 2, "rule 1 of route mine keeps it on this machine"),
        ("route: other", 2, "rule 1 of route mine keeps it on this machine"),
    ],
)
def test_whatever_a_rule_restricts_holds_beside_a_named_provider(
    rule: str, code: int, told: str, wire: Wire, home: Path
) -> None:
    own(home, SECRET.replace("place: machine", rule))
    own(home, SECRET.replace("mine", "other").replace("Mine", "Other"), "routes/other") if "other" in rule else None
    done, shown = chat("hi", "--provider", "deepseek", "--project", "secret", **deepseek(wire))
    assert (done, wire.asked) == (code, []), shown
    assert told in " ".join(shown.split())


def test_a_limit_of_a_rule_holds_where_no_cost_is_known(wire: Wire, home: Path) -> None:
    own(home, SECRET.replace("place: machine", "limits: {max_p90_usd: '1'}"))
    code, shown = chat(
        "hi", "--base-url", f"{wire.url}/v1", "--model", "r1", "--project", "secret", R1PLAN_API_KEY="EMPTY"
    )
    assert (code, wire.asked) == (2, []), shown
    assert "what it may cost is not known, and rule 1 of route mine has a limit" in shown


def test_a_rule_on_a_kind_of_prompt_holds_and_one_on_its_length_is_its_routes_own(wire: Wire, home: Path) -> None:
    own(home, SECRET.replace("projects: [secret]", "kinds: [math]"))
    code, _ = chat("Solve for x: 3x + 4 = 19", "--provider", "deepseek", **deepseek(wire))
    assert (code, wire.asked) == (2, [])
    own(home, SECRET.replace("projects: [secret]", "max_prompt_tokens: 1000"))
    code, _ = chat("Solve for x: 3x + 4 = 19", "--provider", "deepseek", **deepseek(wire))
    assert (code, len(wire.asked)) == (0, 1)


def test_the_rules_of_the_route_that_a_rule_takes_apply_too(wire: Wire, home: Path) -> None:
    own(home, SECRET)
    own(home, "id: outer\ndescription: Outer.\nrules:\n- when: {}\n  route: mine\n", "routes/outer")
    code, shown = chat("hi", "--route", "outer", "--project", "secret", **deepseek(wire))
    assert (code, wire.asked) == (1, []), shown
    assert "outer never leaves this machine" in shown


def test_rules_that_lead_in_a_circle_are_refused(wire: Wire, home: Path) -> None:
    own(home, "id: mine\ndescription: Mine.\nrules:\n- when: {}\n  route: outer\n")
    own(home, "id: outer\ndescription: Outer.\nrules:\n- when: {}\n  route: mine\n", "routes/outer")
    code, shown = chat("hi", "--provider", "deepseek", **deepseek(wire))
    assert (code, wire.asked) == (1, [])
    assert "it leads in a circle: mine to outer to mine" in shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("projects: [secret]", "kinds: [maht]"),
        ("projects: [secret]", "languages: [xx]"),
        ("projects: [secret]", "projects: []"),
        ("projects: [secret]", "projects: ['\u200b ']"),
        ("projects: [secret]", "project: [secret]"),
        ("projects: [secret]", "min_prompt_tokens: 9, max_prompt_tokens: 8"),
        ("projects: [secret]", "hours_utc: {start: '22:00', end: '22:00'}"),
        ("place: machine", "note: nothing"),
        ("place: machine", "never: [deepsek]"),
        ("place: machine", "only: [DeepSeek]"),
        ("place: machine", "only: []"),
        ("place: machine", "route: privat"),
        ("place: machine", "route: mine"),
        ("place: machine", "place: here"),
        ("rules:", "rule:"),
    ],
)
def test_a_rule_that_can_do_nothing_stops_every_question(old: str, new: str, wire: Wire, home: Path) -> None:
    file = own(home, SECRET.replace(old, new))
    code, shown = chat("hi", "--provider", "deepseek", **deepseek(wire))
    assert (code, wire.asked) == (1, []), shown
    assert "profiles/routes/mine.yaml" in shown
    assert str(file) in shown


def test_a_route_in_the_place_of_private_must_keep_prompts_here(wire: Wire, home: Path) -> None:
    for id_ in ("private", "Private"):
        own(home, f"id: {id_}\ndescription: Not private at all.\naccepts: [r1, successor]\n", "routes/private")
        code, shown = chat("hi", "--route", "private", **deepseek(wire))
        assert (code, wire.asked) == (1, []), shown
        assert "profiles/routes/private.yaml" in shown


# ---- this machine is no name


@pytest.mark.parametrize("id_", ["local", "Local", "LOCAL", "ｌｏｃａｌ", "lo\u200bcal"])
def test_no_provider_can_be_called_after_this_machine(id_: str, wire: Wire, home: Path) -> None:
    text = json.dumps(
        {"id": id_, "name": "Near", "dialect": "openai", "base_url": wire.url, "needs_key": False}, ensure_ascii=False
    )
    own(home, text, "providers/near")
    code, shown = chat("hi", "--model", f"{id_}/r1", "--max-cost", "0.01")
    assert (code, wire.asked) == (1, [])
    assert "stands for models on this machine, and is no provider's" in " ".join(shown.split())


@pytest.mark.parametrize("host", ["local", "LOCAL", "local.", "deepseek", "127.0.0.1.far.invalid", "192.168.1.5"])
def test_a_host_that_is_called_as_something_known_is_neither_here_nor_that(host: str, wire: Wire, home: Path) -> None:
    own(home, SECRET)
    words = ["hi", "--base-url", f"http://{host}/v1", "--model", "r1"]
    code, shown = chat(*words, "--project", "secret", http_proxy=wire.url)
    assert (code, wire.asked) == (2, []), shown
    code, shown = chat(*words, "--max-cost", "0.01", http_proxy=wire.url)
    assert (code, wire.asked) == (4, []), shown


def test_a_server_on_loopback_is_on_this_machine_and_that_is_said(wire: Wire, home: Path) -> None:
    own(home, SECRET)
    words = ["hi", "--base-url", f"{wire.url}/v1", "--model", "r1", "--project", "secret"]
    code, shown = chat(*words, "--explain")
    assert (code, wire.asked) == (0, [])
    assert "rule 1 of route mine keeps it on this machine." in shown
    assert "is on this machine: its address is a loopback one." in shown
    code, shown = chat(*words)
    assert (code, len(wire.asked)) == (0, 1), shown


def test_a_providers_stand_in_on_loopback_is_not_this_machine(wire: Wire, home: Path) -> None:
    own(home, SECRET)
    code, _ = chat("hi", "--provider", "deepseek", "--project", "secret", **deepseek(wire))
    assert (code, wire.asked) == (2, [])
    code, shown = chat("hi", "--model", "vllm/r1", "--project", "secret", R1PLAN_VLLM_BASE_URL=wire.url)
    assert (code, len(wire.asked)) == (0, 1), shown


# ---- a conversation keeps what bound it


def saved(home: Path, *steps: Step) -> Path:
    path = home / "data" / "conversations" / "20261124T050000-0.jsonl"
    for step in steps:
        append(path, step, AT)
    return path


def answered(question: str) -> Answered:
    return Answered(Exchange(question=question, answer="4"), None)


def test_a_conversation_that_goes_on_keeps_its_project_and_tags(wire: Wire, home: Path) -> None:
    own(home, SECRET)
    wishes = Wishes(provider="deepseek", project="secret", tags={"team": "x"})
    path = saved(home, Wished(wishes), Asked("2 + 2?", "secret"), answered("2 + 2?"))
    for words in ([], ["--provider", "deepseek"], ["--route", "cheapest"], ["--project", "other"]):
        code, shown = chat("And 3 + 4?", "--continue", *words, **deepseek(wire))
        assert (code, wire.asked) == (2, []), shown
        assert "rule 1 of route mine keeps it on this machine" in shown
    code, shown = chat("And 3 + 4?", "--continue", "--local")
    assert code == 0, shown
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (lines[-2]["project"], lines[-1]["binding"]) == ("secret", {"route": "mine", "rule": 1})
    rows = [json.loads(line) for file in (home / "data" / "logs").iterdir() for line in file.read_text().splitlines()]
    assert (rows[-1]["project"], rows[-1]["tags"]) == ("secret", {"team": "x"})


def test_a_conversation_that_was_bound_stays_so_until_a_person_lifts_that(wire: Wire, home: Path) -> None:
    saved(home, Wished(Wishes(route="private", model="r1-tiny")))
    code, shown = chat("2 + 2?", "--continue")
    assert code == 0, shown
    words = ["And 3 + 4?", "--continue", "--provider", "deepseek"]
    code, shown = chat(*words, **deepseek(wire))
    assert (code, wire.asked) == (2, [])
    told = "this conversation is kept on this machine, since an earlier turn, by route private"
    assert told in " ".join(shown.split())
    assert "--unbind" in shown
    code, shown = chat(*words, "--explain", **deepseek(wire))
    assert (code, wire.asked) == (2, [])
    code, shown = chat(*words, "--unbind", **deepseek(wire))
    assert (code, len(wire.asked)) == (0, 1), shown
    code, shown = chat(*words, **deepseek(wire))
    assert (code, len(wire.asked)) == (0, 2), shown


class Types:
    """A person who types lines, one after another."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)

    def read(self) -> str | None:
        return self._lines.pop(0) if self._lines else None


def test_in_a_conversation_the_turns_after_a_private_one_stay_until_unbound(
    wire: Wire, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in deepseek(wire).items():
        monkeypatch.setenv(name, value)
    asker = ChatAsker(AskOptions(log=UsageLog(home / "data" / "logs")), ChatRequest(messages=()))
    talk = Conversation(Session(wishes=Wishes(route="private", model="r1-tiny")), asker, keep=None, saved_in=None)
    try:
        talk.run(Types("2 + 2?", "/route cheapest", "And now?", "/model deepseek/deepseek-flash", "And now?"))
        assert wire.asked == []
        assert capsys.readouterr().err.count("is kept on this machine") == 2
        talk.run(Types("/route unbind", "And now?"))
    finally:
        asker.close()
    assert len(wire.asked) == 1
    assert next(each["content"] for each in wire.requests[0]["messages"]) == "2 + 2?"


def test_unbinding_lifts_no_rule(wire: Wire, home: Path) -> None:
    own(home, SECRET)
    saved(home, Wished(Wishes(project="secret")), Asked("2 + 2?", "secret"), answered("2 + 2?"))
    code, shown = chat("3 + 4?", "--continue", "--unbind", "--provider", "deepseek", **deepseek(wire))
    assert (code, wire.asked) == (2, []), shown


def test_an_old_conversation_goes_on_without_project_and_unbound(wire: Wire, home: Path) -> None:
    path = saved(home, Wished(Wishes(provider="deepseek")), Asked("2 + 2?"), answered("2 + 2?"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for name in ("project", "binding"):
            line.pop(name, None)
            line.get("wishes", {}).pop(name, None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, shown = chat("3 + 4?", "--continue", **deepseek(wire))
    assert (code, len(wire.asked)) == (0, 1), shown


def test_unbinding_needs_something_to_go_on_with() -> None:
    code, shown = chat("hi", "--unbind")
    assert code == 2
    assert "--unbind needs a conversation to go on with." in shown


# ---- proxies


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "Http_Proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_goes_through_no_proxy(name: str, host: str, wire: Wire) -> None:
    with serving(Reply(b"", 502)) as proxy:
        environment = deepseek(wire) | {"R1PLAN_DEEPSEEK_BASE_URL": wire.url.replace("127.0.0.1", host)}
        code, shown = chat("hi", "--provider", "deepseek", **environment, **{name: proxy.url})
        assert proxy.asked == []
    assert (code, len(wire.asked)) == (0, 1), shown
    assert "proxy" not in shown


def test_a_proxy_in_use_is_said_without_its_password(wire: Wire, home: Path) -> None:
    proxy = wire.url.replace("http://", "http://me:hunter2secret@")
    words = ["hi", "--base-url", "http://far.invalid/v1", "--model", "r1"]
    code, shown = chat(*words, http_proxy=proxy)
    assert code == 0, shown
    assert f"Asked through the proxy {wire.url}: far.invalid:80." in " ".join(shown.split())
    (asked,) = wire.asked
    expected = base64.b64encode(b"me:hunter2secret").decode()
    assert asked.headers["proxy-authorization"] == f"Basic {expected}"
    code, explained = chat(*words, "--explain", http_proxy=proxy)
    assert f"Asked through the proxy {wire.url}" in " ".join(explained.split())
    code, failed = chat(*words, http_proxy="http://me:hunter2secret@127.0.0.1:9")
    assert code == 1
    assert "(through the proxy http://127.0.0.1:9)" in " ".join(failed.split())
    assert "hunter2" not in shown + explained + failed + written(home)


# ---- keys over plain http, and in addresses


@pytest.mark.parametrize("host", ["far.invalid", "0.0.0.0.far.invalid"])
def test_a_key_goes_over_plain_http_to_no_other_machine_unless_that_is_asked_for(
    host: str, wire: Wire, home: Path
) -> None:
    words = ["hi", "--base-url", f"http://{host}/v1", "--model", "r1"]
    environment = {"http_proxy": wire.url, "R1PLAN_API_KEY": KEY}
    code, shown = chat(*words, **environment)
    assert (code, wire.asked) == (1, [])
    assert "over plain http, where others can read it." in " ".join(shown.split())
    assert f"R1PLAN_ALLOW_PLAIN_HTTP={host}" in shown
    code, shown = chat(*words, **environment, R1PLAN_ALLOW_PLAIN_HTTP=f"other, {host}")
    assert (code, len(wire.asked)) == (0, 1), shown
    assert wire.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "asked over plain http: others on the way can read what is sent." in " ".join(shown.split())
    assert KEY not in shown + written(home)


@pytest.mark.parametrize("host", ["192.168.1.5", "10.0.0.1:8000", "[fe80::1]:80", "gpu.local", "100.64.0.1"])
def test_a_network_of_ones_own_is_another_machine(host: str) -> None:
    code, shown = chat("hi", "--base-url", f"http://{host}/v1", "--model", "r1", R1PLAN_API_KEY=KEY)
    assert code == 1
    assert "over plain http, where others can read it." in " ".join(shown.split())


def test_a_word_in_place_of_a_key_and_no_key_may_travel_in_the_open(wire: Wire) -> None:
    for environment in ({"R1PLAN_API_KEY": "EMPTY"}, {}):
        code, shown = chat(
            "hi", "--base-url", "http://far.invalid/v1", "--model", "r1", http_proxy=wire.url, **environment
        )
        assert code == 0, shown
        assert shown.count("asked over plain http") == 1


USERINFO = {
    "both": ("me:pa%40ss%2Fword1", "me:pa@ss/word1", "pa@ss/word1"),
    "no password": ("tokenword123456789", "tokenword123456789:", "tokenword123456789"),
    "no user": (":passw0rdpassw0rd1", ":passw0rdpassw0rd1", "passw0rdpassw0rd1"),
}


@pytest.mark.parametrize("userinfo", USERINFO)
@pytest.mark.parametrize("place", ["--base-url", "environment", "file"])
def test_a_user_and_password_in_an_address_are_a_key(userinfo: str, place: str, wire: Wire, home: Path) -> None:
    given, sent, secret = USERINFO[userinfo]
    address = wire.url.replace("http://", f"http://{given}@")
    words, environment = ["hi", "--json", "--model", "vllm/r1"], {}
    if place == "--base-url":
        words = ["hi", "--json", "--model", "r1", "--base-url", address]
    elif place == "environment":
        environment = {"R1PLAN_VLLM_BASE_URL": address}
    else:
        own(home, json.dumps({"id": "mine", "name": "Mine", "dialect": "openai", "base_url": address,
                              "needs_key": False, "own_server": True}), "providers/mine")  # fmt: skip
        words = ["hi", "--json", "--model", "mine/r1"]
    code, shown = chat(*words, **environment)
    assert code == 0, shown
    assert wire.headers[0]["authorization"] == f"Basic {base64.b64encode(sent.encode()).decode()}"
    logs = "".join(path.read_text() for path in (home / "data").rglob("*") if path.is_file())
    for each in (secret, given):
        assert each not in shown + logs


def test_an_address_with_a_password_beside_a_key_is_refused(wire: Wire) -> None:
    address = wire.url.replace("http://", "http://me:hunter2secret@")
    code, shown = chat("hi", "--base-url", address, "--model", "r1", R1PLAN_API_KEY=KEY)
    assert (code, wire.asked) == (1, [])
    assert "has two keys" in shown
    assert "hunter2" not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    "address",
    [
        "http://me:hunter2secret@127.0.0.1:port/v1",
        "ftp://me:hunter2secret@127.0.0.1/v1",
        "me:hunter2secret@127.0.0.1:8000",
        "http://me:hunter2/secret@127.0.0.1",
        "http://127.0.0.1/v1?key=hunter2secret",
        "http://127.0.0.1/v1?api_key=hunter2secret#x",
        "http://127.0.0.1/v1#hunter2secret",
        "http://me:hunter2?secret@127.0.0.1/v1",
        "http://me:%ff%fehunter2secret@127.0.0.1/v1",
        "http://[::1/v1?key=hunter2secret",
        "http://me:hunter2secret@",
        "//me:hunter2secret@127.0.0.1",
    ],
)
@pytest.mark.parametrize("place", ["--base-url", "environment"])
def test_what_is_no_address_is_refused_without_what_it_holds_of_a_key(address: str, place: str) -> None:
    words = ["--base-url", address, "--model", "r1"] if place == "--base-url" else ["--model", "vllm/r1"]
    code, shown = chat("hi", *words, **({} if place == "--base-url" else {"R1PLAN_VLLM_BASE_URL": address}))
    assert code == 2
    assert "is not a server's address." in shown
    assert "hunter2" not in shown
    assert "secret" not in shown


def test_a_saved_conversation_holds_no_password(wire: Wire, home: Path) -> None:
    address = wire.url.replace("http://", "http://me:hunter2secret@")
    path = saved(home, Wished(Wishes(base_url=address, model="r1")))
    assert "hunter2" not in path.read_text()
    assert wire.url in path.read_text()
