"""When two names of a project are the same one, for budgets and for the rules of a route."""

from __future__ import annotations

import unicodedata


def project_key(name: str) -> str:
    """What all spellings of one project's name have in common: compare keys, show and log the name as it was given.

    Letters of any width and case are the same, and so are blanks of any kind and number; blanks around the name and
    characters without width are none. Empty where nothing is left. Source: the Unicode Standard, D146 (compatibility
    caseless match).
    """
    # Characters without width after the first form: some of them are only there once a letter is taken apart.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", name).casefold())
    seen = "".join(each for each in folded if unicodedata.category(each) not in ("Cf", "Cc") or each.isspace())
    return " ".join(unicodedata.normalize("NFKD", seen.casefold()).split())
