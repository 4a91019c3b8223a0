"""The command line: one thin module a command, imported only when its command is called.

A command's module, or the module `command` of its package, has a typer function named `command`, or a typer group named
`app`. Its summary stands in COMMANDS, so that `r1plan --help` imports no command at all; a test holds the two together.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
import typer.core
import typer.main

from r1plan.cli.options.numbers import with_plain_numbers
from r1plan.cli.options.short import with_short_options

COMMANDS = {
    "recommend": "Say which R1 this machine, or one you describe, should run, and what was rejected and why.",
    "chat": "Ask R1, here or at a provider, with its thinking told apart from its answer and every token logged.",
    "cost-report": "Say what the logged requests really cost, at the prices in force at each moment.",
    "prices": "Show what is offered at what price, what a month or a request costs, and check the price files.",
    "models": "Fetch model files, list and measure those that are here, look into them, and remove what was fetched.",
    "detect": "Show what this machine has: graphics cards, memory, processor, disk.",
    "hardware": "List the graphics cards, chips and processors that are known by name: memory, bandwidth, target.",
    "doctor": "Say what works here, what does not, and the command that mends it.",
    "demo": "Show the three jobs in under ten seconds, with no key, no GPU and no network.",
}

FIRST = (
    ("r1plan recommend --gpu rtx-4090 --ram 64", "which R1 that machine should run"),
    ('r1plan chat "What is 17 + 25?"', "ask it, here or at a provider"),
    ("r1plan cost-report", "what the month really cost"),
    ("r1plan demo", "all three, offline and with no key"),
)
"""What a new user types first, and what it does."""

_FOR_THE_SHELL_HERE = "here"
_SHELLS = "bash, zsh, fish or powershell; the one that runs by default."


class LazyGroup(typer.core.TyperGroup):
    """The group of COMMANDS, each imported when it is looked up."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The command names in the order in which a new user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"r1plan.cli.{cmd_name.replace('-', '_')}")
        if hasattr(module, "__path__"):
            module = import_module(f"{module.__name__}.command")
        if hasattr(module, "app"):
            return with_short_options(with_plain_numbers(typer.main.get_command(module.app)))
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name=cmd_name)(module.command)
        return with_short_options(with_plain_numbers(typer.main.get_command(single)))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options; the shell that `--install-completion` is for may be left out."""
        if args[-1:] in (["--install-completion"], ["--show-completion"]) and not ctx.resilient_parsing:
            args = [*args, _FOR_THE_SHELL_HERE]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help: what to type first, the commands, and the options last."""
        formatter.write_usage(ctx.command_path, "COMMAND [OPTIONS] [ARGS]...")
        with formatter.section("Start with"):
            formatter.write_dl(FIRST, col_max=44)
        self.format_commands(ctx, formatter)
        with formatter.section("Options"):
            formatter.write_dl([found for each in self.get_params(ctx) if (found := each.get_help_record(ctx))])
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text("r1plan COMMAND --help says more of a command, and ends with an example.")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` start with; near names are offered for an unknown one."""
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # only its names are read
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the summaries without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from r1plan import __version__

        typer.echo(f"r1plan {__version__}")
        raise typer.Exit


def _install(context: typer.Context, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:  # a shell that completes the line does not mean it
        from r1plan.cli.completion.install import install

        install(None if shell == _FOR_THE_SHELL_HERE else shell)
        raise typer.Exit


def _show(context: typer.Context, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:
        from r1plan.cli.completion.install import show

        show(None if shell == _FOR_THE_SHELL_HERE else shell)
        raise typer.Exit


def build() -> Any:
    """The whole command line as one callable object."""
    app = typer.Typer(
        cls=LazyGroup,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def r1plan(
        version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
        install_completion: str = typer.Option(
            None, metavar="[SHELL]", callback=_install, is_eager=True, help=f"Let Tab complete: {_SHELLS}"
        ),
        show_completion: str = typer.Option(
            None, metavar="[SHELL]", callback=_show, is_eager=True, help="Print what that would install."
        ),
    ) -> None:
        """What DeepSeek R1 you can run here, what it costs, and what the month really cost."""

    return with_short_options(typer.main.get_command(app))
