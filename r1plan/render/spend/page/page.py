"""A report's page as text: its content in page.html.j2, with everything escaped that is not ours."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from markupsafe import Markup

from r1plan import __version__
from r1plan.render.spend.page.content import page_of, series_json
from r1plan.render.template import filled_in
from r1plan.render.text.sanitize import json_escape
from r1plan.report.spend import SpendReport

_HERE = Path(__file__).parent
# What would end a script, or begin a part of it that browsers read otherwise; it stands in strings alone.
_ENDS_SCRIPT = re.compile(r"<(/script|!--)", re.IGNORECASE)
# What the charts' scripts find under its own name, as vl-convert names it.
_LIBRARIES = "Object.assign(window, {vegaEmbed, vegaLite, vega});"
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def spend_page(report: SpendReport, command: str) -> str:
    """The whole page, cleaned and ending in a newline; `command` made it.

    It is ASCII, and its policy lets nothing run but its own scripts. Without vl-convert, which has the charts' script,
    the tables stand alone, and the page says so.
    """
    page = page_of(report, command, __version__)
    drawing = _chart_script() if page.series else None
    own = f"(() => {{\n{_read('charts.js')}\n{_read('page.js')}\n{_read('worlds.js')}\n}})();"
    scripts = [_ascii(each) for each in (drawing, own) if each]
    style = _ascii(_read("page.css"))
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"script-src {' '.join(map(_source, scripts))}",
            f"style-src {_source(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return filled_in(
        _HERE / "page.html.j2",
        page=page,
        policy=policy,
        charts=drawing is not None,
        style=Markup(style),  # noqa: S704 -- ours
        scripts=[Markup(each) for each in scripts],  # noqa: S704 -- ours and the chart library's
        data=Markup(series_json(page.series, report)) if page.series else "",  # noqa: S704 -- escaped there
    )


def _chart_script() -> str | None:
    """The script of Vega, Vega-Lite and Vega-Embed; None where vl-convert, which holds it, is not installed."""
    try:
        import vl_convert
    except ImportError:
        return None
    script: str = vl_convert.javascript_bundle(_LIBRARIES)
    return _ENDS_SCRIPT.sub(r"<\\\1", script)


def _read(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _ascii(script: str) -> str:
    """A script or style as it is written into the page, so that its hash is that of what a browser reads."""
    return _NOT_ASCII.sub(lambda found: json_escape(found.group()), script.replace("\r\n", "\n"))


def _source(script: str) -> str:
    """A script or style as a policy names it: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
