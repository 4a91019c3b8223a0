"""A chat template out of a GGUF: compiled and rendered, apart and within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from r1plan.engine.chat import Message
from r1plan.engine.local.chat_template import ChatTemplate, TemplateLimits
from r1plan.engine.prompt import prompt_pieces
from r1plan.tiny.dialogue import CHAT_TEMPLATE
from tests.fuzz.mutation import mutated
from tests.fuzz.parser import FuzzedParser

_SEEDS = (
    CHAT_TEMPLATE.encode(),
    b"{% for m in messages %}{% if m['role'] == 'user' %}{{ '<U>' + m['content'] | trim }}{% else %}"
    b"{{ m.content.split('</think>')[-1] }}{% endif %}{% if loop.last %}{{ eos_token }}{% endif %}{% endfor %}",
    b"{% set ns = namespace(x='', n=0) %}{% for m in messages[::-1] %}{% set ns.x = ns.x ~ m.content %}"
    b"{% set ns.n = ns.n + loop.index0 %}{% endfor %}{{ ns.x }}{{ ns.n * 3 }}",
    b"{% macro f(x, n=2) %}{% if n %}{{ x }}{{ f(x, n - 1) }}{% endif %}{% endmacro %}{{ f(bos_token) }}",
    b"{%- if tools %}{{ tools | tojson(indent=2) }}{% endif %}{{ strftime_now('%d %b') }}{{ raise_exception('no') }}",
    b"{{ messages | map(attribute='role') | join(',') }}{{ 'a' | center(9) }}{{ '%5s' % 1 }}{{ 7 // 2 ** 3 % 4 }}",
)
_PIECES = """
{{ 'a' * 10 ** 9 }}
{{ 9 ** (9 ** 9) }}
{% for x in range(10 ** 5) %}
{% endfor %}
{{ 1 / 0 }}
| center(10 ** 10)
| indent(10 ** 9)
| batch(10 ** 9, 'x') | list
.__class__
| attr('__init__')
{{ messages[0].content }}
{% set messages = [messages, messages] %}
{{ messages }}
\ufdd09\ufdd1
{{ loop }}
{% break %}
{% raw %}
{#
{% block a %}
{% call f(1) %}
{% filter upper %}
{%- endif -%}
{{ self }}
{{ '{:99999999}'.format(1) }}
{{ [1] | sum(start='') }}
{{ ''.join(messages) }}
{{ none.x }}
{{ -1 ** 0.5 }}
((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((
""".strip().split("\n")


def _made(random: Random) -> bytes:
    content = mutated(random, _SEEDS)
    if random.random() < 0.3:
        at = random.randrange(len(content) + 1)
        content = content[:at] + random.choice(_PIECES).encode() + content[at:]
    return content


_TURNS = (Message("system", "Be brief."), Message("user", "1+1"), Message("assistant", "2"), Message("user", "{{ 1 }}"))


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    template = ChatTemplate("some.gguf", TemplateLimits(cpu_s=0.1))
    try:

        def read(content: bytes) -> str:
            template.use(content.decode("utf-8", "replace"), bos="<s>", eos="</s>")
            return f"{len(prompt_pieces(_TURNS, template))} pieces"

        yield read
    finally:
        template.close()


PARSER = FuzzedParser("template", _made, _opened, spends_elsewhere=True)
