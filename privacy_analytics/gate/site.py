"""What pages may be made of: every report the same, the site's own pages a little more, its index one script.

That script is shipped as a file. It searches, counts and copies what is on the page; without it everything can be read.
It runs because its hash is in the index's content security policy, and passes because its bytes are the shipped ones.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from privacy_analytics.figures import style

Kind = Literal["", "page", "index"]
"""A report, a page of the site, or the site's index."""
CHOICES = tuple("abcdefghijklmnopqrstuvwxyz")
"""Names of what a filter offers, which works by rules of the style sheet: at most so many features, and months."""
FILTERS = ("feature", "month")
_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_ELEMENTS = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article", "nav"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "dl", "dt", "dd", "a", "em", "strong", "del"),
        *("code", "pre", "blockquote", "hr", "br", "span", "div", "small"),
        *("table", "thead", "tbody", "tr", "th", "td", "caption"),
    )
)
_ATTRIBUTES = frozenset(("lang", "class", "href", "scope", "start"))
_FINDING = frozenset(("fieldset", "legend", "label", "input", "button", "script"))
_LINK = r"#[\w-]*|(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:html|json|csv)"
_SITE_LINK = r"#[\w-]*|(?:\.\./){0,2}(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:html|json|csv|svg|png)"


@dataclass(frozen=True)
class House:
    """What one kind of page is made of."""

    csp: str
    """Its content security policy."""
    style: str
    """Its style sheet, byte for byte."""
    script: str | None
    """Its script, byte for byte."""
    elements: frozenset[str]
    attributes: frozenset[str]
    link: re.Pattern[str]
    """Where its links may lead, beside the contact address."""


@cache
def house(kind: Kind) -> House:
    """What a kind of page is made of."""
    if not kind:
        return House(_CSP, style(), None, _ELEMENTS, _ATTRIBUTES, re.compile(_LINK))
    ours, link, attributes = style() + _shipped("site.css") + _filters(), re.compile(_SITE_LINK), {"id", "download"}
    if kind == "page":
        return House(_CSP, ours, None, _ELEMENTS, _ATTRIBUTES | attributes, link)
    script = _shipped("site.js")
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    attributes |= {"type", "name", "value", "checked", "hidden", "role", "placeholder"}
    return House(
        f"{_CSP}; script-src 'sha256-{hashed}'", ours, script, _ELEMENTS | _FINDING, _ATTRIBUTES | attributes, link
    )


def _shipped(name: str) -> str:
    return Path(__file__).with_name("house").joinpath(name).read_text(encoding="utf-8")


def _filters() -> str:
    """A choice hides what does not have it; a style sheet can do that, but has to name each choice."""
    return "".join(
        f'.pa-page:has(input[name="{name}"][value="{each}"]:checked) .card:not(.{name}-{each}) {{ display: none; }}\n'
        for name in FILTERS
        for each in CHOICES
    )
