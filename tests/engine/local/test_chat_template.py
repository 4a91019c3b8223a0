"""A chat template is somebody's program: it has its time, memory and output, and what it does wrong is one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from r1plan.engine.chat import ChatRequest, Effort, Message
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.chat_template import ChatTemplate, TemplateLimits
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.tiny import MODEL_PATH

TURNS = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def template() -> Iterator[ChatTemplate]:
    made = ChatTemplate("some.gguf", TemplateLimits(cpu_s=0.2, characters=10_000))
    yield made
    made.close()


def rendered(template: ChatTemplate, source: str, turns: list[dict[str, str]] = TURNS) -> str:
    template.use(source, bos="<s>", eos="</s>")
    return template(turns)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("{{ bos_token }}{% for m in messages %}{{ m.role }}{% endfor %}{{ eos_token }}", "<s>user</s>"),
        pytest.param("{% if add_generation_prompt %}go{% endif %}{{ tools is none }}", "goTrue"),
        pytest.param("{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", "1"),
        pytest.param("{% generation %}a{% endgeneration %}{{ {'ä': 1} | tojson }}", 'a{"ä": 1}'),
        pytest.param("{{ strftime_now('%%') }}{{ messages[::-1][0]['content'].split('l')[-1] }}", "%o"),
        pytest.param("  {% set ns = namespace(x=1) %}\n{% set ns.x = 2 %}\n{{ ns.x }}", "2"),
    ],
    ids=["turns", "as asked", "loop controls", "training's marks", "date", "namespace"],
)
def test_a_template_finds_what_transformers_gives_one(template: ChatTemplate, source: str, text: str) -> None:
    assert rendered(template, source) == text


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", id="loops"),
        pytest.param("{{ 'a' * 10 ** 10 }}", id="multiplied when compiled"),
        pytest.param("{{ messages[0].role * 10 ** 10 }}", id="multiplied"),
        pytest.param("{{ 9 ** (9 ** 9) }}", id="powers"),
        pytest.param("{{ 5 | round(-999999999) }}", id="rounded"),
        pytest.param("{{ 'a' | center(9999999999) }}", id="center"),
        pytest.param("{{ 'a' | indent(9999999999) }}", id="indent"),
        pytest.param("{{ '%9999999999d' % 1 }}", id="width"),
        pytest.param("{{ '{:9999999999}'.format(1) }}", id="format"),
        pytest.param("{{ 'a'.ljust(9999999999) }}{{ 'a'.zfill(9999999999) }}", id="filled"),
        pytest.param("{{ '\t'.expandtabs(2000000000) }}", id="tabs"),
        pytest.param("{{ (1).to_bytes(9999999999, 'big') }}", id="bytes"),
        pytest.param("{{ lipsum(n=99999999) }}", id="lorem ipsum"),
        pytest.param("{{ [1] | slice(999999999) | list }}", id="slices"),
        pytest.param("{{ [1] | batch(999999999, 'x') | list }}", id="batches"),
        pytest.param("{% set n = namespace(x='a') %}" + "{% set n.x = n.x ~ n.x %}" * 60 + "{{ n.x }}", id="doubled"),
        pytest.param("{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}", id="lists of lists"),
        pytest.param("{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x == x[0] }}{{ x|tojson }}", id="json"),
        pytest.param("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", id="macro"),
        pytest.param("{% for x in messages recursive %}{{ loop(messages) }}{% endfor %}", id="recursive loop"),
        pytest.param("{% for x in range(99999) %}abc{% endfor %}", id="output"),
        pytest.param("{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}", id="nested"),
        pytest.param("{% if 1 %}" * 3000, id="nested blocks"),
        pytest.param("{{ 1" + " + 1" * 20_000 + " }}", id="sum"),
        pytest.param("{{ [" * 5000, id="lists"),
        pytest.param("{{ " + "9" * 5000 + " }}", id="digits"),
        pytest.param("{{ 10 ** 5000 }}", id="number as text"),
        pytest.param("{{ 1 / 0 }}", id="division"),
        pytest.param("{{ 1 % 0 }}", id="remainder"),
        pytest.param("{{ 10.0 ** 999 }}", id="float"),
        pytest.param("{{ messages['x'].y.z }}", id="nothing there"),
        pytest.param("{{ messages[0].content + 1 }}", id="types"),
        pytest.param("{{ {[]: 1} }}", id="unhashable"),
        pytest.param("{% include 'other' %}", id="another template"),
        pytest.param("{% extends 'other' %}", id="parent"),
        pytest.param("{{ x | nofilter }}", id="unknown filter"),
        pytest.param("{{ strftime_now(1) }}", id="no layout"),
        pytest.param("{{ 'a' | tojson(indent=9999999999) }}{{ [1] | tojson(indent=9999999999) }}", id="json indent"),
        pytest.param("{{ raise_exception('no\n\nsuch turn') }}", id="refused"),
        pytest.param("{% for", id="cut"),
    ],
)
def test_what_a_template_cannot_do_is_one_sentence_naming_the_file(template: ChatTemplate, source: str) -> None:
    with pytest.raises(EngineError) as raised:
        rendered(template, source)
    assert raised.value.message.startswith("some.gguf: its chat template ")
    assert raised.value.message.endswith(".")
    assert "\n" not in raised.value.message
    assert len(raised.value.message) < 400
    assert raised.value.hint
    assert rendered(template, "still {{ 1 + 1 }}") == "still 2"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__class__.__base__ }}",
        "{{ raise_exception.__globals__ }}",
        "{{ strftime_now.__globals__['sys'] }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ lipsum.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ ''|attr('__class__')|attr('__mro__') }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ '{0.__class__}'.format_map({'0': ''}) }}",
        "{{ messages|map(attribute='__class__')|list }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='system') }}",
        "{{ messages|groupby('__class__') }}",
        "{{ ''['__class__'] }}",
    ],
)
def test_the_sandbox_has_no_way_out(template: ChatTemplate, source: str) -> None:
    try:
        text = rendered(template, source)
    except EngineError:
        return
    assert "class" not in text
    assert "module" not in text


def test_a_template_finds_no_key_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-planted")
    template = ChatTemplate("some.gguf")
    environ = Path(f"/proc/{template._process.pid}/environ")
    seen = environ.read_bytes() if environ.exists() else b""
    template.close()
    assert b"sk-planted" not in seen
    assert {each.partition(b"=")[0] for each in seen.split(b"\0")} <= {b"", b"PYTHONPATH", b"LD_LIBRARY_PATH", b"TZ"}


def test_a_process_that_ended_is_replaced_and_knows_its_template(template: ChatTemplate) -> None:
    template.use("{{ messages[0].role }}", bos="", eos="")
    before = template._process.pid
    template._process.kill()
    template._process.wait()
    assert template(TURNS) == "user"
    assert template._process.pid != before


def test_one_render_that_takes_too_long_does_not_cost_the_next(template: ChatTemplate) -> None:
    slow = "{% if messages|length > 1 %}{{ messages|length ** (9 ** 9) }}{% endif %}{{ messages|length }}"
    template.use(slow, bos="", eos="")
    with pytest.raises(EngineError, match="takes more than"):
        template(TURNS * 2)
    assert template(TURNS) == "1"


def test_no_process_is_left_behind() -> None:
    template = ChatTemplate("some.gguf")
    process = template._process
    template.close()
    assert process.returncode is not None
    template = ChatTemplate("some.gguf")
    process = template._process
    del template
    assert process.returncode is not None


def test_a_question_is_not_refused_because_an_earlier_one_was_given_up(template: ChatTemplate) -> None:
    patient = ChatTemplate("some.gguf", TemplateLimits(cpu_s=5, wall_s=0.05))
    with pytest.raises(EngineError):
        rendered(patient, "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}first")
    assert patient._process.returncode is not None


def with_template(folder: Path, source: str) -> Path:
    """The shipped model with another template of the same length or shorter, filled up with a comment."""
    data = MODEL_PATH.read_bytes()
    name = b"tokenizer.chat_template"
    at = data.index(name) + len(name) + 4
    length = int.from_bytes(data[at : at + 8], "little")
    filled = (source + "{#" + "x" * length)[: length - 2] + "#}"
    path = folder / "model.gguf"
    path.write_bytes(data[: at + 8] + filled.encode() + data[at + 8 + length :])
    return path


def asked(path: Path) -> None:
    engine = LocalEngine(path, "m", LoadSettings(context_tokens=64, threads=1))
    try:
        list(engine.stream(ChatRequest(messages=(Message("user", "hi"),))))
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ 1 / 0 }}", "model.gguf: its chat template failed: division by zero."),
        ("{{ 'a' * 10 ** 10 }}", "model.gguf: its chat template failed: it needs more memory than it may have."),
        ("{% for", "model.gguf: its chat template failed: unexpected char"),
        ("{{ raise_exception('roles must alternate') }}", "template refuses this: roles must alternate."),
    ],
)
def test_a_file_with_a_hostile_template_is_refused_by_name(tmp_path: Path, source: str, told: str) -> None:
    path = with_template(tmp_path, source)
    with pytest.raises(EngineError) as raised:
        asked(path)
    assert told in raised.value.message


@pytest.mark.parametrize(
    ("given", "turn", "hint"),
    [
        pytest.param(False, "user", "look for another GGUF", id="the-files-own"),
        pytest.param(True, "user", "give --chat-template another", id="one-that-was-given"),
        pytest.param(False, "system", "try without --system", id="with-a-system-prompt"),
        pytest.param(True, "system", "try without --system", id="with-one-and-given"),
    ],
)
def test_who_is_refused_is_told_what_can_be_changed(template: ChatTemplate, given: bool, turn: str, hint: str) -> None:
    template.use("{{ raise_exception('no') }}", bos="", eos="", given=given)
    with pytest.raises(EngineError, match="its chat template refuses this: no") as raised:
        template([{"role": turn, "content": "x"}])
    assert (raised.value.hint or "").startswith(hint)


def test_a_given_template_that_fails_is_the_one_to_change(template: ChatTemplate) -> None:
    with pytest.raises(EngineError) as raised:
        template.use("{% for", bos="", eos="", given=True)
    assert (raised.value.hint or "").startswith("give --chat-template another")
    with pytest.raises(EngineError) as raised:
        template.use("{% for", bos="", eos="")
    assert (raised.value.hint or "").startswith("look for another GGUF")


def test_a_named_pipe_is_no_model_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.gguf")
    with pytest.raises(EngineError, match="is a named pipe, where a plain file is needed"):
        LocalEngine(tmp_path / "model.gguf", "m")


# As deepseek-ai-DeepSeek-V3.1.jinja and -V4-Flash-0731.jinja of llama.cpp 0c1e57098 say it, in short.
SWITCH = (
    "{{ '<think>' if thinking or enable_thinking else '</think>' }}{{ reasoning_effort if reasoning_effort else '' }}"
)


@pytest.mark.parametrize(
    ("effort", "text"),
    [(None, "<think>"), ("none", "</think>"), ("low", "<think>low"), ("high", "<think>high"), ("max", "<think>max")],
)
def test_a_template_is_told_how_hard_to_think(template: ChatTemplate, effort: Effort | None, text: str) -> None:
    template.use(SWITCH, bos="", eos="")
    assert template(TURNS, effort) == text
    assert template(TURNS) == "<think>"
