"""`r1plan prices`: what is offered, sellers side by side, one price, one request's cost, a check of the price files."""

from __future__ import annotations

import typer

from r1plan.cli.prices.check import check
from r1plan.cli.prices.compare import compare
from r1plan.cli.prices.cost import cost
from r1plan.cli.prices.list import list_offers
from r1plan.cli.prices.show import show
from r1plan.cli.prices.verify import verify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show what is offered at what price, what a month or a request costs, and check the price files.",
    epilog="Example: r1plan prices list --model r1",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list", epilog="Example: r1plan prices list --model r1")(list_offers)
app.command("compare", epilog="Example: r1plan prices compare --requests-per-day 500 --cache-hit 0.6")(compare)
app.command("show", epilog="Example: r1plan prices show deepseek deepseek-flash --at 2026-11-24T07:00:00Z")(show)
app.command("cost", epilog="Example: r1plan prices cost deepseek deepseek-flash --input 2000 --output 5400")(cost)
app.command("check", epilog="Example: r1plan prices check my-prices/deepseek.yaml")(check)
app.command("verify", epilog="Example: r1plan prices verify --provider openrouter")(verify)
