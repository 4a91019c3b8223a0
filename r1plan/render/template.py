"""The HTML pages' templates: filled in, cleaned and written so that any encoding carries them."""

from __future__ import annotations

from pathlib import Path

import jinja2

from r1plan.render.text.sanitize import printable


def filled_in(template: Path, **values: object) -> str:
    """The page that `template`, whose neighbours it may include, is with `values`; it ends as the template does.

    Everything is escaped that is not Markup, and what is missing is an error. It is ASCII, with a reference for every
    other character.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = printable(environment.get_template(template.name).render(**values))
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
