"""What the options of `r1plan chat` say in text: labels, amounts, instants, who is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING

from r1plan.errors import UsageError
from r1plan.money import typed_usd
from r1plan.project_name import project_key

if TYPE_CHECKING:
    from r1plan.ask.question import Wanted
    from r1plan.engine.keys import ApiKey
    from r1plan.route.execution.record import Labels


def check_text(given: Mapping[str, str | None]) -> None:
    """Raise UsageError when one of `given`, by the name of its option, is no text: neither sent nor logged can it be.

    Bytes of the command line that are not UTF-8 reach us as lone surrogates.
    """
    for option, text in given.items():
        try:
            (text or "").encode("utf-8")
        except UnicodeEncodeError as error:
            near = error.object[max(0, error.start - 20) : error.end].encode("utf-8", "backslashreplace").decode()
            raise UsageError(
                f"{option} is not UTF-8 text: '{near}'.",
                "write it in UTF-8; a prompt can also be read from a file: --file PATH",
            ) from None


def check_no_option_left(option: str | None) -> None:
    """Raise UsageError for `--option=KEY` or `-oKEY`, which leave no room for the value."""
    if option is not None:
        raise UsageError(f"--option '{option}' is no key and a value.", "example: r1plan chat -o temperature 0.6")


def parse_labels(project: str | None, tags: list[str]) -> Labels:
    """What the log rows are filed under. Raises UsageError."""
    from r1plan.route.execution.record import Labels

    check_text({"--project": project, "--tag": "\n".join(tags)})
    pairs = [tag.partition("=") for tag in tags]
    for name, equals, _value in pairs:
        if not (name and equals):
            raise UsageError(f"--tag '{name}' is not K=V.", "example: --tag team=search")
    if project is not None and not project_key(project):
        raise UsageError(f"--project '{project}' is no name.", "example: --project search")
    return Labels(project=project, tags={name: value for name, _, value in pairs})


def parse_base_url(text: str | None) -> tuple[str | None, ApiKey | None]:
    """The address that `--base-url` says, and the user and password in it as a key. Raises UsageError."""
    if text is None:
        return None, None
    from r1plan.engine.address import server_address

    address = server_address(text)
    return address.url, address.key


def parse_usd_per_kwh(text: str | None) -> Decimal | None:
    """The price of electricity that `text` says. Raises UsageError."""
    if text is None:
        return None
    price = typed_usd(text)
    if price is None or price >= 1000:
        raise UsageError(f"'{text}' is not a price of electricity.", "give USD for a kWh, such as --power-price 0.30")
    return price


def parse_max_cost(text: str | None) -> Decimal | None:
    """The dollars that `--max-cost` says. Raises UsageError."""
    if text is None:
        return None
    amount = typed_usd(text)
    if not amount:
        what = f"'{text}' is not an amount." if amount is None else f"--max-cost {text}: expected more than zero."
        raise UsageError(what, "give USD, such as --max-cost 0.05")
    return amount


def checked_temperature(value: float | None) -> float | None:
    """`--temperature`, of which typer has checked all but that it is a number. Raises UsageError."""
    if value is not None and not isfinite(value):
        raise UsageError(f"--temperature '{value}': expected a number from 0 to 2.", "such as --temperature 0.6")
    return value


def parse_by(text: str | None) -> datetime | None:
    """When an answer should be there; a time of day is one of this machine's clock. Raises UsageError."""
    if text is None:
        return None
    from r1plan.cli.options.instant import parse_due

    return parse_due(text, datetime.now().astimezone())


def check_route(wanted: Wanted) -> None:
    """Raise UsageError when a route stands beside something that is asked whatever the route says."""
    if wanted.route is None:
        return
    from r1plan.models.reference import HubFile, ModelName, model_reference

    model = wanted.model
    elsewhere = model if model and isinstance(model_reference(model), HubFile | ModelName) else None
    named = {"--provider": wanted.provider, "--base-url": wanted.base_url, "--model": elsewhere}
    for option, value in named.items():
        if value:
            raise UsageError(
                f"--route {wanted.route} chooses who answers, and {option} {value} names who does.",
                "leave one of them out; beside --route, --model takes a file: --model FILE.gguf",
            )
