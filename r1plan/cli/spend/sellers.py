"""The providers by what other tools call them."""

from __future__ import annotations

from collections.abc import Mapping


def sellers_by_name() -> Mapping[str, str]:
    """The id of each provider by its id, its name and what else it is known as, spelled by `name_key`.

    A server that people run themselves is "local": nobody sends a bill for what it answers.
    """
    from r1plan.catalog.load import load_prices, load_providers
    from r1plan.report.importers.names import LOCAL, name_key

    found = {name_key(each): each for each in load_prices()}
    for each in load_providers().values():
        for name in (each.id, each.name, *each.known_as):
            found[name_key(name)] = LOCAL if each.own_server else each.id
    return found
