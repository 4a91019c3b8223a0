"""`r1plan chat`: one question, or a conversation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import typer

from r1plan.errors import UsageError


def command(
    prompt: str | None = typer.Argument(None, metavar="[PROMPT]", help="The question. Without one: a conversation."),
    model: str | None = typer.Option(None, metavar="ID|FILE.gguf|PROVIDER/MODEL", help="What should answer."),
    provider: str | None = typer.Option(
        None, metavar="P", help="Who should answer; its default model without --model."
    ),
    local: bool = typer.Option(False, "--local", help="Answer on this machine, or not at all."),
    base_url: str | None = typer.Option(None, metavar="URL", help="Any OpenAI-compatible server; needs --model."),
    system: str | None = typer.Option(None, metavar="TEXT", help="Instructions that go before the conversation."),
    file: list[Path] = typer.Option([], metavar="PATH", help="A text file that joins the prompt; repeatable."),
    thinking: Literal["show", "dim", "hide"] = typer.Option("dim", help="How the thinking appears, on stderr."),
    max_tokens: int | None = typer.Option(None, min=1, metavar="N", help="The most tokens to write."),
    context: int = typer.Option(8192, min=64, metavar="N", help="Tokens of context for a model on this machine."),
    temperature: float | None = typer.Option(None, min=0, max=2, metavar="T", help="The model's own by default."),
    seed: int | None = typer.Option(None, min=0, metavar="N", help="Makes a local answer repeatable."),
    project: str | None = typer.Option(None, metavar="NAME", help="Written into the log row."),
    tag: list[str] = typer.Option([], metavar="K=V", help="Written into the log row; repeatable."),
    go_on: bool = typer.Option(False, "--continue", help="Go on with the conversation that was saved last."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
    no_log: bool = typer.Option(False, "--no-log", help="Write no log row, and save no conversation."),
    log_text: bool = typer.Option(False, "--log-text", help="Keep the prompt and the answer in the log row too."),
    power_price: str | None = typer.Option(
        None, metavar="USD_PER_KWH", envvar="R1PLAN_POWER_PRICE", help="What electricity costs, for answers from here."
    ),
) -> None:
    """Ask R1, here or at a provider, with its thinking told apart from its answer and every token logged.

    The answer goes to stdout; the thinking and the tokens, speed and cost go to stderr. Standard input, when it is not
    a terminal, joins the prompt. With no model named, the small built-in demonstration model answers.

    A conversation on a terminal is saved in the data directory, for --continue; --no-log saves nothing.

    A provider's key is read from its usual variable (DEEPSEEK_API_KEY, …), and its address can be replaced by
    R1PLAN_<PROVIDER>_BASE_URL.

    Example: git diff | r1plan chat "Review this." --provider deepseek
    """
    from r1plan.cli.chat_ask import Asker, Asking, labels, usd_per_kwh
    from r1plan.cli.chat_begin import begun, converse, single
    from r1plan.cli.chat_prompt import joined
    from r1plan.conversation.session import Wishes
    from r1plan.ledger.journal import append
    from r1plan.render.output import note
    from r1plan.settings import directories

    text = joined(prompt, file)
    if text is None and json:
        raise UsageError("--json needs a prompt.", 'example: r1plan chat "What is 17 + 25?" --json')
    wishes = Wishes(model=model, provider=provider, local=local, base_url=base_url, system=system, thinking=thinking)
    asking = Asking(
        labels=labels(project, tag),
        journal=None if no_log else partial(append, logs=directories().logs),
        context_tokens=context,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        power_usd_per_kwh=usd_per_kwh(power_price),
        log_text=log_text,
    )
    asker = Asker(asking, note)
    try:
        start = begun(wishes, go_on=go_on, save=not no_log)
        asker.ready(start.session.wishes)
        if text is None:
            converse(asker, start)
        else:
            single(asker, start, text, as_json=json)
    finally:
        asker.close()
