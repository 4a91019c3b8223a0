"""`r1plan chat`: one question, or a conversation."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from r1plan.errors import EngineError, NotFound, ProviderError, R1PlanError, UsageError

if TYPE_CHECKING:
    from r1plan.engine.chat import Message
    from r1plan.engine.target import LocalTarget, RemoteTarget
    from r1plan.hardware.energy import Meter
    from r1plan.render.chat import ChatScreen
    from r1plan.route.record import Labels, PriceFor
    from r1plan.route.run import ChatResult

_DEMONSTRATION = (
    "r1-tiny answers: the built-in demonstration model, not R1; it does small arithmetic. "
    "For a real one: --model FILE.gguf, or --provider deepseek."
)


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
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
    no_log: bool = typer.Option(False, "--no-log", help="Write no log row."),
    log_text: bool = typer.Option(False, "--log-text", help="Keep the prompt and the answer in the log row too."),
    power_price: str | None = typer.Option(
        None, metavar="USD_PER_KWH", envvar="R1PLAN_POWER_PRICE", help="What electricity costs, for answers from here."
    ),
) -> None:
    """Ask R1, here or at a provider, with its thinking told apart from its answer and every token logged.

    The answer goes to stdout; the thinking and the tokens, speed and cost go to stderr. Standard input, when it is not
    a terminal, joins the prompt. With no model named, the small built-in demonstration model answers.

    A provider's key is read from its usual variable (DEEPSEEK_API_KEY, …), and its address can be replaced by
    R1PLAN_<PROVIDER>_BASE_URL.

    Example: git diff | r1plan chat "Review this." --provider deepseek
    """
    from r1plan.engine.chat import ChatRequest, Message
    from r1plan.engine.connect import connect
    from r1plan.ledger.journal import append
    from r1plan.render.chat import ChatScreen
    from r1plan.render.chat import document as chat_document
    from r1plan.render.output import document, note
    from r1plan.route.run import run
    from r1plan.settings import directories

    text = _joined(prompt, file)
    if text is None and json:
        raise UsageError("--json needs a prompt.", 'example: r1plan chat "What is 17 + 25?" --json')
    asked = bool(model or provider or base_url)
    labels = _labels(project, tag, "asked" if asked else "default")
    usd_per_kwh = _usd_per_kwh(power_price)
    target = _target(model, provider, local, base_url)
    if not asked:
        note(_DEMONSTRATION)
    # Before anything is sent: a wrong price file must not cost an answer.
    price_for = _prices(target)
    engine = connect(target, os.environ, context, config=directories().config)
    meter = _meter(target)

    def ask(messages: tuple[Message, ...]) -> ChatResult:
        opening = (Message("system", system),) if system else ()
        request = ChatRequest(messages=(*opening, *messages), max_tokens=max_tokens, temperature=temperature, seed=seed)
        screen = None if json else ChatScreen(sys.stdout, sys.stderr, thinking)
        result = run(
            engine,
            request,
            screen.show if screen else lambda _event: None,
            labels=labels,
            price_for=price_for,
            journal=None if no_log else partial(append, logs=directories().logs),
            meter=meter,
            power_usd_per_kwh=usd_per_kwh,
            log_text=log_text,
        )
        _close(screen, result)
        return result

    try:
        if text is None:
            _conversation(ask)
        else:
            result = ask((Message("user", text),))
            _raise_failure(result)
            if json:
                document(chat_document(result, (_reason(asked, local),)))
            if result.finish == "aborted":
                raise typer.Exit(130)
    finally:
        engine.close()


def _labels(project: str | None, tags: list[str], policy: str) -> Labels:
    from r1plan.route.record import Labels

    pairs = [tag.partition("=") for tag in tags]
    for name, equals, _value in pairs:
        if not (name and equals):
            raise UsageError(f"--tag '{name}' is not K=V.", "example: --tag team=search")
    return Labels(project=project, tags={name: value for name, _, value in pairs}, policy=policy)


def _usd_per_kwh(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal(-1)
    if not (price.is_finite() and 0 <= price < 1000):
        raise UsageError(f"'{text}' is not a price of electricity.", "give USD for a kWh, such as --power-price 0.30")
    return price


def _meter(target: LocalTarget | RemoteTarget) -> Meter | None:
    """What measures the electricity of an answer from here."""
    from r1plan.engine.target import LocalTarget

    if not isinstance(target, LocalTarget):
        return None
    from r1plan.engine.local import uses_gpu
    from r1plan.hardware.energy import meter
    from r1plan.hardware.nvidia import driver_present, library

    return meter(library() if uses_gpu() and driver_present() else None)


def _reason(asked: bool, local: bool) -> str:
    if asked:
        return "named on the command line"
    return "--local without --model: the built-in model" if local else "nothing was named: the built-in model"


def _target(model: str | None, provider: str | None, local: bool, base_url: str | None) -> LocalTarget | RemoteTarget:
    """What the options name. The catalogue is read only when a provider is meant."""
    from r1plan.engine.target import custom_target, local_target, remote_target
    from r1plan.tiny import MODEL_PATH

    if local and (provider or base_url):
        raise UsageError("--local answers here, --provider and --base-url elsewhere.", "leave one of them out.")
    if base_url and not provider:
        return custom_target(base_url, model)
    if not provider and (here := local_target(model, MODEL_PATH)):
        return here
    if local:
        raise UsageError(f"'{model}' is not a model file.", "give the path of one: --model FILE.gguf")

    from r1plan.catalog.load import load_models, load_providers

    try:
        return remote_target(model, provider, load_providers(), datetime.now(UTC), base_url)
    except NotFound:
        known = {each.casefold(): each for each in load_models()} if model and not provider else {}
        if model and model.casefold() in known:
            raise EngineError(
                f"{known[model.casefold()]} is not on this machine.", "download its GGUF and name it: --model FILE.gguf"
            ) from None
        raise


def _prices(target: LocalTarget | RemoteTarget) -> PriceFor:
    """The price in force for a request of `target`. Neither a local model nor an unknown server has one."""
    from r1plan.engine.target import LocalTarget
    from r1plan.route.record import no_price

    if isinstance(target, LocalTarget) or target.provider.base_url is None:
        return no_price

    from r1plan.catalog.load import load_holidays, load_prices
    from r1plan.prices.account import account_currencies
    from r1plan.prices.book import PriceBook
    from r1plan.render.output import note

    provider = target.provider.id
    accounts = account_currencies({provider}, os.environ)
    if currency := next((each for each in accounts.values() if each != "USD"), None):
        # A row holds dollars; the report prices it by the account's own list.
        note(f"This account is billed in {currency}: cost-report --currency {currency} says what it cost.")
        return no_price
    book = PriceBook(load_prices(provider), load_holidays())
    return lambda entry: book.price_for(
        provider,
        entry.model_requested,
        started_at=entry.started_at,
        first_token_at=entry.first_token_at,
        ended_at=entry.placed_at,
        input_tokens=entry.input_tokens,
    )


def _joined(prompt: str | None, files: list[Path]) -> str | None:
    """The whole prompt: files, the question, standard input. None: there is none, and a person sits at a terminal."""
    parts = [_FILE.format(name=path.name, content=_read(path)) for path in files]
    parts += [prompt] if prompt else []
    piped = sys.stdin is not None and not sys.stdin.isatty()
    if piped:
        try:
            parts.append(sys.stdin.buffer.read().decode("utf-8").strip("\n"))
        except UnicodeDecodeError as error:
            raise UsageError("standard input is not UTF-8 text.", "only text can join the prompt.") from error
    text = "\n\n".join(part for part in parts if part.strip())
    if text:
        return text
    if piped:
        raise UsageError("the prompt is empty.", 'example: r1plan chat "What is 17 + 25?"')
    return None


# As DeepSeek-R1's README, "Official Prompts", joins a file to a question.
_FILE = "[file name]: {name}\n[file content begin]\n{content}\n[file content end]"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", "only text files can join the prompt.") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}.", "check the path given to --file.") from error


def _close(screen: ChatScreen | None, result: ChatResult) -> None:
    """The end of one request: the rest of the answer, the closing line, and the row that could not be logged."""
    from r1plan.render.chat import closing_line
    from r1plan.render.output import note
    from r1plan.render.plain import printable

    try:
        if screen is not None:
            screen.done()
    except BrokenPipeError:
        # Python would complain at its exit, when it flushes a pipe that nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    # What broke off may be billed all the same; what was refused is not.
    if screen is not None and (result.error is None or result.entry.cost_high_usd):
        note(closing_line(result))
    if result.log_error is not None:
        note(f"warning: {result.log_error.message}")
        # Not through note(), which breaks lines: this one is to be copied.
        typer.echo(f"hint:  {printable(result.log_error.hint or '')}", err=True)


def _raise_failure(result: ChatResult) -> None:
    if result.error is not None:
        raise result.error
    if result.finish == "failed":
        raise ProviderError(
            f"{result.entry.provider} broke off the answer: it ran out of resources.",
            "what had come is kept; ask again.",
        )


def _conversation(ask: Callable[[tuple[Message, ...]], ChatResult]) -> None:
    """Questions and answers until /exit or Ctrl-D. Answers are sent back without their thinking."""
    from r1plan.engine.chat import Message
    from r1plan.render.output import note

    note("/exit or Ctrl-D ends the conversation, Ctrl-C stops an answer.")
    turns: tuple[Message, ...] = ()
    while (line := _line()) is not None:
        if not line:
            continue
        asked = (*turns, Message("user", line))
        result = ask(asked)
        try:
            _raise_failure(result)
        except R1PlanError as error:
            note(f"error: {error.message}")
            note(f"hint:  {error.hint}")
        if result.answer:
            turns = (*asked, Message("assistant", result.answer))


def _line() -> str | None:
    """What the person typed, or None for the end."""
    import readline  # noqa: F401  # gives input() its line editing

    try:
        line = input("> " if sys.stdout.isatty() else "").strip()
    except EOFError:
        print(file=sys.stderr)
        return None
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise typer.Exit(130) from None
    return None if line == "/exit" else line
