"""`r1plan models`: fetch model files, list those that are here, look into them, and remove what was fetched."""

from __future__ import annotations

import typer

from r1plan.cli.models.inspect import inspect
from r1plan.cli.models.list import list_models
from r1plan.cli.models.pull import pull_model
from r1plan.cli.models.remove import remove
from r1plan.cli.models.verify import verify

_INSPECT = "Example: r1plan models inspect hf:unsloth/DeepSeek-R1-Distill-Qwen-7B-GGUF --quant Q4_K_M"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Fetch model files, list and measure those that are here, look into them, and remove what was fetched.",
    epilog="Example: r1plan models pull R1-Distill-Qwen-7B",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def models() -> None:
    """Fetch model files, list and measure those that are here, look into them, and remove what was fetched."""


app.command("pull", epilog="Example: r1plan models pull R1-Distill-Qwen-32B:Q4_K_M")(pull_model)
app.command("list", epilog="Example: r1plan models list --known")(list_models)
app.command("inspect", epilog=_INSPECT)(inspect)
app.command("verify", epilog="Example: r1plan models verify R1-Distill-Qwen-7B")(verify)
app.command("remove", epilog="Example: r1plan models remove R1-Distill-Qwen-32B:Q4_K_M --yes")(remove)
