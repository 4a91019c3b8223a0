"""`r1plan chat`: one question, or a conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer

from r1plan.cli.options.planning import (
    ExpertsOnCpuOption,
    FlashAttentionOption,
    GpuLayersOption,
    KvOption,
    MmapOption,
    UbatchOption,
)


def command(
    prompt: str | None = typer.Argument(None, metavar="[PROMPT]", help="The question. Without one: a conversation."),
    model: str | None = typer.Option(
        None, metavar="ID|FILE.gguf|PROVIDER/MODEL", help="What should answer; recommended: what suits this machine."
    ),
    provider: str | None = typer.Option(
        None, metavar="P", help="Who should answer, and nobody else; its default model without --model."
    ),
    local: bool = typer.Option(False, "--local", help="Answer on this machine, or not at all."),
    base_url: str | None = typer.Option(None, metavar="URL", help="Any OpenAI-compatible server; needs --model."),
    route: str | None = typer.Option(
        None, metavar="NAME", help="Choose who answers: cheapest, local-first, private, fastest, quality, r1, or yours."
    ),
    max_cost: str | None = typer.Option(None, metavar="USD", help="The most that one question may cost, all attempts."),
    max_thinking: int | None = typer.Option(
        None, min=0, metavar="N", help="The most tokens of thinking: one's own model answers then, others are cut."
    ),
    effort: Literal["none", "low", "high", "max"] | None = typer.Option(
        None, help="How hard a successor of R1 is to think; none: not at all."
    ),
    explain: bool = typer.Option(False, "--explain", help="Say who would be asked and why; send nothing."),
    by: str | None = typer.Option(
        None, metavar="WHEN", help="Wait for the cheapest hour that still answers by then, such as 18:00."
    ),
    system: str | None = typer.Option(None, metavar="TEXT", help="Instructions that go before the conversation."),
    file: list[Path] = typer.Option([], metavar="PATH", help="A text file that joins the prompt; repeatable."),
    thinking: str = typer.Option("dim", metavar="[show|dim|hide]", help="How the thinking appears, on stderr."),
    max_tokens: int | None = typer.Option(None, min=1, metavar="N", help="The most tokens to write."),
    chat_template: Path | None = typer.Option(
        None, metavar="FILE.jinja", help="How a model file here is asked, if it does not say."
    ),
    temperature: float | None = typer.Option(None, min=0, max=2, metavar="T", help="The model's own by default."),
    seed: int | None = typer.Option(None, min=0, metavar="N", help="Makes a local answer repeatable."),
    option: str | None = typer.Option(
        None, metavar="KEY VALUE", help="One of those by its name, as llm takes it, such as -o temperature 0.6."
    ),
    context: int | None = typer.Option(
        None, min=64, metavar="N", help="Of a model on this machine: tokens of context. Default: as it is needed."
    ),
    kv: KvOption = None,
    ubatch: UbatchOption = None,
    gpu_layers: GpuLayersOption = None,
    experts_on_cpu: ExpertsOnCpuOption = False,
    flash_attn: FlashAttentionOption = True,
    mmap: MmapOption = True,
    threads: int | None = typer.Option(None, min=1, max=512, metavar="N", help="Its threads. Default: one a core."),
    project: str | None = typer.Option(None, metavar="NAME", help="Written into the log row; has a budget of its own."),
    tag: list[str] = typer.Option([], metavar="K=V", help="Written into the log row; repeatable."),
    go_on: bool = typer.Option(False, "--continue", help="Go on with the conversation that was saved last."),
    unbind: bool = typer.Option(False, "--unbind", help="Let what goes on leave this machine, where a rule kept it."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
    no_log: bool = typer.Option(False, "--no-log", help="Write no log row, and save no conversation."),
    log_text: bool = typer.Option(False, "--log-text", help="Keep the prompt and the answer in the log row too."),
    power_price: str | None = typer.Option(
        None, metavar="USD_PER_KWH", envvar="R1PLAN_POWER_PRICE", help="What electricity costs, for answers from here."
    ),
) -> None:
    """Ask R1, here or at a provider, with its thinking told apart from its answer and every token logged.

    The answer goes to stdout; the thinking and the tokens, speed and cost go to stderr. Standard input, when it is not
    a terminal, joins the prompt.

    With nothing named, the route "cheapest" chooses among the providers whose key is in the environment or in
    keys.yaml; without a key, the small built-in demonstration model answers. --route chooses by the keyring's keys
    too, and a model file named beside it is a candidate: local-first tries it before any other. Who fails before
    anything was shown gives way to the next. What --provider or --model names gives way to nobody.

    Nothing is sent that may cost more than --max-cost or than is left of a month in budgets.yaml: exit 4. --by needs a
    prompt, and waits; with --explain it only says.

    A conversation on a terminal is saved in the data directory, for --continue; --no-log saves nothing.

    A provider's key is read from its usual variable (DEEPSEEK_API_KEY, …), and its address can be replaced by
    R1PLAN_<PROVIDER>_BASE_URL.

    A model of the catalogue is looked for on this machine by its name, and offered for download on a terminal where it
    is not here; "recommended", or --local alone, is the one that suits this machine. It runs as `recommend` plans it,
    but for what --context and the options behind it fix.

    Example: git diff | r1plan chat "Review this." --route cheapest --max-cost 0.02
    """
    from r1plan.ask.question import AskOptions
    from r1plan.catalog.budgets import load_budgets
    from r1plan.cli.chat.asking import ChatAsker, load_shown, may_offer, offered
    from r1plan.cli.chat.prompt import check_question, joined
    from r1plan.cli.chat.start import answer, begun
    from r1plan.cli.options.asking import (
        check_no_option_left,
        check_route,
        check_text,
        checked_temperature,
        parse_base_url,
        parse_by,
        parse_labels,
        parse_max_cost,
        parse_usd_per_kwh,
    )
    from r1plan.cli.options.template import read_template
    from r1plan.conversation.session import Wishes, thinking_named
    from r1plan.engine.chat import ChatRequest
    from r1plan.ledger.usage_log import UsageLog
    from r1plan.plan.pins import Pins
    from r1plan.settings import directories

    check_no_option_left(option)
    check_text({"--system": system, "--model": model, "--provider": provider, "--base-url": base_url, "--route": route})
    pins = Pins(
        context=context,
        kv_type=kv,
        n_ubatch=ubatch,
        gpu_layers=gpu_layers,
        experts_on_cpu=experts_on_cpu,
        flash_attn=flash_attn,
        mapped=mmap,
    )
    if threads is not None or pins != Pins(context=context):
        from r1plan.cli.options.pinned import check_chat_pins

        check_chat_pins(pins, {"--provider": provider, "--base-url": base_url})
    labels, (base_url, address_key) = parse_labels(project, tag), parse_base_url(base_url)
    wishes = Wishes(
        model=model,
        provider=provider,
        local=local,
        base_url=base_url,
        route=route,
        system=system,
        thinking=thinking_named(thinking),
        project=labels.project,
        tags=dict(labels.tags),
    )
    check_route(wishes.wanted)
    max_cost_usd, temperature = parse_max_cost(max_cost), checked_temperature(temperature)
    text = joined(prompt, file, needed_by={"--json": json, "--explain": explain, "--by 18:00": by is not None})
    check_question(text)
    asks = may_offer() and not explain
    start = begun(wishes, go_on=go_on, save=not no_log, unbind=unbind)
    folders = directories()
    options = AskOptions(
        labels=start.labels,
        log=UsageLog(folders.logs, writes=not no_log),
        budgets=load_budgets(folders.config),
        pins=pins,
        threads=threads,
        load_progress=load_shown,
        power_usd_per_kwh=parse_usd_per_kwh(power_price),
        conversation=start.conversation_of(text),
        log_text=log_text,
        sends_nothing=explain,
        chat_template=read_template(chat_template),
        may_fetch=asks,
        kept=start.state_place(text),
        address_key=address_key,
    )
    request = ChatRequest(
        messages=(),
        max_tokens=max_tokens,
        max_thinking=max_thinking,
        temperature=temperature,
        seed=seed,
        effort=effort,
    )
    asker = ChatAsker(options, request, max_cost=max_cost_usd, by=parse_by(by), offer=offered if asks else None)
    answer(asker, start, text, explain=explain, as_json=json)
